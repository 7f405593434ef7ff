import { describe, expect, it } from 'vitest';
import type { GroupSizes } from '../../../domain/decision/group-sizes.ts';
import { causeOf } from '../../../operator/held/cause.ts';
import { Unread } from '../../../operator/unread.ts';
import { aHold, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, OTHER_GROUP, START, user } from '../../support/ids.ts';
import { openReaders, type ReadersOptions } from '../../support/readers.ts';

const TWO_GROUPS = [{ groups: [GROUP, OTHER_GROUP] }];

/** What sweeps have counted. */
function counted(members: number, parts: Partial<GroupSizes> = {}): GroupSizes {
  const groups = [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members }));
  return { schemaVersion: 1, applicationArn: APPLICATION, revision: 1, groups, falls: [], ...parts };
}

/** Asks for the cause of a hold. */
async function asked(options: ReadersOptions, groups: GroupSizes | undefined) {
  const { readers, faults, ...world } = await openReaders({ entitlements: TWO_GROUPS, ...options });
  const unread = new Unread();
  const asker = { clock: { now: () => START, sleep: async () => undefined }, unread, progress: () => undefined };
  const active = { hold: aHold(), members: [], seats: [], groups };
  return { ...world, faults, unread, cause: () => causeOf(active, readers, asker) };
}

describe('the cause of a hold, as the operator sees it', () => {
  it('is what has fallen since the last sweep, the deepest fall first', async () => {
    const { cause } = await asked({ members: { [GROUP]: [1, 2], [OTHER_GROUP]: [] } }, counted(3));
    expect(await cause()).toEqual([
      { groupId: OTHER_GROUP, before: 3, after: 0, since: iso(), at: iso() },
      { groupId: GROUP, before: 3, after: 2, since: iso(), at: iso() },
    ]);
  });

  it('is what sweeps have found, with the size of the group now', async () => {
    const fall = { groupId: GROUP, before: 40, after: 0, since: iso(-900), at: iso(-900) };
    const options = { members: { [GROUP]: [1, 2], [OTHER_GROUP]: [3] } };
    const { cause } = await asked(options, counted(0, { falls: [fall] }));
    expect(await cause()).toEqual([{ ...fall, after: 2 }]);
  });

  it('says of a group that there is none any longer', async () => {
    const directory = { groups: [{ groupId: GROUP, members: [user(1)] }] };
    const { cause } = await asked({ directory }, counted(1));
    expect(await cause()).toEqual([
      { groupId: OTHER_GROUP, before: 1, after: 0, since: iso(), at: iso(), missing: true },
    ]);
  });

  it('is none when no sweep has counted the groups', async () => {
    const { cause } = await asked({ members: [1] }, undefined);
    expect(await cause()).toEqual([]);
  });

  it('is unknown when AWS refuses to show a group', async () => {
    const { cause, faults, unread } = await asked({ members: [1] }, counted(1));
    faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'refuse' });
    expect(await cause()).toBeUndefined();
    expect(unread.report()).toMatchObject([{ message: expect.stringContaining('ListGroupMemberships') }]);
  });
});
