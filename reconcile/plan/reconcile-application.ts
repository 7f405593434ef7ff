import type { ApplicationItems, Holdings } from '../../adapters/ledger.ts';
import { type Decision, type DecisionContext, decide, type UserState } from '../../domain/decision/decide.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { SweepItem, UserItem, WorkItems } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { dropSeat, markConfirmed, markLeaving, markRevoked, restoreSeat } from '../../domain/seat/transitions.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { limitChanges } from './limiting.ts';
import { observe } from './observing.ts';
import {
  type ApplicationReads,
  type Decided,
  queueAllAudit,
  queueAudit,
  queueAuditOf,
  type ReconcileContext,
  type ReconcileResult,
  requeue,
  saveSeats,
} from './result.ts';
import { type ApplicationSnapshot, type Readers, readApplication, readUser, type SweepCache } from './snapshot.ts';

/**
 * Reads afresh all that the looks concern, brings the ledger in line with what was read, and lists the changes.
 *
 * @throws TransientAwsError when a page fails: a plan from half of the reads would be wrong
 */
export async function reconcile(
  looks: WorkItems,
  context: ReconcileContext,
  readers: Readers,
): Promise<ReconcileResult> {
  const plan: ReconcileResult = {
    changes: [],
    holds: [],
    sweepsNeeded: new Map(),
    hasWaitlist: new Map(),
    requeueAt: new Map(),
    unverified: false,
    heldCounts: new Map(),
    failures: [],
    checked: [...context.checked],
    userPages: undefined,
    listedUsers: false,
    reports: new Map(),
  };
  const found = [
    ...(await lookAtUsers(looks.users, plan, context, readers)),
    ...(await lookAtApplications(looks.sweeps, plan, context, readers)),
  ];
  for (const ofApplication of Map.groupBy(found, ({ entitlement }) => entitlement.application).values()) {
    await reconcileApplication(ofApplication, plan, context, readers);
  }
  return plan;
}

/** Where users stand with one application, for one look of the mailbox. */
interface Found {
  key: string;
  entry: UserItem | SweepItem;
  entitlement: Entitlement;
  standings: UserState[];
  view?: ApplicationSnapshot;
  items?: ApplicationItems;
}

async function lookAtUsers(
  users: WorkItems['users'],
  plan: ReconcileResult,
  { readAt }: ReconcileContext,
  readers: Readers,
): Promise<Found[]> {
  const found: Found[] = [];
  const faults: TransientAwsError[] = [];
  for (const [userId, entry] of Object.entries(users)) {
    const { unmet, standings } = await readUser(userId, entry, readAt, readers).catch((error: unknown) => {
      // One read that fails must not undo those of all the others, or at a high rate of faults nobody is ever served.
      if (error instanceof RefusedError) plan.failures.push({ key: userId, error });
      else if (error instanceof TransientAwsError) faults.push(error);
      else throw error;
      return { unmet: error instanceof TransientAwsError, standings: [] };
    });
    if (unmet) plan.requeueAt.set(userId, plusSeconds(readAt, SETTLE_SECONDS));
    requeue(plan, userId, entry.lookAgainAt, readAt);
    for (const { entitlement, standing } of standings) {
      found.push({ key: userId, entry, entitlement, standings: [standing] });
    }
  }
  const [fault] = faults;
  if (fault && faults.length === Object.keys(users).length) throw fault;
  return found;
}

async function lookAtApplications(
  sweeps: WorkItems['sweeps'],
  plan: ReconcileResult,
  { readAt, userPages, listUsers }: ReconcileContext,
  readers: Readers,
): Promise<Found[]> {
  const cache: SweepCache = { members: new Map(), userPages, listUsers };
  const found: Found[] = [];
  const configured = readers.entitlements.entitlements.map(({ application }) => application);
  const others = Object.keys(sweeps).filter((application) => !configured.includes(application));
  for (const application of [...configured, ...others]) {
    const entry = sweeps[application];
    if (!entry) continue;
    try {
      const one = await lookAtApplication(application, entry, plan, readAt, readers, cache);
      if (one) found.push(one);
    } catch (error) {
      // An application that is gone must not keep the others from being looked at.
      if (!(error instanceof RefusedError)) throw error;
      plan.failures.push({ key: application, error });
    }
  }
  plan.userPages = cache.userPages;
  plan.listedUsers = cache.listUsers === true;
  return found;
}

/**
 * Of an application that isn't configured any more, what is left to be told is told, and nothing changes.
 *
 * @throws RefusedError; what was done before is told all the same
 */
async function lookAtApplication(
  application: string,
  entry: SweepItem,
  plan: ReconcileResult,
  readAt: Date,
  readers: Readers,
  cache: SweepCache,
): Promise<Found | undefined> {
  await readers.renewLease();
  const items = await readers.ledger.itemsOf(application);
  const configured = readers.entitlements.entitlements.find((one) => one.application === application);
  const entitlement = configured ?? givenUp(application, entry, items);
  if (!entitlement) {
    queueAuditOf(application, items, plan);
    return undefined;
  }
  try {
    const view = await readApplication({ entitlement, seats: items.seats, orders: entry }, readAt, readers, cache);
    if (entitlement.mode !== 'observe') queueAllAudit(items.observations, plan);
    requeue(plan, application, entry.lookAgainAt, readAt);
    return { key: application, entry, entitlement, standings: view.standings, view, items };
  } catch (error) {
    if (error instanceof RefusedError) queueAuditOf(application, items, plan);
    throw error;
  }
}

/** When a person has given up an application, it is planned for as one to which nobody is entitled. */
function givenUp(application: string, { giveUp }: SweepItem, { seats }: Holdings): Entitlement | undefined {
  const [first] = seats;
  if (!first || !giveUp) return undefined;
  const { entitlement: name } = first;
  return { name, application, groups: [], seats: { max: 0 }, onLeave: { revokeAfterDays: 0 }, mode: 'enforce' };
}

async function reconcileApplication(
  found: readonly Found[],
  plan: ReconcileResult,
  context: ReconcileContext,
  readers: Readers,
): Promise<void> {
  const [first] = found;
  if (!first) return;
  const { entitlement } = first;
  const { readAt, execution } = context;
  const graceDays = entitlement.onLeave.revokeAfterDays;
  const observing = entitlement.mode === 'observe';
  const decided = found.flatMap(({ key, entry, standings }) =>
    standings.map((standing): Decided => {
      const circumstances = { readAt, trigger: entry.trigger, execution, graceDays };
      const { seat } = standing;
      if (observing) return { key, entry, standing, decision: decide(standing, circumstances), seat, noted: false };
      return { key, entry, standing, ...resolve(standing, circumstances, entry.cause) };
    }),
  );
  const whole = found.find(({ view }) => view);
  const looked: ApplicationReads = { entitlement, decided, view: whole?.view, items: whole?.items };
  for (const { key, decision } of decided) {
    if (decision.do !== 'wait') continue;
    requeue(plan, key, decision.until, readAt);
    plan.unverified = true;
  }
  if (observing) return observe(looked, plan, context, readers);
  await saveSeats(
    decided.flatMap(({ seat, noted }) => (noted && seat ? [seat] : [])),
    readers,
  );
  const { changed, seats } = await limitChanges(looked, plan, context, readers);
  for (const { key, standing, seat } of decided) {
    const last = seats.get(standing.userId) ?? seat;
    if (last && !changed.has(last.userId)) keepUp(last, key, plan, context);
  }
}

/** What a seat wants although nothing changes: its audit events sent, its refusal reported. */
function keepUp(seat: Seat, key: string, plan: ReconcileResult, { execution }: ReconcileContext): void {
  if (seat.audit.length > 0) queueAudit(seat, plan);
  const { refusal } = seat;
  if (refusal && !refusal.reported && refusal.execution === execution) {
    const error = new RefusedError(refusal.reason, `AWS refused the change: ${refusal.reason} (user ${seat.userId})`);
    plan.failures.push({ key, error, seat });
  }
}

/** Decides, and when the decision only concerns the ledger, notes it and decides again. */
function resolve(
  standing: UserState,
  circumstances: DecisionContext,
  cause: string,
): { decision: Decision; seat: Seat | undefined; noted: boolean } {
  const first = decide(standing, circumstances);
  const seat = standing.seat && note(standing.seat, first, circumstances, cause);
  if (!seat) return { decision: first, seat: standing.seat, noted: false };
  return { decision: decide({ ...standing, seat }, circumstances), seat, noted: true };
}

function note(seat: Seat, decision: Decision, { readAt, execution }: DecisionContext, cause: string): Seat | undefined {
  const context = { now: readAt, execution, cause, reason: 'group-leave' as const };
  switch (decision.do) {
    case 'confirm':
      return markConfirmed(seat, readAt);
    case 'keep':
      // That a revocation had begun was never told.
      return seat.status === 'revoking' ? markConfirmed(seat, readAt) : restoreSeat(seat, context);
    case 'forget':
      return dropSeat(seat, readAt);
    case 'leave':
      return markLeaving(seat, decision.dueAt, context);
    case 'gone':
      return markRevoked(seat, { ...context, reason: decision.reason });
    default:
      return undefined;
  }
}
