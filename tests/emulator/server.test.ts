// @module-tag long
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Entitlements } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import {
  configuration,
  environment,
  linesOf,
  type Operator,
  runUsher,
  type StartedOperator,
  startOperator,
} from '../support/operator.ts';

import { SECRET } from '../support/secret.ts';

const opened: Operator[] = [];
async function open(...options: Parameters<typeof startOperator>): Promise<StartedOperator> {
  const operator = await startOperator(...options);
  opened.push(operator);
  return operator;
}
afterEach(async () => {
  const operators = opened.splice(0);
  for (const operator of operators) await operator.stop();
  for (const { folder } of operators) rmSync(folder, { recursive: true, force: true });
});

/** A minute per second: a machine that is busy with ticks is slow to answer. */
const SLOW = 60;

/** Runs another one with the state of an emulator. */
const again = (folder: string, ...args: readonly string[]) =>
  runUsher(['local', '--port', '0', '--directory', 'directory.yml', '--state', 'state', ...args], { cwd: folder });
const stateFile = (folder: string) => join(folder, 'state', 'state.json');

/** Its users get notices, also of the first full sweep. */
function noticed(configured: Entitlements): Entitlements {
  const notices = { product: 'Kiro', send: ['assigned' as const] };
  const { notices: settings } = exampleEntitlements({ notices: { backfill: true } });
  return {
    ...configured,
    entitlements: configured.entitlements.map((one) => ({ ...one, notices })),
    notices: settings,
  };
}

const seats = async (operator: Operator) => linesOf((await operator.run('seats', '--json')).out)[0]?.['seats'];

describe('usher local', () => {
  it('runs the tick while virtual time follows real time, and every member gets a seat', async () => {
    const operator = await open({ people: 3, speed: 5000 });
    while ((await seats(operator)) !== 3);
    const [first] = linesOf((await operator.run('status', '--executions', '--ticks', '--limit', '1', '--json')).out);
    expect(first).toMatchObject({ status: expect.stringMatching(/RUNNING|SUCCEEDED/) });
  });

  it('records a change of the identity store, and the event starts an execution', async () => {
    const operator = await open({ people: 2, members: 1 });
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId: user(2) },
    });
    while ((await seats(operator)) !== 1);
    expect((await operator.run('why', user(2))).out).toMatch(/group-join/);
  });

  it('prints a line per notice in ids, and serves the e-mails', async () => {
    const operator = await open({ people: 1, entitlements: noticed });
    expect(operator.listening['outbox']).toBe(`${operator.endpoint}/outbox`);
    const [line] = await Promise.all([operator.nextLine(), operator.run('start', '--all', '--wait')]);
    expect(line).toMatchObject({ type: 'notice', kind: 'assigned', userId: user(1), status: 'sent' });
    expect(JSON.stringify(line)).not.toContain(SECRET);
    const mails = await (await fetch(`${operator.endpoint}/outbox`)).json();
    expect(mails).toMatchObject([{ to: [`${SECRET}-1@example.com`], subject: expect.stringContaining('Kiro') }]);
  });

  it("makes notices of templates of one's own next to the entitlements, and refuses a broken one", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'usher-own-templates-'));
    const own = join(folder, 'notices', 'own', 'en');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'greeting.txt.liquid'), 'Dear {{ name }},\n');
    const operator = await open({ people: 1, folder, entitlements: noticed });
    await Promise.all([operator.nextLine(), operator.run('start', '--all', '--wait')]);
    const mails = await (await fetch(`${operator.endpoint}/outbox`)).json();
    expect(mails).toMatchObject([{ text: expect.stringMatching(/^Dear /) }]);
    writeFileSync(join(own, 'greeting.txt.liquid'), 'Dear\n{{ nmae }},\n');
    const { code, error } = await again(folder);
    expect(code).toBe(2);
    expect(error).toContain('notices/own/en/greeting.txt.liquid:2: no such variable: nmae');
  });

  it('continues from its kept state, however it ended', async () => {
    const before = await open({ people: 3, keep: true });
    await before.run('start', '--all', '--wait');
    await before.run('start', '--user', 'userName:later', '--expected');
    await before.call('AmazonSQS.SendMessage', { QueueUrl: 'x/usher-local-undelivered-ticks', MessageBody: '{}' });
    expect(await before.stop('SIGINT')).toBe(0);
    const after = await open({ people: 3, keep: true, folder: before.folder });
    expect(await seats(after)).toBe(3);
    expect(linesOf((await after.run('audit', '--json')).out)).toHaveLength(3);
    const list = linesOf((await after.run('status', '--executions', '--json')).out);
    expect(list.map(({ status }) => status)).toContain('ABORTED');
    const findings = linesOf((await after.run('doctor', '--json')).out);
    expect(findings.find(({ check }) => check === 'dead letters ticks')).toMatchObject({ verdict: 'problem' });
  });

  it('says what is there: users, groups, applications, seats and pending events, also of an earlier state', async () => {
    const before = await open({ people: 3, members: 2, keep: true, speed: SLOW });
    expect(before.listening).toEqual({
      type: 'local',
      endpoint: before.endpoint,
      region: 'us-east-1',
      resumed: false,
      ...{ users: 3, groups: 2, applications: 2, seats: 0, pendingEvents: 0 },
    });
    await before.run('start', '--all', '--wait');
    await before.call('AWSIdentityStore.CreateUser', { IdentityStoreId: STORE_ID, UserName: 'later' });
    expect(await before.stop()).toBe(0);
    const after = await open({ people: 3, members: 2, keep: true, folder: before.folder, speed: SLOW });
    expect(after.listening).toMatchObject({ resumed: true, users: 4, groups: 2, applications: 2, seats: 2 });
  });

  it('delivers after a stop what it had not delivered before', async () => {
    const before = await open({ people: 2, members: 1, keep: true, speed: SLOW });
    await before.fault({ operation: 'SFN.StartExecution', kind: 'throttle', for: 'ever' });
    await before.run('local', 'trigger', 'join', user(2), GROUP);
    await before.run('local', 'trigger', 'disable', user(1));
    expect(await before.stop()).toBe(0);
    const after = await open({ people: 2, members: 1, keep: true, folder: before.folder, speed: SLOW });
    expect(after.listening).toMatchObject({ pendingEvents: 2 });
    while ((await seats(after)) !== 1);
    expect((await after.run('why', user(2))).out).toMatch(/group-join/);
  });

  it('continues after a kill from what it saved last, and takes over the folder', async () => {
    const before = await open({ people: 2, keep: true, speed: SLOW });
    await before.run('start', '--all', '--wait');
    const saved = () => (existsSync(stateFile(before.folder)) ? readFileSync(stateFile(before.folder), 'utf8') : '{}');
    while (JSON.parse(saved()).audit?.length !== 2) await sleep(20);
    await before.kill();
    const after = await open({ people: 2, keep: true, folder: before.folder, speed: SLOW });
    expect(after.listening).toMatchObject({ resumed: true, seats: 2 });
  });

  it('keeps its state for its owner only', async () => {
    const { folder, stop } = await open({ people: 1, keep: true, speed: SLOW });
    await stop();
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    expect(statSync(stateFile(folder)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'state'))).toEqual(['state.json']);
  });

  it('refuses a folder in which another one keeps its state, and names its port', async () => {
    const { folder, endpoint } = await open({ people: 1, keep: true, speed: SLOW });
    const second = await again(folder);
    expect(second).toMatchObject({ code: 3, out: '' });
    expect(second.error).toMatch(/Another usher local \(process \d+\) keeps its state in state\. It listens at /);
    expect(second.error).toContain(`It listens at ${endpoint}.`);
  });

  it('refuses a folder that is none', async () => {
    const { folder } = await open({ people: 1, speed: SLOW });
    writeFileSync(join(folder, 'state'), 'a file');
    const { code, error } = await again(folder);
    expect(error).toMatch(/The state cannot be kept in state \(E[A-Z]+\)/);
    expect(code).toBe(1);
  });

  it('says that a disk is full, and leaves the state as it was', async () => {
    const operator = await open({ people: 5, keep: true, speed: SLOW });
    await operator.stop();
    const before = readFileSync(stateFile(operator.folder), 'utf8');
    // A limit of the size of files is as good as a small disk.
    const serving = ['local', '--port', '0', '--directory', 'directory.yml', '--state', 'state'];
    const command = [process.execPath, join(import.meta.dirname, '../../cli/usher.mjs'), ...serving];
    const child = spawn('sh', ['-c', 'ulimit -f 1; exec "$@"', 'sh', ...command], {
      cwd: operator.folder,
      env: environment(),
    });
    const error = text(child.stderr);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(await error).toMatch(/^error: The state cannot be kept in state \(EFBIG\)$/m);
    expect(readFileSync(stateFile(operator.folder), 'utf8')).toBe(before);
    expect(readdirSync(join(operator.folder, 'state'))).toEqual(['state.json']);
  });

  it.each<[string, (state: object) => unknown, RegExp]>([
    [
      'of another identity store',
      (state) => ({ ...state, identityStoreId: 'd-0000000000' }),
      /the state of another identity store/,
    ],
    ['of another version', (state) => ({ ...state, version: 2 }), /expected the state of an emulator of this version/],
    ['without a ledger', ({ ...state }: { ledger?: unknown }) => ({ ...state, ledger: undefined }), /ledger: missing/],
    ['with a broken item', (state) => ({ ...state, ledger: [{ pk: 1 }] }), /cannot be restored \(PutItem/],
    ['with a broken execution', (state) => ({ ...state, executions: [{}] }), /executions\[0\]\.arn: missing/],
    ['that is a list', () => [], /expected a mapping/],
    ['that is cut off', (state) => JSON.stringify(state).slice(0, -10), /not JSON/],
    ['that is empty', () => '', /not JSON/],
  ])('refuses a state %s, says what to do, and leaves it as it is', async (_what, changed, message) => {
    const operator = await open({ people: 1, keep: true, speed: SLOW });
    await operator.stop();
    const file = stateFile(operator.folder);
    const content = changed(JSON.parse(readFileSync(file, 'utf8')));
    const broken = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(file, broken);
    const { code, error } = await again(operator.folder);
    expect(error).toMatch(message);
    expect(error).toContain('state/state.json');
    expect(error).toContain('Move it away to begin anew, or name another folder');
    expect(code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(broken);
    expect(readdirSync(join(operator.folder, 'state'))).toEqual(['state.json']);
  });

  it('is ended by nothing that anyone asks', async () => {
    const operator = await open({ people: 2, keep: true, speed: SLOW });
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
    const bodies = ['', '{', '[]', 'null', deep, `{"a":${deep}}`, 'x'.repeat(3_000_000)];
    const targets = [
      'AWSIdentityStore.ListUsers',
      'AWSStepFunctions.StartExecution',
      'DynamoDB_20120810.DeleteTable',
      'DynamoDB_20120810.PutItem',
      'AmazonQDeveloperService.CreateAssignment',
      'AmazonSQS.SendMessage',
      'Nothing.Known',
    ];
    const ask = async (path: string, target: string, body: string) => {
      const headers = { 'content-type': 'application/json', 'x-amz-target': target };
      return (await fetch(operator.endpoint + path, { method: 'POST', headers, body })).status;
    };
    for (const target of targets)
      for (const body of bodies) expect(await ask('/', target, body)).toBeGreaterThanOrEqual(400);
    for (const path of ['/faults', '/trigger', '/applications/a-1/subscriptions', '/nothing'])
      for (const body of bodies)
        expect(await ask(path, '', body)).toBeGreaterThanOrEqual(path === '/faults' ? 200 : 400);
    const input = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    for (const given of [deep, input, '5', '"text"', 'null'])
      await ask('/', 'AWSStepFunctions.StartExecution', JSON.stringify({ stateMachineArn: machine, input: given }));
    const ledger = 'usher-local-ledger';
    expect(await operator.call('DynamoDB_20120810.DeleteTable', { TableName: ledger })).toMatchObject({
      __type: expect.stringMatching(/AccessDeniedException$/),
    });
    await operator.run('local', 'trigger', 'leave', user(2), GROUP);
    expect((await operator.run('start', '--all', '--wait')).out).toMatch(/converged/);
    expect(await operator.stop()).toBe(0);
  });

  it('reports a port that is in use, and what is wrong with its files', async () => {
    const operator = await open({ people: 1, speed: SLOW });
    const { port } = new URL(operator.endpoint);
    const both = await runUsher(['local', '--people', '5', '--directory', 'directory.yml'], { cwd: operator.folder });
    expect(both).toMatchObject({ code: 2, error: expect.stringContaining('--people is for a generated directory') });
    const taken = await runUsher(['local', '--port', port], { cwd: operator.folder });
    expect(taken.error).toMatch(/Port \d+ is in use/);
    expect(taken.code).toBe(1);
    const file = {
      ...configuration(),
      identityCenter: { ...configuration().identityCenter, identityStoreId: 'd-0000000000' },
    };
    writeFileSync(join(operator.folder, 'other.yml'), JSON.stringify(file));
    const args = ['local', '--port', '0', '--directory', 'directory.yml', '--entitlements', 'other.yml'];
    const wrong = await runUsher(args, { cwd: operator.folder });
    expect(wrong.error).toMatch(/directory.yml: identityStoreId: not the identity store of the entitlements/);
    expect(wrong.code).toBe(2);
  });

  it('refuses a fault that could never apply', async () => {
    const operator = await open({ people: 1, speed: SLOW });
    await expect(operator.fault({ operation: 'SSOAdmin.Nothing', kind: 'throttle' })).rejects.toThrow();
  });
});
