import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_SIZE, type Batch, ROUND_BYTES, toBatches } from '../../../domain/decision/batches.ts';
import { APPLICATION, OTHER_APPLICATION, user } from '../../support/ids.ts';

describe('toBatches', () => {
  /** Requests a second: a batch has 100 users then. */
  const PACE = 1;
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

  it('returns no batch without changes', () => {
    expect(toBatches([], PACE)).toEqual({ batches: [], more: false });
  });

  it.each([
    [1, [1]],
    [50, [50]],
    [101, [66, 35]],
    [220, [66, 66, 66, 22]],
  ])('cuts %d users into batches of %j', (users, sizes) => {
    expect(toBatches(planned(users), PACE).batches.map(({ userIds }) => userIds.length)).toEqual(sizes);
  });

  it.each([
    [1, 66],
    [1.5, 100],
    [7.5, BATCH_SIZE],
    [20, BATCH_SIZE],
  ])('makes a batch, at %d requests a second, as large as its time allows: %d users', (requestsPerSecond, size) => {
    const [batch] = toBatches(planned(600), requestsPerSecond).batches;
    expect(batch?.userIds).toHaveLength(size);
  });

  it('puts revocations first, because they free slots, and records last', () => {
    const { batches } = toBatches(
      [
        ...planned(1, { kind: 'record', reason: 'reconciled' }),
        ...planned(1),
        ...planned(1, { kind: 'revoke', reason: 'group-leave' }),
      ],
      PACE,
    );
    expect(batches.map(({ kind }) => kind)).toEqual(['revoke', 'grant', 'record']);
  });

  it('keeps application, kind and reason apart, and the order within', () => {
    const { batches } = toBatches(
      [
        ...planned(2),
        ...planned(1, { applicationArn: OTHER_APPLICATION }),
        ...planned(1, { reason: 'drift-healed' }),
        ...planned(1, { userId: user(7) }),
      ],
      PACE,
    );
    const grant = { kind: 'grant', applicationArn: APPLICATION, reason: 'group-join' };
    expect(batches).toEqual([
      { ...grant, userIds: [user(0), user(1), user(7)] },
      { ...grant, applicationArn: OTHER_APPLICATION, userIds: [user(0)] },
      { ...grant, reason: 'drift-healed', userIds: [user(0)] },
    ]);
  });

  it.each([
    ['the usual ids', (index: number) => user(index), 3100],
    ['the longest ids', (index: number) => `0123456789-${user(index)}`, 2450],
  ])('fills a round of %s to its bound, and says that some are left', (_fact, idOf, least) => {
    const many = planned(5000).map((change, index) => ({ ...change, userId: idOf(index) }));
    const { batches, more } = toBatches(many, PACE);
    const users = batches.flatMap(({ userIds }) => userIds);
    expect(users).toEqual(many.slice(0, users.length).map(({ userId }) => userId));
    expect(users.length).toBeGreaterThan(least);
    expect(JSON.stringify(batches).length).toBeLessThanOrEqual(ROUND_BYTES + 1);
    expect(JSON.stringify(batches).length).toBeGreaterThan(ROUND_BYTES - 100);
    expect(more).toBe(true);
    expect(toBatches(many.slice(0, users.length), PACE).more).toBe(false);
    expect(toBatches(many.slice(0, users.length + 1), PACE).more).toBe(true);
  });

  it('keeps every user, and makes every batch small and of one kind', () => {
    const change: fc.Arbitrary<Planned> = fc.record({
      applicationArn: fc.constantFrom(APPLICATION, OTHER_APPLICATION),
      kind: fc.constantFrom('grant', 'revoke', 'record', 'hold'),
      reason: fc.constantFrom('group-join', 'group-leave'),
      userId: fc.nat(500).map(user),
    });
    const keys = ({ userIds, ...what }: Batch) =>
      userIds.map((userId) => [what.applicationArn, what.kind, what.reason, userId].join());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (all) => {
        const { batches } = toBatches(all, PACE);
        expect(batches.every(({ userIds }) => userIds.length > 0 && userIds.length <= 100)).toBe(true);
        expect(batches.flatMap(keys).sort()).toEqual(
          all.flatMap(({ userId, ...what }) => keys({ ...what, userIds: [userId] })).sort(),
        );
      }),
      { numRuns: 50 },
    );
  });
});
