import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { readScenario } from '../../../emulator/scenario/reader.ts';
import { APPLICATION, GROUP, group, STORE_ID, user } from '../../support/ids.ts';
import { acting, aScenario, playing } from '../../support/scenario.ts';
import { openWorld } from '../../support/world.ts';

const THIRD_GROUP = group(3);
/** The entitlement of {@link aScenario}. */
const Q = { name: 'q', application: APPLICATION, groups: [GROUP], seats: { max: 50 } };

/** Every entitled user gets a seat. */
const SWEEP = { at: '+0s', start: { scope: 'everything' } };

/** The faults of a scenario, without its file's name. */
function faultsOf(...scenario: Parameters<typeof aScenario>): string[] {
  try {
    readScenario(aScenario(...scenario), 'scenario.yml');
    return [];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.split('\n').map((line) => line.replace('scenario.yml: ', ''));
  }
}

/** Seats by the number of the user, with the status of each. */
async function seatsAfter(...actions: readonly object[]) {
  const { result } = await acting(...actions);
  return result.seats.map(({ userId, status }) => `${Number(userId.slice(-12))} ${status}`);
}

describe('a scenario', () => {
  it.each<[string, string, string[]]>([
    ['since the start', '+1h30m5s', ['2026-11-01T11:30:05.000Z']],
    ['in days', '+2d', ['2026-11-03T10:00:00.000Z']],
    ['at once', '+0s', ['2026-11-01T10:00:00.000Z']],
    ['as a time', '2026-11-01T12:00:00Z', ['2026-11-01T12:00:00.000Z']],
  ])('has actions %s: %s', (_kind, at, times) => {
    const { steps } = readScenario(aScenario([{ at, start: { scope: 'tick' } }]), 'scenario.yml');
    expect(steps.map((step) => step.at.toISOString())).toEqual(times);
  });

  it('has its events a second after the change, or later, or never, or twice', () => {
    const join = { user: 'Dan', group: 'Engineers' };
    const actions = [
      { at: '+10s', join },
      { at: '+20s', join, deliver: { afterSeconds: 60 } },
      { at: '+30s', join, deliver: { times: 0 } },
      { at: '+40s', join, deliver: { times: 2 } },
    ];
    const { steps } = readScenario(aScenario(actions), 'scenario.yml');
    const seconds = steps.map(({ at, start }) => [at.getUTCMinutes() * 60 + at.getUTCSeconds(), start !== undefined]);
    expect(seconds).toEqual([
      [10, false],
      [11, true],
      [20, false],
      [30, false],
      [40, false],
      [41, true],
      [41, true],
      [80, true],
    ]);
  });

  it('shows its names to readers, and ids to the service', () => {
    const actions = [
      { at: '+0s', join: { user: 'Dan', group: 'Engineers', via: 'api' } },
      { at: '+9s', start: { userId: 'Ana', groupId: 'Engineers' } },
    ];
    const { steps, names } = readScenario(aScenario(actions), 'scenario.yml');
    expect(steps[0]?.title).toBe('Dan joins Engineers through the Identity Store API');
    expect(steps[2]?.start?.input).toEqual({ userId: user(1), groupId: GROUP });
    expect(JSON.stringify(steps.map(({ start }) => start))).not.toMatch(/Dan|Ana|Engineers/);
    expect(names.get(user(4))).toBe('Dan');
  });

  it.each<[string, object, string]>([
    [
      'two actions',
      { at: '+0s', join: { user: 'Ana', group: 'Engineers' }, disable: { user: 'Ana' } },
      'actions[0]: expected exactly one of join, ',
    ],
    ['no action', { at: '+0s', say: 'nothing' }, 'actions[0]: expected exactly one of join, '],
    ['an unknown action', { at: '+0s', start: {}, jion: {} }, 'actions[0].jion: unknown key'],
    [
      'an unknown way',
      { at: '+0s', disable: { user: 'Ana', via: 'post' } },
      'actions[0].disable.via: expected scim or console or api',
    ],
    ['no time', { disable: { user: 'Ana' } }, 'actions[0].at: missing: expected a text'],
    [
      'a strange time',
      { at: 'soon', disable: { user: 'Ana' } },
      'actions[0].at: expected a time since the start, such as',
    ],
    [
      'an offset of nothing',
      { at: '+', disable: { user: 'Ana' } },
      'actions[0].at: expected a time since the start, such as',
    ],
    [
      'a time before the start',
      { at: '2026-10-01T10:00:00Z', disable: { user: 'Ana' } },
      'actions[0].at: before the start',
    ],
    [
      'an unknown user',
      { at: '+0s', disable: { user: 'Nobody' } },
      'actions[0].disable.user: there is no such user at that time',
    ],
    [
      'an unknown group',
      { at: '+0s', leave: { user: 'Ana', group: 'Q' } },
      'actions[0].leave.group: there is no such group at that time',
    ],
    [
      'an unknown application',
      { at: '+0s', assign: { user: 'Ana', application: GROUP } },
      'actions[0].assign.application: there is no such',
    ],
    [
      'a user twice',
      { at: '+0s', addUser: { userId: user(1), userName: 'x' } },
      'actions[0].addUser.userId: expected an id that no user has at that time',
    ],
    [
      'an expectation of nothing',
      { at: '+0s', expect: 'failed', addUser: { userId: user(9), userName: 'x' } },
      'actions[0].expect: expected only with an action that starts an execution',
    ],
    [
      'an event that never was',
      { at: '+0s', deliver: { times: 2 }, start: {} },
      'actions[0].deliver: expected only with join',
    ],
    [
      'a fault that cannot apply',
      { at: '+0s', fault: { operation: 'S3.GetObject', kind: 'lost' } },
      'actions[0].fault.operation: expected an operation',
    ],
    [
      'a lag of a write',
      { at: '+0s', lag: { operation: 'SSOAdmin.CreateApplicationAssignment', seconds: 1 } },
      'actions[0].lag.operation: expected IdentityStore.IsMemberInGroups or',
    ],
    [
      'an assignment without a principal',
      { at: '+0s', assign: { application: 'Q' } },
      'actions[0].assign: expected either user or group',
    ],
    [
      'an assignment to a user and a group',
      { at: '+0s', unassign: { user: 'Ana', group: 'Engineers', application: 'Q' } },
      'actions[0].unassign: expected either user or group',
    ],
    [
      'a group twice',
      { at: '+0s', addGroup: { groupId: GROUP } },
      'actions[0].addGroup.groupId: expected an id that no group has at that time',
    ],
    [
      'a group of strangers',
      { at: '+0s', addGroup: { groupId: THIRD_GROUP, members: [user(9)] } },
      'actions[0].addGroup.members[0].user: there is no such user at that time',
    ],
    [
      'a release of an unknown application',
      { at: '+0s', release: { application: GROUP } },
      'actions[0].release.application: there is no such application at that time',
    ],
    [
      'a deployment that contradicts itself',
      { at: '+0s', deploy: { entitlements: [Q, { ...Q, name: 'r' }] } },
      'actions[0].deploy.entitlements[1].application: the same application as entitlements[0]',
    ],
    [
      'a deployment to somewhere else',
      { at: '+0s', deploy: { identityCenter: {}, entitlements: [Q] } },
      'actions[0].deploy.identityCenter: unknown key',
    ],
    [
      'an execution before the first',
      { at: '+0s', stop: { execution: 0 } },
      'actions[0].stop.execution: expected at least 1',
    ],
    [
      'an end of what is only deployed',
      { at: '+0s', deploy: { entitlements: [Q] }, expect: 'held' },
      'actions[0].expect: expected only with an action that starts an execution',
    ],
    ['a text that moves the cursor', { at: '+0s', say: '\u001b[2J', start: {} }, 'actions[0].say: expected plain text'],
    ['a large event', { at: '+0s', event: { pad: 'x'.repeat(300_000) } }, 'actions[0].event: larger than 256 KiB'],
  ])('is refused with the path of the issue: %s', (_kind, action, fault) => {
    expect(faultsOf([action])).toEqual([expect.stringContaining(fault)]);
  });

  it('is refused if a user acts before being added or after being deleted', () => {
    const later = { userId: user(9), userName: 'later' };
    const faults = faultsOf([
      { at: '+3s', join: { user: 'Ana', group: 'Engineers' } },
      { at: '+2s', delete: { user: 'Ana' } },
      { at: '+1s', join: { user: user(9), group: 'Engineers' } },
      { at: '+2s', addUser: later },
      { at: '+3s', join: { user: user(9), group: 'Engineers' } },
    ]);
    expect(faults.sort()).toEqual([
      'actions[0].join.user: there is no such user at that time',
      'actions[2].join.user: there is no such user at that time',
    ]);
  });

  it('is refused with the issues of all its parts at once', () => {
    const others = {
      title: 7,
      entitlements: { identityCenter: {}, entitlements: [], mode: 1 },
      directory: { identityStoreId: 'x', users: [], groups: [], applications: [] },
    };
    expect(faultsOf([], others)).toEqual([
      'title: expected a text',
      'directory.identityStoreId: expected d-<10 hex> or a UUID',
      'actions: expected at least 1 in the list',
      'entitlements.identityCenter.region: missing: expected a text',
      'entitlements.identityCenter.instanceArn: missing: expected a text',
      'entitlements.identityCenter.identityStoreId: missing: expected a text',
      'entitlements.entitlements: expected at least 1 in the list',
      'entitlements.mode: unknown key',
    ]);
  });

  it('is refused if directory and entitlements have different identity stores, or a name has no object', () => {
    const directory = {
      identityStoreId: 'd-0000000000',
      users: [{ userId: user(1), userName: 'x' }],
      groups: [],
      applications: [],
    };
    const names = { Ana: user(1), Nobody: user(2), [user(1)]: user(1) };
    expect(faultsOf([SWEEP], { directory, names })).toEqual([
      'names.Nobody: expected the id of a user, group or application of this file',
      expect.stringMatching(/^names\..*: an id of this file: expected a name$/),
      'directory.identityStoreId: not the one of entitlements.identityCenter',
    ]);
  });
});

describe('an action', () => {
  it.each<[string, object[], string[]]>([
    [
      'join',
      [{ join: { user: 'Dan', group: 'Engineers' } }],
      ['1 confirmed', '2 confirmed', '3 confirmed', '4 confirmed'],
    ],
    [
      'leave',
      [{ leave: { user: 'Ana', group: 'Engineers', via: 'console' } }],
      ['1 revoked', '2 confirmed', '3 confirmed'],
    ],
    ['disable', [{ disable: { user: 'Ana' } }], ['1 revoked', '2 confirmed', '3 confirmed']],
    [
      'enable',
      [{ disable: { user: 'Ana' } }, { enable: { user: 'Ana', via: 'console' } }],
      ['1 confirmed', '2 confirmed', '3 confirmed'],
    ],
    ['delete', [{ delete: { user: 'Ana', via: 'api' } }], ['1 revoked', '2 confirmed', '3 confirmed']],
    [
      'addUser',
      [{ addUser: { userId: user(9), userName: 'late' } }, { join: { user: user(9), group: 'Engineers', via: 'api' } }],
      ['1 confirmed', '2 confirmed', '3 confirmed', '9 confirmed'],
    ],
    [
      'unassign',
      [{ unassign: { user: 'Ana', application: 'Q' } }, { start: { scope: 'everything' } }],
      ['1 confirmed', '2 confirmed', '3 confirmed'],
    ],
  ])('has its effect: %s', async (_kind, actions, seats) => {
    const timed = actions.map((action, index) => ({ at: `+${10 * (index + 1)}m`, ...action }));
    expect(await seatsAfter(SWEEP, ...timed)).toEqual(seats);
  });

  it('assigns by hand: the assignment is counted and never revoked', async () => {
    const { result } = await acting({ at: '+0s', assign: { user: 'Dan', application: 'Q' } }, { ...SWEEP, at: '+1m' });
    expect(result.seats.map(({ userId }) => userId)).not.toContain(user(4));
    expect(result.assignments).toContainEqual({ applicationArn: APPLICATION, principalId: user(4) });
  });

  it('assigns a group by hand, and removes the assignment', async () => {
    const of = (action: string, at: string) => ({ at, [action]: { group: 'Engineers', application: 'Q' } });
    const group = { applicationArn: APPLICATION, principalId: GROUP };
    const { result } = await acting(of('assign', '+0s'));
    expect(result.assignments).toEqual([group]);
    expect((await acting(of('assign', '+0s'), of('unassign', '+1s'))).result.assignments).toEqual([]);
  });

  it('creates and deletes groups, with an event for each', async () => {
    const deploy = { entitlements: [{ ...Q, groups: [GROUP, THIRD_GROUP] }] };
    const { result, ends } = await acting(
      SWEEP,
      { at: '+10m', deploy },
      { at: '+11m', addGroup: { groupId: THIRD_GROUP, members: [user(4)], via: 'console' } },
      { at: '+20m', leave: { user: 'Ana', group: 'Engineers' }, deliver: { times: 0 } },
      { at: '+21m', deleteGroup: { group: THIRD_GROUP } },
    );
    expect(ends.map(({ outcome }) => outcome)).toEqual(['converged', 'converged', 'held']);
    expect(result.seats.map(({ status }) => status)).toEqual(['held', 'confirmed', 'confirmed', 'held']);
  });

  it('lets a user read an e-mail only while the user exists', () => {
    const refused =
      (...actions: object[]) =>
      () =>
        readScenario(aScenario(actions), 'scenario.yml');
    expect(refused({ at: '+0s', read: { user: 'Nobody' } })).toThrow('there is no such user at that time');
    const gone = { at: '+0s', delete: { user: 'Ana' } };
    expect(refused(gone, { at: '+1s', read: { user: 'Ana' } })).toThrow('there is no such user at that time');
  });

  it('is refused if its group has been deleted', () => {
    const join = { user: 'Ana', group: 'Engineers' };
    expect(
      faultsOf([
        { at: '+1s', deleteGroup: { group: 'Engineers' } },
        { at: '+2s', join },
      ]),
    ).toEqual(['actions[1].join.group: there is no such group at that time']);
  });

  it('deploys another configuration, with defaults for missing fields', async () => {
    const deploy = { entitlements: [{ ...Q, seats: { max: 3 } }] };
    const join = { user: 'Dan', group: 'Engineers' };
    expect(await seatsAfter(SWEEP, { at: '+10m', deploy }, { at: '+20m', join })).toEqual([
      '1 confirmed',
      '2 confirmed',
      '3 confirmed',
      '4 waitlisted',
    ]);
  });

  it('starts onboarding-admin, which accepts what a manual start may not ask for', async () => {
    const adopt = { adopt: 'q' };
    const actions = [
      { at: '+0s', assign: { user: 'Ana', application: 'Q' } },
      { at: '+1s', start: adopt },
    ];
    const refused = await acting(...actions);
    expect(refused.result.surprises).toEqual([{ title: 'manual start', execution: 'execution-1', outcome: 'failed' }]);
    expect(refused.result.seats).toEqual([]);
    const { result } = await acting(...actions.slice(0, 1), { at: '+1s', admin: adopt });
    expect(result.surprises).toEqual([]);
    expect(result.seats).toHaveLength(3);
  });

  it.each<[string, string[]]>([
    ['newest', ['1 revoked', '2 revoked', '3 confirmed']],
    ['told', ['1 revoked', '2 held', '3 confirmed']],
  ])('releases held revocations by the %s digest', async (digest, seats) => {
    const brake = { percent: 0, atLeast: 0 };
    const leave = (name: string) => ({ leave: { user: name, group: 'Engineers', via: 'console' }, expect: 'held' });
    const actions = [
      SWEEP,
      { at: '+1m', deploy: { entitlements: [Q], brake } },
      { at: '+10m', ...leave('Ana') },
      { at: '+20m', ...leave(user(2)) },
      { at: '+30m', release: { application: 'Q', digest }, expect: ['converged', 'held'] },
    ];
    const { result } = await acting(...actions);
    expect(result.surprises).toEqual([]);
    expect(result.seats.map(({ userId, status }) => `${Number(userId.slice(-12))} ${status}`)).toEqual(seats);
  });

  it('fails to release if nothing is held', async () => {
    const { result } = await acting(SWEEP, { at: '+10m', release: { application: 'Q' } });
    expect(result.surprises).toEqual([
      { title: 'an operator releases the held revocations of Q', execution: 'execution-2', outcome: 'failed' },
    ]);
  });

  it('stops an execution and redrives it', async () => {
    const join = { at: '+10m', join: { user: 'Dan', group: 'Engineers', via: 'console' }, expect: 'failed' };
    const stop = { at: '+611s', stop: { execution: 2 } };
    expect((await acting(SWEEP, join, stop)).result).toMatchObject({ executions: { failed: 1 }, surprises: [] });
    const { result } = await acting(SWEEP, { ...join, expect: 'converged' }, stop, {
      at: '+12m',
      redrive: { execution: 2 },
    });
    expect(result.surprises).toEqual([]);
    expect(result.seats).toHaveLength(4);
  });

  it('has no effect if it stops an execution that has ended or never started', async () => {
    const { result } = await acting(
      SWEEP,
      { at: '+10m', stop: { execution: 1 } },
      { at: '+10m', stop: { execution: 9 } },
    );
    expect(result).toMatchObject({ executions: { converged: 1, failed: 0 }, surprises: [] });
  });

  it('makes reads lag, so that a check comes too early', async () => {
    const lag = { at: '+0s', lag: { operation: 'IdentityStore.IsMemberInGroups', seconds: 20 } };
    const join = { at: '+10m', join: { user: 'Dan', group: 'Engineers', via: 'console' } };
    const checks = ({ states }: Awaited<ReturnType<typeof acting>>) =>
      states.filter(({ state }) => state === 'CheckPropagation').length;
    expect(checks(await acting(join))).toBe(1);
    expect(checks(await acting(lag, join))).toBe(4);
  });

  it('makes reads of DynamoDB lag that do not ask for a consistent read', async () => {
    const lag = { at: '+0s', lag: { operation: 'DynamoDB.GetItem', seconds: 60 } };
    const { steps } = readScenario(aScenario([lag]), 'scenario.yml');
    const world = await openWorld();
    await steps[0]?.operate?.(world.stack);
    await world.put({ pk: 'a', sk: 'b' });
    expect(await world.item('a', 'b')).toBeUndefined();
    world.stack.advance(60);
    expect(await world.item('a', 'b')).toEqual({ pk: 'a', sk: 'b' });
  });

  it('subscribes users and cancels their subscriptions, with the answers that AWS gives at that time', async () => {
    const of = (user: string) => ({ user, application: 'Q' });
    const actions = [
      { at: '+0s', subscribe: { ...of('Ana'), plan: 'KIRO_ENTERPRISE_PRO' } },
      { at: '+1s', subscribe: { ...of('Dan'), plan: 'KIRO_ENTERPRISE_POWER', source: 'GROUP' } },
      { at: '+2s', quirks: { newSubscriptions: 'ACTIVE', subscribingAssigns: false } },
      { at: '+3s', subscribe: { ...of(user(2)), plan: 'KIRO_ENTERPRISE_PRO' } },
      { at: '+4s', unsubscribe: of('Ana') },
      { at: '+5s', unsubscribe: of('Dan') },
    ];
    const { steps } = readScenario(aScenario(actions), 'scenario.yml');
    const { stack, center } = await openWorld({ people: 4 });
    for (const step of steps) step.act?.(stack);
    expect(center.subscriptionsOf(APPLICATION)).toMatchObject([
      { user: user(1), plan: 'KIRO_ENTERPRISE_PRO', status: 'CANCELLED', source: 'INDIVIDUAL' },
      { user: user(4), plan: 'KIRO_ENTERPRISE_POWER', status: 'PENDING', source: 'GROUP' },
      { user: user(2), plan: 'KIRO_ENTERPRISE_PRO', status: 'ACTIVE', source: 'INDIVIDUAL' },
    ]);
    expect(center.assignments().map(({ principalId }) => principalId)).toEqual([user(1)]);
    expect(steps.map(({ title }) => title)).toEqual([
      'an administrator subscribes Ana to KIRO_ENTERPRISE_PRO',
      'an administrator subscribes a group of Dan to KIRO_ENTERPRISE_POWER',
      'from now on, AWS answers with newSubscriptions ACTIVE, subscribingAssigns false',
      `an administrator subscribes ${user(2)} to KIRO_ENTERPRISE_PRO`,
      'an administrator cancels the subscription of Ana',
      'an administrator cancels the subscription of Dan',
    ]);
  });

  it.each<[object, string]>([
    [
      { subscribe: { user: 'Eve', application: 'Q', plan: 'PRO' } },
      'subscribe.user: there is no such user at that time',
    ],
    [
      { subscribe: { user: 'Ana', application: 'Q', plan: 'a plan' } },
      'subscribe.plan: expected a plan such as KIRO_ENTERPRISE_PRO',
    ],
    [
      { unsubscribe: { user: 'Ana', application: 'R' } },
      'unsubscribe.application: there is no such application at that time',
    ],
    [{ quirks: { repeatedCreate: 'conflict' } }, 'quirks.repeatedCreate: unknown key'],
  ])('on subscriptions is refused: %j', (action, fault) => {
    expect(faultsOf([{ at: '+0s', ...action }])).toEqual([`actions[0].${fault}`]);
  });

  it('deletes an application with its assignments', async () => {
    const { result } = await acting(SWEEP, { at: '+10m', deleteApplication: { application: 'Q' } });
    expect(result.assignments).toEqual([]);
    expect(result.calls['SSOAdmin.CreateApplicationAssignment']).toBe(3);
    const [fault] = faultsOf([
      { at: '+1s', deleteApplication: { application: 'Q' } },
      { at: '+2s', assign: { user: 'Ana', application: 'Q' } },
    ]);
    expect(fault).toBe('actions[1].assign.application: there is no such application at that time');
  });

  it('deletes what has expired', async () => {
    const leave = { at: '+1h', leave: { user: 'Ana', group: 'Engineers', via: 'console' } };
    const { result } = await acting(SWEEP, leave, { at: '+401d', expire: { service: 'DynamoDB' } });
    expect(result.seats.map(({ userId }) => userId)).toEqual([user(2), user(3)]);
  });

  it('retries a start that a fault refused', async () => {
    const fault = { at: '+0s', fault: { operation: 'SFN.StartExecution', kind: 'throttle', times: 3 } };
    const { result } = await acting(fault, { ...SWEEP, at: '+1s' });
    expect(result.executions.converged).toBe(1);
    expect(result.calls['SFN.StartExecution']).toBe(4);
    expect(result.surprises).toEqual([]);
  });

  it('is a surprise if its execution cannot be started', async () => {
    const fault = { at: '+0s', fault: { operation: 'SFN.StartExecution', kind: 'quota', times: 99 } };
    const { result } = await acting(fault, { ...SWEEP, at: '+1s' });
    expect(result.surprises).toEqual([{ title: 'manual start', outcome: 'failed' }]);
  });

  it('starts its execution in its year, however distant', async () => {
    const { ends } = await acting(SWEEP, { at: '+2000d', start: { scope: 'everything' } });
    expect(ends.map(({ startedAt }) => startedAt.getUTCFullYear())).toEqual([2026, 2032]);
  });
});

it('gives the answers of its quirks where AWS documents none', async () => {
  const actions = [SWEEP, { at: '+10m', disable: { user: 'Ana' } }];
  const play = (quirks: object) => playing(readScenario(aScenario(actions, { quirks }), 'scenario.yml'));
  const statusesWith = async (quirks: object) => (await play(quirks)).result.seats.map(({ status }) => status);
  expect(await statusesWith({ userStatus: 'absent' })).toEqual(['confirmed', 'confirmed', 'confirmed']);
  expect(await statusesWith({ userStatus: 'present' })).toEqual(['revoked', 'confirmed', 'confirmed']);
});

it('takes the time that AWS takes to answer', async () => {
  const minutesWith = async (others: Readonly<Record<string, unknown>>) => {
    const { ends } = await playing(readScenario(aScenario([SWEEP], others), 'scenario.yml'));
    return ends.map(({ startedAt, endedAt }) => Math.round((endedAt.getTime() - startedAt.getTime()) / 60_000));
  };
  expect(await minutesWith({})).toEqual([1]);
  expect(await minutesWith({ latency: { change: 19, read: 19 } })).toEqual([3]);
});

it('shares the quota with other callers', async () => {
  const thirty = Array.from({ length: 30 }, (_, index) => user(100 + index));
  const directory = {
    identityStoreId: STORE_ID,
    users: thirty.map((userId) => ({ userId, userName: userId })),
    groups: [{ groupId: GROUP, members: thirty }],
    applications: [{ applicationArn: APPLICATION }],
  };
  const throttledWith = async (others: Readonly<Record<string, unknown>>) => {
    const entitlements = exampleEntitlements({ requestsPerSecond: 18, entitlements: [{ name: 'q' }] });
    const text = aScenario([SWEEP], { directory, entitlements, names: {}, ...others });
    const { result } = await playing(readScenario(text, 'scenario.yml'));
    expect(result.assignments).toHaveLength(30);
    return (result.calls['SSOAdmin.CreateApplicationAssignment'] ?? 0) - 30;
  };
  expect(await throttledWith({})).toBe(0);
  expect(await throttledWith({ otherCallers: { ssoAdmin: 15 } })).toBeGreaterThan(0);
});

describe('an expectation', () => {
  const failing = { at: '+0s', start: { nothing: 'known' } };

  it.each<[string, object, number]>([
    ['an unexpected failure', failing, 1],
    ['an expected failure', { ...failing, expect: 'failed' }, 0],
    ['another outcome than the expected one', { ...SWEEP, expect: 'ignored' }, 1],
    ['one of several outcomes', { ...SWEEP, expect: ['handedOver', 'converged'] }, 0],
    ['any outcome but a failure', SWEEP, 0],
  ])('reports surprises: %s', async (_kind, action, surprises) => {
    const { result } = await acting(action);
    expect(result.surprises).toHaveLength(surprises);
  });

  it('reports which execution is the surprise', async () => {
    const { result } = await playing(readScenario(aScenario([failing]), 'scenario.yml'));
    expect(result.surprises).toEqual([{ title: 'manual start', execution: 'execution-1', outcome: 'failed' }]);
  });
});
