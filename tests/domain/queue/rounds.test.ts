import { describe, expect, it } from 'vitest';
import {
  addRound,
  advanceRound,
  batchesLeft,
  consideredIn,
  dropRounds,
  extendRound,
  outdatedRounds,
  roundAt,
  roundsOf,
} from '../../../domain/queue/rounds.ts';
import type { StoredRound, WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER, OTHER_APPLICATION, START, user } from '../../support/ids.ts';
import { heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const USER = user(1);
const FIRST = { round: 1, batch: 0 };
const hinted = { groups: [GROUP], dueAt: iso(), at: iso(), since: iso(), cause: 'event-2', hints: 3 };

/** The queue after the batch of a round is made. */
const advanced = (queue: WorkQueue, ref = FIRST, me = ME) => advanceRound(queue, ref, { me, now: START });

describe('a round of one batch', () => {
  it('ends with it: its items are checked 30 s later, or at their second check, and the lease is free', () => {
    const queue = aQueue({
      ...heldBy(ME),
      rounds: [aRound()],
      users: { [USER]: aUserItem({ by: OTHER, planned: 1 }) },
      sweeps: { [APPLICATION]: aSweepItem({ planned: 1, lookAgainAt: iso(100), hinted }) },
    });
    const settled = advanced(queue);
    expect(settled.waitSeconds).toBe(30);
    expect(reread(settled.queue)).toEqual({
      ...aQueue({ revision: 1, term: 7 }),
      users: { [USER]: aUserItem({ by: ME, dueAt: iso(30) }) },
      sweeps: { [APPLICATION]: aSweepItem({ dueAt: iso(100), lookAgainAt: iso(100) }) },
    });
  });

  it('is followed at once by what else is due, under the same lease', () => {
    const users = { [USER]: aUserItem({ planned: 1 }), [user(2)]: aUserItem({ by: OTHER }) };
    const queue = aQueue({ ...heldBy(ME), rounds: [aRound()], users });
    expect(advanced(queue)).toMatchObject({ waitSeconds: 0, queue: { lease: queue.lease } });
  });

  it('may be counted twice', () => {
    const queue = aQueue({ ...heldBy(ME), rounds: [aRound()], users: { [USER]: aUserItem({ planned: 1 }) } });
    const once = advanced(queue);
    expect(advanceRound(once.queue, FIRST, { me: ME, now: at(2) })).toEqual({ queue: once.queue, waitSeconds: 28 });
  });

  it('is planned anew at once if changes were left', () => {
    const users = { [USER]: aUserItem({ planned: 1, lookAgainAt: iso(100) }) };
    const queue = aQueue({ ...heldBy(ME), rounds: [aRound({ more: true })], users });
    expect(advanced(queue)).toMatchObject({ waitSeconds: 0, queue: { users: { [USER]: { dueAt: iso() } } } });
  });
});

describe('a round of several batches', () => {
  const round = aRound({ batches: 3 });
  const users = { [USER]: aUserItem({ planned: 1 }) };

  it('keeps its items and the lease until the last batch', () => {
    const queue = aQueue({ ...heldBy(ME), rounds: [round], users });
    const second = advanced(queue);
    expect(second).toMatchObject({ waitSeconds: 0, queue: { users, lease: queue.lease } });
    expect(second.queue.rounds).toEqual([{ ...round, next: 1, servedAt: iso() }]);
    expect(advanced(advanced(second.queue, { round: 1, batch: 1 }).queue, { round: 1, batch: 2 })).toMatchObject({
      waitSeconds: 30,
      queue: { users: { [USER]: { dueAt: iso(30) } } },
    });
  });

  it('lets other rounds go first after each batch', () => {
    const queue = aQueue({ ...heldBy(ME), rounds: [round, aRound({ id: 2, batches: 2 })] });
    const next = advanced(queue).queue.rounds?.map(({ id }) => id);
    expect(next).toEqual([2, 1]);
  });

  it.each<[string, WorkQueue, typeof FIRST]>([
    ['another execution holds the lease', aQueue({ ...heldBy(OTHER), rounds: [round], users }), FIRST],
    ['it is not the next one', aQueue({ ...heldBy(ME), rounds: [round], users }), { round: 1, batch: 2 }],
    ['its round has ended', aQueue({ ...heldBy(ME), rounds: [round], users }), { round: 9, batch: 0 }],
  ])('counts no batch if %s', (_fact, queue, ref) => {
    expect(advanced(queue, ref)).toEqual({ queue, waitSeconds: 0 });
    expect(roundAt(queue, ref) === undefined).toBe(ref !== FIRST);
  });

  it('gets a further batch for what no time was left for', () => {
    const queue = extendRound(aQueue({ rounds: [aRound({ id: 2 }), round] }), 1);
    expect(queue.rounds?.map(({ batches }) => batches)).toEqual([1, 4]);
  });

  it('names the batches that are left, and the users that it has considered, by different numbers', () => {
    const left = { ...round, next: 1, considered: 2 };
    expect(batchesLeft(left)).toEqual([
      { round: 1, batch: 1 },
      { round: 1, batch: 2 },
    ]);
    expect(consideredIn(left)).toEqual([
      { round: 1, batch: -1 },
      { round: 1, batch: -2 },
    ]);
    expect(consideredIn(round)).toEqual([]);
  });
});

describe('rounds', () => {
  it('have the next turn when they are stored', () => {
    expect(addRound(aQueue({ rounds: [aRound()] }), aRound({ id: 2 })).rounds?.map(({ id }) => id)).toEqual([2, 1]);
  });

  const outdated = (rounds: StoredRound[], now: Date) =>
    outdatedRounds(aQueue({ rounds }), aRound().configuration, now).map(({ id }) => id);

  it('are outdated half an hour after their reads began', () => {
    const rounds = [aRound(), aRound({ id: 2, readAt: iso(0.001) })];
    expect(outdated(rounds, at(1800))).toEqual([1]);
    expect(outdated(rounds, at(1799.999))).toEqual([]);
  });

  it('are outdated if they were decided under another configuration', () => {
    expect(outdated([aRound(), aRound({ id: 2, configuration: 'another one' })], START)).toEqual([2]);
  });

  it('are found by the applications that they change', () => {
    const queue = aQueue({ rounds: [aRound(), aRound({ id: 2, applications: [OTHER_APPLICATION] })] });
    expect(roundsOf(queue, [OTHER_APPLICATION]).map(({ id }) => id)).toEqual([2]);
    expect(roundsOf(queue, [])).toEqual([]);
  });

  it('that are dropped leave what they were planned for to the lease holder, at once', () => {
    const queue = aQueue({
      ...heldBy(ME),
      rounds: [aRound(), aRound({ id: 2 })],
      users: { [USER]: aUserItem({ by: OTHER, planned: 1, dueAt: iso(-600) }), [user(2)]: aUserItem({ planned: 2 }) },
      sweeps: { [APPLICATION]: aSweepItem({ planned: 1, hinted }) },
    });
    const after = reread(dropRounds(queue, [aRound()], at(60)));
    expect(after.rounds?.map(({ id }) => id)).toEqual([2]);
    expect(after.users).toEqual({
      [USER]: aUserItem({ by: ME, dueAt: iso(60) }),
      [user(2)]: aUserItem({ planned: 2 }),
    });
    expect(after.sweeps).toEqual({ [APPLICATION]: aSweepItem({ by: ME, dueAt: iso(60) }) });
    expect(dropRounds(queue, [], at(60))).toBe(queue);
  });
});
