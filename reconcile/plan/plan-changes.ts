import type { Batch } from '../../domain/decision/batches.ts';
import { ROUND_BATCHES, toBatches } from '../../domain/decision/batches.ts';
import { countRound, isSpent, type Progress } from '../../domain/decision/progress.ts';
import { requeueFailed } from '../../domain/queue/claim.ts';
import { dueItems } from '../../domain/queue/due.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import { markReported } from '../../domain/seat/transitions.ts';
import { LeaseLostError, NotConvergedError, RefusedError } from '../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { openLease, updateQueue } from '../lease.ts';
import { enqueueAndClaim } from './enqueue.ts';
import { completeRound, dispatch } from './finish.ts';
import { reconcile } from './reconcile-application.ts';
import type {
  ApplicationReport,
  HeldServices,
  PlanInput,
  PlanOutput,
  PlanServices,
  ReconcileResult,
  RunContext,
} from './result.ts';

/** A refusal is looked at again after this, unless somebody redrives the execution before. */
const RETRY_REFUSED_SECONDS = 3600;
/**
 * Puts the request into the mailbox, and plans for all that is due if the lease is to be had: named users first, then
 * whole applications. An empty plan closes its looks; the next is made at once while something is due.
 *
 * @throws TransientAwsError · RefusedError, with nothing changed or everybody else served · NotConvergedError
 */
export async function planChanges(input: PlanInput, services: PlanServices): Promise<PlanOutput> {
  const { execution } = input;
  const { turn, redriven, expired, work } = await enqueueAndClaim(input, services);
  if (expired) services.measure('LeasesExpired', 1);
  const progress = redriven ? { ...input.progress, stalled: 0 } : input.progress;
  if (turn.turn === 'handedOver') {
    services.measure('ExecutionsHandedOver', 1);
    return { outcome: 'handedOver', progress, ...(turn.to ? { handedOverTo: turn.to } : {}) };
  }
  if (turn.turn === 'wait') return waiting(turn.waitSeconds, progress);
  if (turn.turn === 'nothing') return { outcome: 'converged', progress };
  try {
    return await planWhileDue({ execution, term: turn.term, progress }, work, services);
  } catch (error) {
    // Somebody else took over while this plan was being made: whose turn it is now, the next call finds out.
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
  const { renewLease } = lease;
  const reports = new Map<string, ApplicationReport>();
  let course = { execution, term, progress };
  for (;;) {
    await renewLease();
    const readAt = clock.now();
    const { looks, userPages } = nextItems(lease.work, readAt);
    const { checked, listUsers } = course.progress;
    const plan = await requeueOnFailure(looks, course, services, () =>
      reconcile(looks, { readAt, execution, checked, userPages, listUsers }, { ...services, renewLease }),
    );
    for (const [application, report] of plan.reports) reports.set(application, report);
    const found = reports.size > 0 ? { report: [...reports.values()] } : {};
    const { batches, more } = batchesOf(plan, services.entitlements.requestsPerSecond);
    course = {
      ...course,
      progress: withHeld(planned(countRound(course.progress, batches), plan, more), plan),
    };
    if (isSpent(course.progress)) return stopEarly(course.progress, execution, services);
    if (batches.length > 0) {
      const settling = more ? { users: {}, sweeps: {} } : without(looks, plan.failures);
      return requeueOnFailure(looks, course, services, () =>
        dispatch(settling, batches, plan, readAt, course, services),
      );
    }
    if (plan.failures.length > 0) await failForRefusals(looks, plan, readAt, course, services);
    const { due, waitSeconds, unconfigured, work } = await requeueOnFailure(looks, course, services, () =>
      completeRound(looks, plan, { execution, readAt, attempted: looks }, services),
    );
    course = { ...course, progress: withoutVerified(course.progress, looks, plan) };
    if (due) continue;
    const { progress: end } = course;
    if (waitSeconds !== undefined) return { ...waiting(waitSeconds, end), ...found };
    return { ...outcomeOf(end, work), ...found, ...(unconfigured.length > 0 ? { unconfigured } : {}) };
  }
}

/** Nothing is left to look at: how the execution ends. */
function outcomeOf(progress: Progress, work: WorkQueue): PlanOutput {
  const [prover] = verifiersOf(progress, work);
  if (prover) return { outcome: 'handedOver', handedOverTo: prover, progress };
  return { outcome: progress.held?.length ? 'held' : 'converged', progress };
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

/** @param more changes were left for the next plan */
function planned({ listUsers: _, ...progress }: Progress, plan: ReconcileResult, more: boolean): Progress {
  return { ...progress, checked: plan.checked, ...(more && plan.listedUsers ? { listUsers: true } : {}) };
}

/** In which applications revocations are held, as last seen. */
function withHeld({ held = [], ...progress }: Progress, plan: ReconcileResult): Progress {
  const still = held.filter((application) => !plan.heldCounts.has(application));
  const now = [...plan.heldCounts].flatMap(([application, count]) => (count > 0 ? [application] : []));
  const all = [...still, ...now];
  return all.length > 0 ? { ...progress, held: all } : progress;
}

/** These looks showed that nothing is left to change. */
function withoutVerified(
  { proving = [], ...progress }: Progress,
  { users, sweeps }: WorkItems,
  plan: ReconcileResult,
): Progress {
  const left = proving.filter((key) => !(users[key] || sweeps[key]) || plan.requeueAt.has(key));
  return left.length > 0 ? { ...progress, proving: left } : progress;
}

/** Who proves changes of this execution in its stead: a later hint has made the look another's. */
function verifiersOf({ proving = [] }: Progress, { users, sweeps }: WorkQueue): string[] {
  return proving.flatMap((key) => users[key]?.by ?? sweeps[key]?.by ?? []);
}

/** Ends before AWS would end it: what is due stays in the mailbox, for the next event or tick. */
async function stopEarly(progress: Progress, me: string, { clock, ledger }: PlanServices): Promise<PlanOutput> {
  await updateQueue(ledger, (work) => ({
    work: requeueFailed(work, { users: {}, sweeps: {} }, { me, retryAt: clock.now().toISOString() }),
  }));
  return { outcome: 'handedOver', progress };
}

/** Named users first: there are few, and somebody waits for each. */
function nextItems(work: WorkQueue, now: Date): { looks: WorkItems; userPages: number | undefined } {
  const due = dueItems(work, now);
  const named = Object.keys(due.users).length > 0;
  return { looks: named ? { users: due.users, sweeps: {} } : due, userPages: work.userPages };
}

function without({ users, sweeps }: WorkItems, failures: ReconcileResult['failures']): WorkItems {
  const failed = Object.fromEntries(failures.map(({ key }) => [key, true]));
  return { users: rest(users, failed), sweeps: rest(sweeps, failed) };
}

/** The entries whose keys aren't among others. */
function rest<T>(entries: Readonly<Record<string, T>>, others: Readonly<Record<string, unknown>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !Object.hasOwn(others, key)));
}

/**
 * Fails the execution for what was refused, once everybody else is served: while something else is due, or was written
 * and is not proven yet, the failed looks are put off instead.
 */
async function failForRefusals(
  looks: WorkItems,
  plan: ReconcileResult,
  readAt: Date,
  course: RunContext,
  services: HeldServices,
): Promise<void> {
  const others = dueItems(await services.ledger.work(), readAt);
  const waiting = [...Object.keys(others.users), ...Object.keys(others.sweeps)];
  if (plan.unverified || waiting.some((key) => !looks.users[key] && !looks.sweeps[key])) {
    for (const { key } of plan.failures) plan.requeueAt.set(key, plusSeconds(readAt, SETTLE_SECONDS));
    return;
  }
  const [first] = plan.failures;
  for (const { seat } of plan.failures) if (seat) await services.ledger.saveSeat(markReported(seat));
  // The others are done with: only what was refused stays for a redrive, and is not looked at again and again meanwhile.
  const served = without(looks, plan.failures);
  const refused = {
    users: rest(looks.users, served.users),
    sweeps: rest(looks.sweeps, served.sweeps),
  };
  await requeueOnFailure(refused, course, services, async () => {
    await completeRound(served, plan, { execution: course.execution, readAt, attempted: looks }, services);
    throw first?.error;
  });
}

/** Gives the lease back when a plan fails for good, and leaves its looks for a redrive. */
async function requeueOnFailure<T>(
  looks: WorkItems,
  { execution }: RunContext,
  { clock, ledger }: PlanServices,
  plan: () => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof NotConvergedError) {
      await updateQueue(ledger, (work) => ({
        work: requeueFailed(work, looks, { me: execution, retryAt: plusSeconds(clock.now(), RETRY_REFUSED_SECONDS) }),
      }));
    }
    throw error;
  }
}
