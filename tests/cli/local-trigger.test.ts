// @module-tag long
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GROUP, OTHER_GROUP, user } from '../support/ids.ts';
import { anOperator, configuration, linesOf, runUsher } from '../support/operator.ts';

const operator = anOperator({ people: 6, members: 1 });
const trigger = (...args: readonly string[]) => operator.run('local', 'trigger', ...args);
const statusOf = async (userId: string) =>
  linesOf((await operator.run('seats', '--people', '--json')).out).find((line) => line['userId'] === userId)?.[
    'status'
  ];

describe('usher local trigger', () => {
  it('has a user join a group, and the event of SCIM gives them a seat', async () => {
    expect(await trigger('join', user(2), GROUP)).toEqual({ code: 0, out: `${user(2)} joins ${GROUP}\n`, error: '' });
    expect(await statusOf(user(2))).toBe('confirmed');
    const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
    const list = await operator.call('AWSStepFunctions.ListExecutions', { stateMachineArn });
    const [{ executionArn } = {}] = list['executions'] as { executionArn?: string }[];
    const { input } = await operator.call('AWSStepFunctions.DescribeExecution', { executionArn });
    expect(JSON.parse(String(input))).toMatchObject({
      source: 'aws.identitystore-scim',
      detail: { eventName: 'PatchGroup', requestParameters: { id: GROUP } },
    });
  });

  it('takes names, in any case, and addresses', async () => {
    const names = await operator.call('AWSIdentityStore.DescribeUser', {
      IdentityStoreId: 'd-1234567890',
      UserId: user(3),
    });
    const [{ Value: address = '' } = {}] = (names['Emails'] ?? []) as { Value?: string }[];
    expect((await trigger('join', String(names['UserName']).toUpperCase(), 'Developers')).out).toBe(
      `${user(3)} joins ${GROUP}\n`,
    );
    expect((await trigger('leave', address, 'developers')).out).toBe(`${user(3)} leaves ${GROUP}\n`);
    expect(await statusOf(user(3))).not.toBe('confirmed');
  });

  it.each([
    ['leave', 'no seat'],
    ['join', 'a seat'],
    ['disable', 'no seat'],
    ['enable', 'a seat'],
    ['delete', 'no seat'],
  ])('leaves the user of a %s with %s', async (action, seat) => {
    const group = ['join', 'leave'].includes(action) ? [GROUP] : [];
    const { code, out } = await trigger(action, user(2), ...group, '--json');
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual([
      { type: 'trigger', action, userId: user(2), ...(group[0] && { groupId: group[0] }) },
    ]);
    await operator.run('start', '--all', '--wait');
    expect((await statusOf(user(2))) === 'confirmed').toBe(seat === 'a seat');
  });

  it('does again what is done already, as an identity provider may', async () => {
    for (const action of ['join', 'join', 'leave', 'leave'])
      expect(await trigger(action, user(4), OTHER_GROUP)).toMatchObject({ code: 0 });
  });

  it.each([
    [['join', 'persn-4', GROUP], /has no user persn-4/],
    [['join', user(99), GROUP], /has no user [\da-f-]+\. Did you mean /],
    [['join', user(4), 'develpoers'], /has no group develpoers\. Did you mean developers\?/],
    [['leave', user(4), 'zzz'], /has no group zzz\. Existing: developers, designers/],
    [['join', user(4), GROUP.replace(/.$/, '0')], new RegExp(`has no group [\\da-f-]+. Did you mean ${GROUP}`)],
    [['join', user(4)], /join needs a group/],
    [['disable', user(4), GROUP], /disable takes a user and no group/],
    [['jion', user(4), GROUP], /ACTION: expected one of join, leave, disable, enable, delete\. Did you mean join\?/],
    [['join'], /missing required argument 'USER'/],
  ])('refuses %j with 2', async (args, message) => {
    const before = await operator.allCalls();
    const { code, out, error } = await trigger(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
    expect((await operator.allCalls())['SFN.StartExecution']).toBe(before['SFN.StartExecution']);
  });

  it('makes a dead letter of an event that is refused for a day', async () => {
    await operator.fault({ operation: 'SFN.StartExecution', kind: 'throttle', for: 'ever' });
    await trigger('join', user(5), GROUP);
    await operator.clearFaults();
    const findings = linesOf((await operator.run('doctor', '--json')).out);
    expect(findings.find(({ check }) => check === 'dead letters events')).toMatchObject({ verdict: 'problem' });
    await operator.run('redrive', '--yes');
    expect(await statusOf(user(5))).toBe('confirmed');
  });

  it('ends with 3 if no emulator runs, and says how to start one', async () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const { code, error } = await runUsher(['local', 'trigger', 'join', 'a', 'b'], { env });
    expect(error).toMatch(/No emulator answers at http:\/\/127\.0\.0\.1:9\. Start one: usher local/);
    expect(code).toBe(3);
  });
});

describe('--local', () => {
  it('ends with 3 where another server answers, and names the address', async () => {
    const server = createServer((_request, response) => response.end('<!DOCTYPE html>'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ended = await runUsher(['--local', 'status', '--json'], { env: { AWS_ENDPOINT_URL: endpoint } });
    server.close();
    expect(linesOf(ended.out)).toMatchObject([{ type: 'error', exitCode: 3 }]);
    expect(ended.error).toContain(`What answers at ${endpoint} is no local stack of Usher.`);
    expect(ended.code).toBe(3);
  });

  it.each([
    [
      '--region',
      ['--region', 'eu-west-1', 'seats'],
      /--region says eu-west-1, and the local stack at .* is in us-east-1/,
    ],
    ['a file', ['--entitlements', 'other.yml', 'seats'], /other\.yml says eu-west-1, and the local stack .* us-east-1/],
  ])('refuses another Region of %s', async (_fact, args, message) => {
    const { identityCenter, ...rest } = configuration();
    const other = { ...rest, identityCenter: { ...identityCenter, region: 'eu-west-1' } };
    writeFileSync(join(operator.folder, 'other.yml'), JSON.stringify(other));
    const { code, out, error } = await operator.run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
  });

  it('takes the Region of the emulator, by its name or without', async () => {
    expect(await operator.run('--region', 'us-east-1', 'seats')).toMatchObject({ code: 0 });
    expect(await operator.run('doctor', '--json')).toMatchObject({ error: '' });
  });
});
