import { describe, expect, it } from 'vitest';
import { standingsOf } from '../../../operator/held/standings.ts';
import { Unread } from '../../../operator/unread.ts';
import type { Readers } from '../../../reconcile/plan/readers.ts';
import { aSeat } from '../../support/builders.ts';
import { OTHER_APPLICATION, user } from '../../support/ids.ts';
import { openReaders, READ_AT, type ReadersOptions, type ReadersWorld } from '../../support/readers.ts';

const HELD = aSeat(1, { status: 'held', hold: 1 });

/** Asks how the user of HELD stands, who is in no group unless the options say so. */
async function asked(change: (world: ReadersWorld) => Readers, options: ReadersOptions = {}) {
  const world = await openReaders({ seats: [HELD], ...options });
  const unread = new Unread();
  const asker = { clock: { now: () => READ_AT, sleep: async () => undefined }, unread, progress: () => undefined };
  const found = await standingsOf([HELD], change(world), asker);
  return { standing: found.get(user(1)), unread: unread.report().map(({ message }) => message) };
}

describe('how a held user stands', () => {
  it('is why they are not entitled', async () => {
    expect(await asked(({ readers }) => readers)).toEqual({ standing: { reason: 'group-leave' }, unread: [] });
  });

  it('is unknown if AWS refuses to show the assignment, and that is said', async () => {
    const { standing, unread } = await asked(({ readers, faults }) => {
      faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse' });
      return readers;
    });
    expect(standing).toBeUndefined();
    expect(unread).toEqual([expect.stringMatching(/^DescribeApplicationAssignment/)]);
  });

  it('is unknown while a group still shows a user who is deleted', async () => {
    const { standing, unread } = await asked(
      ({ readers }) => ({ ...readers, directory: { ...readers.directory, statusOf: async () => 'missing' } }),
      { members: [1] },
    );
    expect(standing).toEqual({});
    expect(unread).toEqual([]);
  });

  it('is that the entitlement was removed, without a read', async () => {
    const { standing, unread } = await asked(
      ({ readers, faults }) => {
        faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse' });
        return readers;
      },
      { entitlements: [{ application: OTHER_APPLICATION }] },
    );
    expect(standing).toEqual({ reason: 'entitlement-removed' });
    expect(unread).toEqual([]);
  });
});
