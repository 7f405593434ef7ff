import { toBatches } from '../../domain/decision/batches.ts';
import { countBatch, countPlan, isSpent, isStalled, type Progress } from '../../domain/decision/progress.ts';
import { managedOf } from '../../domain/entitlements.ts';
import { isAside } from '../../domain/queue/aside.ts';
import { requeueFailed } from '../../domain/queue/claim.ts';
import { digestOf, dropRounds, outdatedRounds, passBatch, roundAt, roundsOf } from '../../domain/queue/rounds.ts';
import { nextTurn, type Turn, usersPerPass } from '../../domain/queue/turns.ts';
import { itemsWithout, type StoredRound, type WorkItems, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { openLease, updateQueue } from '../lease.ts';
import { beginRound, continueRound, putStalledAside } from './begin-round.ts';
import { complete, requeueOnFailure } from './complete.ts';
import { enqueueAndClaim } from './enqueue.ts';
import { findJoined } from './find-joined.ts';
import type { PassCompletion } from './finish.ts';
import { listReaderOf } from './list-evidence.ts';
import { measureHealth, measureSubscriptions } from './metrics.ts';
import { reconcile } from './reconcile-application.ts';
import type {
  HeldServices,
  Pass,
  PlanInput,
  PlanOutput,
  PlanServices,
  ReconcileResult,
  RunContext,
  SubscriptionCounts,
} from './result.ts';
import { READ_SECONDS } from './snapshot.ts';
import { readerOfStored } from './stored-changes.ts';

/**
 * After this, no further pass begins in the same call: a stream of hints must not keep a function until its time limit,
 * where it would lose what it has not written. The next call continues under the same lease.
 */
const PASSES_SECONDS = 300;
const NO_ITEMS: WorkItems = { users: {}, sweeps: {} };

/**
 * Enqueues the request and claims the lease; then reconciles everything that is due, named users and whole applications
 * in turn. A pass without changes completes its work items; the next follows at once while something is due. A pass with changes
 * stores them as a round, of which one batch at a time is made.
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
  await passUnrecorded({ execution, term, progress }, services);
  const beganAt = clock.now();
  const isLate = () => secondsBetween(beganAt, clock.now()) >= PASSES_SECONDS;
  let run = { execution, term, progress };
  let reports: ReconcileResult['reports'] = new Map();
  let subscriptions: SubscriptionCounts[] = [];
  const found = () => ({
    ...(reports.size > 0 ? { report: [...reports.values()] } : {}),
    ...(subscriptions.length > 0 ? { subscriptions } : {}),
  });
  for (;;) {
    const turn = await takeTurn(services);
    if (turn?.serves === 'round') {
      const proving = provingWith(run.progress, turn.round, lease.queue);
      run = { ...run, progress: countBatch(countPlan({ ...run.progress, proving }, [])) };
      return isSpent(run.progress) ? stopEarly(run, services) : { ...continueRound(turn.round, run), ...found() };
    }
    if (turn?.serves === 'joins') {
      if (isLate()) return { ...waiting(0, run.progress), ...found() };
      await findJoined(turn, execution, services);
      continue;
    }
    const secondsLeft = () => READ_SECONDS - secondsBetween(beganAt, clock.now());
    const pass = await reconcileDue(turn?.items ?? NO_ITEMS, run, services, secondsLeft);
    const { items, result } = pass;
    reports = new Map([...reports, ...result.reports]);
    subscriptions = [...subscriptions, ...result.subscriptions];
    measureSubscriptions(result.subscriptions, lease.queue, services);
    const { batches, more } = toBatches(result.changes, result.holds, {
      requestsPerSecond: services.entitlements.requestsPerSecond,
      managed: managedIn(services),
      users: services.batchUsers,
    });
    run = { ...run, progress: progressAfter(countPlan(run.progress, batches), result, more) };
    if (isSpent(run.progress)) return stopEarly(run, services);
    if (isStalled(run.progress) && (await putStalledAside({ batches, readAt: pass.readAt }, run, services))) {
      run = { ...run, progress: withoutDigest(run.progress) };
      continue;
    }
    if (batches.length > 0) {
      run = { ...run, progress: countBatch(run.progress) };
      const begun = await requeueOnFailure(items, run, services, () =>
        beginRound({ ...pass, batches, more }, run, services),
      );
      return { ...begun, ...found() };
    }
    const completed = await complete(pass, run, services);
    const verified = withoutVerified(run.progress, items, completed.requeueAt);
    run = { ...run, progress: withOutcome(verified, completed) };
    if (completed.due && !isLate()) continue;
    return { ...outcomeOf(run.progress, completed), ...found() };
  }
}

/** What is to be served now. Of a round whose reads or configuration are old, no further batch begins: what is left is decided anew. */
async function takeTurn({ lease, clock, entitlements }: HeldServices): Promise<Turn | undefined> {
  const drop = async (rounds: readonly StoredRound[]) => {
    if (rounds.length > 0) await lease.change((queue) => ({ queue: dropRounds(queue, rounds, clock.now()) }));
  };
  await lease.renewLease();
  const now = clock.now();
  if (lease.queue.rounds) await drop(outdatedRounds(lease.queue, digestOf(entitlements), now));
  const turn = nextTurn(lease.queue, now, usersPerPass(entitlements));
  if (!turn || turn.serves === 'round') return turn;
  // What was planned before for an application that is read as a whole is decided anew, and no longer counts.
  if (turn.serves === 'sweeps') await drop(roundsOf(lease.queue, Object.keys(turn.items.sweeps)));
  // Noted before the reads: if they fail for now, the next try serves the others.
  if (turn.contested) await lease.change((queue) => ({ queue: { ...queue, served: turn.serves } }));
  return turn;
}

/**
 * Continues a round of which `RecordAudit` has failed for good: under the same lease, the batch was made, unless
 * `ApplyChanges` found its reads too old, or another configuration. The plan after the round finds the audit events, and what
 * was not made.
 */
async function passUnrecorded(
  { execution, term, progress: { making } }: RunContext,
  { lease, clock }: HeldServices,
): Promise<void> {
  if (making?.term !== term || !roundAt(lease.queue, making)) return;
  await lease.change((queue) => ({ queue: passBatch(queue, making, { me: execution, now: clock.now() }) }));
}

/** Reads, decides and commits what is due now. */
async function reconcileDue(
  items: WorkItems,
  { execution, term, progress }: RunContext,
  services: HeldServices,
  secondsLeft: () => number,
): Promise<Pass> {
  const { lease, clock } = services;
  const { renewLease } = lease;
  const readAt = clock.now();
  const { userPages } = lease.queue;
  const { checked, listUsers } = progress;
  const sweepsAside = Object.keys(lease.queue.sweeps).filter((application) =>
    isAside(lease.queue, application, readAt),
  );
  const storedIn = readerOfStored(lease.queue, services.ledger);
  const listFor = listReaderOf({ members: new Map(), secondsLeft }, services);
  const { stopped } = lease.queue;
  const result = await requeueOnFailure(items, { execution, term, progress }, services, () =>
    reconcile(
      items,
      { readAt, execution, checked, userPages, listUsers, secondsLeft, sweepsAside, storedIn, listFor, stopped },
      { ...services, renewLease },
    ),
  );
  return { items: itemsWithout(items, new Set(result.unserved)), readAt, result };
}

/** The applications whose subscriptions Usher changes. */
function managedIn({ entitlements: { entitlements } }: HeldServices): ReadonlySet<string> {
  return new Set(entitlements.flatMap((one) => (managedOf(one) ? one.application : [])));
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

/** The work items whose changes this execution has not seen verified: those of this pass are, unless they are requeued. */
function withoutVerified(
  { proving = [], ...progress }: Progress,
  { users, sweeps }: WorkItems,
  requeueAt: ReadonlyMap<string, string>,
): Progress {
  const left = proving.filter((key) => !(users[key] || sweeps[key]) || requeueAt.has(key));
  return left.length > 0 ? { ...progress, proving: left } : progress;
}

/** The same, and the work items that wait for a round: the execution that makes its changes has them verified, also if another execution planned them. */
function provingWith({ proving = [] }: Progress, { id }: StoredRound, { users, sweeps }: WorkQueue): string[] {
  const items = [...Object.entries(users), ...Object.entries(sweeps)];
  return [...new Set([...proving, ...items.flatMap(([key, { planned }]) => (planned === id ? key : []))])];
}

/** What the execution does while nothing is due: it waits for its own items, or ends. */
function outcomeOf(progress: Progress, { waitSeconds, unconfigured, queue }: PassCompletion): PlanOutput {
  if (waitSeconds !== undefined) return waiting(waitSeconds, progress);
  return { ...endOf(progress, queue), ...(unconfigured.length > 0 ? { unconfigured } : {}) };
}

function endOf(progress: Progress, queue: WorkQueue): PlanOutput {
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
