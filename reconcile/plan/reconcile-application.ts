import type { ApplicationReport, Failure, Moment } from '../../domain/decision/application-state.ts';
import type { PlannedChange } from '../../domain/decision/batches.ts';
import { observeApplication } from '../../domain/decision/observe-application.ts';
import { latestOf, type Recheck } from '../../domain/decision/timing.ts';
import type { WorkItems } from '../../domain/queue/work-queue.ts';
import { commitDecision, commitObservations } from './commit.ts';
import { gatherAndDecide } from './evidence.ts';
import type { Readers } from './readers.ts';
import type { ReconcileContext, ReconcileResult } from './result.ts';
import { type ApplicationReads, type Snapshot, takeSnapshot } from './snapshot.ts';

/** What came of one application. */
interface ApplicationResult {
  application: string;
  changes: PlannedChange[];
  announceHold: boolean;
  recheck: Recheck[];
  unverified: boolean;
  sweepNeeded?: { withStatus: boolean };
  waitlist?: boolean;
  held?: number;
  failures: Failure[];
  report?: ApplicationReport;
  /** The entitlement, if its application's settings have been read. */
  checked?: string;
}

/**
 * Reads afresh everything that due work items name, decides, and commits each decision to the ledger.
 *
 * @throws TransientAwsError when reads fail for now; what was committed of other applications stays
 */
export async function reconcile(
  items: WorkItems,
  context: ReconcileContext,
  readers: Readers,
): Promise<ReconcileResult> {
  const snapshot = await takeSnapshot(items, context, readers);
  const results: ApplicationResult[] = [];
  for (const reads of snapshot.applications) {
    results.push(
      reads.state.entitlement.mode === 'observe'
        ? await observe(reads, context, readers)
        : await enforce(reads, context, readers),
    );
  }
  return resultOf(snapshot, results, context);
}

/** Decides, reads what the decision needs, and writes it. */
async function enforce(
  { state, items }: ApplicationReads,
  { checked, readAt, execution }: ReconcileContext,
  readers: Readers,
): Promise<ApplicationResult> {
  const { name, application } = state.entitlement;
  const known = {
    ...(checked.includes(name) ? { settings: 'ok' as const } : {}),
    ...(items ? { holdings: items } : {}),
  };
  const moment: Moment = { readAt, execution };
  const { decision, evidence } = await gatherAndDecide(
    { ...state, evidence: known },
    readers.entitlements,
    moment,
    readers,
  );
  await commitDecision(decision, readers);
  const { seats: _seats, hold: _hold, verdicts: _verdicts, recheck, ...result } = decision;
  return {
    ...result,
    application,
    recheck: rechecksOf(recheck),
    ...(evidence.settings === 'ok' ? { checked: name } : {}),
  };
}

/** Records what an enforcing entitlement would do. */
async function observe(
  { state, items }: ApplicationReads,
  { readAt, execution }: ReconcileContext,
  readers: Readers,
): Promise<ApplicationResult> {
  const { application: applicationArn } = state.entitlement;
  const held = items ?? (await readers.ledger.itemsOf(applicationArn));
  const { observations, unpublished, recheck, report } = observeApplication(state, held, readers.entitlements, {
    readAt,
    execution,
  });
  await commitObservations(observations, readers);
  return {
    application: applicationArn,
    changes: [...unpublished].map((userId) => ({ applicationArn, kind: 'record', reason: 'reconciled', userId })),
    // From before, when the entitlement was enforced.
    announceHold: items?.hold !== undefined && items.hold.audit.length > 0,
    recheck: rechecksOf(recheck),
    unverified: recheck.size > 0,
    failures: [],
    ...(report ? { report } : {}),
  };
}

function rechecksOf(times: ReadonlyMap<string, string>): Recheck[] {
  return [...times].map(([key, at]) => ({ key, at }));
}

/** Puts together what came of every application. */
function resultOf(
  { records, holds, recheck, failures, userPages, listedUsers }: Snapshot,
  results: readonly ApplicationResult[],
  context: ReconcileContext,
): ReconcileResult {
  const byApplication = <Value>(pick: (result: ApplicationResult) => Value | undefined) =>
    new Map(
      results.flatMap((result) => {
        const value = pick(result);
        return value === undefined ? [] : [[result.application, value] as const];
      }),
    );
  return {
    changes: [...records, ...results.flatMap(({ changes }) => changes)],
    holds: [...holds, ...results.flatMap(({ announceHold, application }) => (announceHold ? [application] : []))],
    sweepsNeeded: byApplication(({ sweepNeeded }) => sweepNeeded),
    hasWaitlist: byApplication(({ waitlist }) => waitlist),
    requeueAt: latestOf([...recheck, ...results.flatMap((result) => result.recheck)], context),
    unverified: results.some(({ unverified }) => unverified),
    heldCounts: byApplication(({ held }) => held),
    failures: [...failures, ...results.flatMap((result) => result.failures)],
    checked: [...new Set([...context.checked, ...results.flatMap(({ checked }) => checked ?? [])])],
    userPages,
    listedUsers,
    reports: byApplication(({ report }) => report),
  };
}
