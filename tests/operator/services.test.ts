import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { amazonQBusinessSubscriptions } from '../../adapters/subscriptions/amazon-q-business.ts';
import { kiroSubscriptions } from '../../adapters/subscriptions/kiro.ts';
import { Q_BUSINESS_PROVIDER } from '../../emulator/aws/identity-center/subscriptions.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { openStack } from '../../emulator/stack/stack.ts';
import { servicesOf } from '../../operator/services.ts';
import { collected } from '../support/aws.ts';
import { directoryOf } from '../support/directory.ts';
import { APPLICATION, INSTANCE_ARN, OTHER_APPLICATION, REGION, START, user } from '../support/ids.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** The services of a command with `--local`, and the emulator that they ask over HTTP. */
async function localServices() {
  const entitlements = exampleEntitlements();
  const applications = [
    {
      applicationArn: APPLICATION,
      region: 'eu-west-1',
      subscriptions: [{ user: user(1), plan: 'KIRO_ENTERPRISE_PRO' }],
    },
    {
      applicationArn: OTHER_APPLICATION,
      provider: Q_BUSINESS_PROVIDER,
      subscriptions: [{ user: user(2), plan: 'Q_LITE' }],
    },
  ];
  const directory = directoryOf(entitlements, { directory: { applications } });
  const stack = await openStack({ entitlements, directory, start: START, transport: 'in-process' });
  const { endpoint, close } = await stack.listen(0, undefined);
  open.push(stack, { close });
  const access = { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const settings = { clock: stack.clock, stage: 'local', region: REGION, perSecond: 10 };
  return { stack, services: servicesOf({ onRetry: () => undefined, access, ...settings }) };
}

const KIRO = { provider: 'kiro', region: 'eu-west-1', application: APPLICATION, instanceArn: INSTANCE_ARN } as const;
const Q_BUSINESS = {
  provider: 'amazon-q-business',
  region: 'us-west-2',
  application: OTHER_APPLICATION,
  instanceArn: INSTANCE_ARN,
} as const;

describe('the subscriptions of a local stack', () => {
  it.each([
    [KIRO, { principal: { user: user(1) }, plan: 'Q_DEVELOPER_STANDALONE_PRO', status: 'active', source: 'unknown' }],
    [
      Q_BUSINESS,
      { id: `s-${user(2)}`, principal: { user: user(2) }, plan: 'Q_LITE', status: 'active', source: 'individual' },
    ],
  ])('are listed for %j', async (input, expected) => {
    const { services } = await localServices();
    const provider = await services.subscriptions(input);
    expect((await collected(provider.subscriptions())).flat()).toEqual([expected]);
  });

  it.each([KIRO, Q_BUSINESS])('are listed for %j by a role', async (input) => {
    const { stack, services } = await localServices();
    const provider = await services.subscriptions({ ...input, roleArn: 'arn:aws:iam::111122223333:role/usher' });
    expect((await collected(provider.subscriptions())).flat()).toHaveLength(1);
    expect(stack.calls()['STS.AssumeRole']).toBe(1);
  });

  it.each([KIRO, Q_BUSINESS])(
    'are not listed for %j by a role that AWS refuses, which is asked for once',
    async (input) => {
      const { stack, services } = await localServices();
      stack.faults.add({ operation: 'STS.AssumeRole', kind: 'refuse', for: 'ever' });
      const provider = await services.subscriptions({ ...input, roleArn: 'arn:aws:iam::111122223333:role/usher' });
      await expect(collected(provider.subscriptions())).rejects.toMatchObject({
        name: 'RefusedError',
        reason: 'role-refused',
      });
      expect(stack.calls()).toEqual({ 'STS.AssumeRole': 1 });
    },
  );

  it('are listed in process, too', async () => {
    const { stack } = await localServices();
    const pacer = { pace: async () => undefined };
    const profile = { instanceArn: INSTANCE_ARN, region: KIRO.region };
    for (const provider of [
      kiroSubscriptions(stack.settings, profile, pacer),
      amazonQBusinessSubscriptions(stack.settings, OTHER_APPLICATION, pacer),
    ])
      expect((await collected(provider.subscriptions())).flat()).toHaveLength(1);
  });

  it('are listed although AWS throttles the first request', async () => {
    const { stack, services } = await localServices();
    stack.faults.add({ operation: 'UserSubscriptions.ListUserSubscriptions', kind: 'throttle' });
    const provider = await services.subscriptions(KIRO);
    expect((await collected(provider.subscriptions())).flat()).toHaveLength(1);
    expect(stack.calls()['UserSubscriptions.ListUserSubscriptions']).toBe(2);
  });
});

const SETTINGS = { stage: 'prod', region: REGION, perSecond: 10 };

it('Amazon Q Business is asked in the Region of its application, and Kiro in that of Identity Center', async () => {
  const scopes: string[] = [];
  const server = createServer(({ headers }, answer) => {
    scopes.push(/Credential=local\/\d+\/([^/]+\/[^/]+)/.exec(String(headers.authorization))?.[1] ?? '');
    answer.end('{"applications":[],"subscriptions":[]}');
  }).listen(0);
  await once(server, 'listening');
  open.push({
    async close() {
      server.close();
    },
  });
  const endpoint = `http://localhost:${(server.address() as AddressInfo).port}`;
  const access = { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const clock = { now: () => START, sleep: async () => undefined };
  const services = servicesOf({ onRetry: () => undefined, access, clock, ...SETTINGS });
  await expect(collected((await services.subscriptions(Q_BUSINESS)).subscriptions())).rejects.toThrow('No Amazon Q');
  await collected((await services.subscriptions(KIRO)).subscriptions());
  expect(scopes).toEqual([`${Q_BUSINESS.region}/qbusiness`, `${REGION}/user-subscriptions`]);
});

/** Services without credentials, so that no request leaves this machine, and how long they pause before each. */
function pausingServices() {
  const pauses: number[] = [];
  const sleep = async (seconds: number) => {
    pauses.push(seconds);
  };
  const clock = { now: () => START, sleep };
  const credentials = () => Promise.reject(new Error('no credentials'));
  return { pauses, services: servicesOf({ onRetry: () => undefined, access: { credentials }, clock, ...SETTINGS }) };
}

it('AWS gets one request for subscriptions per second, of all providers together', async () => {
  const { pauses, services } = pausingServices();
  for (const input of [KIRO, Q_BUSINESS, KIRO]) {
    const provider = await services.subscriptions(input);
    await expect(collected(provider.subscriptions())).rejects.toThrow('no credentials');
  }
  expect(pauses).toEqual([1, 2]);
});

it('AWS gets a hundred descriptions of executions at once, and then twelve per second', async () => {
  const { pauses, services } = pausingServices();
  const executions = await services.executions();
  for (let call = 0; call < 103; call += 1) await expect(executions.describe('x')).rejects.toThrow('no credentials');
  expect(pauses.map((seconds) => Math.round(seconds * 12))).toEqual([1, 2]);
});
