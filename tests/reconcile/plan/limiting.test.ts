import { describe, expect, it } from 'vitest';
import { beginHold, growHold, type Hold, releaseHold } from '../../../domain/decision/hold.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements as someEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { anAuditRecord, aSeat } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER_APPLICATION, OTHER_GROUP, people, START, user } from '../../support/ids.ts';
import {
  anEntry,
  changesOf,
  failuresOf,
  LATER,
  type LookingOptions,
  lookAt,
  looking,
  sweep,
} from '../../support/looking.ts';

const seatsOf = (...numbers: number[]) => numbers.map((number) => aSeat(number));
const capped = (max: number) => someEntitlements({ entitlements: [{ seats: { max } }] });
const braked = (atLeast: number, max = 1000) =>
  someEntitlements({ entitlements: [{ seats: { max } }], brake: { percent: 0, atLeast } });
/** In line since so many seconds before the test. */
const waiting = (number: number, seconds: number) =>
  aSeat(number, { status: 'waitlisted', requestedAt: plusSeconds(START, -seconds) });
const join = (number: number, seconds: number) => ({
  users: { [user(number)]: anEntry({ since: plusSeconds(START, -seconds) }) },
  sweeps: {},
});

describe('whether an application asks for assignments at all', () => {
  it.each<[string, LookingOptions, string]>([
    [
      'everybody has it',
      { directory: { applications: [{ applicationArn: APPLICATION, assignmentRequired: false }] } },
      'assignment-not-required',
    ],
    ['it does not exist', { directory: { applications: [] } }, 'application-missing'],
  ])('fails each look where %s, and nothing is planned or written', async (_fact, options, reason) => {
    const seats = [aSeat(1, { status: 'creating' })];
    const { look, statuses } = await looking({ ...options, members: [1], seats });
    const plan = await look(sweep());
    expect([changesOf(plan), failuresOf(plan)]).toEqual([[], [[APPLICATION, reason]]]);
    expect(await statuses()).toEqual({ 1: 'creating' });
  });

  it('fails the looks at users who want a change, each once, and no others', async () => {
    const directory = { applications: [{ applicationArn: APPLICATION, assignmentRequired: false }] };
    const { look } = await looking({ directory, members: [1, 2, 3], seats: [aSeat(3)], people: 4 });
    expect(failuresOf(await look(lookAt(1, 2, 4)))).toEqual([
      [user(1), 'assignment-not-required'],
      [user(2), 'assignment-not-required'],
    ]);
  });

  it('does not let one that is gone stand in the way of the others', async () => {
    const entitlements = someEntitlements({ entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION }] });
    const directory = { applications: [{ applicationArn: OTHER_APPLICATION }] };
    const { look } = await looking({ entitlements, members: [1], directory });
    const plan = await look(sweep({}, APPLICATION, OTHER_APPLICATION));
    expect(plan.changes).toMatchObject([{ kind: 'grant', applicationArn: OTHER_APPLICATION, userId: user(1) }]);
    expect(failuresOf(plan)).toEqual([[APPLICATION, 'application-missing']]);
  });

  it('is a retry where it can not be read for now', async () => {
    const { look, faults } = await looking({ members: [1] });
    faults.add({ operation: 'SSOAdmin.GetApplicationAssignmentConfiguration', kind: 'throttle' });
    await expect(look(sweep())).rejects.toThrow(TransientAwsError);
  });
});

describe('the cap', () => {
  it.each<[string, LookingOptions, ReturnType<typeof sweep>, string[], Record<number, string>]>([
    ['seats who finds a place', { entitlements: capped(2), members: [1] }, sweep(), ['grant 1 group-join'], {}],
    [
      'puts a single join in line where all places are taken',
      { entitlements: capped(2), members: [1, 2, 3], seats: seatsOf(1, 2), assigned: [1, 2] },
      lookAt(3),
      ['record 3'],
      { 1: 'confirmed', 2: 'confirmed', 3: 'waitlisted' },
    ],
    [
      'puts in line whom a sweep finds beyond it',
      { entitlements: capped(2), members: [1, 2, 3, 4], seats: seatsOf(1), assigned: [1] },
      sweep(),
      ['grant 2 group-join', 'record 3', 'record 4'],
      { 1: 'confirmed', 3: 'waitlisted', 4: 'waitlisted' },
    ],
    [
      'counts a seat in its days of grace, one that is held and one that is being taken back',
      {
        entitlements: capped(3),
        members: [4],
        seats: [
          aSeat(1, { status: 'leaving', dueAt: plusSeconds(LATER, 60) }),
          aSeat(2, { status: 'held' }),
          aSeat(3, { status: 'revoking', changedAt: LATER }),
        ],
        assigned: [1, 2, 3],
      },
      lookAt(4),
      ['record 4'],
      { 1: 'leaving', 2: 'held', 3: 'revoking', 4: 'waitlisted' },
    ],
    [
      'takes a place that a revocation of the same plan frees for not free yet',
      { entitlements: capped(2), members: [1, 3], seats: seatsOf(1, 2), assigned: [1, 2] },
      sweep(),
      ['revoke 2 group-leave', 'record 3'],
      { 1: 'confirmed', 2: 'confirmed', 3: 'waitlisted' },
    ],
    [
      'takes nothing of a person who has a place already',
      { entitlements: capped(1), members: [1], seats: [aSeat(1, { status: 'creating' })] },
      sweep(),
      ['grant 1 group-join'],
      { 1: 'creating' },
    ],
    [
      'of 0 seats nobody',
      { entitlements: capped(0), members: [1, 2] },
      lookAt(1, 2),
      ['record 1', 'record 2'],
      { 1: 'waitlisted', 2: 'waitlisted' },
    ],
  ])('%s', async (_fact, options, looks, changes, statuses) => {
    const world = await looking(options);
    const plan = await world.look(looks);
    expect([changesOf(plan), failuresOf(plan)]).toEqual([changes, []]);
    expect(await world.statuses()).toEqual(statuses);
  });

  it('is told of to each person once', async () => {
    const { look, seat } = await looking({ entitlements: capped(0), members: [1] });
    await look(lookAt(1));
    const first = await seat(1);
    expect(first?.audit).toMatchObject([
      { kind: 'waitlisted', reason: 'cap-reached', execution: ME, cause: 'event-1' },
    ]);
    await look(lookAt(1));
    await look(sweep());
    expect(await seat(1)).toEqual(first);
  });

  it('is each application’s own', async () => {
    const entitlements = someEntitlements({
      entitlements: [
        { seats: { max: 0 } },
        { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 5 } },
      ],
    });
    const directory = { groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })) };
    const { look } = await looking({ entitlements, directory });
    const plan = await look(sweep({}, APPLICATION, OTHER_APPLICATION));
    expect(plan.changes).toMatchObject([
      { kind: 'record', applicationArn: APPLICATION },
      { kind: 'grant', applicationArn: OTHER_APPLICATION },
    ]);
  });

  it.each(['DynamoDB.PutItem', 'DynamoDB.Query'])(
    'is a retry where %s fails, and the next plan is as good',
    async (operation) => {
      const { look, faults, seat } = await looking({ entitlements: capped(0), members: [1] });
      faults.add({ operation, kind: 'throttle' });
      await expect(look(lookAt(1))).rejects.toThrow(TransientAwsError);
      expect(changesOf(await look(lookAt(1)))).toEqual(['record 1']);
      expect(await seat(1)).toMatchObject({ status: 'waitlisted', revision: 1 });
    },
  );
});

describe('the line', () => {
  it('is served by the time of the first request, not by the order of the looks', async () => {
    const options = { entitlements: capped(2), members: [1, 2, 3], seats: [waiting(2, 10), waiting(3, 20)] };
    const { look, statuses } = await looking(options);
    expect(changesOf(await look(sweep()))).toEqual(['grant 2 place-freed', 'grant 3 place-freed', 'record 1']);
    expect(await statuses()).toEqual({ 1: 'waitlisted', 2: 'waitlisted', 3: 'waitlisted' });
  });

  it('is not passed by a look at a single person, who waits and has it swept', async () => {
    const options = { entitlements: capped(1), members: [1, 2], seats: [waiting(2, 10)] };
    const { look, statuses } = await looking(options);
    const plan = await look(join(1, 5));
    expect(changesOf(plan)).toEqual(['record 1']);
    expect([[...plan.sweepsNeeded], [...plan.hasWaitlist]]).toEqual([
      [[APPLICATION, { withStatus: false }]],
      [[APPLICATION, true]],
    ]);
    expect(await statuses()).toEqual({ 1: 'waitlisted', 2: 'waitlisted' });
  });

  it('gives a single person the place that nobody waits longer for', async () => {
    const options = { entitlements: capped(1), members: [1, 2], seats: [waiting(2, 10)] };
    const { look } = await looking(options);
    const plan = await look(join(1, 11));
    expect([changesOf(plan), plan.sweepsNeeded.size]).toEqual([['grant 1 group-join'], 0]);
  });

  it('is owed the place that a deleted user leaves, which a look at that user alone shows', async () => {
    const directory = { users: [{ userId: user(2), userName: 'x' }], groups: [{ groupId: GROUP, members: [user(2)] }] };
    const seats = [aSeat(1), waiting(2, 10)];
    const { look, seat } = await looking({ entitlements: capped(1), directory, seats });
    const plan = await look(lookAt(1));
    expect([changesOf(plan), [...plan.sweepsNeeded]]).toEqual([['record 1'], [[APPLICATION, { withStatus: false }]]]);
    expect(await seat(1)).toMatchObject({ status: 'revoked' });
  });

  it('owes nothing after a sweep, which has served it', async () => {
    const { look } = await looking({ entitlements: capped(1), members: [1, 2], seats: [waiting(2, 10)] });
    expect((await look(sweep())).sweepsNeeded.size).toBe(0);
  });

  it('is known to be there or not after a sweep; after a look at one person only where it is', async () => {
    const lineOf = async (options: LookingOptions, looks = sweep()) => [
      ...(await (await looking(options)).look(looks)).hasWaitlist.values(),
    ];
    const nobody = { entitlements: capped(1), members: [1] };
    expect(await lineOf(nobody)).toEqual([false]);
    expect(await lineOf(nobody, lookAt(1))).toEqual([]);
    const somebody = { entitlements: capped(1), members: [1, 2], seats: [aSeat(2)], assigned: [2] };
    expect(await lineOf(somebody)).toEqual([true]);
    expect(await lineOf(somebody, lookAt(1))).toEqual([true]);
  });

  it('is left by who asked before and had left: that was another request', async () => {
    const before = aSeat(1, { status: 'revoked', requestedAt: '2020-01-01T00:00:00.000Z' });
    const { look, seat } = await looking({ entitlements: capped(0), members: [1], seats: [before] });
    await look(join(1, 5));
    expect(await seat(1)).toMatchObject({ status: 'waitlisted', requestedAt: plusSeconds(START, -5) });
  });
});

describe('a cap that was lowered below what is in use', () => {
  const options = { entitlements: capped(1), members: [1, 2], seats: seatsOf(1, 2), assigned: [1, 2] };

  it('takes nobody’s seat, and says how many there are too many', async () => {
    const { look, statuses } = await looking(options);
    const plan = await look(sweep());
    expect(plan.changes).toEqual([]);
    expect(plan.reports.get(APPLICATION)).toEqual({
      entitlement: 'amazon-q-developer',
      seats: 2,
      waiting: 0,
      unmanaged: 0,
      overCap: 1,
    });
    expect(await statuses()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });

  it('puts whose assignment was taken away by hand in line, once a look at it alone shows the same', async () => {
    const { look, seat, calls } = await looking({ ...options, assigned: [1] });
    expect(changesOf(await look(sweep()))).toEqual(['record 2']);
    expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(1);
    expect(await seat(2)).toMatchObject({ status: 'waitlisted', requestedAt: aSeat(2).requestedAt });
  });

  it.each([
    ['the list only lags', aSeat(2), plusSeconds(LATER, 30)],
    [
      'a write of ours is too young to show',
      aSeat(2, { status: 'creating', changedAt: plusSeconds(LATER, -10) }),
      plusSeconds(LATER, 20),
    ],
  ])('leaves the seat, for a later look, where %s', async (_fact, before, until) => {
    const { look, center, clock, statuses } = await looking({ ...options, seats: [aSeat(1), before], assigned: [1] });
    clock.advance(100);
    center.assignByHand(APPLICATION, user(2));
    center.setLag('SSOAdmin.ListApplicationAssignments', 60);
    const plan = await look(sweep());
    expect(plan).toMatchObject({ changes: [], unverified: true });
    expect(plan.requeueAt.get(APPLICATION)).toBe(until);
    expect(await statuses()).toEqual({ 1: 'confirmed', 2: before.status });
  });
});

describe('the brake', () => {
  const options: LookingOptions = {
    entitlements: braked(1),
    members: [1, 2, 3],
    seats: seatsOf(1, 2, 3, 4, 5),
    assigned: [1, 2, 3, 4, 5],
  };

  it('lets pass what is within the budget', async () => {
    const { look, hold } = await looking({ ...options, members: [1, 2, 3, 4] });
    const plan = await look(sweep());
    expect([changesOf(plan), plan.heldCounts.get(APPLICATION), await hold()]).toEqual([
      ['revoke 5 group-leave'],
      0,
      undefined,
    ]);
  });

  it('holds all of a plan that passes the budget, under one digest, with one event', async () => {
    const { look, hold, seat, statuses } = await looking(options);
    const plan = await look(sweep());
    expect(plan).toMatchObject({ changes: [], holds: [APPLICATION], failures: [] });
    expect(plan.heldCounts.get(APPLICATION)).toBe(2);
    expect(await statuses()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 4: 'held', 5: 'held' });
    expect(await seat(4)).toMatchObject({ hold: 1, audit: [] });
    const held = await hold();
    expect(held).toMatchObject({
      status: 'held',
      reason: 'brake',
      since: LATER,
      digests: [{ generation: 1, count: 2 }],
    });
    expect(held?.audit).toMatchObject([{ reason: 'brake', execution: ME, count: 2, digest: held?.digests[0]?.digest }]);
  });

  it('grants what a plan has to grant beside what it holds', async () => {
    const { look } = await looking({ ...options, members: [1, 2, 3, 6], people: 6 });
    expect(changesOf(await look(sweep()))).toEqual(['grant 6 group-join']);
  });

  it('counts all seats of the application where only one user is looked at', async () => {
    const { look, statuses } = await looking({
      entitlements: braked(1),
      members: [3],
      seats: [aSeat(1), aSeat(2, { status: 'revoked', revocations: [plusSeconds(START, -60)] }), aSeat(3)],
      assigned: [1, 3],
    });
    expect(changesOf(await look(lookAt(1)))).toEqual([]);
    expect(await statuses()).toEqual({ 1: 'held', 2: 'revoked', 3: 'confirmed' });
  });

  it.each<[string, LookingOptions, ReturnType<typeof sweep>, string, Record<number, string>]>([
    ['a group is empty', { seats: seatsOf(1, 2), assigned: [1, 2] }, sweep(), 'group-empty', { 1: 'held', 2: 'held' }],
    [
      'a group is missing',
      { directory: { groups: [] }, seats: seatsOf(1, 2), assigned: [1, 2] },
      sweep(),
      'group-empty',
      { 1: 'held', 2: 'held' },
    ],
    [
      'a group is empty, where only one user is looked at',
      { seats: seatsOf(1, 2), assigned: [1, 2] },
      lookAt(1),
      'group-empty',
      { 1: 'held', 2: 'confirmed' },
    ],
    [
      'one of two groups is empty',
      {
        entitlements: someEntitlements({ entitlements: [{ groups: [GROUP, OTHER_GROUP] }] }),
        directory: { groups: [{ groupId: GROUP, members: [user(1)] }, { groupId: OTHER_GROUP }] },
        seats: seatsOf(1, 2),
        assigned: [1, 2],
      },
      sweep(),
      'group-empty',
      { 1: 'confirmed', 2: 'held' },
    ],
    [
      'nobody is entitled any more',
      {
        directory: {
          users: people(1, 2).map((number) => ({
            userId: user(number),
            userName: `x-${number}`,
            status: 'DISABLED' as const,
          })),
          groups: [{ groupId: GROUP, members: [user(1)] }],
        },
        seats: seatsOf(1, 2),
        assigned: [1, 2],
      },
      sweep({ withStatus: true }),
      'nobody-entitled',
      { 1: 'held', 2: 'held' },
    ],
  ])('holds whatever the budget when %s', async (_fact, parts, looks, reason, statuses) => {
    const world = await looking({ entitlements: someEntitlements(), ...parts });
    expect(changesOf(await world.look(looks))).toEqual([]);
    expect(await world.hold()).toMatchObject({ status: 'held', reason });
    expect(await world.statuses()).toEqual(statuses);
  });

  it('leaves it to a sweep where a look at one user can not tell that anybody is still entitled', async () => {
    const directory = {
      users: people(1, 2).map((number) => ({
        userId: user(number),
        userName: `x-${number}`,
        status: 'DISABLED' as const,
      })),
      groups: [{ groupId: GROUP, members: [user(2)] }],
    };
    const { look, hold } = await looking({ directory, seats: seatsOf(1, 2), assigned: [1, 2] });
    const plan = await look(lookAt(1));
    expect([changesOf(plan), [...plan.sweepsNeeded], await hold()]).toEqual([
      [],
      [[APPLICATION, { withStatus: true }]],
      undefined,
    ]);
  });

  it('lets the last seat go, though its group is empty', async () => {
    const { look, calls } = await looking({ seats: seatsOf(1), assigned: [1] });
    expect(changesOf(await look(lookAt(1)))).toEqual(['revoke 1 group-leave']);
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(0);
  });

  it('has nothing to do with seats that AWS removed with their users: they are told, and free their places', async () => {
    const directory = { users: [{ userId: user(1), userName: 'x' }], groups: [{ groupId: GROUP, members: [user(1)] }] };
    const seats = [aSeat(1), aSeat(2), aSeat(3, { status: 'held', hold: 1 })];
    const { look, statuses, hold, seat } = await looking({ entitlements: braked(0), directory, seats, assigned: [1] });
    expect(changesOf(await look(sweep()))).toEqual(['record 2', 'record 3']);
    expect([await statuses(), await hold()]).toEqual([{ 1: 'confirmed', 2: 'revoked', 3: 'revoked' }, undefined]);
    expect(await seat(2)).toMatchObject({ audit: [{ kind: 'revoked', reason: 'user-deleted' }] });
    expect(await seat(2)).not.toHaveProperty('revocations');
  });

  it('holds what AWS left of deleted users as anything else', async () => {
    const directory = { users: [{ userId: user(1), userName: 'x' }], groups: [{ groupId: GROUP, members: [user(1)] }] };
    const options = { directory, seats: seatsOf(1, 2, 3), assigned: [1, 2, 3] };
    const { look, statuses } = await looking({ ...options, entitlements: braked(1) });
    expect(changesOf(await look(sweep()))).toEqual([]);
    expect(await statuses()).toEqual({ 1: 'confirmed', 2: 'held', 3: 'held' });
  });

  it('completes a revocation that had begun, and holds the others', async () => {
    const seats = [aSeat(1), aSeat(2, { status: 'revoking' }), aSeat(3)];
    const { look, statuses } = await looking({ entitlements: braked(1), members: [1], seats, assigned: [1, 2, 3] });
    expect(changesOf(await look(sweep()))).toEqual(['revoke 2 group-leave']);
    expect(await statuses()).toEqual({ 1: 'confirmed', 2: 'revoking', 3: 'held' });
  });

  it('fails as a whole where a group can not be read: who is entitled is not known then', async () => {
    const { look, faults, statuses, hold } = await looking(options);
    faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'throttle' });
    await expect(look(lookAt(4))).rejects.toThrow(TransientAwsError);
    expect([await statuses(), await hold()]).toEqual([
      { 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 4: 'confirmed', 5: 'confirmed' },
      undefined,
    ]);
  });

  describe('of a seat whose create was not answered', () => {
    const open = (changedAt = START.toISOString()) => aSeat(4, { status: 'creating', changedAt });
    const all = { entitlements: braked(0), members: [1, 2, 3], people: 4 };

    it('holds it as a seat that is told of, where it is there', async () => {
      const { look, seat, hold } = await looking({ ...all, seats: [...seatsOf(1), open()], assigned: [1, 2, 3, 4] });
      const plan = await look(sweep());
      expect(changesOf(plan)).toEqual(['record 4']);
      expect(await seat(4)).toMatchObject({
        status: 'held',
        hold: 1,
        revision: 2,
        audit: [{ kind: 'assigned', changeSeq: 1, reason: 'group-join' }],
      });
      expect(await hold()).toMatchObject({ digests: [{ count: 1 }] });
    });

    it('forgets it, and holds nothing, where it is not there', async () => {
      const { look, seat, hold } = await looking({ ...all, seats: [...seatsOf(1), open()], assigned: [1, 2, 3] });
      expect(changesOf(await look(sweep()))).toEqual([]);
      expect(await seat(4)).toMatchObject({ status: 'revoked', audit: [] });
      expect(await hold()).toBeUndefined();
    });

    it('looks again where that is not certain yet', async () => {
      const changedAt = plusSeconds(LATER, -10);
      const { look, seat, hold } = await looking({
        ...all,
        seats: [...seatsOf(1), open(changedAt)],
        assigned: [1, 2, 3],
      });
      const plan = await look(sweep());
      expect([changesOf(plan), plan.requeueAt.get(APPLICATION)]).toEqual([[], plusSeconds(changedAt, 30)]);
      expect([(await seat(4))?.status, await hold()]).toEqual(['creating', undefined]);
    });
  });

  it('begins a hold anew where an earlier try got no further than its seats', async () => {
    const { look, faults, hold, statuses } = await looking(options);
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle', skip: 2 });
    await expect(look(sweep())).rejects.toThrow(TransientAwsError);
    expect([(await statuses())[4], await hold()]).toEqual(['held', undefined]);
    expect(changesOf(await look(sweep()))).toEqual([]);
    expect(await hold()).toMatchObject({ digests: [{ generation: 1, count: 2 }] });
  });
});

describe('while revocations are held', () => {
  const what = { applicationArn: APPLICATION, entitlement: 'amazon-q-developer' };
  const begin = (...numbers: number[]): Hold => ({
    ...beginHold(undefined, { ...what, userIds: numbers.map(user) }, { now: START, execution: 'e', reason: 'brake' }),
    audit: [],
  });
  const held = (number: number, generation = 1, parts: Partial<Seat> = {}) =>
    aSeat(number, { status: 'held', hold: generation, ...parts });
  const digestOf = (hold: Hold, generation: number) =>
    hold.digests.find((one) => one.generation === generation)?.digest ?? '';
  /** 1 to 3 are members, 4 is held, 5 left just now. */
  const options: LookingOptions = {
    members: [1, 2, 3],
    seats: [...seatsOf(1, 2, 3), held(4), aSeat(5)],
    assigned: [1, 2, 3, 4, 5],
    hold: begin(4),
  };

  it('whoever leaves joins the hold with a digest of its own, which is told to nobody', async () => {
    const { look, hold, seat } = await looking(options);
    const plan = await look(lookAt(5));
    expect(plan).toMatchObject({ changes: [], holds: [] });
    expect(await seat(5)).toMatchObject({ status: 'held', hold: 2 });
    expect(await hold()).toMatchObject({ audit: [], digests: [{ count: 1 }, { generation: 2, count: 2 }] });
  });

  it('nothing is written where everybody is in it already', async () => {
    const { look, hold } = await looking({ ...options, members: [1, 2, 3, 5] });
    const plan = await look(sweep());
    expect([changesOf(plan), plan.heldCounts.get(APPLICATION), (await hold())?.revision]).toEqual([[], 1, 1]);
    expect(plan.reports.get(APPLICATION)).toMatchObject({ seats: 5, held: 1 });
  });

  it('its event is sent until the bus has it', async () => {
    const [first] = begin(4).digests;
    const record = {
      at: START.toISOString(),
      reason: 'brake' as const,
      execution: 'e',
      digest: first?.digest ?? '',
      count: 1,
    };
    const { look } = await looking({ ...options, hold: { ...begin(4), audit: [record] } });
    expect((await look(sweep())).holds).toEqual([APPLICATION]);
  });

  it('a person who is back keeps the seat, and a sweep lifts the hold that is left without anybody', async () => {
    const { look, hold, statuses } = await looking({ ...options, members: [1, 2, 3, 4, 5] });
    expect(changesOf(await look(lookAt(4)))).toEqual(['record 4']);
    expect(await hold()).toMatchObject({ status: 'held' });
    await look(sweep());
    expect(await hold()).toMatchObject({ status: 'lifted' });
    expect((await statuses())[4]).toBe('confirmed');
  });

  it('a sweep that lifts it plans the rest anew', async () => {
    const { look, hold } = await looking({ ...options, members: [1, 2, 3, 4] });
    const plan = await look(sweep());
    expect(changesOf(plan)).toEqual(['revoke 5 group-leave', 'record 4']);
    expect(await hold()).toMatchObject({ status: 'lifted' });
  });

  it('a sweep that lifts it may begin another', async () => {
    const { look, hold } = await looking({ ...options, entitlements: braked(0), members: [1, 2, 3, 4] });
    const plan = await look(sweep());
    expect([changesOf(plan), plan.holds]).toEqual([['record 4'], [APPLICATION]]);
    expect(await hold()).toMatchObject({
      status: 'held',
      first: 2,
      since: LATER,
      digests: [{ generation: 2, count: 1 }],
    });
  });

  describe('and a person has released them', () => {
    const grownHold = growHold(begin(4), [user(5)]);
    const both = { ...options, seats: [...seatsOf(1, 2, 3), held(4), held(5, 2)] };
    const upTo = (generation: number) => releaseHold(grownHold, digestOf(grownHold, generation));

    it.each([
      ['the older digest frees those whom it covered', 1, ['revoke 4 group-leave'], 1],
      ['the newer one frees all', 2, ['revoke 4 group-leave', 'revoke 5 group-leave'], 0],
    ])('%s, whatever the budget', async (_fact, generation, changes, left) => {
      const hold = upTo(generation);
      const { look } = await looking({ ...both, entitlements: braked(0), ...(hold ? { hold } : {}) });
      const plan = await look(sweep());
      expect([changesOf(plan), plan.heldCounts.get(APPLICATION)]).toEqual([changes, left]);
    });

    it('a covered person who is entitled again keeps the seat', async () => {
      const hold = upTo(2);
      const { look, statuses } = await looking({ ...both, members: [1, 2, 3, 4], ...(hold ? { hold } : {}) });
      expect(changesOf(await look(sweep()))).toEqual(['revoke 5 group-leave', 'record 4']);
      expect((await statuses())[4]).toBe('confirmed');
    });

    it('whoever leaves meanwhile is held without joining, until all that is covered is done', async () => {
      const hold = releaseHold(begin(4), digestOf(begin(4), 1));
      const { look, statuses, hold: found } = await looking({ ...options, ...(hold ? { hold } : {}) });
      expect(changesOf(await look(sweep()))).toEqual(['revoke 4 group-leave']);
      expect([(await statuses())[5], (await found())?.digests.length]).toEqual(['confirmed', 1]);
    });

    it('the hold is lifted once nothing that it covered is left, and the rest is held anew', async () => {
      const seats = [...seatsOf(1, 2, 3), aSeat(4, { status: 'revoked' }), held(5, 2)];
      const hold = upTo(1);
      const {
        look,
        hold: found,
        seat,
      } = await looking({
        ...both,
        entitlements: braked(0),
        seats,
        assigned: [1, 2, 3, 5],
        ...(hold ? { hold } : {}),
      });
      expect(changesOf(await look(sweep()))).toEqual([]);
      expect(await found()).toMatchObject({ status: 'held', first: 3, audit: [{ reason: 'brake', count: 1 }] });
      expect(await found()).not.toHaveProperty('released');
      expect(await seat(5)).toMatchObject({ status: 'held', hold: 3 });
    });
  });
});

describe('adopting', () => {
  const adopt = sweep({ trigger: 'manual', adopt: true, cause: ME });

  it('takes over what others assigned to people who are entitled, and only that', async () => {
    const { look, seat, statuses, isAssigned } = await looking({
      members: [1, 2, 3],
      seats: seatsOf(3),
      assigned: [1, 3, 4],
    });
    const plan = await look(adopt);
    expect(changesOf(plan)).toEqual(['grant 2 manual', 'record 1']);
    expect(await seat(1)).toMatchObject({
      status: 'confirmed',
      requestedAt: LATER,
      grantedAt: LATER,
      audit: [{ kind: 'adopted', reason: 'manual', execution: ME, cause: ME }],
    });
    expect(await statuses()).toEqual({ 1: 'confirmed', 3: 'confirmed' });
    expect([isAssigned(4), plan.reports.get(APPLICATION)?.unmanaged]).toEqual([true, 1]);
  });

  it('is never done unasked', async () => {
    const { look, statuses } = await looking({ members: [1], assigned: [1, 4] });
    const plan = await look(sweep({ trigger: 'manual' }));
    expect([changesOf(plan), await statuses(), plan.reports.get(APPLICATION)]).toEqual([
      [],
      {},
      { entitlement: 'amazon-q-developer', seats: 0, waiting: 0, unmanaged: 2 },
    ]);
  });

  it('may run twice', async () => {
    const { look, seat } = await looking({ members: [1], assigned: [1] });
    await look(adopt);
    const once = await seat(1);
    expect(changesOf(await look(adopt))).toEqual(['record 1']);
    expect(await seat(1)).toEqual(once);
  });

  it('takes over no more than there are places, and leaves those to be granted to who asked', async () => {
    const options = { entitlements: capped(3), members: [1, 2, 3, 4], seats: seatsOf(4), assigned: [1, 2, 4] };
    const { look, statuses } = await looking(options);
    expect(changesOf(await look(adopt))).toEqual(['grant 3 manual', 'record 1']);
    expect(await statuses()).toEqual({ 1: 'confirmed', 4: 'confirmed' });
  });

  it('leaves alone a user who is disabled', async () => {
    const directory = {
      users: [{ userId: user(1), userName: 'x', status: 'DISABLED' as const }],
      groups: [{ groupId: GROUP, members: [user(1)] }],
    };
    const { look, statuses } = await looking({ directory, assigned: [1] });
    expect(changesOf(await look(adopt))).toEqual([]);
    expect(await statuses()).toEqual({});
  });

  it('takes over from who had a seat before, or waits, once it is certain that Usher did not make it', async () => {
    const seats = [aSeat(1, { status: 'revoked', changeSeq: 4 }), waiting(2, 5)];
    const { look, seat } = await looking({ members: [1, 2], seats, assigned: [1, 2] });
    const plan = await look(adopt);
    expect(await seat(1)).toMatchObject({ status: 'confirmed', changeSeq: 5 });
    expect([(await seat(2))?.status, plan.requeueAt.get(APPLICATION)]).toEqual(['revoked', plusSeconds(LATER, 30)]);
    await look(adopt, { readAt: new Date(plusSeconds(LATER, 30)) });
    expect(await seat(2)).toMatchObject({ status: 'confirmed', audit: [{ kind: 'adopted' }] });
  });

  it('makes leaves apply', async () => {
    const { look, center } = await looking({ members: [1, 2], assigned: [1, 2] });
    await look(adopt);
    center.leave(GROUP, user(1));
    const later = { readAt: new Date(plusSeconds(LATER, 60)) };
    expect(changesOf(await look(lookAt(1), later))).toEqual(['revoke 1 group-leave']);
  });
});

describe('what a sweep found', () => {
  it('counts seats, the line, and what is not Usher’s; a look at one person counts nothing', async () => {
    const options = { entitlements: capped(1), members: [1, 2], seats: seatsOf(1), assigned: [1, 3] };
    const { look } = await looking(options);
    expect((await look(lookAt(1))).reports.size).toBe(0);
    expect((await look(sweep())).reports.get(APPLICATION)).toEqual({
      entitlement: 'amazon-q-developer',
      seats: 1,
      waiting: 1,
      waitingSince: START.toISOString(),
      unmanaged: 1,
    });
  });

  it('names ten groups that are assigned as a whole: their members keep access', async () => {
    const { look, center } = await looking({ members: [1], seats: seatsOf(1), assigned: [1] });
    const groups = people(10, 21).map((number) => user(number));
    for (const group of groups) center.assignByHand(APPLICATION, group, 'GROUP');
    const report = (await look(sweep())).reports.get(APPLICATION);
    expect(report?.assignedGroups).toEqual(groups.slice(0, 10));
  });

  it('tells audit events that are pending of a seat that changes once, with the change', async () => {
    const seats = [aSeat(1), aSeat(2, { audit: [anAuditRecord()] }), aSeat(3)];
    const { look } = await looking({ members: [1, 3], seats, assigned: [1, 2, 3] });
    expect(changesOf(await look(sweep()))).toEqual(['revoke 2 group-leave']);
  });
});
