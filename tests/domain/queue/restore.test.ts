import { describe, expect, it } from 'vitest';
import { claim } from '../../../domain/queue/claim.ts';
import { acquireLease, holderOf } from '../../../domain/queue/lease.ts';
import { beginRestore, cancelRestore, endRestore } from '../../../domain/queue/restore.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, at, aUserItem } from '../../support/builders.ts';
import { ME, START, user } from '../../support/ids.ts';
import { heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const YEAR_SECONDS = 365 * 24 * 3600;

function begun(queue: WorkQueue = emptyQueue()): WorkQueue {
  const taken = beginRestore(queue, 'table', START);
  if (!taken) throw new Error('The lease is taken');
  return taken;
}

describe('a restore', () => {
  it('has the lease for as long as it takes, and no execution gets it', () => {
    const queue = reread(begun());
    for (const later of [START, at(YEAR_SECONDS)]) expect(acquireLease(queue, ME, later)).toBeUndefined();
    const asked = { ...queue, users: { [user(1)]: aUserItem({ by: ME }) } };
    expect(claim(asked, ME, at(60))).toMatchObject({ turn: 'handedOver', to: 'usher restore table' });
  });

  it.each<[string, Partial<WorkQueue>, boolean]>([
    ['if it is free', {}, true],
    ['if it has expired', heldBy(ME, 0), true],
    ['again, if an earlier run was interrupted', begun(), true],
    ['not from an execution', heldBy(ME, 1), false],
    ['not from the restore of another table', beginRestore(emptyQueue(), 'other', START) ?? {}, false],
  ])('takes the lease %s', (_fact, parts, expected) => {
    expect(beginRestore(aQueue(parts), 'table', START) !== undefined).toBe(expected);
  });

  it('begins a term of its own, so that whoever wrote before writes no more', () => {
    expect(begun(aQueue(heldBy(ME, 0, 7))).lease?.term).toBe(8);
  });

  it('that wrote nothing leaves the queue as it was', () => {
    const queue = aQueue({ users: { [user(1)]: aUserItem() }, rounds: [aRound()] });
    expect(cancelRestore(begun(queue), 'table')).toEqual({ ...queue, term: 1 });
  });

  it('frees the lease at its end, and has what stored rounds were to change checked anew', () => {
    const planned = aUserItem({ planned: 1 });
    const ended = endRestore(begun(aQueue({ users: { [user(1)]: planned }, rounds: [aRound()] })), 'table', at(9));
    expect(holderOf(ended, at(9))).toBeUndefined();
    expect(ended.rounds).toBeUndefined();
    expect(ended.users[user(1)]).toMatchObject({ by: planned.by, planned: undefined, dueAt: at(9).toISOString() });
  });
});
