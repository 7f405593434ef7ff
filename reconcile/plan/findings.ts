import type { ApplicationReport } from '../../domain/decision/application-state.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { hasNotices } from '../../domain/notify/decide.ts';
import { enqueueSweeps, enqueueUsers } from '../../domain/queue/enqueue.ts';
import { recordSweeps, type Swept } from '../../domain/queue/sweep-reports.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError } from '../../domain/shared/errors.ts';
import type { Pass, ReconcileResult } from './result.ts';

/** What a plan that has lost its lease meanwhile throws. */
export function lost(): LeaseLostError {
  return new LeaseLostError('The lease was lost while a plan was made');
}

/**
 * By user id, when those asked first who are to be checked on their own, also because their application cannot be read:
 * those who have asked since the reads began, too.
 */
function usersAlone({ items, result }: Pass, { sweeps }: WorkQueue, now: Date): ReadonlyMap<string, string> {
  const unread = new Set([...result.faulted, ...result.failures.map(({ key }) => key)]);
  const asked = Object.entries(items.sweeps).flatMap(([application, item]) =>
    unread.has(application) ? Object.entries({ ...item.asked, ...sweeps[application]?.asked }) : [],
  );
  return new Map([...result.alone.map((userId) => [userId, now.toISOString()] as const), ...asked]);
}

/**
 * Notes what a pass found, and enqueues what it could not serve: users who are to be checked on their own, and applications
 * that are to be read as a whole.
 *
 * @param before the queue before this change
 * @param sweepsNeeded by application
 */
export function withFindings(
  { before, queue }: { before: WorkQueue; queue: WorkQueue },
  pass: Pass,
  sweepsNeeded: ReconcileResult['sweepsNeeded'],
  { me, now, entitlements }: { me: string; now: Date; entitlements: Entitlements },
): WorkQueue {
  const context = { me, cause: me, now };
  const named = enqueueUsers(queue, usersAlone(pass, before, now), context);
  const swept = enqueueSweeps(named, sweepsNeeded, context);
  return withSweeps(withWaitlists(swept, pass.result), pass, entitlements);
}

/** Notes in which applications users wait, as far as a plan has seen it. */
export function withWaitlists(queue: WorkQueue, { hasWaitlist }: ReconcileResult): WorkQueue {
  const kept = (queue.lines ?? []).filter((application) => !hasWaitlist.has(application));
  const found = [...hasWaitlist].flatMap(([application, line]) => (line ? [application] : []));
  const all = [...kept, ...found];
  const { lines: _, ...rest } = queue;
  return all.length > 0 ? { ...rest, lines: all } : rest;
}

/**
 * Notes what the sweeps of a pass found. One that found something to change in Identity Center is not a full sweep; an
 * audit event that is not on the bus is nothing of the kind.
 */
function withSweeps(queue: WorkQueue, { items, readAt, result }: Pass, { entitlements }: Entitlements): WorkQueue {
  const changes = result.changes.filter(({ kind }) => kind !== 'record');
  const changing = new Set(changes.map(({ applicationArn }) => applicationArn));
  const ofStatus = changes.filter(({ reason }) => reason === 'user-disabled' || reason === 'user-deleted');
  const statusChanging = new Set(ofStatus.map(({ applicationArn }) => applicationArn));
  // A refusal that stands at a seat is that user's: the application was read.
  const unread = new Set(result.failures.flatMap(({ key, seat }) => (seat ? [] : [key])));
  const notifying = new Set(entitlements.filter(hasNotices).map(({ application }) => application));
  const swept = [...result.reports].flatMap(([application, report]) => {
    const item = items.sweeps[application];
    if (!item) return [];
    const wasRead = !unread.has(application);
    const full = wasRead && !changing.has(application);
    const withStatus = wasRead && item.withStatus && !statusChanging.has(application);
    return [
      [application, { counts: countsOf(report), full, withStatus, notifies: notifying.has(application) }] as const,
    ];
  });
  const configured = entitlements.map(({ application }) => application);
  return recordSweeps(queue, new Map(swept), { configured, readAt });
}

function countsOf({ entitlement: _, assignedGroups = [], ...report }: ApplicationReport): Swept['counts'] {
  return { overCap: 0, held: 0, ...report, assignedGroups: assignedGroups.length };
}
