import { managedOf } from '../entitlements.ts';
import type { Seat } from '../seat/seat.ts';
import { markAssigned, markConfirmed, markCreating, markRevoked, markRevoking } from '../seat/transitions.ts';
import { plusSeconds } from '../shared/time.ts';
import type { ApplicationDecision, ApplicationState, CheckedUser, Holdings, Moment } from './application-state.ts';
import type { PlannedChange } from './batches.ts';
import { decideApplication, type Limits } from './decide-application.ts';
import { candidateIn } from './decide-grants.ts';
import type { Hold } from './hold.ts';
import { seatsById } from './seats.ts';

/** What the next plans make of an application. */
export interface Forecast {
  /** What the next plan decides from the reads. */
  first: ApplicationDecision;
  /** By user id: the seats as they are at the end. */
  seats: ReadonlyMap<string, Seat>;
  /** The hold as it is at the end. */
  hold: Hold | undefined;
  /** Grants and revocations, in their order. */
  changes: PlannedChange[];
}

/** Between two plans: all that the first has written shows in the reads of the second. */
const SHOWN_AFTER_SECONDS = 120;

/** Revocations free slots, which users of the waitlist get: two plans with changes, and one that finds none. */
const MOST_PLANS = 10;

/**
 * Decides what the next plan decides, and then again as if each change had its effect, until nothing is left to change: a slot
 * that a revocation frees is given in the same execution.
 *
 * @param state an application that was read as a whole, with all evidence of which a plan depends
 */
export function forecast(state: ApplicationState, limits: Limits, moment: Moment): Forecast {
  const first = decideFully(state, limits, moment);
  const changes: PlannedChange[] = [];
  let next = { state, moment };
  for (let plan = 1, decision = first; ; plan += 1) {
    const made = decision.changes.filter(({ kind }) => kind === 'grant' || kind === 'revoke');
    changes.push(...made);
    next = afterwards(next.state, { ...decision, changes: made }, next.moment);
    // What was written before the reads may show in those of the second plan.
    const isTooEarly = plan === 1 && decision.unverified;
    if (plan === MOST_PLANS || (isQuiet(decision) && !isTooEarly)) break;
    decision = decideFully(next.state, limits, next.moment);
  }
  const { seats, hold } = holdingsOf(next.state);
  return { first, seats: seatsById(seats), hold, changes };
}

/** Whether a decision changes nothing, and asks for no check of users on their own. */
function isQuiet({ changes, seats, hold, alone }: ApplicationDecision): boolean {
  return changes.every(({ kind }) => kind === 'record') && seats.length === 0 && !hold && alone.length === 0;
}

function decideFully(state: ApplicationState, limits: Limits, moment: Moment): ApplicationDecision {
  // No user of a whole read is missing here: what the list shows of the assigned is all that there is to know.
  const assigned = new Map(state.users.map(({ user }) => [user.userId, user.assigned]));
  // The lists count: no user is asked about by name.
  const complete = { ...state, evidence: { eligibility: new Map(), ...state.evidence, assigned } };
  const decision = decideApplication(complete, limits, moment);
  if ('needs' in decision) throw new Error(`The evidence lacks ${decision.needs.map(({ read }) => read).join(', ')}`);
  return decision;
}

function holdingsOf({ evidence: { holdings } }: ApplicationState): Holdings {
  return !holdings || holdings instanceof Error ? { seats: [], hold: undefined } : holdings;
}

/** The state once a decision is written and its changes are made, and the time at which reads show that. */
function afterwards(
  state: ApplicationState,
  { seats, hold, changes, alone }: ApplicationDecision,
  { readAt, execution }: Moment,
): { state: ApplicationState; moment: Moment } {
  const before = holdingsOf(state);
  const written = new Map(seatsById([...before.seats, ...seats]));
  const assigned = new Map<string, boolean>();
  const checked = new Map(state.users.map((one) => [one.user.userId, one]));
  for (const change of changes) {
    const one = checked.get(change.userId);
    if (!one) continue;
    const seat = written.get(change.userId);
    if (change.kind === 'grant') assigned.set(change.userId, true);
    else if (seat?.access === undefined) assigned.set(change.userId, false);
    const context = { now: readAt, execution, cause: one.cause, reason: change.reason };
    const made = change.kind === 'grant' ? grantedSeat({ ...one, seat }, change, { state, context }) : undefined;
    const gone = change.kind === 'revoke' && seat ? markRevoked(markRevoking(seat, context), context) : undefined;
    const after = made ?? gone;
    if (after) written.set(change.userId, after);
  }
  const named = new Set(alone);
  const users = state.users.map((one) => {
    const { user } = one;
    return {
      ...one,
      // A user who has to be checked alone is read by name.
      key: named.has(user.userId) ? user.userId : one.key,
      user: { ...user, assigned: assigned.get(user.userId) ?? user.assigned, seat: written.get(user.userId) },
    };
  });
  const holdings = { ...before, seats: [...written.values()], hold: hold ?? before.hold };
  const evidence = {
    ...state.evidence,
    holdings,
    // The list was read for the users whom a plan has subscribed, or left without a subscription.
    ...(managedOf(state.entitlement) ? { subscriptions: 'assumed' as const } : {}),
  };
  return {
    state: { ...state, users, evidence },
    moment: { readAt: new Date(plusSeconds(readAt, SHOWN_AFTER_SECONDS)), execution },
  };
}

/** The seat of a user whose grant was verified. */
function grantedSeat(
  one: CheckedUser & { seat: Seat | undefined },
  { userId, part }: PlannedChange,
  { state: { entitlement }, context }: { state: ApplicationState; context: Parameters<typeof markAssigned>[1] },
): Seat {
  const { requestedAt } = candidateIn({ checked: one, seat: one.seat });
  const target = { applicationArn: entitlement.application, userId, entitlement: entitlement.name, requestedAt };
  const making = { part, plan: managedOf(entitlement)?.plan };
  return markConfirmed(markAssigned(markCreating(one.seat, target, context, making), context), context.now);
}
