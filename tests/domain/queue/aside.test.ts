import { describe, expect, it } from 'vitest';
import { isAside, isReported, putItemsAside } from '../../../domain/queue/aside.ts';
import type { UserItem, WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, group, ME, people, user } from '../../support/ids.ts';

const NOTHING = { users: {}, sweeps: {} };
const now = at(60);
const hour = { now, retryAt: iso(3660) };
const refusedUser = { key: user(1), reason: 'access-denied' };
const refusedApplication = { key: APPLICATION, reason: 'application-missing' };

/** A queue from which these were put aside. */
const without = (queue: WorkQueue, ...unchecked: (typeof refusedUser)[]) =>
  putItemsAside(queue, unchecked, { ...hour, snapshot: queue });

describe('putItemsAside', () => {
  it('leaves an item to any execution until its next check', () => {
    const queue = aQueue({ users: { [user(1)]: aUserItem({ by: ME, attempts: 3, planned: 2 }) } });
    expect(without(queue, refusedUser).users[user(1)]).toEqual({
      ...aUserItem(),
      by: '',
      failed: true,
      dueAt: iso(3660),
      attempts: undefined,
      planned: undefined,
      reported: { reason: 'access-denied', at: iso(60) },
    });
  });

  it('leaves an item to the execution that fails for it, if that is redriven', () => {
    const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem() } });
    const aside = putItemsAside(queue, [refusedApplication], { ...hour, snapshot: queue, failing: ME });
    expect(aside.sweeps[APPLICATION]).toMatchObject({ by: ME, failed: true, dueAt: iso(3660) });
  });

  it('keeps the time of a hint that was added since the reads began', () => {
    const before = aQueue({ users: { [user(1)]: aUserItem({ hints: 1 }) } });
    const hinted = aQueue({ users: { [user(1)]: aUserItem({ hints: 2, dueAt: iso(50) }) } });
    const aside = putItemsAside(hinted, [refusedUser], { ...hour, snapshot: before });
    expect(aside.users[user(1)]).toMatchObject({ failed: true, dueAt: iso(50) });
  });

  it('keeps the time of an application of which a group was hinted at since the reads began', () => {
    const before = aQueue({ sweeps: { [APPLICATION]: aSweepItem() } });
    const hinted = { groups: [GROUP], dueAt: iso(40), at: iso(40), since: iso(40), cause: 'event-2', hints: 7 };
    const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem({ dueAt: iso(30), hinted }) } });
    const aside = putItemsAside(queue, [refusedApplication], { ...hour, snapshot: before });
    expect(aside.sweeps[APPLICATION]).toMatchObject({ failed: true, dueAt: iso(30) });
  });

  it('keeps the time of the last report when no execution fails for it', () => {
    const reported = { reason: 'access-denied', at: iso(0) };
    const queue = aQueue({ users: { [user(1)]: aUserItem({ reported }) } });
    expect(without(queue, refusedUser).users[user(1)]?.reported).toEqual(reported);
  });

  it('makes an item for an application of which only users were named, and for a user of a sweep', () => {
    const { users, sweeps } = without(aQueue({}), refusedApplication, refusedUser);
    expect(sweeps).toMatchObject({ [APPLICATION]: { failed: true, dueAt: iso(3660), withStatus: false } });
    expect(users).toMatchObject({ [user(1)]: { failed: true, dueAt: iso(3660), whole: true, expected: [] } });
  });

  it('puts at most 200 users aside, and drops those that would be checked first', () => {
    const aside = (number: number): [string, UserItem] => [
      user(number),
      aUserItem({ failed: true, dueAt: iso(number) }),
    ];
    const others: [string, UserItem][] = people(301, 310).map((number) => [user(number), aUserItem()]);
    const queue = aQueue({ users: Object.fromEntries([...people(2, 220).map(aside), ...others]) });
    const { users } = putItemsAside(queue, [refusedUser], { ...hour, snapshot: NOTHING });
    const failed = Object.entries(users).filter(([, item]) => item.failed);
    expect(failed).toHaveLength(200);
    expect(users[user(1)]).toBeDefined();
    expect(users[user(2)]).toBeUndefined();
    expect(Object.keys(users)).toHaveLength(210);
  });
});

describe('users who are put aside', () => {
  it('have at most 400 expectations, so that the queue stays below the 400 KB of an item', () => {
    const expected = people(1, 50).map((number) => ({
      groupId: group(number),
      membership: 'member' as const,
      at: iso(),
    }));
    const users = Object.fromEntries(
      people(1, 20).map((number) => [user(number), aUserItem({ failed: true, expected, dueAt: iso(100 + number) })]),
    );
    const { users: left } = without(aQueue({ users }), { key: user(20), reason: 'validation' });
    expect(Object.keys(left)).toEqual(people(13, 20).map(user));
  });
});

describe('isReported', () => {
  const reported = { reason: 'access-denied', at: iso(0) };
  const queue = aQueue({ users: { [user(1)]: aUserItem({ reported }) } });

  it.each([
    ['is true within the hour', queue, refusedUser, at(3599), true],
    ['is false after an hour', queue, refusedUser, at(3600), false],
    ['is false for another reason', queue, { ...refusedUser, reason: 'validation' }, at(60), false],
    ['is false for another user', queue, { ...refusedUser, key: user(2) }, at(60), false],
    ['is false if no execution has failed', aQueue({ users: { [user(1)]: aUserItem() } }), refusedUser, at(60), false],
  ])('%s', (_fact, before, unchecked, time, expected) => {
    expect(isReported(before, unchecked, time)).toBe(expected);
  });
});

describe('isAside', () => {
  it.each([
    ['is true until the next check', { failed: true, dueAt: iso(60) }, at(59), true],
    ['is false from then on', { failed: true, dueAt: iso(60) }, at(60), false],
    ['is false for a sweep that is merely due later', { dueAt: iso(60) }, at(59), false],
  ])('%s', (_fact, item, time, expected) => {
    const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem(item) } });
    expect(isAside(queue, APPLICATION, time)).toBe(expected);
    expect(isAside(aQueue({}), APPLICATION, time)).toBe(false);
    expect(isAside(aQueue({ users: { [user(1)]: aUserItem(item) } }), user(1), time)).toBe(expected);
  });
});
