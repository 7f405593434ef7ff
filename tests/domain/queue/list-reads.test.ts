import { describe, expect, it } from 'vitest';
import { beginListRead, endListRead, listBlockedUntil } from '../../../domain/queue/list-reads.ts';
import { emptyQueue } from '../../../domain/queue/work-queue.ts';
import { at, iso } from '../../support/builders.ts';

const KEY = 'kiro us-east-1';
const OTHER_KEY = 'kiro eu-central-1';
const configured = [KEY, OTHER_KEY];

describe('the reads of a profile', () => {
  it('may begin at once, and then not for five minutes, whether or not they succeed', () => {
    expect(listBlockedUntil(emptyQueue(), KEY, at(0))).toBeUndefined();
    const begun = beginListRead(emptyQueue(), KEY, { now: at(0), configured });
    expect(begun.profiles).toEqual({ [KEY]: { readAt: iso(), failures: 1 } });
    expect(listBlockedUntil(begun, KEY, at(299))).toBe(iso(300));
    expect(listBlockedUntil(endListRead(begun, KEY, at(0)), KEY, at(299))).toBe(iso(300));
    expect(listBlockedUntil(begun, KEY, at(300))).toBeUndefined();
    expect(listBlockedUntil(begun, OTHER_KEY, at(0))).toBeUndefined();
  });

  it('keep the time of the first one that succeeded', () => {
    const failed = beginListRead(emptyQueue(), KEY, { now: at(0), configured });
    const second = endListRead(beginListRead(failed, KEY, { now: at(300), configured }), KEY, at(300));
    const third = endListRead(beginListRead(second, KEY, { now: at(600), configured }), KEY, at(600));
    expect(second.profiles).toEqual({ [KEY]: { readAt: iso(300), firstReadAt: iso(300) } });
    expect(third.profiles).toEqual({ [KEY]: { readAt: iso(600), firstReadAt: iso(300) } });
  });

  it('are forgotten once the profile is no longer configured', () => {
    const both = configured.reduce((queue, key) => beginListRead(queue, key, { now: at(0), configured }), emptyQueue());
    expect(Object.keys(both.profiles ?? {})).toEqual(configured);
    const one = beginListRead(both, KEY, { now: at(300), configured: [KEY] });
    expect(Object.keys(one.profiles ?? {})).toEqual([KEY]);
  });
});
