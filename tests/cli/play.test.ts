// @module-tag long

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPerson } from '../support/directory.ts';
import { anAddMemberToGroup, aPatchGroup, aQuickSightMembership } from '../support/events.ts';
import { APPLICATION, GROUP, STORE_ID, user } from '../support/ids.ts';
import { resultsOf, runUsher, spawnUsher } from '../support/operator.ts';
import { aScenario } from '../support/scenario.ts';
import { SECRET } from '../support/secret.ts';

const EVENTS = [
  anAddMemberToGroup({ groupId: GROUP, userId: user(1) }),
  aQuickSightMembership(),
  aPatchGroup({ groupId: GROUP, time: '2026-11-01T10:05:00Z' }),
];
const SCENARIO: Record<string, unknown> = JSON.parse(aScenario([{ at: '+0s', start: { unknown: 1 } }]));

const FILES: Readonly<Record<string, string>> = {
  'entitlements.yml': JSON.stringify(SCENARIO['entitlements']),
  'directory.yml': JSON.stringify({
    identityStoreId: STORE_ID,
    users: [1, 2].map(aPerson),
    groups: [{ groupId: GROUP, displayName: SECRET, members: [user(1), user(2)] }],
    applications: [{ applicationArn: APPLICATION, name: SECRET }],
  }),
  'other-store.yml': JSON.stringify({ identityStoreId: 'd-0000000000', users: [], groups: [], applications: [] }),
  'events.json': JSON.stringify(EVENTS),
  'bad.jsonl': '{}\n{bad\n',
  'failing.yml': JSON.stringify(SCENARIO),
  'broken.yml': 'title: [',
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'usher-'));
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(directory, name), content);
});
afterAll(() => rmSync(directory, { recursive: true }));

const start = (...args: readonly string[]) => spawnUsher(['play', ...args], { cwd: directory });
const run = (args: readonly string[], input = '') => runUsher(['play', ...args], { cwd: directory, input });

/** The types of JSON Lines. */
function typesIn(lines: string): Set<unknown> {
  const types = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  return new Set(types);
}

const INPUTS = ['--directory', 'directory.yml', '--entitlements', 'entitlements.yml'];

describe('usher play', () => {
  it('is what npm start runs', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(scripts.start).toBe('node cli/usher.mjs play');
  });

  it('plays the story as expected, with nothing on standard error and no control characters in a pipe', async () => {
    const { code, out, error } = await run([]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain('What you have just seen');
    expect(out).toContain('  | Subject: You can now use Amazon Q Developer\n');
    expect(out).toContain('  |    - VS Code');
    expect(out).not.toContain('\u001b');
  });

  it('writes only JSON Lines with --json', async () => {
    const { code, out, error } = await run(['--json']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(typesIn(out)).toEqual(new Set(['state', 'execution', 'audit-event', 'notice', 'summary']));
    expect(out).not.toContain('@example.com');
  });

  it('starts exactly one execution per event, and prints no name of the directory', async () => {
    const { code, out, error } = await run(['events.json', ...INPUTS, '--json']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(typesIn(out)).toEqual(new Set(['state', 'execution', 'audit-event', 'summary']));
    expect(out).not.toContain(SECRET);
    const { type, executions, calls } = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
    expect(type).toBe('summary');
    expect(executions).toEqual({ converged: 2, handedOver: 0, ignored: 1, held: 0, failed: 0 });
    expect(calls['SFN.StartExecution']).toBe(3);
  });

  it('prints ids only for event files', async () => {
    const { code, out } = await run(['events.json', ...INPUTS]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Seat Assigned:\\s+${user(1)} \\(group-join\\)`));
    expect(out).not.toContain(SECRET);
  });

  it('reads events from standard input', async () => {
    const { code, out } = await run(['-', ...INPUTS, '--json'], JSON.stringify(EVENTS[1]));
    expect(code).toBe(0);
    expect(out).toContain('"ignored":1');
  });

  it.each([
    ['an event that Usher does not understand', ['-', ...INPUTS], '{"userId": 7}'],
    ['a scenario', ['failing.yml'], ''],
  ])('ends with 1 if an execution failed unexpectedly: %s', async (_kind, args, input) => {
    const { code, out, error } = await run(args, input);
    expect({ code, error }).toEqual({ code: 1, error: 'error: 1 execution did not end as expected\n' });
    expect(out).toContain('Not as expected: #1');
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown option', ['--jsn'], /unknown option '--jsn'/],
    ['event files alone', ['events.json'], /Event files need --directory FILE and --entitlements FILE/],
    ['a missing file', ['missing.json', ...INPUTS], /^error: missing.json: no such file$/m],
    ['one bad line', ['events.json', 'bad.jsonl', ...INPUTS], /^error: bad.jsonl: line 2: not JSON$/m],
    ['YAML that breaks off', ['broken.yml'], /^error: broken.yml: line 1, column \d+: /m],
    ['a schema fault', ['entitlements.yml'], /^error: entitlements.yml: directory: missing: expected a mapping$/m],
    [
      'two identity stores',
      ['events.json', '--directory', 'other-store.yml', '--entitlements', 'entitlements.yml'],
      /^error: other-store.yml: identityStoreId: not the identity store of entitlements.yml/m,
    ],
    ['a scenario among event files', ['failing.yml', 'events.json', ...INPUTS], /A scenario .* is played alone/],
    ['a directory for a scenario', ['failing.yml', '--directory', 'directory.yml'], /a scenario has both in itself/],
    ['entitlements for the story', ['--entitlements', 'entitlements.yml'], /a scenario has both in itself/],
  ])('ends with 2, says why and plays nothing: %s', async (_kind, args, message) => {
    const { code, out, error } = await run(['--json', ...args]);
    expect({ code, results: resultsOf(out) }).toEqual({ code: 2, results: [] });
    expect(error).toMatch(message);
  });

  it.each<[string, string]>([
    ['--help', 'Usage: usher play [options] [FILE...]'],
    ['--version', JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version],
  ])('answers %s', async (option, answer) => {
    const { code, out, error } = await run([option]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain(answer);
  });

  it('ends quietly if the reader of its output goes away', async () => {
    const child = start('--json');
    child.stdout.once('data', () => child.stdout.destroy());
    const [error, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it.each([[[]], [['--json']]])('ends with 130 if it is interrupted: %j', async (args) => {
    const child = start(...args);
    child.stdout.once('data', () => child.kill('SIGINT'));
    const [error, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, signal, error }).toEqual({ code: 130, signal: null, error: '' });
  });
});
