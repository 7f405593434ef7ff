// @module-tag long

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAddMemberToGroup } from '../support/events.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import { configuration, resultsOf, runUsher } from '../support/operator.ts';

const JOIN = anAddMemberToGroup({ userId: user(1), groupId: GROUP });
const FOREIGN = { ...JOIN, detail: { ...JOIN.detail, eventSource: 'quicksight.amazonaws.com' } };
const NOBODY = {
  ...JOIN,
  detail: { ...JOIN.detail, requestParameters: { identityStoreId: STORE_ID, groupId: GROUP } },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-explain-'));
  writeFileSync(join(folder, 'entitlements.yml'), JSON.stringify(configuration()));
  writeFileSync(join(folder, 'bad.yml'), 'entitlements: 7');
});
afterAll(() => rmSync(folder, { recursive: true }));

const explain = (args: readonly string[], input: string) => runUsher(['explain', ...args], { cwd: folder, input });

describe('usher explain', () => {
  it('decides about each event, one per line, in the order of the file', async () => {
    const { code, out, error } = await explain(
      ['-', '--json'],
      [FOREIGN, JOIN].map((one) => JSON.stringify(one)).join('\n'),
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(resultsOf(out)).toEqual([
      { decision: 'ignored', reason: 'foreign-service' },
      {
        decision: 'start',
        request: expect.objectContaining({
          trigger: 'event',
          users: [{ userId: user(1), expected: { groupId: GROUP, membership: 'member' } }],
        }),
      },
    ]);
  });

  it('ends with 1 if an event is invalid, and still decides about all others', async () => {
    const { code, out } = await explain(
      ['-', '--json'],
      [JSON.stringify(NOBODY), '{bad', JSON.stringify(JOIN)].join('\n'),
    );
    expect(code).toBe(1);
    expect(resultsOf(out)).toEqual([
      { decision: 'invalid', path: 'detail.requestParameters.member.memberId', message: expect.any(String) },
      { decision: 'invalid', path: 'line 2', message: 'not JSON' },
      expect.objectContaining({ decision: 'start' }),
    ]);
  });

  it.each([
    ['a file that is not there', ['nope.json'], '', /^error: nope.json: no such file$/m],
    ['what is not JSON', ['-'], 'not JSON', /standard input: line 1.*: not JSON/],
    ['a configuration that is not there', ['-', '--entitlements', 'nope.yml'], '{}', /nope.yml: no such file/],
    ['a configuration with faults', ['-', '--entitlements', 'bad.yml'], '{}', /bad.yml: identityCenter: missing/],
  ])('ends with 2 for %s', async (_what, args, input, message) => {
    const { code, out, error } = await explain([...args, '--json'], input);
    expect({ code, results: resultsOf(out) }).toEqual({ code: 2, results: [] });
    expect(error).toMatch(message);
  });

  it('explains in words, without control characters of the event', async () => {
    const hostile = { ...FOREIGN, detail: { ...FOREIGN.detail, eventName: 'Add\u001b[31mMember' } };
    const { out } = await explain(['-'], JSON.stringify(hostile));
    expect(out).toMatch(/ignored \(foreign-service\): an event of another service/);
    expect(out).not.toContain('\u001b');
  });

  it('shows what a manual start would check, and accepts no release from a file', async () => {
    const starts = [{ userId: user(1), groupId: GROUP }, { release: 'a'.repeat(64) }];
    const { code, out } = await explain(['-', '--json'], JSON.stringify(starts));
    expect(code).toBe(1);
    const [start, release] = resultsOf(out);
    expect(start).toMatchObject({
      decision: 'start',
      request: { trigger: 'manual', users: [{ userId: user(1), expected: { groupId: GROUP } }] },
    });
    expect(release).toMatchObject({ decision: 'invalid', path: 'release' });
  });

  it('decides about 10,000 events', async () => {
    const { code, out } = await explain(['-', '--json'], JSON.stringify(Array(10_000).fill(JOIN)));
    expect(code).toBe(0);
    expect(resultsOf(out)).toHaveLength(10_000);
  });
});
