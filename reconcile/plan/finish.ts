import { completeItems, releaseIfIdle } from '../../domain/queue/claim.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { noteRequests } from '../../domain/queue/requests.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import { ApplicationArn } from '../../domain/shared/ids.ts';
import { lost, withFindings } from './findings.ts';
import { measureFound, measureSweeps, measureTotals, seatsLeft } from './metrics.ts';
import type { HeldServices, Pass, PlanOutput, RunContext } from './result.ts';

/** What became of the work queue. */
export interface PassCompletion {
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
 * @param served those of the pass's work items that no failure concerns
 * @param unchecked says in the queue what becomes of the others
 */
export async function completePass(
  pass: Pass,
  { served, unchecked }: { served: WorkItems; unchecked: (queue: WorkQueue) => WorkQueue },
  { execution }: RunContext,
  services: HeldServices,
): Promise<PassCompletion> {
  const { clock, lease, entitlements } = services;
  const { items, readAt, result } = pass;
  const refused = new Set(result.failures.map(({ key }) => key));
  const at = readAt.toISOString();
  const completed = await lease.change((before) => {
    if (holderOf(before, clock.now()) !== execution) throw lost();
    const now = clock.now();
    const done = completeItems(before, served, { me: execution, startedAt: readAt, ...result, refused });
    const context = { me: execution, now, entitlements };
    const found = withFindings({ before, queue: unchecked(done) }, pass, result.sweepsNeeded, context);
    const failed = [...refused].filter((key) => ApplicationArn.safeParse(key).success);
    const noted = {
      ...noteRequests(found, items.users, { failed, entitlements: entitlements.entitlements, now }),
      sweptAt: { ...found.sweptAt, ...Object.fromEntries(Object.keys(items.sweeps).map((one) => [one, at])) },
      ...(result.userPages === undefined ? {} : { userPages: result.userPages }),
    };
    return { before, ...releaseIfIdle(noted, execution, now) };
  });
  measureFound(result, completed.before, services);
  const unconfigured = measureSweeps(completed, services) ? await seatsLeft(completed.queue, services) : [];
  if (result.reports.size > 0) measureTotals(completed.queue, readAt, services);
  return { ...completed, unconfigured };
}
