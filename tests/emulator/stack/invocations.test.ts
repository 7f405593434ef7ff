import { CreateApplicationAssignmentCommand, SSOAdminClient } from '@aws-sdk/client-sso-admin';
import { describe, expect, it } from 'vitest';
import { assumingRole } from '../../../adapters/assume-role.ts';
import { amazonQBusinessSubscriptions } from '../../../adapters/subscriptions/amazon-q-business.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { accountServices } from '../../../emulator/aws/account/account.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import { INVOCATION_HEADER } from '../../../emulator/aws/gateway.ts';
import { IdentityCenter } from '../../../emulator/aws/identity-center/identity-center.ts';
import { Q_BUSINESS_PROVIDER } from '../../../emulator/aws/identity-center/subscriptions.ts';
import { qBusiness } from '../../../emulator/aws/qbusiness/qbusiness.ts';
import { ssoAdmin } from '../../../emulator/aws/sso-admin/sso-admin.ts';
import { VirtualTime } from '../../../emulator/engine/virtual-time.ts';
import { type Handler, Invocations, type Latency } from '../../../emulator/stack/invocations.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { collected } from '../../support/aws.ts';
import { ANNA, aSeed } from '../../support/directory.ts';
import { APPLICATION, INSTANCE_ARN, REGION, STORE_ID, user } from '../../support/ids.ts';

const START = new Date('2026-11-01T10:00:00Z');

function invoking(latency?: Latency) {
  const time = new VirtualTime(START);
  const invocations = new Invocations(time, undefined, latency);
  /** Invokes in virtual time. @returns the answer, or the error's name and message */
  const invoke = async (handler: Handler, { payload = '{}', limitSeconds = 60 } = {}) => {
    const answer = invocations
      .invoke('aFunction', handler, payload, limitSeconds)
      .catch((error: Error) => `${error.name}: ${error.message}`);
    await time.runUntilIdle();
    return answer;
  };
  const seconds = () => (time.now().getTime() - START.getTime()) / 1000;
  return { time, invocations, invoke, seconds };
}

describe('an invocation', () => {
  it('passes the payload and the result as JSON', async () => {
    const { invoke } = invoking();
    const handler: Handler = async (event) => ({ event, when: START, nothing: undefined });
    expect(await invoke(handler, { payload: '{"a":[1]}' })).toBe(
      JSON.stringify({ event: { a: [1] }, when: START.toISOString() }),
    );
  });

  it('returns null if the handler returns nothing', async () => {
    const { invoke } = invoking();
    expect(await invoke(async () => undefined)).toBe('null');
  });

  it('gives the handler its name, and a new request id each time', async () => {
    const { invoke } = invoking();
    const ids = new Set<string>();
    const handler: Handler = async (_event, { functionName, awsRequestId }) => {
      ids.add(awsRequestId);
      return functionName;
    };
    expect(await invoke(handler)).toBe('"aFunction"');
    await invoke(handler);
    expect(ids.size).toBe(2);
  });

  it.each([
    ['an error of its own', new TransientAwsError('busy'), 'TransientAwsError: busy'],
    ['a bug', new TypeError('broken'), 'TypeError: broken'],
    ['a value that is not an error', 'text', 'Error: not an error'],
  ])('fails with the name and message of %s', async (_fact, thrown, expected) => {
    const { invoke } = invoking();
    expect(await invoke(() => Promise.reject(thrown))).toBe(expected);
  });

  it('stops time while it works', async () => {
    const { invoke, time, seconds } = invoking();
    time.after(1, () => undefined);
    const moments: number[] = [];
    await invoke(async () => {
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      moments.push(seconds());
    });
    expect(moments).toEqual([0]);
  });

  it('lets time pass while it sleeps', async () => {
    const { invoke, invocations, seconds } = invoking();
    const handler: Handler = async () => {
      await invocations.sleep(7);
      return seconds();
    };
    expect(await invoke(handler)).toBe('7');
  });

  it('says how much of its time limit is left in virtual time', async () => {
    const { invoke, invocations } = invoking();
    const handler: Handler = async (_event, { getRemainingTimeInMillis }) => {
      const first = getRemainingTimeInMillis();
      await invocations.sleep(7.5);
      return [first, getRemainingTimeInMillis()];
    };
    expect(await invoke(handler, { limitSeconds: 60 })).toBe('[60000,52500]');
  });

  it('has nothing left of its time limit once that has passed', async () => {
    const { invoke, invocations } = invoking();
    let left = () => 1;
    const handler: Handler = async (_event, { getRemainingTimeInMillis }) => {
      left = getRemainingTimeInMillis;
      await invocations.sleep(61);
    };
    expect(await invoke(handler, { limitSeconds: 60 })).toMatch(/^Sandbox\.Timedout: /);
    expect(left()).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const { invoke, seconds } = invoking();
    await invoke(async () => 1, { limitSeconds: 900 });
    expect(seconds()).toBe(0);
  });

  it('ends at its time limit, and does nothing after it', async () => {
    const { invoke, invocations, seconds } = invoking();
    const log: string[] = [];
    const handler: Handler = async () => {
      await invocations.sleep(59);
      log.push('still here');
      await invocations.sleep(2);
      log.push('never');
    };
    expect(await invoke(handler)).toMatch(/^Sandbox\.Timedout: /);
    expect(log).toEqual(['still here']);
    expect(seconds()).toBeGreaterThanOrEqual(60);
  });

  it.each([
    ['crash', /^Lambda\.Unknown: /],
    ['timeout', /^Sandbox\.Timedout: /],
  ] as const)('ends at once after a %s', async (termination, expected) => {
    const { invoke, invocations, seconds } = invoking();
    const log: string[] = [];
    const handler: Handler = async (_event, { awsRequestId }) => {
      invocations.kill(awsRequestId, termination);
      await invocations.sleep(1);
      log.push('never');
    };
    expect(await invoke(handler)).toMatch(expected);
    expect(log).toEqual([]);
    expect(seconds()).toBeLessThan(60);
  });

  it('is not affected when an ended or unknown invocation is killed', async () => {
    const { invoke, invocations } = invoking();
    let last = '';
    const handler: Handler = async (_event, { awsRequestId }) => {
      if (last) invocations.kill(last, 'crash');
      invocations.kill('nobody', 'crash');
      last = awsRequestId;
      return 'well';
    };
    expect([await invoke(handler), await invoke(handler)]).toEqual(['"well"', '"well"']);
  });

  it('does not wake up while another one works', async () => {
    const { time, invocations } = invoking();
    const log: string[] = [];
    const sleeper: Handler = async () => {
      await invocations.sleep(5);
      log.push('sleeper');
    };
    const worker: Handler = async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      log.push('worker');
    };
    const both = [sleeper, worker].map((handler) => invocations.invoke('aFunction', handler, '{}', 60));
    await Promise.all([...both, time.runUntilIdle()]);
    expect(log).toEqual(['worker', 'sleeper']);
  });

  it('can also sleep outside of a handler', async () => {
    const { time, invocations, seconds } = invoking();
    await Promise.all([invocations.sleep(3), time.runUntilIdle()]);
    expect(seconds()).toBe(3);
  });
});

describe('the requests of an invocation', () => {
  const CREATE = 'SSOAdmin.CreateApplicationAssignment';

  function aWorld(...rules: FaultRule[]) {
    const { time, invocations, invoke } = invoking();
    const clock = { now: () => time.now(), sleep: (seconds: number) => invocations.sleep(seconds) };
    const center = new IdentityCenter(
      {
        identityStoreId: STORE_ID,
        users: [1, 2].map((number) => ({ userId: user(number), userName: `name-${number}` })),
        groups: [],
        applications: [{ applicationArn: APPLICATION }],
      },
      { clock, instanceArn: INSTANCE_ARN },
    );
    const faults = new Faults(clock);
    for (const rule of rules) faults.add(rule);
    const { gateway, aws } = behindGateway(
      { SSOAdmin: ssoAdmin(center, clock) },
      { faults, onCrash: (id, termination) => invocations.kill(id, termination) },
    );
    const sso = new SSOAdminClient({ ...aws, requestHandler: invocations.watch(aws.requestHandler) });
    const assign = (number: number) =>
      sso.send(
        new CreateApplicationAssignmentCommand({
          ApplicationArn: APPLICATION,
          PrincipalId: user(number),
          PrincipalType: 'USER',
        }),
      );
    const assigned = () => center.assignments().map(({ principalId }) => principalId);
    return { invoke, invocations, assign, assigned, gateway };
  }

  it.each([
    ['crash-before', 'Lambda.Unknown', []],
    ['crash-after', 'Lambda.Unknown', [user(1)]],
    ['timeout-before', 'Sandbox.Timedout', []],
    ['timeout-after', 'Sandbox.Timedout', [user(1)]],
  ] as const)('end it with %s, and what follows has no effect', async (kind, error, effect) => {
    const { invoke, assign, assigned, gateway } = aWorld({ operation: CREATE, kind });
    const log: string[] = [];
    const handler: Handler = async () => {
      await assign(1).catch(() => log.push('caught'));
      log.push('went on');
      await assign(2);
    };
    expect(await invoke(handler)).toMatch(new RegExp(`^${error}: `));
    expect(assigned()).toEqual(effect);
    expect(log).toEqual([]);
    expect(gateway.calls.get(CREATE)).toBe(1);
  });

  it('get no answer if another request ends the invocation meanwhile', async () => {
    const { invoke, assign, assigned } = aWorld({ operation: CREATE, kind: 'crash-before', principalId: user(1) });
    const log: number[] = [];
    const handler: Handler = async () => {
      await Promise.all([1, 2].map((number) => assign(number).finally(() => log.push(number))));
    };
    expect(await invoke(handler)).toMatch(/^Lambda\.Unknown: /);
    expect(log).toEqual([]);
    // It was on its way already, as it may be on AWS.
    expect(assigned()).toEqual([user(2)]);
  });

  it('are not sent after the invocation has ended early', async () => {
    const { invoke, invocations, assign, assigned, gateway } = aWorld();
    const handler: Handler = async (_event, { awsRequestId }) => {
      invocations.kill(awsRequestId, 'crash');
      await assign(1);
    };
    expect(await invoke(handler)).toMatch(/^Lambda\.Unknown: /);
    expect(assigned()).toEqual([]);
    expect(gateway.calls.size).toBe(0);
  });

  it('do not affect another invocation', async () => {
    const { invoke, assign, assigned } = aWorld({ operation: CREATE, kind: 'crash-before' });
    const handler: Handler = async () => {
      await assign(1);
      return 'well';
    };
    expect(await invoke(handler)).toMatch(/^Lambda\.Unknown: /);
    expect(await invoke(handler)).toBe('"well"');
    expect(assigned()).toEqual([user(1)]);
  });

  it('take the time of their call, however its protocol names it', async () => {
    const calls: string[] = [];
    const { invocations, invoke, seconds } = invoking((call) => calls.push(call));
    const applications = [{ applicationArn: APPLICATION, provider: Q_BUSINESS_PROVIDER }];
    const { center, clock } = anIdentityCenter(aSeed({ applications }));
    const services = { STS: accountServices(REGION).STS, QBusiness: qBusiness(center, clock, REGION) };
    const { aws } = behindGateway(services);
    const settings = { ...aws, requestHandler: invocations.watch(aws.requestHandler) };
    const role = assumingRole(settings, { roleArn: 'arn:aws:iam::111122223333:role/usher-subscriber' });
    const provider = amazonQBusinessSubscriptions(role, APPLICATION, { pace: async () => undefined });
    await invoke(async () => {
      await collected(provider.subscriptions());
      await provider.subscribe(ANNA, 'Q_LITE');
    });
    expect(calls).toEqual([
      'STS.AssumeRole',
      'QBusiness.ListApplications',
      'QBusiness.GetApplication',
      'QBusiness.ListSubscriptions',
      'STS.AssumeRole',
      'QBusiness.CreateSubscription',
    ]);
    expect(seconds()).toBe(1 + 2 + 3 + 4 + 5 + 6);
  });

  it('differ from those of other callers', async () => {
    const { invocations, invoke } = invoking();
    const seen: (string | undefined)[] = [];
    const watched = invocations.watch({
      handle: async ({ headers }) => {
        seen.push(headers[INVOCATION_HEADER]);
        return { response: {} };
      },
    });
    await watched.handle({ headers: {} });
    await invoke(async (_event, { awsRequestId }) => {
      await watched.handle({ headers: { host: 'x' } });
      seen.push(awsRequestId);
    });
    expect(seen[0]).toBeUndefined();
    expect(seen[1]).toBe(seen[2]);
    expect(watched.httpHandlerConfigs()).toEqual({});
    expect(watched.updateHttpClientConfig()).toBeUndefined();
  });
});
