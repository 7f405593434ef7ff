// @module-tag long
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GROUP, user } from '../support/ids.ts';
import { configuration, linesOf, type Operator, runUsher, startOperator } from '../support/operator.ts';

const opened: Operator[] = [];
async function open(...options: Parameters<typeof startOperator>): Promise<Operator> {
  const operator = await startOperator(...options);
  opened.push(operator);
  return operator;
}
afterEach(async () => {
  const operators = opened.splice(0);
  for (const operator of operators) await operator.stop();
  for (const { folder } of operators) rmSync(folder, { recursive: true, force: true });
});

const seats = async (operator: Operator) => linesOf((await operator.run('seats', '--json')).out)[0]?.['seats'];

describe('usher local', () => {
  it('runs the tick while virtual time follows real time, and every member gets a seat', async () => {
    const operator = await open({ people: 3, speed: 5000 });
    while ((await seats(operator)) !== 3);
    const [first] = linesOf((await operator.run('status', '--limit', '1', '--json')).out);
    expect(first).toMatchObject({ status: expect.stringMatching(/RUNNING|SUCCEEDED/) });
  });

  it('records a change of the identity store, and the event starts an execution', async () => {
    const operator = await open({ people: 2, members: 1 });
    await operator.call('AWSIdentityStore.CreateGroupMembership', { GroupId: GROUP, MemberId: { UserId: user(2) } });
    while ((await seats(operator)) !== 1);
    expect((await operator.run('why', user(2))).out).toMatch(/group-join/);
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
    const list = linesOf((await after.run('status', '--json')).out);
    expect(list.map(({ status }) => status)).toContain('ABORTED');
    const findings = linesOf((await after.run('doctor', '--json')).out);
    expect(findings.find(({ check }) => check === 'dead letters ticks')).toMatchObject({ verdict: 'problem' });
  });

  it.each([
    [
      'another identity store',
      (state: object) => ({ ...state, identityStoreId: 'd-0000000000' }),
      /another identity store/,
    ],
    [
      'another version',
      (state: object) => ({ ...state, version: 2 }),
      /expected the state of an emulator of this version/,
    ],
  ])('refuses the state of %s', async (_what, changed, message) => {
    const operator = await open({ people: 1, keep: true });
    await operator.stop();
    const file = join(operator.folder, 'state', 'state.json');
    writeFileSync(file, JSON.stringify(changed(JSON.parse(readFileSync(file, 'utf8')))));
    const { code, error } = await runUsher(['local', '--port', '0', '--state', 'state'], { cwd: operator.folder });
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });

  it('reports a port that is in use, and what is wrong with its files', async () => {
    const operator = await open({ people: 1 });
    const { port } = new URL(operator.endpoint);
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
    const operator = await open({ people: 1 });
    await expect(operator.fault({ operation: 'SSOAdmin.Nothing', kind: 'throttle' })).rejects.toThrow();
  });
});
