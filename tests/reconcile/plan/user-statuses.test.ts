import { describe, expect, it } from 'vitest';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { statusesOf } from '../../../reconcile/plan/user-statuses.ts';
import { people, user } from '../../support/ids.ts';
import { aUser, openReaders } from '../../support/readers.ts';

describe('a read of the statuses of many users', () => {
  async function statuses(wanted: readonly number[], exist: number, userPages?: number) {
    const world = await openReaders({
      directory: { users: people(1, exist).map((number) => aUser(number, number % 2 === 0 ? 'DISABLED' : 'ENABLED')) },
    });
    const cache = { userPages };
    const { statuses: found } = await statusesOf(wanted.map(user), world.readers, cache);
    return {
      ...world,
      found: wanted.map((number) => found.get(user(number))),
      lists: world.calls('IdentityStore.ListUsers'),
      single: world.calls('IdentityStore.DescribeUser'),
      userPages: cache.userPages,
    };
  }

  it.each<
    [string, number[], number, number | undefined, { lists: number; single: number; userPages?: number | undefined }]
  >([
    ['no user is asked for', [], 500, undefined, { lists: 0, single: 0 }],
    ['three users are asked for', [1, 2, 500], 500, undefined, { lists: 0, single: 3 }],
    ['four users are in the first pages', [1, 2, 101, 102], 500, undefined, { lists: 2, single: 0 }],
    ['a user is missing from a short list', [1, 2, 3, 4, 999], 250, undefined, { lists: 3, single: 0, userPages: 3 }],
    ['the list proves longer than asking one by one', [1, 2, 401, 402, 403], 900, undefined, { lists: 5, single: 0 }],
    ['the list does not end', [1, 801, 802, 803], 900, undefined, { lists: 4, single: 3 }],
    ['the list is known to be longer', [1, 2, 3, 4], 500, 5, { lists: 0, single: 4, userPages: 5 }],
    ['the list is known to be shorter', [1, 2, 3, 999], 250, 3, { lists: 3, single: 0, userPages: 3 }],
    ['the list has grown since', [1, 2, 999], 250, 2, { lists: 3, single: 0, userPages: 3 }],
  ])('makes as few calls as possible if %s', async (_fact, wanted, exist, known, costs) => {
    const result = await statuses(wanted, exist, known);
    expect(result).toMatchObject({ userPages: undefined, ...costs });
    const expected = wanted.map((number) => {
      if (number > exist) return 'missing';
      return number % 2 === 0 ? 'disabled' : 'enabled';
    });
    expect(result.found).toEqual(expected);
    expect(result.renewals()).toBe(costs.lists + costs.single);
  });

  it('fails if a page fails, rather than take the other users for missing', async () => {
    const { readers, faults } = await openReaders({ people: 250 });
    faults.add({ operation: 'IdentityStore.ListUsers', kind: 'throttle', skip: 1 });
    const wanted = [101, 102, 103, 104].map(user);
    await expect(statusesOf(wanted, readers, { userPages: undefined })).rejects.toThrow(TransientAwsError);
  });

  it('names up to twenty users whom AWS does not show, and fails for more: the cause is not with them', async () => {
    const numbers = people(1, 21);
    const asked = async (failing: number) => {
      const { readers, faults } = await openReaders({ people: 21 });
      faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'refuse', times: failing });
      return statusesOf(numbers.map(user), readers, { userPages: 30 });
    };
    const { statuses: shown, unread } = await asked(20);
    expect([[...unread], [...shown]]).toEqual([people(1, 20).map(user), [[user(21), 'enabled']]]);
    await expect(asked(21)).rejects.toThrow(RefusedError);
  });
});
