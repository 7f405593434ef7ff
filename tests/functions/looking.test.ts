import { describe, expect, it } from 'vitest';
import { TransientAwsError } from '../../domain/errors.ts';
import type { Seat } from '../../domain/seat.ts';
import { plusSeconds } from '../../domain/time.ts';
import type { Looks, SweepEntry, UserEntry } from '../../domain/work.ts';
import type { LookContext } from '../../functions/look-plan.ts';
import { look } from '../../functions/looking.ts';
import { aSeat, ME, OTHER, openServices, type ServicesOptions, START, someEntitlements } from '../fixtures/services.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../fixtures/stack.ts';

/** Long enough after the last change of the seats below. */
const LATER = plusSeconds(START, 60);

function anEntry(parts: Partial<UserEntry> = {}): UserEntry {
  const at = START.toISOString();
  return { by: ME, dueAt: at, at, since: at, cause: 'event-1', trigger: 'event', hints: 1, expected: [], ...parts };
}

function aSweep(parts: Partial<SweepEntry> = {}): SweepEntry {
  const { expected: _expected, since: _since, ...entry } = anEntry();
  return { ...entry, withStatus: false, ...parts };
}

const lookAt = (...numbers: number[]): Looks => ({
  users: Object.fromEntries(numbers.map((number) => [user(number), anEntry()])),
  sweeps: {},
});
const sweep = (parts: Partial<SweepEntry> = {}): Looks => ({ users: {}, sweeps: { [APPLICATION]: aSweep(parts) } });

interface LookingOptions extends ServicesOptions {
  seats?: readonly Seat[];
  assigned?: readonly number[];
}

async function looking({ seats = [], assigned = [], ...options }: LookingOptions = {}) {
  const world = await openServices(options);
  const { services, center } = world;
  for (const seat of seats) await services.ledger.saveSeat(seat);
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  const readers = { ...services, keep: async () => undefined };
  return {
    ...world,
    look: (looks: Looks, context: Partial<LookContext> = {}) =>
      look(looks, { readAt: new Date(LATER), execution: ME, checked: [], userPages: undefined, ...context }, readers),
  };
}

const grant = (number: number) => ({
  applicationArn: APPLICATION,
  kind: 'grant',
  reason: 'group-join',
  userId: user(number),
});
const revoke = (number: number) => ({ ...grant(number), kind: 'revoke', reason: 'group-leave' });
const failed = (plan: { failures: { key: string; error: { reason: string } }[] }) =>
  plan.failures.map(({ key, error }) => [key, error.reason]);

describe('a look', () => {
  it('lists what has to change for the users that it is about', async () => {
    const { look } = await looking({ members: [1, 3], seats: [aSeat(2)], assigned: [2, 3] });
    const plan = await look(lookAt(1, 2, 3));
    expect(plan.changes).toEqual([grant(1), revoke(2)]);
    expect(plan).toMatchObject({ more: false, failures: [], checked: ['amazon-q-developer'] });
    expect(plan.lookAt.size).toBe(0);
  });

  it('lists what has to change for an application', async () => {
    const { look } = await looking({ members: [1, 3], seats: [aSeat(2), aSeat(3)], assigned: [2, 3, 4] });
    expect((await look(sweep())).changes).toEqual([grant(1), revoke(2)]);
  });

  it.each([
    ['manual', 'manual'],
    ['tick', 'reconciled'],
    ['event', 'group-join'],
  ] as const)('gives what asked for it as the reason: %s', async (trigger, reason) => {
    const { look } = await looking({ members: [1] });
    expect((await look(sweep({ trigger }))).changes).toMatchObject([{ reason }]);
  });

  it('looks again half a minute later at what the reads do not show yet', async () => {
    const { look } = await looking({});
    const expected = [{ groupId: GROUP, membership: 'member' as const, at: START.toISOString() }];
    const plan = await look({ users: { [user(1)]: anEntry({ expected }) }, sweeps: {} });
    expect(plan.changes).toEqual([]);
    expect([...plan.lookAt]).toEqual([[user(1), plusSeconds(LATER, 30)]]);
  });

  it.each([
    [
      'a user',
      (lookAgainAt: string): Looks => ({ users: { [user(1)]: anEntry({ lookAgainAt }) }, sweeps: {} }),
      user(1),
    ],
    ['an application', (lookAgainAt: string): Looks => sweep({ lookAgainAt }), APPLICATION],
  ])('looks a second time at %s that it was told to, until then', async (_fact, looks, key) => {
    const { look } = await looking({ members: [1] });
    const second = plusSeconds(START, 120);
    expect((await look(looks(second))).lookAt.get(key)).toBe(second);
    expect((await look(looks(second), { readAt: new Date(second) })).lookAt.size).toBe(0);
  });

  it('waits until a write of ours has had time to show', async () => {
    const changedAt = plusSeconds(LATER, -10);
    const { look, seat } = await looking({ members: [1], seats: [aSeat(1, { status: 'assigned', changedAt })] });
    const plan = await look(lookAt(1));
    expect(plan.changes).toEqual([]);
    expect(plan.lookAt.get(user(1))).toBe(plusSeconds(changedAt, 30));
    expect(await seat(1)).toMatchObject({ status: 'assigned' });
  });

  it('waits for the later of two times', async () => {
    const changedAt = plusSeconds(LATER, -10);
    const { look } = await looking({ members: [1], seats: [aSeat(1, { status: 'assigned', changedAt })] });
    const plan = await look(sweep({ lookAgainAt: plusSeconds(LATER, 90) }));
    expect(plan.lookAt.get(APPLICATION)).toBe(plusSeconds(LATER, 90));
  });

  it('keeps what was checked before, and asks for settings once', async () => {
    const { look, calls } = await looking({ members: [1] });
    const { checked } = await look(lookAt(1));
    await look(lookAt(1), { checked });
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(1);
  });

  it('asks for no settings where one user needs no change', async () => {
    const { look, calls } = await looking({ members: [1], seats: [aSeat(1)], assigned: [1] });
    await look(lookAt(1));
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(0);
  });

  it('keeps to itself how long the list of users is, until it has read it', async () => {
    const { look } = await looking({ people: 5, members: [1, 2, 3, 4], directory: {} });
    expect((await look(sweep())).userPages).toBeUndefined();
    expect((await look(sweep(), { userPages: 7 })).userPages).toBe(7);
  });

  it.each(['DynamoDB.Query', 'IdentityStore.ListGroupMemberships', 'SSOAdmin.GetApplicationAssignmentConfiguration'])(
    'fails as a whole when %s fails',
    async (operation) => {
      const { look, faults } = await looking({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      await expect(look(sweep())).rejects.toThrow(TransientAwsError);
    },
  );

  it('ignores a sweep of an application that is configured no more', async () => {
    const { look } = await looking({ members: [1] });
    expect((await look({ users: {}, sweeps: { [OTHER_APPLICATION]: aSweep() } })).changes).toEqual([]);
  });
});

describe('a look brings the ledger in line with what it read', () => {
  const early = plusSeconds(START, -3600);
  const unreported = { reason: 'quota-exceeded', since: early, execution: OTHER, reported: true };

  it.each<[string, LookingOptions, object]>([
    [
      'an assignment that shows is confirmed',
      { members: [1], seats: [aSeat(1, { status: 'assigned' })], assigned: [1] },
      { status: 'confirmed' },
    ],
    [
      'a revocation that never began is off',
      { members: [1], seats: [aSeat(1, { status: 'revoking' })], assigned: [1] },
      { status: 'confirmed' },
    ],
    [
      'a refused person who left is forgotten',
      { seats: [aSeat(1, { status: 'failed', refusal: unreported })] },
      { status: 'revoked', audit: [] },
    ],
  ])('%s', async (_fact, options, expected) => {
    const { look, seat } = await looking(options);
    expect((await look(lookAt(1))).changes).toEqual([]);
    expect(await seat(1)).toMatchObject({ ...expected, revision: 2 });
  });

  it('a revocation that was completed is recorded, and the seat granted again', async () => {
    const { look, seat } = await looking({ members: [1], seats: [aSeat(1, { status: 'revoking', changeSeq: 2 })] });
    const plan = await look(lookAt(1));
    expect(plan.changes).toEqual([grant(1)]);
    expect(await seat(1)).toMatchObject({
      status: 'revoked',
      audit: [{ kind: 'revoked', changeSeq: 2, execution: ME, cause: 'event-1' }],
    });
  });

  it('for all seats of a sweep', async () => {
    const numbers = people(1, 25);
    const { look, services } = await looking({
      people: 25,
      members: numbers,
      seats: numbers.map((number) => aSeat(number, { status: 'assigned' })),
      assigned: numbers,
    });
    await look(sweep());
    const { seats } = await services.ledger.holdings(APPLICATION);
    expect(seats.map(({ status }) => status)).toEqual(numbers.map(() => 'confirmed'));
  });

  it('fails for a retry when a write of its own fails', async () => {
    const { look, faults } = await looking({
      members: [1],
      seats: [aSeat(1, { status: 'assigned' })],
      assigned: [1],
    });
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle' });
    await expect(look(lookAt(1))).rejects.toThrow(TransientAwsError);
  });

  it('lists audit events that are not on the bus', async () => {
    const audit = [
      { kind: 'assigned' as const, changeSeq: 1, at: early, reason: 'manual', execution: OTHER, cause: OTHER },
    ];
    const { look } = await looking({ members: [1], seats: [aSeat(1, { audit })], assigned: [1] });
    expect((await look(lookAt(1))).changes).toEqual([{ ...grant(1), kind: 'record', reason: 'reconciled' }]);
  });

  it.each([
    ['this execution was refused', ME, false, [[user(1), 'quota-exceeded']]],
    ['it has failed an execution already', ME, true, []],
    ['another execution was refused', OTHER, false, []],
  ])('a refusal is a failure of the look where %s', async (_fact, execution, reported, expected) => {
    const refusal = { ...unreported, execution, reported, failed: reported };
    const seat = aSeat(1, { status: 'failed', refusal, nextAttemptAt: plusSeconds(LATER, 60) });
    const { look } = await looking({ members: [1], seats: [seat] });
    const plan = await look(lookAt(1));
    expect(failed(plan)).toEqual(expected);
    // A redriven execution that failed for it tries again, everybody else only later.
    expect(plan.changes).toEqual(reported && execution === ME ? [grant(1)] : []);
  });
});

describe('a look holds changes against limits', () => {
  const full = (max: number) => someEntitlements({ entitlements: [{ seats: { max } }] });
  const SEATED = people(1, 4).map((number) => aSeat(number));

  it.each<[string, LookingOptions, Looks, string]>([
    [
      'a plan that passes seats.max',
      { entitlements: full(4), members: [1, 2, 3, 4, 5], seats: SEATED, assigned: [1, 2, 3, 4] },
      sweep(),
      'cap-reached',
    ],
    [
      'a single join that passes seats.max',
      { entitlements: full(4), members: [1, 2, 3, 4, 5], seats: SEATED, assigned: [1, 2, 3, 4] },
      lookAt(5),
      'cap-reached',
    ],
    [
      'more revocations than the brake allows',
      {
        entitlements: someEntitlements({ brake: { percent: 0, atLeast: 1 } }),
        members: [1, 2],
        seats: SEATED,
        assigned: [1, 2, 3, 4],
      },
      sweep(),
      'brake',
    ],
    ['an empty group', { members: [], seats: [aSeat(1)], assigned: [1] }, sweep(), 'group-empty'],
    ['a missing group', { directory: { groups: [] }, seats: [aSeat(1)], assigned: [1] }, sweep(), 'group-empty'],
    [
      'nobody entitled any more',
      {
        members: [1],
        directory: {
          users: [{ userId: user(1), userName: 'x', status: 'DISABLED' }],
          groups: [{ groupId: GROUP, members: [user(1)] }],
        },
        seats: SEATED,
        assigned: [1, 2, 3, 4],
      },
      sweep({ withStatus: true }),
      'nobody-entitled',
    ],
    [
      'an application that everybody has',
      { members: [1], directory: { applications: [{ applicationArn: APPLICATION, assignmentRequired: false }] } },
      sweep(),
      'assignment-not-required',
    ],
    ['an unknown application', { members: [1], directory: { applications: [] } }, sweep(), 'application-missing'],
  ])('and lists none of %s', async (_fact, options, looks, reason) => {
    const { look } = await looking(options);
    const plan = await look(looks);
    expect(plan.changes).toEqual([]);
    const [key] = [...Object.keys(looks.users), ...Object.keys(looks.sweeps)];
    expect(failed(plan)).toEqual([[key, reason]]);
  });

  it('and lists only the revocations of a full application, and more to come', async () => {
    const { look } = await looking({
      entitlements: full(2),
      members: [1, 3],
      seats: [aSeat(1), aSeat(2)],
      assigned: [1, 2],
    });
    expect(await look(sweep())).toMatchObject({ changes: [revoke(2)], more: true, failures: [] });
  });

  it('counts a person who has a place already for no new one', async () => {
    const seats = [aSeat(1, { status: 'creating' })];
    const { look } = await looking({ entitlements: full(1), members: [1], seats });
    expect((await look(sweep())).changes).toEqual([grant(1)]);
  });

  it('and fails each user of an application that is full', async () => {
    const { look } = await looking({ entitlements: full(0), members: [1, 2] });
    expect(failed(await look(lookAt(1, 2)))).toEqual([
      [user(1), 'cap-reached'],
      [user(2), 'cap-reached'],
    ]);
  });

  it('of each application for itself', async () => {
    const entitlements = someEntitlements({
      entitlements: [
        { seats: { max: 0 } },
        { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 5 } },
      ],
    });
    const directory = { groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })) };
    const { look } = await looking({ entitlements, directory });
    const plan = await look({ users: {}, sweeps: { [APPLICATION]: aSweep(), [OTHER_APPLICATION]: aSweep() } });
    expect(plan.changes).toEqual([{ ...grant(1), applicationArn: OTHER_APPLICATION }]);
    expect(failed(plan)).toEqual([[APPLICATION, 'cap-reached']]);
  });

  it('and does not let an application that is gone stand in the way of the others', async () => {
    const entitlements = someEntitlements({
      entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION }],
    });
    const directory = { applications: [{ applicationArn: OTHER_APPLICATION }] };
    const { look } = await looking({ entitlements, members: [1], directory });
    const plan = await look({ users: {}, sweeps: { [APPLICATION]: aSweep(), [OTHER_APPLICATION]: aSweep() } });
    expect(plan.changes).toEqual([{ ...grant(1), applicationArn: OTHER_APPLICATION }]);
    expect(failed(plan)).toEqual([[APPLICATION, 'application-missing']]);
  });

  it('counts all seats of the application where only one user is looked at', async () => {
    const { look } = await looking({
      entitlements: someEntitlements({ brake: { percent: 0, atLeast: 1 } }),
      members: [3],
      seats: [aSeat(1), aSeat(2, { status: 'revoked', revocations: [plusSeconds(START, -60)] }), aSeat(3)],
      assigned: [1, 3],
    });
    expect(failed(await look(lookAt(1)))).toEqual([[user(1), 'brake']]);
  });
});
