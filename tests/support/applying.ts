import type { Changes } from '../../domain/decision/batches.ts';
import { acquireLease } from '../../domain/queue/lease.ts';
import { digestOf } from '../../domain/queue/rounds.ts';
import { emptyQueue, type WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { applyChanges } from '../../reconcile/apply-changes.ts';
import { APPLICATION, ME, user } from './ids.ts';
import { aRound, storeBatch } from './rounds.ts';
import { openWorld, type WorldOptions } from './world.ts';

export interface ApplyingOptions extends WorldOptions {
  seats?: readonly Seat[];
  /** Whom APPLICATION is assigned to. */
  assigned?: readonly number[];
  /** Posted before the plan. */
  queue?: (queue: WorkQueue) => WorkQueue;
  holder?: string;
}

/** A ledger with a lease that ME holds, and a plan whose reads began now. */
export async function applying({
  seats = [],
  assigned = [],
  queue = (same) => same,
  holder = ME,
  ...options
}: ApplyingOptions) {
  const world = await openWorld(options);
  const { clock, services, center } = world;
  const held = acquireLease(queue(emptyQueue()), holder, clock.now());
  if (!held) throw new Error('the lease of an empty work queue is free');
  await services.ledger.saveQueue(held);
  for (const seat of seats) await services.ledger.saveSeat({ ...seat, revision: 1 });
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  const plannedAt = clock.now().toISOString();
  clock.advance(5);
  let round = 0;
  /** Stores changes as a batch of a new round, and returns the input of its invocation. */
  const store = async (...changes: Changes[]) => {
    round += 1;
    const ref = await storeBatch(
      services.ledger,
      changes,
      aRound({ id: round, readAt: plannedAt, configuration: digestOf(services.entitlements) }),
    );
    return { ...ref, term: 1, execution: ME };
  };
  const apply = async (changes: Changes, execution = ME) =>
    applyChanges({ ...(await store(changes)), execution }, services);
  return { ...world, apply, store, plannedAt };
}
