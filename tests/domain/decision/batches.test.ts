import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Changes, ROUND_BATCHES, toBatches, toConsidered } from '../../../domain/decision/batches.ts';
import { ReasonSchema } from '../../../domain/seat/seat.ts';
import { APPLICATION, OTHER_APPLICATION, people, user } from '../../support/ids.ts';

/** A batch has 180 grants then. */
const PACE = { requestsPerSecond: 1 };
type Planned = Parameters<typeof toBatches>[0][number];

function planned(count: number, parts: Partial<Planned> = {}): Planned[] {
  return Array.from({ length: count }, (_, index) => ({
    applicationArn: APPLICATION,
    kind: 'grant',
    reason: 'group-join',
    userId: user(index),
    ...parts,
  }));
}

/** The number of users in each batch. */
const sizesOf = (batches: readonly (readonly Changes[])[]) =>
  batches.map((changes) => changes.reduce((sum, { userIds }) => sum + userIds.length, 0));

describe('toBatches', () => {
  it('returns no batch without changes', () => {
    expect(toBatches([], [], PACE)).toEqual({ batches: [], more: false });
  });

  it.each([
    [1, [1]],
    [180, [180]],
    [181, [180, 1]],
    [400, [180, 180, 40]],
  ])('cuts %d grants into batches of %j', (users, sizes) => {
    expect(sizesOf(toBatches(planned(users), [], PACE).batches)).toEqual(sizes);
  });

  it('gives a change with a subscription the time of its slower call', () => {
    const pace = { requestsPerSecond: 10, managed: new Set([APPLICATION]) };
    const sizes = (parts: Partial<Planned>) => sizesOf(toBatches(planned(400, parts), [], pace).batches);
    expect(sizes({})).toEqual([180, 180, 40]);
    expect(sizes({ kind: 'revoke' })).toEqual([180, 180, 40]);
    expect(sizes({ part: 'access' })).toEqual([400]);
    expect(sizes({ applicationArn: OTHER_APPLICATION })).toEqual([400]);
  });

  it('keeps changes of different parts apart', () => {
    const { batches } = toBatches([...planned(1), ...planned(1, { part: 'access' })], [], PACE);
    expect(batches.flat().map(({ part }) => part)).toEqual([undefined, 'access']);
  });

  it.each([
    ['grants at 1 request per second', 'grant', 1, 180],
    ['revocations at 1 request per second, of two requests each', 'revoke', 1, 90],
    ['grants at 10 requests per second', 'grant', 10, 1800],
    ['grants at 18 requests per second', 'grant', 18, 3240],
    ['events, which take no request', 'record', 1, 3300],
  ] as const)('makes a batch as large as its time allows: %s', (_fact, kind, requestsPerSecond, size) => {
    const [first] = sizesOf(toBatches(planned(3400, { kind }), [], { requestsPerSecond }).batches);
    expect(first).toBe(size);
  });

  it('puts events first, which take no time, and then revocations, because they free slots', () => {
    const changes = [
      ...planned(1),
      ...planned(1, { kind: 'revoke', reason: 'group-leave' }),
      ...planned(1, { kind: 'record', reason: 'reconciled' }),
    ];
    const { batches } = toBatches(changes, [APPLICATION], PACE);
    expect(batches.map((some) => some.map(({ kind }) => kind))).toEqual([['hold', 'record', 'revoke', 'grant']]);
  });

  it('has a batch for the event of a hold alone', () => {
    const hold = { applicationArn: APPLICATION, kind: 'hold', reason: 'reconciled', userIds: [] };
    expect(toBatches([], [APPLICATION], PACE)).toEqual({ batches: [[hold]], more: false });
  });

  it('keeps application, kind and reason apart, and the order within', () => {
    const { batches } = toBatches(
      [
        ...planned(2),
        ...planned(1, { applicationArn: OTHER_APPLICATION }),
        ...planned(1, { reason: 'drift-healed' }),
        ...planned(1, { userId: user(7) }),
      ],
      [],
      PACE,
    );
    const grant = { kind: 'grant', applicationArn: APPLICATION, reason: 'group-join' };
    expect(batches).toEqual([
      [
        { ...grant, userIds: [user(0), user(1), user(7)] },
        { ...grant, applicationArn: OTHER_APPLICATION, userIds: [user(0)] },
        { ...grant, reason: 'drift-healed', userIds: [user(0)] },
      ],
    ]);
  });

  it('fills a round with what begins in half an hour, and says that some are left', () => {
    const full = ROUND_BATCHES * 180;
    expect(toBatches(planned(full), [], PACE)).toMatchObject({ more: false });
    const { batches, more } = toBatches(planned(full + 1), [], PACE);
    expect([batches.length, more]).toEqual([ROUND_BATCHES, true]);
  });

  it('keeps every item of the ledger far below 400 KB, with the longest ids for every reason in many applications', () => {
    const applications = people(1, 100).map(
      (number) => `${APPLICATION.slice(0, -3)}${String(number).padStart(3, '0')}`,
    );
    const reasons = ReasonSchema.options;
    const changes = planned(3300, { kind: 'record' }).map((change, index) => ({
      ...change,
      userId: `0123456789-${user(index)}`,
      applicationArn: applications[index % 100] ?? '',
      reason: reasons[Math.floor(index / 100) % reasons.length] ?? change.reason,
    }));
    const { batches } = toBatches(changes, applications, { requestsPerSecond: 18 });
    expect(sizesOf(batches).reduce((sum, size) => sum + size, 0)).toBe(3300);
    for (const batch of batches) expect(JSON.stringify(batch).length).toBeLessThan(300_000);
  });

  it('has fewer users per batch if it is told so', () => {
    expect(sizesOf(toBatches(planned(5), [], { requestsPerSecond: 10, users: 2 }).batches)).toEqual([2, 2, 1]);
  });

  it('keeps every user, in batches that fit their time', () => {
    const change: fc.Arbitrary<Planned> = fc.record({
      applicationArn: fc.constantFrom(APPLICATION, OTHER_APPLICATION),
      kind: fc.constantFrom('grant', 'revoke', 'record'),
      reason: fc.constantFrom('group-join', 'group-leave'),
      userId: fc.nat(500).map(user),
    });
    const keys = ({ userIds, ...what }: Changes) =>
      userIds.map((userId) => [what.applicationArn, what.kind, what.reason, userId].join());
    const requests = (changes: readonly Changes[]) =>
      changes.reduce(
        (sum, { kind, userIds }) => sum + { grant: 1, revoke: 2, record: 0, hold: 0, none: 0 }[kind] * userIds.length,
        0,
      );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 600, size: 'max' }), (all) => {
        const { batches } = toBatches(all, [], PACE);
        for (const batch of batches) expect(requests(batch)).toBeLessThanOrEqual(180);
        expect(batches.flat().flatMap(keys).sort()).toEqual(
          all.flatMap(({ userId, ...what }) => keys({ ...what, userIds: [userId] })).sort(),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('toConsidered', () => {
  it('puts the users of each application into items of 5,000', () => {
    const items = toConsidered(
      new Map([
        [APPLICATION, people(1, 5001).map(user)],
        [OTHER_APPLICATION, []],
      ]),
    );
    expect(items.map(({ applicationArn, kind, userIds }) => [applicationArn, kind, userIds.length])).toEqual([
      [APPLICATION, 'none', 5000],
      [APPLICATION, 'none', 1],
    ]);
  });
});
