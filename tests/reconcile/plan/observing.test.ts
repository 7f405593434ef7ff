import { describe, expect, it } from 'vitest';
import type { Entitlement } from '../../../domain/entitlements.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements as someEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { aHeldRecord, aHold, anAuditRecord, aSeat } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, people, START, user } from '../../support/ids.ts';
import {
  anEntry,
  anObservationOf,
  changesOf,
  LATER,
  type LookingOptions,
  lookAt,
  looking,
  sweep,
} from '../../support/looking.ts';

const observing = (parts: Partial<Entitlement> = {}, brake = { percent: 20, atLeast: 10 }) =>
  someEntitlements({ entitlements: [{ mode: 'observe', ...parts }], brake });
const seatsOf = (...numbers: number[]) => numbers.map((number) => aSeat(number));

/** What may be written or changed, by the operation's name. */
const WRITES = /Create|Delete|Put/;

describe('an entitlement that observes', () => {
  const disabled = {
    users: [
      { userId: user(1), userName: 'x', status: 'DISABLED' as const },
      { userId: user(2), userName: 'y' },
    ],
    groups: [{ groupId: GROUP, members: [user(1), user(2)] }],
  };
  const CASES: [string, LookingOptions, Record<number, string>][] = [
    ['would assign a member', { entitlements: observing(), members: [1] }, { 1: 'would-assign' }],
    [
      'would put in line who finds no place',
      { entitlements: observing({ seats: { max: 1 } }), members: [1, 2] },
      { 1: 'would-assign', 2: 'would-waitlist' },
    ],
    [
      'would take back the seat of who left',
      { entitlements: observing(), members: [2], seats: seatsOf(1, 2), assigned: [1, 2] },
      { 1: 'would-revoke' },
    ],
    [
      'would give days of grace',
      {
        entitlements: observing({ onLeave: { revokeAfterDays: 7 } }),
        members: [2],
        seats: seatsOf(1, 2),
        assigned: [1, 2],
      },
      { 1: 'would-leave' },
    ],
    [
      'would hold what the brake does not allow',
      {
        entitlements: observing({}, { percent: 0, atLeast: 1 }),
        members: [3],
        seats: seatsOf(1, 2, 3),
        assigned: [1, 2, 3],
      },
      { 1: 'would-hold', 2: 'would-hold' },
    ],
    [
      'would hold what an empty group takes away',
      { entitlements: observing(), seats: seatsOf(1, 2), assigned: [1, 2] },
      { 1: 'would-hold', 2: 'would-hold' },
    ],
    [
      'would take back the seat of who is disabled, without grace',
      {
        entitlements: observing({ onLeave: { revokeAfterDays: 7 } }),
        directory: disabled,
        seats: seatsOf(1, 2),
        assigned: [1, 2],
      },
      { 1: 'would-revoke' },
    ],
    [
      'says nothing of who has what is due',
      { entitlements: observing(), members: [1], seats: seatsOf(1), assigned: [1] },
      {},
    ],
    ['says nothing of what somebody else assigned', { entitlements: observing(), members: [1], assigned: [1, 2] }, {}],
  ];

  it.each(CASES)('%s, writes no seat, and changes nothing', async (_fact, options, answers) => {
    const { look, observed, statuses, calls, door, center } = await looking(options);
    const before = { seats: await statuses(), assignments: center.assignments() };
    door.calls.clear();
    const plan = await look(sweep({ withStatus: true }));
    expect(await observed()).toEqual(answers);
    expect(changesOf(plan)).toEqual(Object.keys(answers).map((number) => `record ${number}`));
    expect(calls('DynamoDB.PutItem')).toBe(Object.keys(answers).length);
    expect([...door.calls.keys()].filter((one) => WRITES.test(one) && one !== 'DynamoDB.PutItem')).toEqual([]);
    expect({ seats: await statuses(), assignments: center.assignments() }).toEqual(before);
    expect(plan).toMatchObject({
      failures: [],
      sweepsNeeded: new Map(),
      hasWaitlist: new Map(),
      heldCounts: new Map(),
    });
  });

  it('leaves it to a sweep to take back that a revocation would be held: one user’s look sees no empty group', async () => {
    const options = { entitlements: observing(), seats: seatsOf(1, 2), assigned: [1, 2] };
    const { look, observed } = await looking(options);
    await look(sweep());
    await look(lookAt(1), { readAt: new Date(plusSeconds(LATER, 60)) });
    expect(await observed()).toEqual({ 1: 'would-hold', 2: 'would-hold' });
  });

  it.each(CASES)('%s: the same answer is told once, not at every sweep', async (_fact, options) => {
    const { look, observed, services } = await looking(options);
    await look(sweep({ withStatus: true }));
    const once = (await services.ledger.itemsOf(APPLICATION)).observations;
    await look(sweep({ withStatus: true }), { readAt: new Date(plusSeconds(LATER, 300)) });
    expect((await services.ledger.itemsOf(APPLICATION)).observations).toEqual(once);
    expect(await observed()).toEqual(
      Object.fromEntries(once.map(({ userId, answer }) => [Number(userId.slice(-12)), answer])),
    );
  });

  it('tells for whom, why and since when', async () => {
    const { look, services } = await looking({ entitlements: observing(), members: [1] });
    await look({ users: { [user(1)]: anEntry({ since: plusSeconds(START, -7) }) }, sweeps: {} });
    expect((await services.ledger.itemsOf(APPLICATION)).observations).toEqual([
      anObservationOf(1, {
        requestedAt: plusSeconds(START, -7),
        changedAt: LATER,
        audit: [anAuditRecord({ kind: 'observed', reason: 'would-assign', at: LATER, execution: ME })],
      }),
    ]);
  });

  it('says of a sweep what there is', async () => {
    const options = {
      entitlements: observing({ seats: { max: 1 } }),
      members: [1, 2],
      seats: seatsOf(1, 2),
      assigned: [1, 2, 3],
    };
    const { look } = await looking(options);
    expect((await look(sweep())).reports.get(APPLICATION)).toEqual({
      entitlement: 'amazon-q-developer',
      seats: 2,
      waiting: 0,
      unmanaged: 1,
      overCap: 1,
    });
    expect((await look(lookAt(1))).reports.size).toBe(0);
  });

  it('asks nothing more where nobody whom a look is about concerns it', async () => {
    const { look, door } = await looking({ entitlements: observing() });
    door.calls.clear();
    await look({ users: {}, sweeps: {} });
    expect(door.calls.size).toBe(0);
  });

  it.each(['DynamoDB.Query', 'DynamoDB.PutItem'])('is a retry where %s fails', async (operation) => {
    const { look, faults, observed } = await looking({ entitlements: observing(), members: [1] });
    faults.add({ operation, kind: 'throttle' });
    await expect(look(sweep())).rejects.toThrow(TransientAwsError);
    await look(sweep());
    expect(await observed()).toEqual({ 1: 'would-assign' });
  });

  it('writes down hundreds of answers', async () => {
    const numbers = people(1, 150);
    const { look, observed } = await looking({ people: 150, entitlements: observing(), members: numbers });
    expect(changesOf(await look(sweep()))).toHaveLength(150);
    expect(Object.values(await observed())).toEqual(numbers.map(() => 'would-assign'));
  });
});

describe('an answer', () => {
  const options = { entitlements: observing(), members: [1] };

  it('that is not on the bus yet is sent, though it is not new', async () => {
    const told = anObservationOf(1, { audit: [anAuditRecord({ kind: 'observed', reason: 'would-assign' })] });
    const { look } = await looking({ ...options, observations: [told] });
    expect(changesOf(await look(lookAt(1)))).toEqual(['record 1']);
  });

  it('is another when somebody gets the assignment elsewhere, or is in the group no more; that is not told', async () => {
    const observations = [anObservationOf(1), anObservationOf(2)];
    const { look, observed } = await looking({ ...options, assigned: [1], observations });
    expect(changesOf(await look(lookAt(1, 2)))).toEqual([]);
    expect(await observed()).toEqual({ 1: undefined, 2: undefined });
  });

  it('is taken back by a sweep of who is gone from every list', async () => {
    const { look, observed } = await looking({ ...options, observations: [anObservationOf(1), anObservationOf(4)] });
    expect(changesOf(await look(sweep()))).toEqual([]);
    expect(await observed()).toEqual({ 1: 'would-assign', 4: undefined });
  });

  it('stays as it is for those whom a look is not about', async () => {
    const { look, observed } = await looking({ ...options, observations: [anObservationOf(1), anObservationOf(4)] });
    await look(lookAt(1));
    expect(await observed()).toEqual({ 1: 'would-assign', 4: 'would-assign' });
  });

  it('is told anew when it comes back', async () => {
    const { look, center, services } = await looking({ ...options, observations: [anObservationOf(1)] });
    center.leave(GROUP, user(1));
    await look(lookAt(1));
    center.join(GROUP, user(1));
    await look(lookAt(1));
    const [again] = (await services.ledger.itemsOf(APPLICATION)).observations;
    expect(again).toMatchObject({ answer: 'would-assign', changeSeq: 2, audit: [{ changeSeq: 2 }] });
  });
});

describe('places that were promised', () => {
  const one = observing({ seats: { max: 1 } });

  it('count as taken where only another person is looked at', async () => {
    const { look, observed } = await looking({
      entitlements: one,
      members: [1, 2],
      observations: [anObservationOf(1)],
    });
    await look(lookAt(2));
    expect(await observed()).toEqual({ 1: 'would-assign', 2: 'would-waitlist' });
  });

  it('stay with whoever was promised one, by the time of the first request', async () => {
    const observations = [anObservationOf(2, { requestedAt: plusSeconds(START, -60) })];
    const { look, observed } = await looking({ entitlements: one, members: [1, 2], observations });
    await look(sweep());
    expect(await observed()).toEqual({ 1: 'would-waitlist', 2: 'would-assign' });
  });

  it('go to the head of the line when one frees', async () => {
    const line = [2, 3].map((number) =>
      anObservationOf(number, { answer: 'would-waitlist', requestedAt: plusSeconds(START, -number) }),
    );
    const { look, observed } = await looking({
      entitlements: one,
      members: [2, 3],
      observations: [anObservationOf(1), ...line],
    });
    await look(sweep());
    expect(await observed()).toEqual({ 1: undefined, 2: 'would-waitlist', 3: 'would-assign' });
  });
});

describe('what was there before an entitlement was switched to observe', () => {
  it.each<[string, Partial<Seat>, string[]]>([
    ['a seat half made', { status: 'creating' }, ['record 1']],
    ['a seat to be proven', { status: 'assigned' }, []],
    ['a revocation half made', { status: 'revoking' }, []],
    ['a place in the line', { status: 'waitlisted' }, []],
    ['a refusal', { status: 'failed', nextAttemptAt: plusSeconds(LATER, 60) }, []],
    ['an event of a seat that is not on the bus', { audit: [anAuditRecord()] }, ['record 1']],
  ])('stays as it is, and is told: %s', async (_fact, parts, changes) => {
    const before = aSeat(1, parts);
    const { look, seat } = await looking({ entitlements: observing(), members: [1], seats: [before], assigned: [1] });
    expect(changesOf(await look(sweep()))).toEqual(changes);
    expect(await seat(1)).toEqual(before);
  });

  it('a seat whose assignment is gone would be given again', async () => {
    const { look, observed } = await looking({
      entitlements: observing({ seats: { max: 1 } }),
      members: [1, 2],
      seats: seatsOf(2),
    });
    await look(sweep());
    expect(await observed()).toEqual({ 1: 'would-waitlist', 2: 'would-assign' });
  });

  it('a hold stays in force for those who are in it, and its event is sent', async () => {
    const hold = aHold({ applicationArn: APPLICATION, audit: [aHeldRecord()] });
    const seats = [aSeat(1, { status: 'held', hold: 1 }), aSeat(2)];
    const {
      look,
      hold: found,
      seat,
    } = await looking({ entitlements: observing(), members: [2], seats, assigned: [1, 2], hold });
    expect((await look(sweep())).holds).toEqual([APPLICATION]);
    expect([await found(), (await seat(1))?.status]).toEqual([hold, 'held']);
  });

  it('a revocation that a person released is still none', async () => {
    const hold = aHold({ applicationArn: APPLICATION, released: 1 });
    const seats = [aSeat(1, { status: 'held', hold: 1 }), aSeat(2)];
    const { look, isAssigned } = await looking({
      entitlements: observing(),
      members: [2],
      seats,
      assigned: [1, 2],
      hold,
    });
    expect(changesOf(await look(sweep()))).toEqual(['record 1']);
    expect(isAssigned(1)).toBe(true);
  });
});
