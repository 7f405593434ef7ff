import type { Ledger } from '../adapters/ledger.ts';
import { type Batch, type Changes, type PlannedChange, plannedChangesIn } from '../domain/decision/batches.ts';
import type { Hold } from '../domain/decision/hold.ts';
import { profileOf } from '../domain/profiles.ts';
import { enqueueSweeps } from '../domain/queue/enqueue.ts';
import { type BatchRef, digestOf, extendRound, isStale, roundAt } from '../domain/queue/rounds.ts';
import { isNewProfile, noteStops, stoppedIn } from '../domain/queue/stops.ts';
import type { StoredRound } from '../domain/queue/work-queue.ts';
import { keyOf, type Seat } from '../domain/seat/seat.ts';
import { LeaseLostError } from '../domain/shared/errors.ts';
import { isDue, plusSeconds } from '../domain/shared/time.ts';
import { attempt, putChangeAside } from './change-seat.ts';
import { inParallel } from './concurrency.ts';
import { type LeaseSession, openLease, writersUnder } from './lease.ts';
import { readBatch } from './read-batch.ts';
import { providersOf, Stops, type SubscribeServices } from './subscribe.ts';
import { type ApplyServices, type BatchServices, type ChangeOutcome, type Setback, type Task, taskOf } from './task.ts';

/** Names one batch of a stored round, and the lease under which it is to be made. */
export interface ApplyInput extends BatchRef {
  term: number;
  execution: string;
}

/** Changes at a time. A grant makes two or three calls in a row: with answers of half a second, 30 make 20 per second. */
const CHANGES_AT_ONCE = 30;

/** A change that fails or conflicts is tried again after these pauses, once all others of the batch are made. */
const PAUSES_SECONDS = [2, 4, 8];

/** No attempt begins later than this: those under way, and what is written of failed ones, fit into the 240 s of the function. */
const ATTEMPTS_WITHIN_SECONDS = 190;

/** What came of a batch: the number of changes per outcome. `aside`: of users who were put aside; `left`: for want of time. */
export type ApplyOutcomes = Partial<Record<ChangeOutcome | 'aside' | 'left', number>>;

/**
 * Makes the changes of one batch at the pace of the clients: what the ledger holds of it, and nothing if that has expired
 * or cannot be read.
 * May run twice: changes that are done are skipped.
 *
 * A user whose change still fails or conflicts after a few attempts is put aside, until a later plan tries it again. No
 * other user is concerned. Changes for which no time was left become a further batch of the round.
 *
 * @throws TransientAwsError when the ledger fails · LeaseLostError unless this is the next batch of a stored round whose
 *   reads are recent and whose configuration is this one, and the execution holds the lease; then no further write begins
 */
export async function applyChanges(input: ApplyInput, given: ApplyServices): Promise<ApplyOutcomes> {
  const { term, execution } = input;
  const lease = await openLease(given.ledger, given.clock, { execution, term });
  const round = roundAt(lease.queue, input);
  if (!round) throw new LeaseLostError(`Batch ${input.batch} of round ${input.round} is not the next one`);
  // Retries may take minutes: what the round's reads have shown does not hold for longer.
  if (isStale(round, given.clock.now())) throw new LeaseLostError(`The reads of round ${input.round} are too old`);
  if (round.configuration !== digestOf(given.entitlements)) {
    throw new LeaseLostError(`Round ${input.round} was planned under another configuration`);
  }
  const batch = await readBatch(input, given.ledger);
  if (!batch) return {};
  const stops = new Stops(stoppedIn(lease.queue, given.clock.now()));
  const services = {
    ...given,
    ...writersUnder(lease, given),
    ...subscriptionServices(lease, stops, given),
    holdOf: holdsIn(given.ledger),
  };
  const { outcomes, left } = await makeChanges(batch, { execution, lease }, services);
  await saveStops(stops, lease, given);
  if (left.length > 0) await storeRest(left, { batch, round, lease }, given);
  return outcomes;
}

/** Reads the hold of each application once: only a plan begins one, and none is made under the lease of this batch. */
function holdsIn(ledger: Ledger): BatchServices['holdOf'] {
  const reads = new Map<string, Promise<Hold | undefined>>();
  return (application) => {
    const known = reads.get(application) ?? ledger.hold(application);
    reads.set(application, known);
    // What has failed is read again with the next try of a change.
    known.catch(() => reads.delete(application));
    return known;
  };
}

/** What subscriptions are changed with. */
function subscriptionServices(
  { queue }: LeaseSession,
  stops: Stops,
  { entitlements, subscriptions, clock }: ApplyServices,
): SubscribeServices {
  return {
    stops,
    providerOf: providersOf(subscriptions, entitlements.identityCenter.instanceArn),
    isNewProfile: (application) => {
      const profile = profileOf(application, entitlements.entitlements);
      return profile !== undefined && isNewProfile(queue, profile, clock.now());
    },
  };
}

/** Of an application to which AWS refuses new subscriptions, no further one is asked for until the next day. */
async function saveStops(stops: Stops, lease: LeaseSession, { clock, entitlements }: ApplyServices): Promise<void> {
  const isProbed = [...stops.tried].some((application) => lease.queue.stopped?.[application] !== undefined);
  if (stops.stopped.size === 0 && !isProbed) return;
  const configured = entitlements.entitlements.map(({ application }) => application);
  await lease.change((queue) => {
    const now = clock.now();
    const ended = [...stops.resumed].filter((application) => queue.stopped?.[application] !== undefined);
    const me = queue.lease?.holder ?? '';
    const sweeps = new Map(ended.map((application) => [application, { withStatus: true }]));
    // The users who were not tried meanwhile come before those who join from now on.
    return { queue: enqueueSweeps(noteStops(queue, stops, { now, configured }), sweeps, { me, cause: me, now }) };
  });
}

/** What no time was left for is made in the round's last turn. */
async function storeRest(
  left: readonly PlannedChange[],
  { batch, round, lease }: { batch: Batch; round: StoredRound; lease: LeaseSession },
  { ledger }: ApplyServices,
): Promise<void> {
  const keys = new Set(left.map(keyOf));
  const changes = batch.changes.flatMap((one): Changes[] => {
    const userIds = one.userIds.filter((userId) => keys.has(keyOf({ ...one, userId })));
    return userIds.length > 0 ? [{ ...one, userIds }] : [];
  });
  await lease.renewLease();
  await ledger.saveBatch({ round: round.id, batch: round.batches }, { ...batch, changes });
  await lease.change((queue) => ({ queue: extendRound(queue, round.id) }));
}

async function makeChanges(
  { changes, readAt }: Batch,
  { execution, lease }: { execution: string; lease: LeaseSession },
  services: BatchServices,
): Promise<{ outcomes: ApplyOutcomes; left: PlannedChange[] }> {
  const { clock, ledger } = services;
  const lastAttemptAt = plusSeconds(clock.now(), ATTEMPTS_WITHIN_SECONDS);
  const outcomes: ApplyOutcomes = {};
  const count = (outcome: keyof ApplyOutcomes) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const taskIn = (seats: ReadonlyMap<string, Seat>, change: PlannedChange): Task => {
    const parts = { seat: seats.get(keyOf(change)), queue: lease.queue, plannedAt: readAt, execution };
    return taskOf(change, parts, services.entitlements);
  };
  const planned = plannedChangesIn(changes);
  const failing = new Map<PlannedChange, Setback>();
  const left: PlannedChange[] = [];
  let throttled = false;
  for (const pause of [0, ...PAUSES_SECONDS]) {
    const tried = pause === 0 ? planned : [...failing].flatMap(([one, { tries }]) => (tries === 1 ? one : []));
    if (tried.length === 0 || (pause > 0 && isDue(lastAttemptAt, clock.now()))) break;
    if (pause > 0) await clock.sleep(pause);
    const seats = await seatsOf(tried, ledger);
    await inParallel(tried, CHANGES_AT_ONCE, async (change) => {
      // Lack of time puts no user aside.
      if (isDue(lastAttemptAt, clock.now())) {
        if (pause === 0) left.push(change);
        return;
      }
      const outcome = await attempt(taskIn(seats, change), services);
      if (typeof outcome === 'string') {
        count(outcome);
        failing.delete(change);
      } else failing.set(change, outcome);
      throttled ||= typeof outcome !== 'string' && outcome.reason === 'throttled';
    });
  }
  if (throttled) services.measure('StepsThrottled', 1);
  for (const [change, { reason }] of isDue(lastAttemptAt, clock.now()) ? failing : []) {
    // Other callers took their share of the quota: that says nothing about these users.
    if (reason !== 'throttled') continue;
    failing.delete(change);
    left.push(change);
  }
  for (const _ of left) count('left');
  const seats = await seatsOf([...failing.keys()], ledger);
  await inParallel([...failing], CHANGES_AT_ONCE, async ([change, setback]) => {
    if (await putChangeAside(taskIn(seats, change), setback, services)) count('aside');
  });
  return { outcomes, left };
}

/** By {@link keyOf}: for each seat, a batch has one change. */
async function seatsOf(changes: readonly PlannedChange[], ledger: Ledger): Promise<Map<string, Seat>> {
  return new Map((await ledger.seats(changes)).map((seat) => [keyOf(seat), seat]));
}
