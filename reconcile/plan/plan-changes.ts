import { type Batch, ROUND_BATCHES, toBatches } from '../../domain/decision/batches.ts';
import { countRound, isSpent, isStalled, type Progress } from '../../domain/decision/progress.ts';
import { isAside } from '../../domain/queue/aside.ts';
import { requeueFailed } from '../../domain/queue/claim.ts';
import { nextTurn, usersPerPass } from '../../domain/queue/turns.ts';
import { itemsWithout, type WorkItems, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { openLease, updateQueue } from '../lease.ts';
import { complete, requeueOnFailure } from './complete.ts';
import { enqueueAndClaim } from './enqueue.ts';
import { dispatch, putStalledAside } from './finish.ts';
import { measureHealth } from './metrics.ts';
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

/**
 * After this, no further pass begins in the same call: a stream of hints must not keep a function until its time limit,
 * where it would lose what it has not written. The next call continues under the same lease.
 */
const PASSES_SECONDS = 300;
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
  if (input.request.trigger === 'tick' && input.progress.round === 0) {
    measureHealth(queue, services.clock.now(), services);
  }
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
      const settling = more ? NO_ITEMS : itemsWithout(items, new Set(result.failures.map(({ key }) => key)));
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
  return { items: itemsWithout(items, new Set(result.unserved)), readAt, result };
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
