import type { ApplicationReport } from '../../domain/decision/application-state.ts';
import type { Batch } from '../../domain/decision/batches.ts';
import { isStalled } from '../../domain/decision/progress.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { completeItems, markPlanned, releaseIfIdle, requeueServed } from '../../domain/queue/claim.ts';
import { enqueueSweeps, enqueueUsers } from '../../domain/queue/enqueue.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { noteRequests } from '../../domain/queue/requests.ts';
import { recordSweeps, type Swept } from '../../domain/queue/sweep-reports.ts';
import { askedAtOf, type WorkItems, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { hasBegun } from '../../domain/seat/seat.ts';
import { markNotBegun, putAside } from '../../domain/seat/transitions.ts';
import { LeaseLostError, NotConvergedError } from '../../domain/shared/errors.ts';
import { ApplicationArn } from '../../domain/shared/ids.ts';
import { measureFound, measureSweeps, measureTotals, seatsLeft } from './metrics.ts';
import type { HeldServices, PlanOutput, ReconcileResult, Round, RunContext } from './result.ts';

/** A round that has changes to make. */
interface ChangingRound extends Round {
  batches: Batch[];
  /**
   * The work items that these changes complete. What did not fit in this round stays due, and the next plan follows
   * without a settle wait.
   */
  settling: WorkItems;
}

/**
 * Puts the users aside whose changes were planned again and again without effect, so that no execution waits for them.
 *
 * @returns whether there were any: an audit event cannot be put aside
 */
export async function putStalledAside(
  { items, batches }: { items: WorkItems; batches: readonly Batch[] },
  { execution, progress }: RunContext,
  { clock, ledger, lease, entitlements }: HeldServices,
): Promise<boolean> {
  const changes = batches.filter(({ kind }) => kind === 'grant' || kind === 'revoke');
  const keys = changes.flatMap(({ applicationArn, userIds }) => userIds.map((userId) => ({ applicationArn, userId })));
  const seats = new Map((await ledger.seats(keys)).map((seat) => [`${seat.applicationArn} ${seat.userId}`, seat]));
  let count = 0;
  for (const { applicationArn, userId } of keys) {
    const seat = seats.get(`${applicationArn} ${userId}`);
    const now = clock.now();
    const entitlement = entitlements.entitlements.find(({ application }) => application === applicationArn);
    const item = items.users[userId] ?? items.sweeps[applicationArn];
    let stalled = seat;
    if (!hasBegun(seat)) {
      // Whatever keeps the change from beginning, such as a read right before it that says otherwise.
      if (!entitlement || !item) continue;
      const requestedAt = askedAtOf(item, userId);
      const target = { applicationArn, userId, entitlement: entitlement.name, requestedAt };
      stalled = markNotBegun(seat, target, { now, execution, cause: item.cause, reason: 'reconciled' });
    }
    if (!stalled) continue;
    const aside = putAside(stalled, NotConvergedError.REASON, { now, execution }, progress.stalled);
    await lease.renewLease();
    await ledger.saveSeat({ ...aside, revision: (seat?.revision ?? 0) + 1 });
    count += 1;
  }
  return count > 0;
}

/** Sends the batches on their way: `ApplyChanges` makes them. */
export async function dispatch(
  { batches, settling, ...round }: ChangingRound,
  { execution, term, progress }: RunContext,
  services: HeldServices,
): Promise<PlanOutput> {
  const { clock, lease, entitlements } = services;
  const { readAt, result } = round;
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  const revoking = new Set(batches.flatMap(({ kind, applicationArn }) => (kind === 'revoke' ? [applicationArn] : [])));
  const marking = await lease.change((queue) => {
    const served = requeueServed(queue, round.items, readAt);
    const marked = markPlanned(served, settling, { term, startedAt: readAt });
    // A slot that becomes free is given by a sweep, which sees the whole waitlist.
    const freeing =
      withWaitlists(queue, result).lines?.filter((one) => revoking.has(one) && !settling.sweeps[one]) ?? [];
    const context = { me: execution, cause: execution, now: clock.now() };
    const swept = new Map([...freeing.map((one) => [one, { withStatus: false }] as const), ...result.sweepsNeeded]);
    const named = enqueueUsers(marked, usersAlone(round, clock.now()), context);
    const found = withSweeps(withWaitlists(enqueueSweeps(named, swept, context), result), round, entitlements);
    return { before: queue, queue: found };
  });
  const unconfigured = measureSweeps(marking, services) ? await seatsLeft(marking.queue, services) : [];
  const proving = [
    ...new Set([...(progress.proving ?? []), ...Object.keys(settling.users), ...Object.keys(settling.sweeps)]),
  ];
  return {
    outcome: 'apply',
    batches,
    term,
    plannedAt: readAt.toISOString(),
    progress: { ...progress, proving },
    ...(unconfigured.length > 0 ? { unconfigured } : {}),
  };
}

/** By user id, when those asked first who are to be checked on their own, also because their application cannot be read. */
function usersAlone({ items, result }: Round, now: Date): ReadonlyMap<string, string> {
  const unread = new Set([...result.faulted, ...result.failures.map(({ key }) => key)]);
  const asked = Object.entries(items.sweeps).flatMap(([application, item]) =>
    unread.has(application) ? Object.entries(item.asked ?? {}) : [],
  );
  return new Map([...result.alone.map((userId) => [userId, now.toISOString()] as const), ...asked]);
}

/** Notes in which applications users wait, as far as a plan has seen it. */
function withWaitlists(queue: WorkQueue, { hasWaitlist }: ReconcileResult): WorkQueue {
  const kept = (queue.lines ?? []).filter((application) => !hasWaitlist.has(application));
  const found = [...hasWaitlist].flatMap(([application, line]) => (line ? [application] : []));
  const all = [...kept, ...found];
  const { lines: _, ...rest } = queue;
  return all.length > 0 ? { ...rest, lines: all } : rest;
}

/**
 * Notes what the sweeps of a round found. One that found something to change in Identity Center is not a full sweep; an
 * audit event that is not on the bus is nothing of the kind.
 */
function withSweeps(queue: WorkQueue, { items, readAt, result }: Round, { entitlements }: Entitlements): WorkQueue {
  const changes = result.changes.filter(({ kind }) => kind !== 'record');
  const changing = new Set(changes.map(({ applicationArn }) => applicationArn));
  const ofStatus = changes.filter(({ reason }) => reason === 'user-disabled' || reason === 'user-deleted');
  const statusChanging = new Set(ofStatus.map(({ applicationArn }) => applicationArn));
  // A refusal that stands at a seat is that user's: the application was read.
  const unread = new Set(result.failures.flatMap(({ key, seat }) => (seat ? [] : [key])));
  const swept = [...result.reports].flatMap(([application, report]) => {
    const item = items.sweeps[application];
    if (!item) return [];
    const wasRead = !unread.has(application);
    const full = wasRead && !changing.has(application);
    const withStatus = wasRead && item.withStatus && !statusChanging.has(application);
    return [[application, { counts: countsOf(report), full, withStatus }] as const];
  });
  const configured = entitlements.map(({ application }) => application);
  return recordSweeps(queue, new Map(swept), { configured, readAt });
}

function countsOf({ entitlement: _, assignedGroups = [], ...report }: ApplicationReport): Swept['counts'] {
  return { overCap: 0, held: 0, ...report, assignedGroups: assignedGroups.length };
}

/** What became of the work queue. */
export interface RoundCompletion {
  /** The queue as it is now. */
  queue: WorkQueue;
  /** Something is due now. */
  due: boolean;
  /** Undefined: nothing is left to check for this execution. */
  waitSeconds: number | undefined;
  unconfigured: NonNullable<PlanOutput['unconfigured']>;
}

/**
 * Completes what is verified, requeues the rest, and gives the lease back if nothing else is due.
 *
 * @param served those of the round's work items that no failure concerns
 * @param unchecked says in the queue what becomes of the others
 */
export async function completeRound(
  round: Round,
  { served, unchecked }: { served: WorkItems; unchecked: (queue: WorkQueue) => WorkQueue },
  { execution }: RunContext,
  services: HeldServices,
): Promise<RoundCompletion> {
  const { clock, lease, entitlements } = services;
  const { items, readAt, result } = round;
  const refused = new Set(result.failures.map(({ key }) => key));
  const at = readAt.toISOString();
  const completed = await lease.change((before) => {
    if (holderOf(before, clock.now()) !== execution)
      throw new LeaseLostError('The lease was lost while a plan was made');
    const done = completeItems(before, served, { me: execution, startedAt: readAt, ...result, refused });
    const context = { me: execution, cause: execution, now: clock.now() };
    const named = enqueueUsers(unchecked(done), usersAlone(round, clock.now()), context);
    const swept = enqueueSweeps(named, result.sweepsNeeded, context);
    const failed = [...refused].filter((key) => ApplicationArn.safeParse(key).success);
    const { now } = context;
    const enqueued = noteRequests(swept, items.users, { failed, entitlements: entitlements.entitlements, now });
    const noted = {
      ...withSweeps(withWaitlists(enqueued, result), round, entitlements),
      sweptAt: { ...enqueued.sweptAt, ...Object.fromEntries(Object.keys(items.sweeps).map((one) => [one, at])) },
      ...(result.userPages === undefined ? {} : { userPages: result.userPages }),
    };
    return { before, ...releaseIfIdle(noted, execution, clock.now()) };
  });
  measureFound(result, completed.before, services);
  const unconfigured = measureSweeps(completed, services) ? await seatsLeft(completed.queue, services) : [];
  if (result.reports.size > 0) measureTotals(completed.queue, readAt, services);
  return { ...completed, unconfigured };
}
