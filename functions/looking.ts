import type { Holdings } from '../adapters/ledger.ts';
import type { Entitlement } from '../domain/entitlements.ts';
import { RefusedError, TransientAwsError } from '../domain/errors.ts';
import type { Observation } from '../domain/observation.ts';
import { type Circumstances, type Decision, decide, type Standing } from '../domain/plan.ts';
import { confirmed, forgotten, kept, leaving, revoked, type Seat } from '../domain/seat.ts';
import { plusSeconds } from '../domain/time.ts';
import { type Looks, SETTLE_SECONDS, type SweepEntry, type UserEntry } from '../domain/work.ts';
import { limitChanges } from './limiting.ts';
import {
  type ApplicationLook,
  type Decided,
  type LookContext,
  type LookPlan,
  lookAgain,
  saveSeats,
  tell,
} from './look-plan.ts';
import { observe } from './observing.ts';
import { type ApplicationView, type Readers, type SweepCache, viewApplication, viewUser } from './standings.ts';

/**
 * Reads afresh all that the looks concern, brings the ledger in line with what was read, and lists the changes.
 *
 * @throws TransientAwsError when a page fails: a plan from half of the reads would be wrong
 */
export async function look(looks: Looks, context: LookContext, readers: Readers): Promise<LookPlan> {
  const plan: LookPlan = {
    changes: [],
    holds: [],
    owing: new Map(),
    lines: new Map(),
    lookAt: new Map(),
    unproven: false,
    held: new Map(),
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
    await planFor(ofApplication, plan, context, readers);
  }
  return plan;
}

/** Where users stand with one application, for one look of the mailbox. */
interface Found {
  key: string;
  entry: UserEntry | SweepEntry;
  entitlement: Entitlement;
  standings: Standing[];
  view?: ApplicationView;
}

async function lookAtUsers(
  users: Looks['users'],
  plan: LookPlan,
  { readAt }: LookContext,
  readers: Readers,
): Promise<Found[]> {
  const found: Found[] = [];
  const faults: TransientAwsError[] = [];
  for (const [userId, entry] of Object.entries(users)) {
    const { unmet, standings } = await viewUser(userId, entry, readAt, readers).catch((error: unknown) => {
      // One read that fails must not undo those of all the others, or at a high rate of faults nobody is ever served.
      if (!(error instanceof TransientAwsError)) throw error;
      faults.push(error);
      return { unmet: true, standings: [] };
    });
    if (unmet) plan.lookAt.set(userId, plusSeconds(readAt, SETTLE_SECONDS));
    lookAgain(plan, userId, entry.lookAgainAt, readAt);
    for (const { entitlement, standing } of standings) {
      found.push({ key: userId, entry, entitlement, standings: [standing] });
    }
  }
  const [fault] = faults;
  if (fault && faults.length === Object.keys(users).length) throw fault;
  return found;
}

async function lookAtApplications(
  sweeps: Looks['sweeps'],
  plan: LookPlan,
  { readAt, userPages, listUsers }: LookContext,
  readers: Readers,
): Promise<Found[]> {
  const cache: SweepCache = { members: new Map(), userPages, listUsers };
  const found: Found[] = [];
  const { entitlements } = readers.entitlements;
  for (const [application, entry] of Object.entries(sweeps)) {
    try {
      await readers.keep();
      const holdings = await readers.ledger.holdingsAndObservations(application);
      const configured = entitlements.find((one) => one.application === application);
      if (configured?.mode !== 'observe') tellAll(holdings.observations, plan);
      const entitlement = configured ?? lookAtUnconfigured(application, entry, holdings, plan);
      if (!entitlement) continue;
      const view = await viewApplication({ entitlement, holdings, orders: entry }, readAt, readers, cache);
      lookAgain(plan, application, entry.lookAgainAt, readAt);
      found.push({ key: application, entry, entitlement, standings: view.standings, view });
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

function tellAll(items: readonly (Seat | Observation)[], plan: LookPlan): void {
  for (const one of items) if (one.audit.length > 0) tell(one, plan);
}

/**
 * An application that isn't configured any more: what is left to be told of it is told, and nothing changes; unless a
 * person has given it up, and then it is planned for as one to which nobody is entitled.
 */
function lookAtUnconfigured(
  application: string,
  { giveUp }: SweepEntry,
  { seats, hold }: Holdings,
  plan: LookPlan,
): Entitlement | undefined {
  const [first] = seats;
  if (first && giveUp) {
    const { entitlement: name } = first;
    const onLeave = { revokeAfterDays: 0 };
    return { name, application, groups: [], seats: { max: 0 }, onLeave, mode: 'enforce' };
  }
  tellAll(seats, plan);
  if (hold && hold.audit.length > 0) plan.holds.push(application);
  return undefined;
}

async function planFor(found: readonly Found[], plan: LookPlan, context: LookContext, readers: Readers): Promise<void> {
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
  const looked: ApplicationLook = { entitlement, decided, view: found.find(({ view }) => view)?.view };
  for (const { key, decision } of decided) {
    if (decision.do !== 'wait') continue;
    lookAgain(plan, key, decision.until, readAt);
    plan.unproven = true;
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
function keepUp(seat: Seat, key: string, plan: LookPlan, { execution }: LookContext): void {
  if (seat.audit.length > 0) tell(seat, plan);
  const { refusal } = seat;
  if (refusal && !refusal.reported && refusal.execution === execution) {
    const error = new RefusedError(refusal.reason, `AWS refused the change: ${refusal.reason} (user ${seat.userId})`);
    plan.failures.push({ key, error, seat });
  }
}

/** Decides, and when the decision only concerns the ledger, notes it and decides again. */
function resolve(
  standing: Standing,
  circumstances: Circumstances,
  cause: string,
): { decision: Decision; seat: Seat | undefined; noted: boolean } {
  const first = decide(standing, circumstances);
  const seat = standing.seat && note(standing.seat, first, circumstances, cause);
  if (!seat) return { decision: first, seat: standing.seat, noted: false };
  return { decision: decide({ ...standing, seat }, circumstances), seat, noted: true };
}

function note(seat: Seat, decision: Decision, { readAt, execution }: Circumstances, cause: string): Seat | undefined {
  const context = { now: readAt, execution, cause, reason: 'group-leave' as const };
  switch (decision.do) {
    case 'confirm':
      return confirmed(seat, readAt);
    case 'keep':
      // That a revocation had begun was never told.
      return seat.status === 'revoking' ? confirmed(seat, readAt) : kept(seat, context);
    case 'forget':
      return forgotten(seat, readAt);
    case 'leave':
      return leaving(seat, decision.dueAt, context);
    case 'gone':
      return revoked(seat, { ...context, reason: decision.reason });
    default:
      return undefined;
  }
}
