import type {
  ApplicationDecision,
  ApplicationState,
  CheckedUser,
  Evidence,
  Failure,
  Holdings,
  Moment,
  UserState,
  WholeState,
} from '../../domain/decision/application-state.ts';
import type { PlannedChange } from '../../domain/decision/batches.ts';
import { decideApplication, type Limits } from '../../domain/decision/decide-application.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { anEntitlement, aSeat, aUserState, iso } from './builders.ts';
import { APPLICATION, ENTITLEMENT, ME, numberOf, START, user } from './ids.ts';

/** The reads began at {@link START}. */
export const MOMENT: Moment = { readAt: START, execution: ME };

/** The brake of a configuration that does not set it. */
const BRAKE: Limits = { brake: { percent: 20, atLeast: 10 } };

/** A brake that allows this many revocations a day, however many seats there are. */
export function brakeOf(atLeast: number): Limits {
  return { brake: { percent: 0, atLeast } };
}

/** A seat that has been on the waitlist for this many seconds. */
export function waitingSeat(number: number, seconds: number): Seat {
  return aSeat(number, { status: 'waitlisted', requestedAt: iso(-seconds) });
}

/** A member without an assignment; without a seat unless its parts are given. */
export function joiner(number: number, seat?: Partial<Seat>): UserState {
  return aUserState({ userId: user(number), ...(seat ? { seat: aSeat(number, seat) } : {}) });
}

/** A member with a seat and its assignment. */
export function seated(number: number, seat: Partial<Seat> = {}): UserState {
  return { ...joiner(number, seat), assigned: true };
}

/** A member with an assignment that Usher did not make. */
export function unmanaged(number: number): UserState {
  return { ...joiner(number), assigned: true };
}

/** A user who is no longer a member, with a seat and its assignment. */
export function leaver(number: number, seat: Partial<Seat> = {}): UserState {
  return { ...seated(number, seat), entitled: false, ineligibility: 'group-leave' };
}

/** A deleted user, whose assignment AWS has removed. */
export function deleted(number: number, seat: Partial<Seat> = {}): UserState {
  return { ...leaver(number, seat), ineligibility: 'user-deleted', assigned: false };
}

/** A user as checked for an event of a minute ago, for an item of the user's own. */
export function checkOf(user: UserState, parts: Partial<CheckedUser> = {}): CheckedUser {
  const { userId } = user;
  return { key: userId, trigger: 'event', cause: 'event-1', askedAt: iso(-60), adopt: false, user, ...parts };
}

interface StateParts {
  /** `seats.max`. */
  max?: number;
  /** `onLeave.revokeAfterDays`. */
  graceDays?: number;
  mode?: Entitlement['mode'];
  /** Seats of users who were not checked. */
  others?: readonly Seat[];
  hold?: Hold;
  /** In place of the reads of {@link evidenceOf}. */
  evidence?: Evidence;
  /** What the work items say. */
  item?: Partial<CheckedUser>;
}

/** A check of some users by name. */
export function checkedUsers(users: readonly UserState[], parts: StateParts = {}): ApplicationState {
  const { max = 1000, graceDays = 0, mode = 'enforce', others = [], hold, evidence = {}, item } = parts;
  return {
    entitlement: anEntitlement(1, { name: ENTITLEMENT, seats: { max }, onLeave: { revokeAfterDays: graceDays }, mode }),
    users: users.map((user) => checkOf(user, item)),
    evidence: { ...evidenceOf(users, { others, hold }), ...evidence },
  };
}

/** A check of a whole application. */
export function sweptUsers(
  users: readonly UserState[],
  { whole, ...parts }: StateParts & { whole?: Partial<WholeState> } = {},
): ApplicationState {
  const { evidence, ...state } = checkedUsers(users, { ...parts, item: { key: APPLICATION, ...parts.item } });
  // A sweep sees itself who is left.
  const { remaining: _, ...known } = evidence;
  const found: WholeState = {
    key: APPLICATION,
    emptyGroup: false,
    groups: [],
    nobodyEntitled: !users.some(({ entitled }) => entitled),
    unmanaged: users.filter(({ assigned, seat }) => assigned && !(seat && takesSlot(seat))).length,
    assignedGroups: [],
  };
  return { ...state, evidence: known, whole: { ...found, ...whole } };
}

/** Every read that a decision may ask for: other users stay entitled, no user beyond the cap is assigned, and the
 * lists count. */
function evidenceOf(
  users: readonly UserState[],
  { others, hold }: { others: readonly Seat[]; hold: Hold | undefined },
): Evidence {
  return {
    settings: 'ok',
    slots: null,
    holdings: { seats: [...users.flatMap(({ seat }) => seat ?? []), ...others], hold },
    remaining: 'some',
    assigned: new Map(users.map(({ userId }) => [userId, false])),
    eligibility: new Map(),
  };
}

/** Decides about a state whose evidence is complete. */
export function decisionOf(
  state: ApplicationState,
  limits: Limits = BRAKE,
  moment: Partial<Moment> = {},
): ApplicationDecision {
  const decision = decideApplication(state, limits, { ...MOMENT, ...moment });
  if ('needs' in decision) throw new Error(`The state lacks evidence: ${JSON.stringify(decision.needs)}`);
  return decision;
}

/** The changes of a plan, in order: `grant 1 group-join`. */
export function changesOf({ changes }: { changes: readonly PlannedChange[] }): string[] {
  return changes.map(({ kind, userId, reason }) =>
    [kind, numberOf(userId), ...(kind === 'record' ? [] : [reason])].join(' '),
  );
}

/** The failures of a plan by key: `[key, reason]`. */
export function failuresOf({ failures }: { failures: readonly Failure[] }): [string, string][] {
  return failures.map(({ key, error }) => [key, error.reason]);
}

/** What a state holds, as a decision leaves it. */
export function holdingsAfter({ evidence }: ApplicationState, { seats, hold }: ApplicationDecision): Holdings {
  const { holdings } = evidence;
  if (!holdings || holdings instanceof Error) throw new Error('The state has no holdings');
  const all = new Map([...holdings.seats, ...seats].map((seat) => [seat.userId, seat]));
  return { seats: [...all.values()], hold: hold ?? holdings.hold };
}

/** The statuses of all seats as a decision leaves them, by the number of the user. */
export function statusesAfter(state: ApplicationState, decision: ApplicationDecision): Record<number, string> {
  const { seats } = holdingsAfter(state, decision);
  return Object.fromEntries(seats.map(({ userId, status }) => [numberOf(userId), status]));
}

/** The seat that a decision writes for a user. */
export function writtenSeat({ seats }: Pick<ApplicationDecision, 'seats'>, number: number): Seat | undefined {
  return seats.find(({ userId }) => userId === user(number));
}
