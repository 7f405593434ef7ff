import { describe, expect, it } from 'vitest';
import { type Profile, profilesOf } from '../../../domain/profiles.ts';
import { isNewProfile, noteStops, stopOf } from '../../../domain/queue/stops.ts';
import { anEntitlement, aQueue, at, iso } from '../../support/builders.ts';
import { application } from '../../support/ids.ts';
import { KIRO } from '../../support/subscriptions.ts';

const [ONE, TWO] = [application(1), application(2)];
const CONTEXT = { now: at(0), configured: [ONE, TWO] };
const DAY = 24 * 3600;

function found(stopped: string[], resumed: string[] = [], tried: string[] = []) {
  return { stopped: new Set(stopped), resumed: new Set(resumed), tried: new Set(tried) };
}

describe('an application to which AWS refuses new subscriptions', () => {
  it('is tried again a day after the last refusal, and keeps the time of the first', () => {
    const first = noteStops(aQueue(), found([ONE]), CONTEXT);
    expect(first.stopped).toEqual({ [ONE]: { since: iso(), probeAt: iso(DAY) } });
    const again = noteStops(first, found([ONE]), { ...CONTEXT, now: at(DAY) });
    expect(again.stopped).toEqual({ [ONE]: { since: iso(), probeAt: iso(2 * DAY) } });
  });

  it('is tried again five minutes after a try that failed for another reason', () => {
    const first = noteStops(aQueue(), found([ONE]), CONTEXT);
    const again = noteStops(first, found([], [], [ONE, TWO]), { ...CONTEXT, now: at(DAY) });
    expect(again.stopped).toEqual({ [ONE]: { since: iso(), probeAt: iso(DAY + 300) } });
  });

  it('is one of several', () => {
    const both = noteStops(noteStops(aQueue(), found([ONE]), CONTEXT), found([TWO]), CONTEXT);
    expect(Object.keys(both.stopped ?? {})).toEqual([ONE, TWO]);
  });

  it('is none after a subscription that AWS has accepted', () => {
    const stopped = noteStops(aQueue(), found([ONE]), CONTEXT);
    expect(noteStops(stopped, found([ONE], [ONE]), CONTEXT)).toEqual(aQueue());
  });

  it('is forgotten once it is not configured', () => {
    const stopped = noteStops(aQueue(), found([ONE]), CONTEXT);
    expect(noteStops(stopped, found([]), { ...CONTEXT, configured: [TWO] })).toEqual(aQueue());
  });
});

describe('a stop', () => {
  const queue = noteStops(aQueue(), found([ONE]), CONTEXT);

  it('concerns only entitlements whose subscriptions are managed', () => {
    const subscription = { ...KIRO, mode: 'report' as const };
    expect(stopOf(queue, anEntitlement(1, { subscription: KIRO }))).toEqual({ since: iso(), probeAt: iso(DAY) });
    for (const other of [
      anEntitlement(1),
      anEntitlement(1, { subscription }),
      anEntitlement(2, { subscription: KIRO }),
    ]) {
      expect(stopOf(queue, other)).toBeUndefined();
    }
  });
});

describe('a profile', () => {
  const profile = (): Profile => {
    const [only] = profilesOf([anEntitlement(1, { subscription: KIRO })]);
    if (!only) throw new Error('There is one profile');
    return only;
  };

  it.each([
    ['is new for ten minutes after its first list', { readAt: iso(), firstReadAt: iso(-599) }, true],
    ['is no longer new after that', { readAt: iso(), firstReadAt: iso(-600) }, false],
    ['is not new as long as no list was read', { readAt: iso() }, false],
  ])('%s', (_fact, reads, expected) => {
    expect(isNewProfile(aQueue({ profiles: { 'kiro us-east-1': reads } }), profile(), at(0))).toBe(expected);
  });
});
