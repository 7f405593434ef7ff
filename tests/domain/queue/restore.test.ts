import { describe, expect, it } from 'vitest';
import { claim } from '../../../domain/queue/claim.ts';
import { acquireLease, holderOf } from '../../../domain/queue/lease.ts';
import { beginRestore, endRestore, isRestoring, releaseRestore } from '../../../domain/queue/restore.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, at, aUserItem } from '../../support/builders.ts';
import { ME, START, user } from '../../support/ids.ts';
import { heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const YEAR_SECONDS = 365 * 24 * 3600;

function begun(queue: WorkQueue = emptyQueue(), table = 'table') {
  const taken = beginRestore(queue, table, START);
  if (!taken) throw new Error('The lease is taken');
  return taken;
}

describe('a restore', () => {
  it('has the lease for as long as it takes, and no execution gets it', () => {
    const queue = reread(begun().queue);
    for (const later of [START, at(YEAR_SECONDS)]) expect(acquireLease(queue, ME, later)).toBeUndefined();
    const asked = { ...queue, users: { [user(1)]: aUserItem({ by: ME }) } };
    expect(claim(asked, ME, at(60))).toMatchObject({ turn: 'handedOver', to: 'usher restore table' });
  });

  it.each<[string, Partial<WorkQueue>, boolean]>([
    ['if it is free', {}, true],
    ['if it has expired', heldBy(ME, 0), true],
    ['from an earlier run', begun().queue, true],
    ['not from an execution', heldBy(ME, 1), false],
    ['not from the restore of another table', begun(emptyQueue(), 'other').queue, false],
  ])('takes the lease %s', (_fact, parts, expected) => {
    expect(beginRestore(aQueue(parts), 'table', START) !== undefined).toBe(expected);
  });

  it('begins a term of its own, so that an execution that wrote before no longer writes', () => {
    const { queue, run, continues } = begun(aQueue(heldBy(ME, 0, 7)));
    expect([queue.lease?.term, run, continues]).toEqual([8, { table: 'table', term: 8 }, false]);
  });

  it('loses the lease to the next run from the same table, and frees none that is not its own', () => {
    const first = begun();
    const next = begun(first.queue);
    expect([isRestoring(first.queue, first.run), isRestoring(next.queue, next.run), next.continues]).toEqual([
      true,
      true,
      true,
    ]);
    expect(isRestoring(next.queue, first.run)).toBe(false);
    expect([releaseRestore(next.queue, first.run), endRestore(next.queue, first.run, at(9))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each<[string, Partial<WorkQueue>]>([
    ['has ended', {}],
    ['has ended, and an execution writes', heldBy(ME, 60, 8)],
  ])('has lost the lease once another run %s', (_fact, parts) => {
    const { run } = begun(aQueue(heldBy(ME, 0, 7)));
    expect(isRestoring(aQueue(parts), run)).toBe(false);
  });

  it('that wrote nothing leaves the queue as it was', () => {
    const before = aQueue({ users: { [user(1)]: aUserItem() }, rounds: [aRound()] });
    const { queue, run } = begun(before);
    expect(releaseRestore(queue, run)).toEqual({ ...before, term: 1 });
  });

  it('frees the lease at its end, and has what stored rounds were to change checked anew', () => {
    const planned = aUserItem({ planned: 1 });
    const { queue, run } = begun(aQueue({ users: { [user(1)]: planned }, rounds: [aRound()] }));
    const ended = endRestore(queue, run, at(9)) ?? queue;
    expect(holderOf(ended, at(9))).toBeUndefined();
    expect(ended.rounds).toBeUndefined();
    expect(ended.users[user(1)]).toMatchObject({ by: planned.by, planned: undefined, dueAt: at(9).toISOString() });
  });
});
