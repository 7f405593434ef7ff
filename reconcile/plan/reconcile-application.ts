import type { ApplicationItems, Holdings } from '../../adapters/ledger.ts';
import { type Circumstances, type Decision, decide, type Standing } from '../../domain/decision/decide.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { Looks, SweepEntry, UserEntry } from '../../domain/queue/work-queue.ts';
import { confirmed, forgotten, kept, leaving, revoked, type Seat } from '../../domain/seat/seat.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { limitChanges } from './limiting.ts';
import { observe } from './observing.ts';
import {
  type ApplicationLook,
  type Decided,
  type LookContext,
  type LookPlan,
  lookAgain,
  saveSeats,
  tell,
  tellAll,
  tellItems,
} from './result.ts';
import { type ApplicationView, type Readers, type SweepCache, viewApplication, viewUser } from './snapshot.ts';

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
  items?: ApplicationItems;
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
      if (error instanceof RefusedError) plan.failures.push({ key: userId, error });
      else if (error instanceof TransientAwsError) faults.push(error);
      else throw error;
      return { unmet: error instanceof TransientAwsError, standings: [] };
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
  entry: SweepEntry,
  plan: LookPlan,
  readAt: Date,
  readers: Readers,
  cache: SweepCache,
): Promise<Found | undefined> {
  await readers.keep();
  const items = await readers.ledger.itemsOf(application);
  const configured = readers.entitlements.entitlements.find((one) => one.application === application);
  const entitlement = configured ?? givenUp(application, entry, items);
  if (!entitlement) {
    tellItems(application, items, plan);
    return undefined;
  }
  try {
    const view = await viewApplication({ entitlement, seats: items.seats, orders: entry }, readAt, readers, cache);
    if (entitlement.mode !== 'observe') tellAll(items.observations, plan);
    lookAgain(plan, application, entry.lookAgainAt, readAt);
    return { key: application, entry, entitlement, standings: view.standings, view, items };
  } catch (error) {
    if (error instanceof RefusedError) tellItems(application, items, plan);
    throw error;
  }
}

/** When a person has given up an application, it is planned for as one to which nobody is entitled. */
function givenUp(application: string, { giveUp }: SweepEntry, { seats }: Holdings): Entitlement | undefined {
  const [first] = seats;
  if (!first || !giveUp) return undefined;
  const { entitlement: name } = first;
  return { name, application, groups: [], seats: { max: 0 }, onLeave: { revokeAfterDays: 0 }, mode: 'enforce' };
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
  const whole = found.find(({ view }) => view);
  const looked: ApplicationLook = { entitlement, decided, view: whole?.view, items: whole?.items };
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
