import { createHash } from 'node:crypto';
import { ROUND_SECONDS } from '../decision/batches.ts';
import type { Entitlements } from '../entitlements.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, latest, plusSeconds } from '../shared/time.ts';
import { releaseIfIdle } from './claim.ts';
import { holderOf } from './lease.ts';
import { mapItems, type StoredRound, type WorkItem, type WorkQueue } from './work-queue.ts';

/** One batch of a stored round. */
export interface BatchRef {
  /** Number of the round. */
  round: number;
  /** Number of the batch in it. */
  batch: number;
}

/** The batches of a round that are not made yet, the next one first. */
export function batchesLeft({ id, next, batches }: StoredRound): BatchRef[] {
  return Array.from({ length: batches - next }, (_, index) => ({ round: id, batch: next + index }));
}

/** The items that name the users whom a round has considered without changing anything. */
export function consideredIn({ id, considered = 0 }: StoredRound): BatchRef[] {
  return Array.from({ length: considered }, (_, index) => ({ round: id, batch: -1 - index }));
}

/** The round, if this is its next batch. */
export function roundAt({ rounds = [] }: WorkQueue, { round, batch }: BatchRef): StoredRound | undefined {
  return rounds.find(({ id, next }) => id === round && next === batch);
}

/** Adds a round whose batches are stored; it has the next turn. */
export function addRound(queue: WorkQueue, round: StoredRound): WorkQueue {
  return { ...queue, rounds: [round, ...(queue.rounds ?? [])] };
}

/** Adds a batch at the end of a round: what there was no time for. */
export function extendRound(queue: WorkQueue, id: number): WorkQueue {
  return {
    ...queue,
    rounds: queue.rounds?.map((one) => (one.id === id ? { ...one, batches: one.batches + 1 } : one)),
  };
}

/** Tells configurations apart. */
export function digestOf(entitlements: Entitlements): string {
  return createHash('sha256').update(JSON.stringify(entitlements)).digest('hex').slice(0, 16);
}

/** Whether the reads of a round are too old: no further batch of it may begin. */
export function isStale({ readAt }: StoredRound, now: Date): boolean {
  return isDue(plusSeconds(readAt, ROUND_SECONDS), now);
}

/**
 * The rounds of which no further batch may begin: their reads are too old, or they were decided under another configuration,
 * which may have had other limits.
 */
export function outdatedRounds({ rounds = [] }: WorkQueue, configuration: string, now: Date): StoredRound[] {
  return rounds.filter((round) => isStale(round, now) || round.configuration !== configuration);
}

/** The stored rounds that change one of these applications. */
export function roundsOf({ rounds = [] }: WorkQueue, applications: readonly string[]): StoredRound[] {
  return rounds.filter((round) => round.applications.some((one) => applications.includes(one)));
}

/** Ends rounds before their last batch: what they were planned for is due at once, and is decided anew. */
export function dropRounds(queue: WorkQueue, dropped: readonly StoredRound[], now: Date): WorkQueue {
  if (dropped.length === 0) return queue;
  const by = queue.lease?.holder;
  return endRounds(queue, dropped, () => ({ dueAt: now.toISOString(), ...(by === undefined ? {} : { by }) }));
}

/**
 * Advances a round whose batch is made; the other rounds have the next turns. After its last batch, the execution that
 * made it waits for its changes to settle and verifies them. Changes nothing if the batch was counted before, or the lease has changed
 * hands.
 */
export function advanceRound(
  queue: WorkQueue,
  at: BatchRef,
  { me, now }: { me: string; now: Date },
): { queue: WorkQueue; waitSeconds: number } {
  const { queue: released, waitSeconds } = releaseIfIdle(passBatch(queue, at, { me, now }), me, now);
  return { queue: released, waitSeconds: waitSeconds ?? 0 };
}

/** Does the same, and keeps the lease. */
export function passBatch(queue: WorkQueue, at: BatchRef, { me, now }: { me: string; now: Date }): WorkQueue {
  const round = holderOf(queue, now) === me ? roundAt(queue, at) : undefined;
  return round ? after(served(queue, round), round, { me, now }) : queue;
}

/** The first batch of a round is made in the turn of those for whom it was planned. */
function served(queue: WorkQueue, { next }: StoredRound): WorkQueue {
  return next === 0 ? queue : { ...queue, served: 'round' };
}

function after(queue: WorkQueue, round: StoredRound, { me, now }: { me: string; now: Date }): WorkQueue {
  const next = round.next + 1;
  if (next < round.batches) {
    const others = (queue.rounds ?? []).filter(({ id }) => id !== round.id);
    return { ...queue, rounds: [...others, { ...round, next, servedAt: now.toISOString() }] };
  }
  const settled = plusSeconds(now, round.more ? 0 : SETTLE_SECONDS);
  return endRounds(queue, [round], ({ lookAgainAt }) => ({
    by: me,
    dueAt: round.more ? settled : (latest(lookAgainAt, settled) ?? settled),
  }));
}

/** @param due says when an item that was planned in one of these rounds is due */
function endRounds(
  { rounds = [], ...queue }: WorkQueue,
  ended: readonly StoredRound[],
  due: (item: WorkItem) => Partial<WorkItem>,
): WorkQueue {
  const ids = new Set(ended.map(({ id }) => id));
  const left = rounds.filter(({ id }) => !ids.has(id));
  const items = mapItems(queue, (item) =>
    item.planned !== undefined && ids.has(item.planned)
      ? { planned: undefined, hinted: undefined, ...due(item) }
      : undefined,
  );
  return left.length > 0 ? { ...items, rounds: left } : items;
}
