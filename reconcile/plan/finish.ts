import type { Batch } from '../../domain/decision/batches.ts';
import { isStalled } from '../../domain/decision/progress.ts';
import { completeItems, markPlanned, releaseIfIdle } from '../../domain/queue/claim.ts';
import { enqueueSweeps } from '../../domain/queue/enqueue.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError, NotConvergedError } from '../../domain/shared/errors.ts';
import { measureAll, measureFound, seatsLeft } from './metrics.ts';
import type { HeldServices, PlanOutput, ReconcileResult, RunContext } from './result.ts';

/**
 * Sends the batches on their way.
 *
 * @param settling the looks that these changes bring to an end; what didn't fit in this round stays due, and the next
 *   plan follows without a time to settle
 */
export async function dispatch(
  settling: WorkItems,
  batches: Batch[],
  plan: ReconcileResult,
  readAt: Date,
  { execution, term, progress }: RunContext,
  { clock, lease }: HeldServices,
): Promise<PlanOutput> {
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  const revoking = new Set(batches.flatMap(({ kind, applicationArn }) => (kind === 'revoke' ? [applicationArn] : [])));
  await lease.change((work) => {
    const marked = markPlanned(work, settling, { term, startedAt: readAt });
    // A place that frees is given by a sweep, which sees the whole line.
    const freeing = withLines(work, plan).lines?.filter((one) => revoking.has(one) && !settling.sweeps[one]) ?? [];
    const context = { me: execution, cause: execution, now: clock.now() };
    const swept = new Map([...freeing.map((one) => [one, { withStatus: false }] as const), ...plan.sweepsNeeded]);
    return { work: withLines(enqueueSweeps(marked, swept, context), plan) };
  });
  const proving = [
    ...new Set([...(progress.proving ?? []), ...Object.keys(settling.users), ...Object.keys(settling.sweeps)]),
  ];
  return { outcome: 'apply', batches, term, plannedAt: readAt.toISOString(), progress: { ...progress, proving } };
}

/** Which applications have a line, as far as a plan has seen it. */
function withLines(work: WorkQueue, { hasWaitlist }: ReconcileResult): WorkQueue {
  const kept = (work.lines ?? []).filter((application) => !hasWaitlist.has(application));
  const found = [...hasWaitlist].flatMap(([application, line]) => (line ? [application] : []));
  const all = [...kept, ...found];
  const { lines: _, ...rest } = work;
  return all.length > 0 ? { ...rest, lines: all } : rest;
}

/** What became of the mailbox. */
export interface RoundCompletion {
  /** The mailbox as it is now. */
  work: WorkQueue;
  due: boolean;
  waitSeconds: number | undefined;
  unconfigured: NonNullable<PlanOutput['unconfigured']>;
}

/**
 * Strikes off what is proven, says when to look again at the rest, and gives the lease back if nothing else is due.
 *
 * @param looks those that the plan has served; `attempted` has those, too, that AWS refused to tell of or to change
 */
export async function completeRound(
  looks: WorkItems,
  plan: ReconcileResult,
  { execution, readAt, attempted }: { execution: string; readAt: Date; attempted: WorkItems },
  services: HeldServices,
): Promise<RoundCompletion> {
  const { clock, lease, entitlements } = services;
  const sweeps = entitlements.entitlements.map(({ application }) =>
    plan.requeueAt.has(application) ? undefined : attempted.sweeps[application],
  );
  const at = readAt.toISOString();
  const whole = sweeps.every((sweep) => sweep !== undefined);
  const withStatus = sweeps.every((sweep) => sweep?.withStatus);
  const unmanaged = Object.fromEntries([...plan.reports].map(([application, one]) => [application, one.unmanaged]));
  const closed = await lease.change((before) => {
    if (holderOf(before, clock.now()) !== execution)
      throw new LeaseLostError('The lease was lost while a plan was made');
    const struck = completeItems(before, looks, { me: execution, startedAt: readAt, lookAt: plan.requeueAt });
    const posted = enqueueSweeps(struck, plan.sweepsNeeded, { me: execution, cause: execution, now: clock.now() });
    const noted = {
      ...withLines(posted, plan),
      sweptAt: { ...posted.sweptAt, ...Object.fromEntries(Object.keys(attempted.sweeps).map((one) => [one, at])) },
      ...(whole ? { lastSweepAt: at } : {}),
      ...(whole && withStatus ? { lastStatusSweepAt: at } : {}),
      ...(plan.userPages === undefined ? {} : { userPages: plan.userPages }),
      ...(plan.reports.size > 0 ? { unmanaged: { ...before.unmanaged, ...unmanaged } } : {}),
    };
    return { before, ...releaseIfIdle(noted, execution, clock.now()) };
  });
  measureFound(plan, closed.before, services);
  if (whole) measureAll(plan, readAt, services);
  const unconfigured = whole ? await seatsLeft(closed.work, services) : [];
  return { ...closed, unconfigured };
}
