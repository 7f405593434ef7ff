import type { Holdings } from '../../adapters/ledger.ts';
import { applyBrake, type BrakeDecision, countSeats, type Revocation } from '../../domain/decision/brake.ts';
import { type Decision, isAdoptable } from '../../domain/decision/decide.ts';
import { beginHold, growHold, type Hold, isHeld, liftHold, nextGeneration } from '../../domain/decision/hold.ts';
import { waitForWriteToSettle } from '../../domain/decision/timing.ts';
import { allocateSeats, type Candidate, seatCandidate } from '../../domain/decision/waitlist.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { dropSeat, markAdopted, markHeld, markRevoked, markWaitlisted } from '../../domain/seat/transitions.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import {
  type ApplicationReads,
  askedAt,
  type Decided,
  type ReconcileContext,
  type ReconcileResult,
  report,
  requeue,
  saveSeats,
} from './result.ts';
import { isAnyEmpty, isAnyEntitled, type Readers } from './snapshot.ts';

/** A change that is wanted, with all that was read about it. */
type Wanted<Do extends Decision['do']> = Decided & { decision: Extract<Decision, { do: Do }> };

/** The seats of an application as this plan leaves them, by user id. */
type Seats = Map<string, Seat>;

/** What was made of the changes that were wanted. */
export interface Limited {
  /** Users for whom a change is in the plan now. */
  changed: Set<string>;
  seats: ReadonlyMap<string, Seat>;
}

/**
 * Holds what is wanted of an application against its settings, the brake and the cap; writes down who is held, who waits
 * and who is adopted, and adds what may be done to the plan.
 */
export async function limitChanges(
  look: ApplicationReads,
  plan: ReconcileResult,
  context: ReconcileContext,
  readers: Readers,
): Promise<Limited> {
  const { entitlement, decided, view, items } = look;
  const { application: applicationArn } = entitlement;
  const changed = new Set<string>();
  const seats: Seats = new Map();
  const revocations = decided.filter((one): one is Wanted<'revoke'> => one.decision.do === 'revoke');
  const grants = decided.filter((one): one is Wanted<'grant'> => one.decision.do === 'grant');
  // Also when an earlier try of this task has noted it.
  const frees = decided.some(
    ({ seat }) => seat?.status === 'revoked' && waitForWriteToSettle(seat, context) !== undefined,
  );
  if (revocations.length + grants.length === 0 && !view && !frees) return { changed, seats };
  if (!(await isUsable(look, plan, readers))) return { changed, seats };

  const holdings = items ?? (await readers.ledger.holdings(applicationArn));
  for (const seat of holdings.seats) seats.set(seat.userId, seat);
  for (const { seat } of decided) if (seat) seats.set(seat.userId, seat);

  const restrained = await restrainRevocations(look, revocations, holdings, seats, plan, context, readers);
  await writeHold(look, restrained, holdings.hold, seats, plan, context, readers);
  plan.heldCounts.set(applicationArn, restrained.held.length);
  for (const { wanted } of restrained.held) requeueUntilSettled(wanted, seats, plan, context);
  const seated = await serve(look, grants, seats, plan, context, readers);
  for (const { decision, standing } of [...restrained.allowed.map(({ wanted }) => wanted), ...seated]) {
    const { userId } = standing;
    plan.changes.push({ applicationArn, kind: decision.do, reason: decision.reason, userId });
    changed.add(userId);
  }
  if (view) {
    const adoptions = await adopt(look, seats, newPlaces(seated), context, readers);
    report(look, seats.values(), { held: restrained.held.length, adoptions }, plan);
  }
  return { changed, seats };
}

/** What was written for somebody shortly before is to be proved, although nothing is done now. */
function requeueUntilSettled(
  { key, standing }: Decided,
  seats: Seats,
  plan: ReconcileResult,
  { readAt }: ReconcileContext,
): void {
  const seat = seats.get(standing.userId);
  const wait = seat && waitForWriteToSettle(seat, { readAt });
  if (!wait) return;
  requeue(plan, key, wait.until, readAt);
  plan.unverified = true;
}

/** Once an execution: whether the application asks for assignments at all. What forbids it fails the looks. */
async function isUsable(
  { entitlement, decided, view }: ApplicationReads,
  plan: ReconcileResult,
  { applications }: Readers,
) {
  const { application, name } = entitlement;
  if (plan.checked.includes(name)) return true;
  try {
    if (!(await applications.requiresAssignment(application))) {
      throw new RefusedError('assignment-not-required', `${name}: everybody has access to the application already`);
    }
    plan.checked.push(name);
    return true;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const keys = new Set([...decided.map(({ key }) => key), ...(view ? [application] : [])]);
    plan.failures.push(...[...keys].map((key) => ({ key, error })));
    return false;
  }
}

type Held = Revocation & { wanted: Wanted<'revoke'> };

async function restrainRevocations(
  { entitlement, decided, view }: ApplicationReads,
  revocations: readonly Wanted<'revoke'>[],
  { hold }: Holdings,
  seats: Seats,
  plan: ReconcileResult,
  { readAt }: ReconcileContext,
  readers: Readers,
): Promise<BrakeDecision<Held>> {
  const wanted = revocations.flatMap((one) =>
    one.seat
      ? [{ ...one.decision, userId: one.seat.userId, status: one.seat.status, hold: one.seat.hold, wanted: one }]
      : [],
  );
  const restraints = {
    brake: readers.entitlements.brake,
    counts: countSeats(seats.values(), readAt),
    hold,
    whole: view !== undefined,
    emptyGroup: view?.emptyGroup ?? false,
    nobodyEntitled: view !== undefined && !view.standings.some((one) => one.entitled),
  };
  const first = applyBrake(wanted, restraints);
  const taking = restraints.counts.inUse > 1 && first.allowed.some(({ status }) => status !== 'revoking');
  if (view || !taking) return first;
  if (await isAnyEmpty(entitlement.groups, readers)) return applyBrake(wanted, { ...restraints, emptyGroup: true });
  const looked = new Set(decided.map(({ standing }) => standing.userId));
  const others = [...seats.values()].filter((seat) => !looked.has(seat.userId) && isGranted(seat));
  if (await isAnyEntitled(others, entitlement.groups, readers)) return first;
  // Perhaps nobody is any more: only a sweep, which sees all, may take these seats.
  plan.sweepsNeeded.set(entitlement.application, { withStatus: true });
  // Its lists may lag behind this look, which therefore is made again until they agree.
  for (const { wanted: one, status } of first.allowed) {
    if (status !== 'revoking') requeue(plan, one.key, plusSeconds(readAt, SETTLE_SECONDS), readAt);
  }
  return { ...first, allowed: first.allowed.filter(({ status }) => status === 'revoking') };
}

function isGranted({ status }: Seat): boolean {
  return status === 'assigned' || status === 'confirmed';
}

/** Seats first, then the hold that covers them: until it is written, the next plan finds the same and begins it anew. */
async function writeHold(
  { entitlement }: ApplicationReads,
  { join, begin, lift }: BrakeDecision<Held>,
  hold: Hold | undefined,
  seats: Seats,
  plan: ReconcileResult,
  { readAt, execution }: ReconcileContext,
  readers: Readers,
): Promise<void> {
  const generation = nextGeneration(hold);
  const joining: Seat[] = [];
  const noted: Seat[] = [];
  for (const { wanted } of join) {
    const { seat, standing, key, entry } = wanted;
    if (!seat) continue;
    const context = { now: readAt, execution, cause: entry.cause, reason: wanted.decision.reason };
    const wait = waitForWriteToSettle(seat, { readAt });
    if (seat.status !== 'creating' || standing.assigned) joining.push(markHeld(seat, generation, context));
    else if (wait) requeue(plan, key, wait.until, readAt);
    // An earlier grant was told, and so its end has to be.
    else if (seat.grantedAt !== undefined) noted.push(markRevoked(seat, context));
    else noted.push(dropSeat(seat, readAt));
  }
  noted.push(...joining);
  await saveSeats(noted, readers);
  for (const seat of noted) seats.set(seat.userId, seat);
  const userIds = joining.map(({ userId }) => userId);
  const { application: applicationArn, name } = entitlement;
  let next = hold;
  if (begin && userIds.length > 0) {
    const what = { applicationArn, entitlement: name, userIds };
    next = beginHold(hold, what, { now: readAt, execution, reason: begin });
  } else if (lift && isHeld(hold)) next = liftHold(hold);
  else if (isHeld(hold) && userIds.length > 0) next = growHold(hold, userIds);
  if (next && next !== hold) await readers.ledger.saveHold(next);
  if (next && next.audit.length > 0) plan.holds.push(applicationArn);
}

/** Gives the places; whoever gets none waits in line. */
async function serve(
  { entitlement, view }: ApplicationReads,
  grants: readonly Wanted<'grant'>[],
  seats: Seats,
  plan: ReconcileResult,
  context: ReconcileContext,
  readers: Readers,
): Promise<Wanted<'grant'>[]> {
  const { application, seats: cap } = entitlement;
  const candidates = grants.map(candidateIn);
  const { seated, owed } = allocateSeats([...seats.values()], candidates, cap.max);
  if (owed && !view && !plan.sweepsNeeded.has(application)) plan.sweepsNeeded.set(application, { withStatus: false });
  const waiting: Seat[] = [];
  for (const one of grants) {
    const { userId } = one.standing;
    if (seated.has(userId) || one.seat?.status === 'waitlisted') continue;
    const seat = await addToWaitlist(one, entitlement.name, application, plan, context, readers);
    if (seat) waiting.push(seat);
  }
  await saveSeats(waiting, readers);
  for (const seat of waiting) seats.set(seat.userId, seat);
  const line = [...seats.values()].some(({ status }) => status === 'waitlisted');
  if (view || line) plan.hasWaitlist.set(application, line);
  return grants.filter(({ standing }) => seated.has(standing.userId));
}

function candidateIn({ seat, standing, entry }: Wanted<'grant'>): Candidate {
  return seatCandidate(standing.userId, seat, askedAt(entry));
}

/** Puts somebody in line. Whose place is gone because `seats.max` was lowered: only once that is certain. */
async function addToWaitlist(
  one: Wanted<'grant'>,
  entitlement: string,
  applicationArn: string,
  plan: ReconcileResult,
  { readAt, execution }: ReconcileContext,
  { applications }: Readers,
): Promise<Seat | undefined> {
  const { seat, entry, key } = one;
  const { userId, requestedAt, hasSlot: place } = candidateIn(one);
  if (seat && place) {
    const wait = waitForWriteToSettle(seat, { readAt });
    if (wait || (await applications.isAssigned(applicationArn, userId))) {
      plan.unverified = true;
      requeue(plan, key, wait?.until ?? plusSeconds(readAt, SETTLE_SECONDS), readAt);
      return undefined;
    }
  }
  const target = { applicationArn, userId, entitlement, requestedAt };
  return markWaitlisted(seat, target, { now: readAt, execution, cause: entry.cause, reason: 'group-join' });
}

function newPlaces(grants: readonly Wanted<'grant'>[]): number {
  return grants.filter(({ seat }) => !(seat && takesSlot(seat))).length;
}

/** Takes over what somebody else assigned to people who are entitled, when a person has asked for it. */
async function adopt(
  { entitlement, decided }: ApplicationReads,
  seats: Seats,
  taken: number,
  { readAt, execution }: ReconcileContext,
  readers: Readers,
): Promise<number> {
  const { name, application: applicationArn, seats: cap } = entitlement;
  const free = Math.max(0, cap.max - taken - [...seats.values()].filter(takesSlot).length);
  const adoptions = decided
    .filter(({ entry, standing, decision, seat }) => {
      return 'adopt' in entry && entry.adopt === true && isAdoptable({ ...standing, seat }, decision);
    })
    .sort((a, b) => (a.standing.userId < b.standing.userId ? -1 : 1))
    .slice(0, free)
    .map(({ standing: { userId }, seat, entry }) => {
      const target = { applicationArn, userId, entitlement: name, requestedAt: readAt.toISOString() };
      return markAdopted(seat, target, { now: readAt, execution, cause: entry.cause, reason: 'manual' });
    });
  await saveSeats(adoptions, readers);
  for (const seat of adoptions) seats.set(seat.userId, seat);
  return adoptions.length;
}
