import type { Entitlements } from '../entitlements.ts';
import { type Seat, takesSlot } from '../seat/seat.ts';
import { RefusedError } from '../shared/errors.ts';
import { reportOf } from './application-report.ts';
import type {
  ApplicationDecision,
  ApplicationState,
  Evidence,
  Failure,
  Holdings,
  Moment,
  Need,
} from './application-state.ts';
import type { PlannedChange } from './batches.ts';
import type { DecidedUser } from './decide.ts';
import { decideAdoptions } from './decide-adoptions.ts';
import { decideGrants } from './decide-grants.ts';
import { decideRevocations } from './decide-revocations.ts';
import {
  adoptsSubscriptions,
  decideUsers,
  whenListed,
  withNothing,
  withoutAssumed,
  withStatusNeeded,
} from './decide-users.ts';
import { countGroups } from './group-sizes.ts';
import { isHeld } from './hold.ts';
import { keepUp, recordOf } from './keep-up.ts';
import { aloneOf, isWaiting, turnedByLists, waitsOf, withAnswers, withoutLateLists } from './late-reads.ts';
import { type Seats, seatsById, storedSeats, writtenOnce } from './seats.ts';
import { slotsAfter, slotsPromised } from './slots.ts';
import { latestOf, type Recheck, waitForWriteToSettle } from './timing.ts';
import { verdictOf, verdictsOf, wantsChange } from './verdicts.ts';

/** What limits the changes of every application. */
export type Limits = Pick<Entitlements, 'brake'>;

/**
 * Decides everything that follows from the state of one application, or names the reads that would change the answer.
 *
 * The decision is the same for those that carry it out (`mode: enforce`), record it (`mode: observe`) or show it
 * (`usher plan`, `usher why`). At most four rounds of reads are needed: the list of subscriptions; settings and
 * the bound of slots, or users whose seats the lists of a sweep would turn; holdings or settings; then who is left in the groups and
 * who is assigned.
 */
export function decideApplication(
  listed: ApplicationState,
  limits: Limits,
  moment: Moment,
): ApplicationDecision | { needs: Need[] } {
  const state = withAnswers(listed);
  const { decided, unread, refusal } = decideUsers(state, moment);
  if (unread) return { needs: [{ read: 'subscriptions' }] };
  const turned = state.evidence.eligibility ? [] : turnedByLists(decided, state);
  if (turned.length > 0) return { needs: [{ read: 'eligibility', userIds: turned }] };
  const { known, assumed } = withoutAssumed(decided);
  const decision = decideAbout(withoutLateLists(known, moment), state, limits, moment);
  if ('needs' in decision) return decision;
  // As long as AWS refuses all subscriptions, it does not matter whether the users are enabled.
  const waitsForStatus = assumed > 0 && state.stopped?.probe !== false;
  return {
    ...(waitsForStatus ? withStatusNeeded(decision) : decision),
    failures: [...decision.failures, ...refusal],
    aside: decision.aside + (waitsForStatus ? 0 : assumed),
    ...(adoptsSubscriptions(state) ? whenListed(decision, state) : {}),
  };
}

function decideAbout(
  decided: readonly DecidedUser[],
  state: ApplicationState,
  limits: Limits,
  moment: Moment,
): ApplicationDecision | { needs: Need[] } {
  const { whole, evidence, entitlement } = state;
  const depending = decided.filter((one) => wantsChange(one) || freesSlot(one, moment));
  if (depending.length === 0 && !whole) return withoutLimits(state, decided, [], moment);

  const { settings, holdings, slots } = evidence;
  const refusal = [settings, holdings].find((one) => one instanceof RefusedError);
  if (refusal) return withoutLimits(state, decided, [{ key: entitlement.application, error: refusal }], moment);
  // While grants wait for AWS, only the waitlist says who of them has a slot.
  const isGrantsOnly = !whole && state.stopped === undefined && depending.every(isPlainGrant);
  const asksForSlots = isGrantsOnly && holdings === undefined;
  const needs: Need[] = [
    ...(settings === undefined ? [{ read: 'settings' as const }] : []),
    ...(asksForSlots && slots === undefined ? [{ read: 'slots' as const }] : []),
    ...(!asksForSlots && holdings === undefined ? [{ read: 'holdings' as const }] : []),
  ];
  if (needs.length > 0) return { needs };
  if (holdings && !(holdings instanceof RefusedError))
    return withinLimits({ state, holdings, limits }, decided, moment);
  const newSlots = depending.filter(({ seat }) => !(seat && takesSlot(seat))).length;
  if (!slots || slots.waiting || slots.taken + newSlots > entitlement.seats.max)
    return { needs: [{ read: 'holdings' }] };
  const bounded = withinLimits({ state, holdings: { seats: [], hold: undefined, slots }, limits }, decided, moment);
  if ('needs' in bounded) return bounded;
  const { slots: _, ...decision } = bounded;
  return { ...decision, ...slotsAfter(slots, { ...slots, taken: slots.taken + newSlots }) };
}

/** A grant that depends on nothing but a free slot. */
function isPlainGrant({ decision, seat }: DecidedUser): boolean {
  return decision.do === 'grant' && seat?.status !== 'waitlisted';
}

/**
 * Decides for those that only show or record the decision, which costs no further reads: the application asks for
 * assignments, other seats remain entitled, and no user beyond the cap is assigned.
 */
export function previewApplication(
  state: Omit<ApplicationState, 'evidence'>,
  holdings: Holdings,
  limits: Limits,
  moment: Moment,
): ApplicationDecision {
  const assigned = new Map(state.users.map(({ user }) => [user.userId, false]));
  const evidence: Evidence = { settings: 'ok', holdings, remaining: 'some', assigned, subscriptions: 'assumed' };
  const complete = { ...state, evidence };
  const decision = decideAbout(decideUsers(complete, moment).decided, complete, limits, moment);
  if ('needs' in decision) throw new Error('A decision from complete evidence needs no reads');
  return decision;
}

/** A slot became free a moment ago, perhaps in an earlier try of this task. */
function freesSlot({ seat }: DecidedUser, { readAt }: Moment): boolean {
  return seat?.status === 'revoked' && waitForWriteToSettle(seat, { readAt }) !== undefined;
}

/** No change is wanted, or none may be made: what is left is what each seat says. */
function withoutLimits(
  { entitlement }: ApplicationState,
  decided: readonly DecidedUser[],
  failures: readonly Failure[],
  moment: Moment,
): ApplicationDecision {
  const seats = seatsById(decided.flatMap(({ seat }) => seat ?? []));
  const written = writtenOnce(seats, storedSeats(decided));
  const kept = keepUp(decided, seatsById([...seats.values(), ...written]), new Set(), moment);
  const waits = waitsOf(decided);
  return {
    changes: kept.records.map((userId) => recordOf(entitlement.application, userId)),
    seats: written,
    announceHold: false,
    recheck: latestOf(waits, moment),
    unverified: decided.some(isWaiting),
    failures: [...failures, ...kept.failures],
    aside: kept.aside,
    alone: aloneOf(decided),
    verdicts: new Map(decided.map((one) => [one.checked.user.userId, verdictOf(one.first)])),
  };
}

/** The decision under brake and cap. */
function withinLimits(
  { state, holdings, limits }: { state: ApplicationState; holdings: Holdings; limits: Limits },
  decided: readonly DecidedUser[],
  moment: Moment,
): ApplicationDecision | { needs: Need[] } {
  const { entitlement, whole } = state;
  const { application: applicationArn } = entitlement;
  const read = seatsById([...holdings.seats, ...decided.flatMap(({ seat }) => seat ?? [])]);

  const revocations = decideRevocations(decided, read, { state, holdings, brake: limits.brake }, moment);
  const held = seatsById([...read.values(), ...revocations.seats]);
  const grants = decideGrants(decided, held, state, moment);
  const needs = [revocations.need, grants.need].filter((need) => need !== undefined);
  if (needs.length > 0) return { needs };

  const allocated = seatsById([...held.values(), ...grants.seats]);
  const { seated } = grants;
  const adoptions = whole ? decideAdoptions(decided, { seats: allocated, seated }, state, moment) : [];
  const changed = seatsById([...allocated.values(), ...adoptions]);
  const stored = storedSeats(decided, holdings);
  const written = writtenOnce(changed, stored);
  const seats = seatsById([...changed.values(), ...written]);

  const made = [...revocations.allowed, ...seated];
  const checkedIds = new Set(decided.map(({ checked }) => checked.user.userId));
  const kept = keepUp(
    withNothing(decided, grants.withheld),
    seats,
    new Set(made.map(({ checked }) => checked.user.userId)),
    moment,
  );
  const settling = revocations.held.flatMap(({ checked }): Recheck[] => {
    const seat = seats.get(checked.user.userId);
    const wait = seat && waitForWriteToSettle(seat, moment);
    return wait ? [{ key: checked.key, at: wait.until }] : [];
  });
  const young = [...waitsOf(decided), ...settling, ...grants.recheck];
  const { hold } = revocations;
  const groups = whole
    ? countGroups(holdings.groups, whole.groups, {
        applicationArn,
        graceDays: entitlement.onLeave.revokeAfterDays,
        held: isHeld(hold),
        now: moment.readAt,
      })
    : holdings.groups;
  const waitlist = [...seats.values()].some(({ status }) => status === 'waitlisted');
  const given = seated.filter(({ seat }) => !(seat && takesSlot(seat))).map(({ checked }) => checked.user.userId);
  const promised = new Set([...given, ...slotsPromised(holdings.stored, seats)]).size;
  // The bound is written before the seats: a slot that becomes free in this very plan counts as taken until the next one.
  const hasSlot = (seat: Seat | undefined) => seat !== undefined && takesSlot(seat);
  const taken = [...seats.values()].filter((seat) => hasSlot(seat) || hasSlot(stored.get(seat.userId))).length;
  const sweepNeeded = revocations.sweepNeeded
    ? { withStatus: true }
    : grants.sweepNeeded
      ? { withStatus: false }
      : undefined;
  return {
    changes: [
      ...made.map(
        ({ checked, decision, part }): PlannedChange => ({
          applicationArn,
          kind: decision.do,
          reason: decision.reason,
          userId: checked.user.userId,
          ...(part ? { part } : {}),
        }),
      ),
      ...kept.records.map((userId) => recordOf(applicationArn, userId)),
      // Who is adopted to be cancelled is no member, and was not checked.
      ...adoptions.flatMap(({ userId }) => (checkedIds.has(userId) ? [] : recordOf(applicationArn, userId))),
    ],
    ...slotsAfter(holdings.slots, { applicationArn, taken: taken + promised, waiting: waitlist }),
    seats: written,
    ...(hold && hold !== holdings.hold ? { hold } : {}),
    ...(groups && groups !== holdings.groups ? { groups } : {}),
    announceHold: hold !== undefined && hold.audit.length > 0,
    recheck: latestOf([...young, ...revocations.recheck], moment),
    unverified: young.length > 0 || decided.some(isWaiting),
    ...(sweepNeeded ? { sweepNeeded } : {}),
    ...(whole || waitlist ? { waitlist } : {}),
    held: revocations.held.length,
    failures: [...revocations.failures, ...grants.failures, ...kept.failures],
    aside: kept.aside + grants.withheld.size,
    alone: aloneOf(decided),
    ...(whole
      ? {
          report: reportOf(state, seats, {
            held: revocations.held.length,
            adoptions: assignmentsIn(adoptions, allocated),
          }),
        }
      : {}),
    verdicts: verdictsOf(withNothing(decided, grants.withheld), revocations, grants),
  };
}

/** Counts the assignments among what is adopted. */
function assignmentsIn(adopted: readonly Seat[], before: Seats): number {
  const hadSeat = (userId: string) => {
    const seat = before.get(userId);
    return seat !== undefined && takesSlot(seat);
  };
  return adopted.filter(({ userId, access }) => access === undefined && !hadSeat(userId)).length;
}
