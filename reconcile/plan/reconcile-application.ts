import type { ApplicationReport, CheckedUser, Failure, Moment } from '../../domain/decision/application-state.ts';
import type { PlannedChange } from '../../domain/decision/batches.ts';
import { observeApplication } from '../../domain/decision/observe-application.ts';
import { latestOf, type Recheck } from '../../domain/decision/timing.ts';
import { stopOf } from '../../domain/queue/stops.ts';
import type { WorkItems } from '../../domain/queue/work-queue.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { isDue, plusSeconds } from '../../domain/shared/time.ts';
import { commitDecision, commitObservations } from './commit.ts';
import { compareProfiles } from './compare-subscriptions.ts';
import { type AskedUsers, gatherAndDecide } from './evidence.ts';
import type { Readers } from './readers.ts';
import type { ReconcileContext, ReconcileResult } from './result.ts';
import { type ApplicationReads, type Faults, type Snapshot, takeSnapshot } from './snapshot.ts';
import type { ListReaders } from './subscription-lists.ts';

type PassContext = ReconcileContext & { asked: AskedUsers };

/** What came of one application. */
interface ApplicationResult {
  application: string;
  changes: PlannedChange[];
  seatless?: string[];
  announceHold: boolean;
  recheck: Recheck[];
  unverified: boolean;
  sweepNeeded?: { withStatus: boolean };
  waitlist?: boolean;
  held?: number;
  failures: Failure[];
  aside: number;
  alone: readonly string[];
  report?: ApplicationReport;
  /** The entitlement, if its application's settings have been read. */
  checked?: string;
}

/**
 * Reads afresh everything that due work items name, decides, and commits each decision to the ledger. Reads of one
 * application that fail for now concern only the work items that need it; those that are refused, only the application.
 */
export async function reconcile(
  items: WorkItems,
  context: ReconcileContext,
  readers: Readers & ListReaders,
): Promise<ReconcileResult> {
  const snapshot = await takeSnapshot(items, context, readers);
  const results: ApplicationResult[] = [];
  const faults: Faults = new Map(snapshot.faults);
  const refused: Failure[] = [];
  const asked: AskedUsers = { answers: new Map() };
  for (const reads of snapshot.applications) {
    const { entitlement, users, whole } = reads.state;
    const pass = entitlement.mode === 'observe' ? observe : enforce;
    try {
      results.push(await pass(reads, { ...context, asked }, readers));
    } catch (error) {
      if (error instanceof RefusedError) refused.push({ key: entitlement.application, error });
      else if (!(error instanceof TransientAwsError)) throw error;
      else
        for (const key of [...users.map(({ key: one }) => one), ...(whole ? [whole.key] : [])]) faults.set(key, error);
    }
  }
  const read = { ...snapshot, failures: [...snapshot.failures, ...refused] };
  const checked = { ...read, ...setBack(items, faults, read, context) };
  const compared = await compareProfiles(
    settledIn(results, snapshot),
    { ...context, shared: snapshot.shared },
    readers,
  );
  const records = [...snapshot.records, ...compared.records];
  return resultOf({ ...checked, records, subscriptions: compared.subscriptions }, results, context);
}

/** Applications that were read as a whole, and in which nothing is left to change. */
function settledIn(results: readonly ApplicationResult[], { applications }: Snapshot): ApplicationReads[] {
  const settled = new Set(
    results.flatMap(({ application, report, changes }) =>
      report && changes.every(({ kind }) => kind === 'record') ? application : [],
    ),
  );
  return applications.filter(({ state, items }) => items && settled.has(state.entitlement.application));
}

/** Pauses after checks in a row whose reads failed, in seconds: half a minute of small pauses, then one per minute. */
const PAUSES_SECONDS = [2, 4, 8, 16, 30, 60, 60, 60, 60, 60];

/** Work items whose reads failed are checked again after a growing pause; after about 6 minutes, an execution fails for them. */
function setBack(
  { users, sweeps }: WorkItems,
  faults: Faults,
  { recheck, failures }: Snapshot,
  { readAt }: ReconcileContext,
): Pick<Snapshot, 'recheck' | 'failures'> & { faulted: Set<string> } {
  const again: Recheck[] = [];
  const given: Failure[] = [];
  for (const [key, { message }] of faults) {
    const { attempts = 0 } = users[key] ?? sweeps[key] ?? {};
    const pause = PAUSES_SECONDS[attempts];
    if (pause !== undefined) again.push({ key, at: plusSeconds(readAt, pause) });
    else {
      const error = new RefusedError('unavailable', `${attempts + 1} checks in a row failed. The last: ${message}`);
      given.push({ key, error });
    }
  }
  return {
    recheck: [...recheck, ...again],
    failures: [...failures, ...given],
    faulted: new Set(again.map(({ key }) => key)),
  };
}

/** Decides, reads what the decision needs, and writes it. */
async function enforce(
  { state, items }: ApplicationReads,
  { checked, readAt, execution, sweepsAside = [], storedIn, listFor, secondsLeft, stopped, asked }: PassContext,
  readers: Readers,
): Promise<ApplicationResult> {
  const { name, application } = state.entitlement;
  const known = {
    ...(checked.includes(name) ? { settings: 'ok' as const } : {}),
    ...(items ? { holdings: items } : {}),
  };
  const moment: Moment = { readAt, execution };
  const probeAt = stopOf({ stopped }, state.entitlement)?.probeAt;
  const { decision, evidence } = await gatherAndDecide(
    { ...state, evidence: known, ...(probeAt === undefined ? {} : { stopped: { probe: isDue(probeAt, readAt) } }) },
    readers.entitlements,
    moment,
    { ...readers, storedIn, listFor, secondsLeft, asked },
  );
  await commitDecision(decision, readers);
  const {
    slots: _slots,
    seats: _seats,
    hold: _hold,
    groups: _groups,
    verdicts: _verdicts,
    recheck,
    sweepNeeded,
    ...result
  } = decision;
  const waits = sweepNeeded !== undefined && sweepsAside.includes(application);
  return {
    ...result,
    application,
    ...(state.whole ? { seatless: state.users.filter(isSeatless).map(({ user }) => user.userId) } : {}),
    // The sweep serves the users who need it; until it is tried again, no execution waits for it.
    recheck: waits && !decision.unverified ? [] : rechecksOf(recheck),
    ...(sweepNeeded && !waits ? { sweepNeeded } : {}),
    aside: decision.aside + (waits ? 1 : 0),
    ...(evidence.settings === 'ok' ? { checked: name } : {}),
  };
}

function isSeatless({ user: { seat } }: CheckedUser): boolean {
  return seat === undefined || seat.status === 'revoked';
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
    aside: 0,
    alone: [],
    ...(report ? { report } : {}),
  };
}

function rechecksOf(times: ReadonlyMap<string, string>): Recheck[] {
  return [...times].map(([key, at]) => ({ key, at }));
}

/** Puts together what came of every application. */
function resultOf(
  {
    records,
    holds,
    recheck,
    failures,
    unmet,
    faulted,
    unread,
    unserved,
    userPages,
    listedUsers,
    subscriptions,
  }: Snapshot & Pick<ReconcileResult, 'faulted' | 'subscriptions'>,
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
    seatless: byApplication(({ seatless }) => seatless),
    holds: [...holds, ...results.flatMap(({ announceHold, application }) => (announceHold ? [application] : []))],
    sweepsNeeded: byApplication(({ sweepNeeded }) => sweepNeeded),
    hasWaitlist: byApplication(({ waitlist }) => waitlist),
    requeueAt: new Map([
      ...latestOf([...recheck, ...results.flatMap((result) => result.recheck)], context),
      // What was announced does not wait for anything else of the user.
      ...[...unmet].map((key) => [key, plusSeconds(context.readAt, SETTLE_SECONDS)] as const),
    ]),
    unverified: unmet.size > 0 || results.some(({ unverified }) => unverified),
    heldCounts: byApplication(({ held }) => held),
    // A failure puts its user aside, who is still to be checked for what was announced.
    failures: [...failures, ...results.flatMap((result) => result.failures)].filter(({ key }) => !unmet.has(key)),
    faulted,
    unserved,
    alone: [...unread, ...results.flatMap(({ alone }) => alone)],
    aside: results.reduce((sum, { aside }) => sum + aside, 0),
    checked: [...new Set([...context.checked, ...results.flatMap(({ checked }) => checked ?? [])])],
    userPages,
    listedUsers,
    reports: byApplication(({ report }) => report),
    subscriptions,
  };
}
