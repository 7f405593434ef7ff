import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../adapters/ledger.ts';
import { beginHold, type Hold } from '../../../domain/decision/hold.ts';
import { emptyQueue } from '../../../domain/queue/work-queue.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { readHolds } from '../../../operator/held/holds.ts';
import { ALL_OR_NOTHING, Unread } from '../../../operator/unread.ts';
import { aSeat } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, execution, OTHER_APPLICATION, START, user } from '../../support/ids.ts';

const HOLD = beginHold(
  undefined,
  { applicationArn: APPLICATION, entitlement: ENTITLEMENT, userIds: [user(1)] },
  { now: START, execution: execution('x'), reason: 'brake' },
);

/** Readers of a ledger with this hold, and the applications whose seats were read. @param refused the application AWS refuses */
function theReaders(hold: Hold | undefined, refused?: string) {
  const read: string[] = [];
  const ledger: Pick<Ledger, 'queue' | 'hold' | 'holdings'> = {
    queue: async () => ({ ...emptyQueue(), sweptAt: { [OTHER_APPLICATION]: START.toISOString() } }),
    hold: async (application) => {
      if (application === refused) throw new RefusedError('access-denied', 'GetItem: access denied');
      return application === APPLICATION ? hold : undefined;
    },
    holdings: async (application) => {
      read.push(application);
      const seats = [aSeat(1, { status: 'held', hold: 1 }), aSeat(2)];
      return { hold, seats, groups: undefined, slots: undefined };
    },
  };
  return { read, readers: { ledger: ledger as Ledger, entitlements: exampleEntitlements() } };
}

describe('the holds in force', () => {
  it('are read with their seats, and no other seats are', async () => {
    const { read, readers } = theReaders(HOLD);
    const [active, ...others] = await readHolds(readers, ALL_OR_NOTHING);
    expect(active?.members.map(({ userId }) => userId)).toEqual([user(1)]);
    expect(active?.seats).toHaveLength(2);
    expect(others).toEqual([]);
    expect(read).toEqual([APPLICATION]);
  });

  it('are none if no application has one', async () => {
    const { read, readers } = theReaders(undefined);
    expect(await readHolds(readers, ALL_OR_NOTHING)).toEqual([]);
    expect(read).toEqual([]);
  });

  it('are those of the other applications if AWS refuses to show one of an application', async () => {
    const unread = new Unread();
    const found = await readHolds(theReaders(HOLD, OTHER_APPLICATION).readers, unread);
    expect(found.map(({ hold }) => hold.entitlement)).toEqual([ENTITLEMENT]);
    expect(unread.size).toBe(1);
  });

  it('are not known if AWS refuses one and all are needed', async () => {
    const { readers } = theReaders(HOLD, OTHER_APPLICATION);
    await expect(readHolds(readers, ALL_OR_NOTHING)).rejects.toThrow(RefusedError);
  });
});
