import { reportOf } from './application-report.ts';
import type {
  ApplicationReport,
  ApplicationState,
  CheckedUser,
  Holdings,
  Moment,
  Verdict,
} from './application-state.ts';
import { type Limits, previewApplication } from './decide-application.ts';
import { candidateIn } from './decide-grants.ts';
import { type Answer, type Observation, recordAnswer } from './observation.ts';
import { seatsById } from './seats.ts';
import { latestOf, type Recheck } from './timing.ts';

/** What an entitlement that only observes would do, in place of doing it. */
export interface ObservedApplication {
  /** Observations that change. */
  observations: Observation[];
  /** Users with an audit event that is not on the bus: of an observation, or of a seat from before. */
  unpublished: ReadonlySet<string>;
  recheck: ReadonlyMap<string, string>;
  report?: ApplicationReport;
}

/**
 * Answers for each checked user what an enforcing entitlement would do; changes neither seats nor assignments.
 *
 * @param holdings seats and observations of the application, as the ledger holds them
 */
export function observeApplication(
  state: Omit<ApplicationState, 'evidence'>,
  { seats, observations }: Pick<Holdings, 'seats'> & { observations: readonly Observation[] },
  limits: Limits,
  moment: Moment,
): ObservedApplication {
  const { entitlement, whole } = state;
  const known = new Map(observations.map((one) => [one.userId, one]));
  const checked = new Set(state.users.map(({ user }) => user.userId));
  // A user whom a sweep does not find is no longer of interest to the application: no slot stays promised.
  const gone = whole ? observations.filter(({ userId }) => !checked.has(userId)) : [];
  for (const { userId } of gone) known.delete(userId);
  const promised = [...known.values()].filter(
    ({ answer, userId }) => answer === 'would-assign' && !checked.has(userId),
  );
  const users = state.users.map((one) => withPromise({ ...one, adopt: false }, known.get(one.user.userId)));
  const decision = previewApplication(
    { ...state, users, promised: promised.length },
    { seats, hold: undefined },
    limits,
    moment,
  );

  const unpublished = new Set(users.flatMap(({ user }) => (user.seat?.audit.length ? [user.userId] : [])));
  const changed: Observation[] = [];
  for (const one of users) {
    const { userId, seat } = one.user;
    const before = known.get(userId);
    const answer = answerTo(decision.verdicts.get(userId), !whole && before?.answer === 'would-hold');
    if (!before && answer === undefined) continue;
    const { requestedAt } = candidateIn({ checked: one, seat });
    const about = { applicationArn: entitlement.application, userId, entitlement: entitlement.name, requestedAt };
    const after = recordAnswer(before, answer, about, {
      now: moment.readAt,
      execution: moment.execution,
      cause: one.cause,
    });
    if ((after ?? before)?.audit.length) unpublished.add(userId);
    if (after) changed.push(after);
  }
  for (const before of gone) {
    const { execution, readAt: now } = moment;
    const after = recordAnswer(before, undefined, before, { now, execution, cause: execution });
    if (after) changed.push(after);
  }
  return {
    observations: changed,
    unpublished,
    // Everything else that a decision rechecks follows from a write.
    recheck: latestOf(
      users.flatMap((one) => waitOf(one, decision.verdicts.get(one.user.userId))),
      moment,
    ),
    ...(whole ? { report: reportOf(state, seatsById(seats), { held: 0, adoptions: 0 }) } : {}),
  };
}

function withPromise(checked: CheckedUser, before: Observation | undefined): CheckedUser {
  const answered = before?.answer === 'would-assign' || before?.answer === 'would-waitlist';
  return answered ? { ...checked, promisedAt: before.requestedAt } : checked;
}

/** @param stillHeld a check of one user sees no empty group, nor whether any user is entitled: only a sweep takes back a hold */
function answerTo(verdict: Verdict | undefined, stillHeld: boolean): Answer | undefined {
  switch (verdict?.do) {
    case 'grant':
      return 'would-assign';
    case 'waitlist':
      return 'would-waitlist';
    case 'revoke':
      return stillHeld ? 'would-hold' : 'would-revoke';
    case 'hold':
      return 'would-hold';
    case 'begin-grace':
      return 'would-leave';
    default:
      return undefined;
  }
}

function waitOf({ key }: CheckedUser, verdict: Verdict | undefined): Recheck[] {
  return verdict?.do === 'wait' ? [{ key, at: verdict.until }] : [];
}
