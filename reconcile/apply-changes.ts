import type { Ledger } from '../adapters/ledger.ts';
import type { Batch } from '../domain/decision/batches.ts';
import { hasBegun, type Seat } from '../domain/seat/seat.ts';
import { markNotBegun, putAside } from '../domain/seat/transitions.ts';
import { isDue, plusSeconds } from '../domain/shared/time.ts';
import {
  type ApplyServices,
  attempt,
  type ChangeOutcome,
  changeOriginOf,
  contextOf,
  isAskedAgain,
  type Setback,
  type Task,
  targetOf,
} from './change-seat.ts';
import { inParallel } from './concurrency.ts';
import { openLease, writersUnder } from './lease.ts';

/** One batch of a plan, and the lease term in which it was planned. */
export interface ApplyInput {
  batch: Batch;
  term: number;
  /** When the plan's reads began; a seat that was granted since then is done. */
  plannedAt: string;
  execution: string;
}

/** Changes at a time. A grant makes two calls in a row: with answers of half a second, ten make 10 grants per second. */
const CHANGES_AT_ONCE = 10;

/** A change that fails or conflicts is tried again after these pauses, once all others of the batch are made. */
const PAUSES_SECONDS = [2, 4, 8];

/** No attempt begins later than this: those under way, and what is written of failed ones, fit into the 240 s of the function. */
const ATTEMPTS_WITHIN_SECONDS = 190;

/** What came of a batch: the number of changes per outcome. `aside`: of users who were put aside. */
export type ApplyOutcomes = Partial<Record<ChangeOutcome | 'aside', number>>;

/**
 * Makes the changes of one batch at the pace of the clients. May run twice: changes that are done are skipped.
 *
 * A user whose change still fails or conflicts after a few attempts is put aside, until a later plan tries it again. No
 * other user is concerned.
 *
 * @throws TransientAwsError when the ledger fails · LeaseLostError, and then no further write begins
 */
export async function applyChanges(
  { batch, term, plannedAt, execution }: ApplyInput,
  given: ApplyServices,
): Promise<ApplyOutcomes> {
  if (batch.kind === 'record' || batch.kind === 'hold') return {};
  const lease = await openLease(given.ledger, given.clock, { execution, term });
  const services = { ...given, ...writersUnder(lease, given) };
  const { clock, ledger, entitlements } = services;
  const { applicationArn } = batch;
  const entitlement = entitlements.entitlements.find(({ application }) => application === applicationArn);
  const lastAttemptAt = plusSeconds(clock.now(), ATTEMPTS_WITHIN_SECONDS);
  // The batch alone does not say so: only a confirmed request of an operator marks the work item.
  const isGivenUp = lease.queue.sweeps[applicationArn]?.giveUp === true;
  const outcomes: ApplyOutcomes = {};
  const count = (outcome: keyof ApplyOutcomes) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const taskOf = (userId: string, seat: Seat | undefined): Task => {
    const origin = changeOriginOf(lease.queue, batch, userId);
    return { batch, userId, entitlement, seat, plannedAt, execution, origin, isGivenUp };
  };
  let failing = new Map<string, Setback>();
  let throttled = false;
  for (const pause of [0, ...PAUSES_SECONDS]) {
    const userIds = pause === 0 ? batch.userIds : [...failing].flatMap(([one, { tries }]) => (tries === 1 ? one : []));
    if (userIds.length === 0 || isDue(lastAttemptAt, clock.now())) break;
    if (pause > 0) await clock.sleep(pause);
    const seats = await seatsOf(userIds, applicationArn, ledger);
    const failed = new Map(failing);
    await inParallel(userIds, CHANGES_AT_ONCE, async (userId) => {
      // Lack of time puts no user aside: the next plan decides again.
      if (isDue(lastAttemptAt, clock.now())) return;
      const outcome = await attempt(taskOf(userId, seats.get(userId)), services);
      if (typeof outcome === 'string') {
        count(outcome);
        failed.delete(userId);
      } else failed.set(userId, outcome);
      throttled ||= typeof outcome !== 'string' && outcome.reason === 'throttled';
    });
    failing = failed;
  }
  if (throttled) services.measure('StepsThrottled', 1);
  await inParallel([...failing], CHANGES_AT_ONCE, async ([userId, { reason, tries }]) => {
    const task = taskOf(userId, (await seatsOf([userId], applicationArn, ledger)).get(userId));
    const now = clock.now();
    const seat = hasBegun(task.seat)
      ? task.seat
      : entitlement && markNotBegun(task.seat, targetOf(task, entitlement, now), contextOf(task, now));
    if (!seat) return;
    const reportAgain = isAskedAgain(seat, batch, execution);
    const aside = putAside(seat, reason, { now, execution, reportAgain }, tries);
    await ledger.saveSeat({ ...aside, revision: (task.seat?.revision ?? 0) + 1 });
    count('aside');
  });
  return outcomes;
}

async function seatsOf(userIds: readonly string[], applicationArn: string, ledger: Ledger): Promise<Map<string, Seat>> {
  const seats = await ledger.seats(userIds.map((userId) => ({ applicationArn, userId })));
  return new Map(seats.map((seat) => [seat.userId, seat]));
}
