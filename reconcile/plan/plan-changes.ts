import type { Failure } from '../../domain/decision/application-state.ts';
import { type Batch, ROUND_BATCHES, toBatches } from '../../domain/decision/batches.ts';
import { countRound, isSpent, isStalled, type Progress } from '../../domain/decision/progress.ts';
import { isAside, isReported, putItemsAside, type Unchecked } from '../../domain/queue/aside.ts';
import { isReady, requeueFailed } from '../../domain/queue/claim.ts';
import { releaseLease } from '../../domain/queue/lease.ts';
import { nextTurn, usersPerPass } from '../../domain/queue/turns.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import { markReported } from '../../domain/seat/transitions.ts';
import { LeaseLostError, NotConvergedError, RefusedError } from '../../domain/shared/errors.ts';
import { ApplicationArn } from '../../domain/shared/ids.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds, secondsBetween } from '../../domain/shared/time.ts';
import { openLease, updateQueue } from '../lease.ts';
import { enqueueAndClaim } from './enqueue.ts';
import { completeRound, dispatch, putStalledAside } from './finish.ts';
import { reconcile } from './reconcile-application.ts';
import type {
  HeldServices,
  PlanInput,
  PlanOutput,
  PlanServices,
  ReconcileResult,
  Round,
  RunContext,
} from './result.ts';
import { READ_SECONDS } from './snapshot.ts';

/** A refusal is checked again after this, unless an operator redrives the execution before. */
const RETRY_REFUSED_SECONDS = 3600;
/**
 * After this, no further pass begins in the same call: a stream of hints must not keep a function until its time limit,
 * where it would lose what it has not written. The next call continues under the same lease.
 */
const PASSES_SECONDS = 300;
/**
 * A failure waits for everything else so often, half a minute each: then it is reported, even if others never end, or wait
 * for what has failed.
 */
const MOST_DEFERRED = 20;
const NO_ITEMS: WorkItems = { users: {}, sweeps: {} };

/**
 * Enqueues the request and claims the lease; then reconciles everything that is due, named users and whole applications
 * in turn. A round without changes completes its work items; the next follows at once while something is due.
 *
 * @throws TransientAwsError · RefusedError, with nothing changed or everything else served · NotConvergedError
 */
export async function planChanges(input: PlanInput, services: PlanServices): Promise<PlanOutput> {
  const { execution } = input;
  const { claim, redriven, expired, queue } = await enqueueAndClaim(input, services);
  if (expired) services.measure('LeasesExpired', 1);
  const progress = redriven ? { ...input.progress, stalled: 0, deferred: 0 } : input.progress;
  if (claim.turn === 'handedOver') {
    services.measure('ExecutionsHandedOver', 1);
    return { outcome: 'handedOver', progress, ...(claim.to ? { handedOverTo: claim.to } : {}) };
  }
  if (claim.turn === 'wait') return waiting(claim.waitSeconds, progress);
  if (claim.turn === 'nothing') return { outcome: 'converged', progress };
  try {
    return await planWhileDue({ execution, term: claim.term, progress }, queue, services);
  } catch (error) {
    // Another execution took the lease while this plan was made: the next call finds out whose turn it is.
    if (error instanceof LeaseLostError) return waiting(0, progress);
    throw error;
  }
}

function waiting(waitSeconds: number, progress: Progress): PlanOutput {
  return { outcome: 'settle', settle: { waitSeconds }, progress: { ...progress, round: progress.round + 1 } };
}

async function planWhileDue(
  { execution, term, progress }: RunContext,
  taken: WorkQueue,
  planServices: PlanServices,
): Promise<PlanOutput> {
  const { clock, ledger } = planServices;
  const lease = await openLease(ledger, clock, { execution, term, taken });
  const services = { ...planServices, lease };
  const beganAt = clock.now();
  let run = { execution, term, progress };
  let reports: ReconcileResult['reports'] = new Map();
  for (;;) {
    const secondsLeft = () => READ_SECONDS - secondsBetween(beganAt, clock.now());
    const round = await reconcileDue(run, services, secondsLeft);
    const { items, result } = round;
    reports = new Map([...reports, ...result.reports]);
    const { batches, more } = batchesOf(result, services.entitlements.requestsPerSecond);
    run = { ...run, progress: progressAfter(countRound(run.progress, batches), result, more) };
    if (isSpent(run.progress)) return stopEarly(run, services);
    if (isStalled(run.progress) && (await putStalledAside({ items, batches }, run, services))) {
      run = { ...run, progress: withoutDigest(run.progress) };
      continue;
    }
    if (batches.length > 0) {
      const settling = more ? NO_ITEMS : without(items, new Set(result.failures.map(({ key }) => key)));
      return requeueOnFailure(items, run, services, () => dispatch({ ...round, settling, batches }, run, services));
    }
    const completed = await complete(round, run, services);
    const verified = withoutVerified(run.progress, items, completed.requeueAt);
    run = { ...run, progress: withOutcome(verified, completed) };
    if (completed.due && secondsBetween(beganAt, clock.now()) < PASSES_SECONDS) continue;
    const found = reports.size > 0 ? { report: [...reports.values()] } : {};
    const { waitSeconds, unconfigured, queue } = completed;
    if (waitSeconds !== undefined) return { ...waiting(waitSeconds, run.progress), ...found };
    return { ...outcomeOf(run.progress, queue), ...found, ...(unconfigured.length > 0 ? { unconfigured } : {}) };
  }
}

/** Reads, decides and commits what is due now. */
async function reconcileDue(
  { execution, term, progress }: RunContext,
  services: HeldServices,
  secondsLeft: () => number,
): Promise<Round> {
  const { lease, clock } = services;
  const { renewLease } = lease;
  await renewLease();
  const readAt = clock.now();
  const { items, serves, contested } = nextTurn(lease.queue, readAt, usersPerPass(services.entitlements));
  // Noted before the reads: if they fail for now, the next try serves the others.
  if (contested) await lease.change((queue) => ({ queue: { ...queue, served: serves } }));
  const { userPages } = lease.queue;
  const { checked, listUsers } = progress;
  const aside = Object.keys(lease.queue.sweeps).filter((application) => isAside(lease.queue, application, readAt));
  const result = await requeueOnFailure(items, { execution, term, progress }, services, () =>
    reconcile(
      items,
      { readAt, execution, checked, userPages, listUsers, secondsLeft, aside },
      { ...services, renewLease },
    ),
  );
  return { items: without(items, new Set(result.unserved)), readAt, result };
}

function batchesOf(
  { changes, holds }: ReconcileResult,
  requestsPerSecond: number,
): { batches: Batch[]; more: boolean } {
  const { batches, more } = toBatches(changes, requestsPerSecond);
  const room = more ? 0 : ROUND_BATCHES - batches.length;
  const events = holds.slice(0, room).map((applicationArn) => ({
    applicationArn,
    kind: 'hold' as const,
    reason: 'reconciled' as const,
    userIds: [],
  }));
  return { batches: [...batches, ...events], more: more || holds.length > room };
}

/**
 * What the next plan has to know of this one.
 *
 * @param more changes were left for the next plan
 */
function progressAfter(
  { listUsers: _, held = [], ...progress }: Progress,
  { checked, listedUsers, heldCounts }: ReconcileResult,
  more: boolean,
): Progress {
  const still = held.filter((application) => !heldCounts.has(application));
  const now = [...heldCounts].flatMap(([application, count]) => (count > 0 ? [application] : []));
  return {
    ...progress,
    checked,
    ...(more && listedUsers ? { listUsers: true } : {}),
    ...(still.length + now.length > 0 ? { held: [...still, ...now] } : {}),
  };
}

/** The work items whose changes this execution has not seen verified: those of this round are, unless they are requeued. */
function withoutVerified(
  { proving = [], ...progress }: Progress,
  { users, sweeps }: WorkItems,
  requeueAt: ReadonlyMap<string, string>,
): Progress {
  const left = proving.filter((key) => !(users[key] || sweeps[key]) || requeueAt.has(key));
  return left.length > 0 ? { ...progress, proving: left } : progress;
}

/** Nothing is left to check: how the execution ends. */
function outcomeOf(progress: Progress, queue: WorkQueue): PlanOutput {
  const [verifier] = verifiersOf(progress, queue);
  if (verifier) return { outcome: 'handedOver', handedOverTo: verifier, progress };
  // A tick continues: nothing is verified of those who were put aside.
  if (progress.aside) return { outcome: 'handedOver', progress };
  return { outcome: progress.held?.length ? 'held' : 'converged', progress };
}

/** Who verifies changes of this execution instead: a later hint has given the work item to another one. */
function verifiersOf({ proving = [] }: Progress, { users, sweeps }: WorkQueue): string[] {
  return proving.flatMap((key) => users[key]?.by ?? sweeps[key]?.by ?? []);
}

function withOutcome(before: Progress, { aside, deferred }: { aside: boolean; deferred: boolean }): Progress {
  return {
    ...before,
    ...(aside ? { aside } : {}),
    ...(deferred ? { deferred: (before.deferred ?? 0) + 1 } : {}),
  };
}

/** The progress after the changes that had no effect were put aside. */
function withoutDigest({ digest: _, ...progress }: Progress): Progress {
  return { ...progress, stalled: 0 };
}

/** Ends before AWS would end the execution: what is due stays in the queue, for the next event or tick. */
async function stopEarly({ execution, progress }: RunContext, { clock, ledger }: PlanServices): Promise<PlanOutput> {
  await updateQueue(ledger, (queue) => ({
    queue: requeueFailed(queue, NO_ITEMS, { me: execution, retryAt: clock.now().toISOString() }),
  }));
  return { outcome: 'handedOver', progress };
}

/**
 * Completes a round that changes nothing.
 *
 * @returns what became of the queue, and when each work item is checked again
 * @throws RefusedError · NotConvergedError for what could not be checked or changed, once everything else is served, and
 *   unless another execution has failed for it within the hour
 */
async function complete(round: Round, run: RunContext, services: HeldServices) {
  const { items, readAt, result } = round;
  const { queue } = services.lease;
  const news = result.failures.filter((one) => !isReported(queue, uncheckedOf(one), readAt));
  const known = result.failures.filter((one) => !news.includes(one));
  const isPatient = (run.progress.deferred ?? 0) < MOST_DEFERRED;
  const isFailing = news.length > 0 && !(isPatient && (await isAnythingLeft(round, run, services)));
  const failing = isFailing ? result.failures : known;
  const served = without(items, new Set(failing.map(({ key }) => key)));
  const unchecked = (queueNow: WorkQueue): WorkQueue => {
    const now = services.clock.now();
    const aside = { snapshot: items, now, retryAt: plusSeconds(now, RETRY_REFUSED_SECONDS) };
    const left = putItemsAside(queueNow, known.map(uncheckedOf), aside);
    return isFailing ? putItemsAside(left, news.map(uncheckedOf), { ...aside, failing: run.execution }) : left;
  };
  if (isFailing) await reportAtSeats(news, services);
  const again = isFailing ? result : checkAgain(round, news);
  const completed = await requeueOnFailure(items, run, services, () =>
    completeRound({ ...round, result: again }, { served, unchecked }, run, services),
  );
  if (isFailing) return failFor(news, run, services);
  const aside = result.aside > 0 || known.length > 0;
  return { ...completed, requeueAt: again.requeueAt, aside, deferred: news.length > 0 };
}

function uncheckedOf({ key, error, seat }: Failure): Unchecked {
  const { nextAttemptAt } = seat ?? {};
  return { key, reason: error.reason, ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }) };
}

/** What failed is checked again while something else is left to do: only then does the execution fail for it. */
function checkAgain({ items, readAt, result }: Round, failures: readonly Failure[]): ReconcileResult {
  const retryAt = plusSeconds(readAt, SETTLE_SECONDS);
  const isItem = ({ key }: Failure) => items.users[key] !== undefined || items.sweeps[key] !== undefined;
  const others = failures.filter((one) => !isItem(one)).map(({ key }) => key);
  const applications = others.filter((key) => ApplicationArn.safeParse(key).success);
  return {
    ...result,
    alone: [...result.alone, ...others.filter((key) => !applications.includes(key))],
    requeueAt: new Map([...result.requeueAt, ...failures.filter(isItem).map(({ key }) => [key, retryAt] as const)]),
    faulted: new Set([...result.faulted, ...failures.map(({ key }) => key)]),
    sweepsNeeded: new Map([
      ...applications.map((key) => [key, { withStatus: false }] as const),
      ...result.sweepsNeeded,
    ]),
  };
}

/** Whether something else is due, or waits for this execution to verify it: failures wait for it. */
async function isAnythingLeft(
  { items, readAt, result }: Round,
  { execution }: RunContext,
  { ledger }: HeldServices,
): Promise<boolean> {
  if (result.unverified) return true;
  const queue = await ledger.queue();
  return Object.entries({ ...queue.users, ...queue.sweeps }).some(([key, item]) => {
    if (items.users[key] || items.sweeps[key]) return false;
    // What cannot be read or changed verifies nothing: two of them must not wait for each other.
    return isReady(queue, item, readAt) || (item.by === execution && !item.failed && item.attempts === undefined);
  });
}

async function reportAtSeats(failures: readonly Failure[], { lease, ledger }: HeldServices): Promise<void> {
  for (const { seat } of failures) {
    if (!seat) continue;
    await lease.renewLease();
    await ledger.saveSeat(markReported(seat));
  }
}

/**
 * Fails the execution for what could not be checked or changed. Everything else is completed; only these work items stay,
 * for a redrive or until their next check.
 */
async function failFor(
  failures: readonly Failure[],
  { execution }: RunContext,
  services: HeldServices,
): Promise<never> {
  await services.lease.change((queue) => ({ queue: releaseLease(queue, execution) }));
  const [first, ...others] = failures;
  if (first && others.length > 0) first.error.message += `. So did ${others.length} more users or applications`;
  throw first?.error;
}

/** The work items whose keys are not among these. */
function without({ users, sweeps }: WorkItems, keys: ReadonlySet<string>): WorkItems {
  return { users: entriesWithout(users, keys), sweeps: entriesWithout(sweeps, keys) };
}

function entriesWithout<T>(entries: Readonly<Record<string, T>>, keys: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.has(key)));
}

/** Gives the lease back when a plan fails for good, and leaves its work items for a redrive. */
async function requeueOnFailure<T>(
  items: WorkItems,
  { execution }: RunContext,
  { clock, ledger }: PlanServices,
  plan: () => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof NotConvergedError) {
      await updateQueue(ledger, (queue) => ({
        queue: requeueFailed(queue, items, { me: execution, retryAt: plusSeconds(clock.now(), RETRY_REFUSED_SECONDS) }),
      }));
    }
    throw error;
  }
}
