import type { Entitlement } from '../domain/entitlements.ts';
import { RefusedError } from '../domain/errors.ts';
import {
  type Batch,
  type Change,
  type Circumstances,
  type Decision,
  decide,
  type Standing,
  tally,
  withinLimits,
} from '../domain/plan.ts';
import { confirmed, forgotten, revoked, type Seat, takesPlace } from '../domain/seat.ts';
import { isDue, latest, plusSeconds } from '../domain/time.ts';
import { type Looks, SETTLE_SECONDS, type SweepEntry, type UserEntry } from '../domain/work.ts';
import { inParallel } from './parallel.ts';
import { type ApplicationView, type Readers, type SweepCache, viewApplication, viewUser } from './standings.ts';

/** A change as the plan lists it before it is cut into batches. */
type Planned = Omit<Batch, 'userIds'> & { userId: string };

/** What a look found. */
export interface LookPlan {
  changes: Planned[];
  /** The application is full: grants follow when the revocations have freed places. */
  more: boolean;
  /** By user id or application: when to look again at what isn't proven by this look. */
  lookAt: Map<string, string>;
  /** Writes of ours are too young for these reads to prove them. */
  unproven: boolean;
  /** By user id or application: what AWS or a limit refuses, and no execution has failed for so far. */
  failures: { key: string; error: RefusedError; seat?: Seat }[];
  /** Entitlements whose application's own settings this execution has read. */
  checked: string[];
  /** Pages that ListUsers took, if it was read to its end. */
  userPages: number | undefined;
}

export interface LookContext {
  /** When the reads begin. */
  readAt: Date;
  execution: string;
  checked: readonly string[];
  userPages: number | undefined;
}

/** Writes of the ledger that go on at once: bookkeeping only, each of another item. */
const NOTES_AT_ONCE = 10;

/**
 * Reads afresh all that the looks concern, brings the ledger in line with what was read, and lists the changes.
 *
 * @throws TransientAwsError when a page fails: a plan from half of the reads would be wrong
 */
export async function look(looks: Looks, context: LookContext, readers: Readers): Promise<LookPlan> {
  const plan: LookPlan = {
    changes: [],
    more: false,
    lookAt: new Map(),
    unproven: false,
    failures: [],
    checked: [...context.checked],
    userPages: undefined,
  };
  const found = [
    ...(await lookAtUsers(looks.users, plan, context, readers)),
    ...(await lookAtApplications(looks.sweeps, plan, context, readers)),
  ];
  for (const [entitlement, ofApplication] of Map.groupBy(found, ({ entitlement }) => entitlement)) {
    await planFor(entitlement, ofApplication, plan, context, readers);
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
  for (const [userId, entry] of Object.entries(users)) {
    const { unmet, standings } = await viewUser(userId, entry, readAt, readers);
    if (unmet) plan.lookAt.set(userId, plusSeconds(readAt, SETTLE_SECONDS));
    lookAgain(plan, userId, entry.lookAgainAt, readAt);
    for (const { entitlement, standing } of standings) {
      found.push({ key: userId, entry, entitlement, standings: [standing] });
    }
  }
  return found;
}

async function lookAtApplications(
  sweeps: Looks['sweeps'],
  plan: LookPlan,
  { readAt, userPages }: LookContext,
  readers: Readers,
): Promise<Found[]> {
  const cache: SweepCache = { members: new Map(), userPages };
  const found: Found[] = [];
  for (const entitlement of readers.entitlements.entitlements) {
    const entry = sweeps[entitlement.application];
    if (!entry) continue;
    try {
      const view = await viewApplication(entitlement, entry.withStatus, readers, cache);
      lookAgain(plan, entitlement.application, entry.lookAgainAt, readAt);
      found.push({ key: entitlement.application, entry, entitlement, standings: view.standings, view });
    } catch (error) {
      // An application that is gone must not keep the others from being looked at.
      if (!(error instanceof RefusedError)) throw error;
      plan.failures.push({ key: entitlement.application, error });
    }
  }
  plan.userPages = cache.userPages;
  return found;
}

function lookAgain(plan: LookPlan, key: string, time: string | undefined, readAt: Date): void {
  const known = plan.lookAt.get(key);
  if (time && !isDue(time, readAt)) plan.lookAt.set(key, latest(known ?? time, time));
}

async function planFor(
  entitlement: Entitlement,
  found: readonly Found[],
  plan: LookPlan,
  context: LookContext,
  readers: Readers,
): Promise<void> {
  const changes: Change[] = [];
  const notes: Seat[] = [];
  for (const { key, entry, standings } of found) {
    const circumstances = { readAt: context.readAt, trigger: entry.trigger, execution: context.execution };
    for (const standing of standings) {
      const { decision, seat, noted } = resolve(standing, circumstances, entry.cause);
      if (noted && seat) notes.push(seat);
      if (decision.do === 'grant' || decision.do === 'revoke') {
        const newPlace = decision.do === 'grant' && !(seat && takesPlace(seat));
        changes.push({ userId: standing.userId, kind: decision.do, reason: decision.reason, newPlace });
        continue;
      }
      if (decision.do === 'wait') {
        lookAgain(plan, key, decision.until, context.readAt);
        plan.unproven = true;
      }
      if (seat) keepUp(seat, key, entitlement, plan, context);
    }
  }
  await inParallel(notes, NOTES_AT_ONCE, async (seat) => {
    await readers.keep();
    await readers.ledger.saveSeat(seat);
  });
  if (changes.length === 0 && found.every(({ view }) => !view)) return;
  await guard(entitlement, found, changes, plan, context, readers);
}

/** What a seat wants although nothing changes: its audit events sent, its refusal reported. */
function keepUp(
  seat: Seat,
  key: string,
  { application }: Entitlement,
  plan: LookPlan,
  { execution }: LookContext,
): void {
  if (seat.audit.length > 0) {
    plan.changes.push({ applicationArn: application, kind: 'record', reason: 'reconciled', userId: seat.userId });
  }
  const { refusal } = seat;
  if (refusal && !refusal.reported && refusal.execution === execution) {
    const error = new RefusedError(refusal.reason, `AWS refused the change: ${refusal.reason} (user ${seat.userId})`);
    plan.failures.push({ key, error, seat });
  }
}

/** Adds the changes of an application that its settings and limits allow; what forbids them is a failure of its looks. */
async function guard(
  entitlement: Entitlement,
  found: readonly Found[],
  changes: readonly Change[],
  plan: LookPlan,
  { readAt }: LookContext,
  { applications, ledger, entitlements }: Readers,
): Promise<void> {
  const { application, name } = entitlement;
  const [view] = found.flatMap((one) => (one.view ? [one.view] : []));
  try {
    if (!plan.checked.includes(name)) {
      if (!(await applications.requiresAssignment(application))) {
        throw new RefusedError('assignment-not-required', `${name}: everybody has access to the application already`);
      }
      plan.checked.push(name);
    }
    if (changes.length === 0) return;
    const seats = view?.seats ?? (await ledger.seatsOf(application));
    const allowed = withinLimits(changes, {
      entitlement,
      brake: entitlements.brake,
      counts: tally(seats, readAt),
      ...(view ? { emptyGroups: view.emptyGroups, nobodyEntitled: !view.standings.some((one) => one.entitled) } : {}),
    });
    if (allowed.length < changes.length) plan.more = true;
    plan.changes.push(...allowed.map(({ newPlace: _, ...change }) => ({ applicationArn: application, ...change })));
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    plan.failures.push(...found.map(({ key }) => ({ key, error })));
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

function note(
  seat: Seat,
  { do: what }: Decision,
  { readAt, execution }: Circumstances,
  cause: string,
): Seat | undefined {
  switch (what) {
    case 'confirm':
    case 'keep':
      return confirmed(seat, readAt);
    case 'forget':
      return forgotten(seat, readAt);
    case 'gone':
      return revoked(seat, { now: readAt, execution, cause, reason: 'group-leave' });
    default:
      return undefined;
  }
}
