import { describe, expect, it } from 'vitest';
import { joinLists, withMembers } from '../../../domain/subscription/lists.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { GROUP, OTHER_GROUP, user } from '../../support/ids.ts';

const PRO = 'Q_DEVELOPER_STANDALONE_PRO';
const POWER = 'Q_DEVELOPER_STANDALONE_POWER';

function aSubscription(principal: Subscription['principal'], parts: Partial<Subscription> = {}): Subscription {
  return { principal, plan: PRO, status: 'active', source: 'individual', ...parts };
}
const ofUser = (number: number, parts?: Partial<Subscription>) => aSubscription({ user: user(number) }, parts);
const ofGroup = (group: string, parts?: Partial<Subscription>) =>
  aSubscription({ group }, { source: 'group', ...parts });

describe('the lists of several roles', () => {
  it.each<[string, Subscription, number]>([
    ['have a user with plan and status once', ofUser(1, { source: 'unknown' }), 0],
    ['have a group once', ofGroup(GROUP, { plan: POWER }), 0],
    ['have another user', ofUser(2), 1],
    ['have another group', ofGroup(OTHER_GROUP), 1],
    ['have another plan of a user', ofUser(1, { plan: POWER }), 1],
    ['have another status of a user', ofUser(1, { status: 'pending' }), 1],
    ['have a group that one of them has as cancelled', ofGroup(GROUP, { status: 'cancelled' }), 1],
    ['have every one without a known principal', aSubscription({ unknown: true }), 1],
  ])('%s', (_fact, one, more) => {
    const first = [ofUser(1), ofGroup(GROUP), aSubscription({ unknown: true })];
    expect(joinLists([first, [one]])).toEqual([...first, ...(more > 0 ? [one] : [])]);
  });

  it('keep what one list has twice: a user may have the same from two sources', () => {
    const twice = [ofUser(1), ofUser(1, { source: 'group' })];
    expect(joinLists([twice, twice])).toEqual(twice);
    expect(joinLists([])).toEqual([]);
  });
});

describe('a list that names groups only as such', () => {
  it('gives each member what the group has, next to what they have', () => {
    const all = [ofUser(1), ofGroup(GROUP, { plan: POWER, status: 'unknown' }), ofGroup(OTHER_GROUP)];
    expect(withMembers(all, new Map([[GROUP, [user(1), user(2)]]]))).toEqual([
      ...all,
      ofUser(1, { plan: POWER, status: 'unknown', source: 'group' }),
      ofUser(2, { plan: POWER, status: 'unknown', source: 'group' }),
    ]);
  });

  it('gives no member the id by which the subscription of the group is changed', () => {
    const [, given] = withMembers([ofGroup(GROUP, { id: 'of-the-group' })], new Map([[GROUP, [user(1)]]]));
    expect(given).toEqual(ofUser(1, { source: 'group' }));
  });
});
