import type { Batch } from '../../domain/decision/batches.ts';
import { isStalled } from '../../domain/decision/progress.ts';
import { completeItems, markPlanned, releaseIfIdle } from '../../domain/queue/claim.ts';
import { enqueueSweeps } from '../../domain/queue/enqueue.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError, NotConvergedError } from '../../domain/shared/errors.ts';
import { measureAll, measureFound, seatsLeft } from './metrics.ts';
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

/** Sends the batches on their way: `ApplyChanges` makes them. */
export async function dispatch(
  { batches, settling, readAt, result }: ChangingRound,
  { execution, term, progress }: RunContext,
  { clock, lease }: HeldServices,
): Promise<PlanOutput> {
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  const revoking = new Set(batches.flatMap(({ kind, applicationArn }) => (kind === 'revoke' ? [applicationArn] : [])));
  await lease.change((queue) => {
    const marked = markPlanned(queue, settling, { term, startedAt: readAt });
    // A slot that becomes free is given by a sweep, which sees the whole waitlist.
    const freeing =
      withWaitlists(queue, result).lines?.filter((one) => revoking.has(one) && !settling.sweeps[one]) ?? [];
    const context = { me: execution, cause: execution, now: clock.now() };
    const swept = new Map([...freeing.map((one) => [one, { withStatus: false }] as const), ...result.sweepsNeeded]);
    return { queue: withWaitlists(enqueueSweeps(marked, swept, context), result) };
  });
  const proving = [
    ...new Set([...(progress.proving ?? []), ...Object.keys(settling.users), ...Object.keys(settling.sweeps)]),
  ];
  return { outcome: 'apply', batches, term, plannedAt: readAt.toISOString(), progress: { ...progress, proving } };
}

/** Notes in which applications users wait, as far as a plan has seen it. */
function withWaitlists(queue: WorkQueue, { hasWaitlist }: ReconcileResult): WorkQueue {
  const kept = (queue.lines ?? []).filter((application) => !hasWaitlist.has(application));
  const found = [...hasWaitlist].flatMap(([application, line]) => (line ? [application] : []));
  const all = [...kept, ...found];
  const { lines: _, ...rest } = queue;
  return all.length > 0 ? { ...rest, lines: all } : rest;
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
 * @param served those of the round's work items that no refusal concerns
 */
export async function completeRound(
  { items, readAt, result }: Round,
  served: WorkItems,
  { execution }: RunContext,
  services: HeldServices,
): Promise<RoundCompletion> {
  const { clock, lease, entitlements } = services;
  const sweeps = entitlements.entitlements.map(({ application }) =>
    result.requeueAt.has(application) ? undefined : items.sweeps[application],
  );
  const refused = new Set(result.failures.map(({ key }) => key));
  const at = readAt.toISOString();
  const whole = sweeps.every((sweep) => sweep !== undefined);
  const withStatus = sweeps.every((sweep) => sweep?.withStatus);
  const unmanaged = Object.fromEntries([...result.reports].map(([application, one]) => [application, one.unmanaged]));
  const completed = await lease.change((before) => {
    if (holderOf(before, clock.now()) !== execution)
      throw new LeaseLostError('The lease was lost while a plan was made');
    const done = completeItems(before, served, {
      me: execution,
      startedAt: readAt,
      requeueAt: result.requeueAt,
      refused,
    });
    const enqueued = enqueueSweeps(done, result.sweepsNeeded, { me: execution, cause: execution, now: clock.now() });
    const noted = {
      ...withWaitlists(enqueued, result),
      sweptAt: { ...enqueued.sweptAt, ...Object.fromEntries(Object.keys(items.sweeps).map((one) => [one, at])) },
      ...(whole ? { lastSweepAt: at } : {}),
      ...(whole && withStatus ? { lastStatusSweepAt: at } : {}),
      ...(result.userPages === undefined ? {} : { userPages: result.userPages }),
      ...(result.reports.size > 0 ? { unmanaged: { ...before.unmanaged, ...unmanaged } } : {}),
    };
    return { before, ...releaseIfIdle(noted, execution, clock.now()) };
  });
  measureFound(result, completed.before, services);
  if (whole) measureAll(result, readAt, services);
  const unconfigured = whole ? await seatsLeft(completed.queue, services) : [];
  return { ...completed, unconfigured };
}
