// @module-tag long

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAddMemberToGroup } from '../support/events.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import { configuration, resultsOf, runUsher } from '../support/operator.ts';

const JOIN = anAddMemberToGroup({ userId: user(1), groupId: GROUP });
const FOREIGN = { ...JOIN, detail: { ...JOIN.detail, eventSource: 'quicksight.amazonaws.com' } };
const NOBODY = {
  ...JOIN,
  detail: {
    ...JOIN.detail,
    requestParameters: { identityStoreId: STORE_ID, groupId: GROUP, member: { memberId: 'nobody' } },
  },
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
      { type: 'explanation', place: 'line 1', decision: 'ignored', reason: 'foreign-service' },
      {
        type: 'explanation',
        place: 'line 2',
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
      {
        type: 'explanation',
        place: 'line 1',
        decision: 'invalid',
        path: 'detail.requestParameters.member.memberId',
        message: expect.any(String),
      },
      { type: 'explanation', place: 'line 2', decision: 'invalid', path: 'input', message: 'not JSON' },
      expect.objectContaining({ decision: 'start' }),
    ]);
  });

  it.each([
    ['a file that is not there', ['nope.json'], '', /^error: nope.json: no such file$/m],
    ['a log file without records', ['-'], '{"Records":[]}', /standard input: holds no event in Records/],
    ['what is not JSON', ['-'], 'not JSON', /standard input: line 1.*: not JSON/],
    ['a configuration that is not there', ['-', '--entitlements', 'nope.yml'], '{}', /nope.yml: no such file/],
    ['a configuration with faults', ['-', '--entitlements', 'bad.yml'], '{}', /bad.yml: identityCenter: missing/],
  ])('ends with 2 for %s', async (_what, args, input, message) => {
    const { code, out, error } = await explain([...args, '--json'], input);
    expect({ code, results: resultsOf(out) }).toEqual({ code: 2, results: [] });
    expect(error).toMatch(message);
  });

  it('calls nothing a manual start that has no key of one', async () => {
    const { code, out } = await explain(['-'], JSON.stringify([{ a: 1 }, { userId: user(1), a: 1 }]));
    expect(code).toBe(1);
    expect(out.split('\n').filter((line) => line.startsWith('['))).toEqual([
      '[0]: neither an event nor a manual start',
      '[1]: manual start',
    ]);
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

  it('explains what is in a compressed log file of CloudTrail', async () => {
    writeFileSync(join(folder, 'trail.json.gz'), gzipSync(JSON.stringify({ Records: [JOIN.detail, FOREIGN.detail] })));
    const { code, out } = await explain(['trail.json.gz'], '');
    expect(code).toBe(0);
    expect(out).toMatch(/^Records\[0\]: event AddMemberToGroup of sso-directory\n {2}start/);
    expect(out).toMatch(/1 would start, 1 ignored, 0 invalid\.\n$/);
  });

  it('names the places of events in messages, and counts what is none', async () => {
    const message = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: JSON.stringify(JOIN) });
    const { code, out, error } = await explain(
      ['-', '--json'],
      JSON.stringify({ Messages: [{ Body: message }, { Body: 'hello' }] }),
    );
    expect({ code, error }).toEqual({ code: 0, error: '1 entry holds no event.\n' });
    expect(resultsOf(out)).toEqual([
      { type: 'explanation', place: 'Messages[0].Body → Message', decision: 'start', request: expect.anything() },
    ]);
  });

  it('says that a record does not say whom it is about', async () => {
    const omitted = { ...JOIN.detail, requestParameters: { reason: 'requestParameters too large', omitted: true } };
    const hidden = { ...omitted, eventName: 'DisableUser' };
    const { code, out } = await explain(['-'], JSON.stringify([omitted, hidden]));
    expect(code).toBe(0);
    const words = out.replace(/\s+/g, ' ');
    expect(words).toMatch(/checks all users of all entitlements: the event does not say whom it is about/);
    expect(words).toMatch(/checks all users of all entitlements, with the status of each: the event does not say/);
  });

  it('decides about 10,000 events', async () => {
    const { code, out } = await explain(['-', '--json'], JSON.stringify(Array(10_000).fill(JOIN)));
    expect(code).toBe(0);
    expect(resultsOf(out)).toHaveLength(10_000);
  });
});
