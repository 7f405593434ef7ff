import { describe, expect, it } from 'vitest';
import { findJoined } from '../../../reconcile/plan/find-joined.ts';
import { reconcile } from '../../../reconcile/plan/reconcile-application.ts';
import { statusesOf } from '../../../reconcile/plan/user-statuses.ts';
import { iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, user } from '../../support/ids.ts';
import { CONTEXT, openReaders, type ReadersOptions, sweepsDue, usersDue } from '../../support/readers.ts';

const fails = (): never => {
  throw new TypeError('a bug');
};

/** What a plan reads with, in which one call has a bug. */
async function broken(service: 'directory' | 'applications' | 'ledger', call: string, options: ReadersOptions = {}) {
  const { readers } = await openReaders({ members: [1], ...options });
  return { ...readers, [service]: { ...readers[service], [call]: fails } };
}

describe('a bug is taken neither for a refusal of AWS nor for one that passes, but fails the plan', () => {
  it.each([
    ['of the assignment of a user', 'applications', 'isAssigned'],
    ['of the groups of a user', 'directory', 'groupsOf'],
  ] as const)('in the read %s', async (_fact, service, call) => {
    await expect(reconcile(usersDue(1), CONTEXT, await broken(service, call))).rejects.toThrow('a bug');
  });

  it('in the read of what the ledger holds of an application', async () => {
    await expect(reconcile(sweepsDue(), CONTEXT, await broken('ledger', 'itemsOf'))).rejects.toThrow('a bug');
  });

  it('in what a decision asks for', async () => {
    await expect(reconcile(usersDue(1), CONTEXT, await broken('ledger', 'holdings'))).rejects.toThrow('a bug');
  });

  it('in the read of the status of one of many users', async () => {
    const readers = await broken('directory', 'statusOf');
    await expect(statusesOf([user(1)], readers, { userPages: undefined })).rejects.toThrow('a bug');
  });

  it('in the read of who has joined a group while a round is stored', async () => {
    const services = await broken('directory', 'membersOf');
    const hinted = { groups: [GROUP], dueAt: iso(), cause: 'event-1', at: iso(), since: iso(), hints: 1 };
    await expect(
      findJoined({ serves: 'joins', contested: false, application: APPLICATION, hinted }, ME, services),
    ).rejects.toThrow('a bug');
  });
});
