import { type Reason, type Seat, takesSlot } from '../seat/seat.ts';
import type { UserState } from './application-state.ts';
import type { Forecast } from './forecast.ts';
import type { HoldReason } from './hold.ts';
import type { Answer } from './observation.ts';
import { waitlistOf } from './waitlist.ts';

/**
 * What a plan changes for one user. `gains`: a seat. `waitlisted`: joins the waitlist. `leaving`: begins the days of grace.
 * `revoked`: loses the seat at once. `held`: the brake holds the revocation. `kept`: a leaving or held seat stays. `repaired`: the
 * seat stays, and what is missing or different of it is made. `dropped`: leaves the waitlist, or no longer waits for a seat that AWS refused or never made.
 */
export const CHANGE_KINDS = [
  'gains',
  'waitlisted',
  'leaving',
  'revoked',
  'held',
  'kept',
  'repaired',
  'dropped',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One change of one user. */
export interface UserChange {
  userId: string;
  change: ChangeKind;
  reason?: Reason | HoldReason;
  /** ISO time when the days of grace end. */
  dueAt?: string;
  /** On the waitlist, from 1. */
  position?: number;
  /** `gains`: the user joins the waitlist first, until a revocation of the same plan frees the slot. */
  waitsFirst?: true;
}

/** What is decided about users whose reads are too young, or whose last attempt failed. */
export interface Undecided {
  userId: string;
  /** ISO time of the next check or attempt. */
  until: string;
}

/** Returns what a forecast changes for each user, by user id. */
export function userChangesIn(users: readonly UserState[], forecast: Forecast): UserChange[] {
  const { seats, hold, changes } = forecast;
  const reasons = new Map(changes.map(({ userId, kind, reason }) => [`${kind} ${userId}`, reason]));
  const positions = new Map(waitlistOf([...seats.values()]).map(({ userId }, index) => [userId, index + 1]));
  return users
    .flatMap((user): UserChange[] => {
      const { userId, seat: before, ineligibility } = user;
      const after = seats.get(userId);
      const change = changeOf(user, after);
      if (change === undefined) {
        const made = reasons.get(`grant ${userId}`);
        // What has begun is only made once more.
        const isBegun = before?.status === 'creating' || before?.status === 'assigned';
        return made === undefined || isBegun ? [] : [{ userId, change: 'repaired', reason: made }];
      }
      const position = positions.get(userId);
      const reason = reasonOf(change, {
        grant: reasons.get(`grant ${userId}`),
        revoke: reasons.get(`revoke ${userId}`) ?? ineligibility,
        hold: hold?.reason,
      });
      return [
        {
          userId,
          change,
          ...(reason ? { reason } : {}),
          ...(change === 'leaving' && after?.dueAt !== undefined ? { dueAt: after.dueAt } : {}),
          ...(change === 'waitlisted' && position !== undefined ? { position } : {}),
          ...(reason === 'place-freed' && before?.status !== 'waitlisted' ? { waitsFirst: true } : {}),
        },
      ];
    })
    .toSorted(byKindAndUser);
}

/** Returns the change between two states of a seat, as its user sees it; undefined if there is none. */
function changeOf({ seat: before, assigned }: UserState, after: Seat | undefined): ChangeKind | undefined {
  const [had, has] = [before !== undefined && takesSlot(before), after !== undefined && takesSlot(after)];
  const [was, is] = [before?.status, after?.status];
  if (is === 'waitlisted') return was === 'waitlisted' ? undefined : 'waitlisted';
  if (!had) {
    if (has) return 'gains';
    return (was === 'waitlisted' || was === 'failed') && is !== was ? 'dropped' : undefined;
  }
  // A seat that was never made is not lost.
  const isMade = assigned || (before?.grantedAt ?? after?.grantedAt) !== undefined;
  if (!has) return isMade ? 'revoked' : 'dropped';
  if (is === 'leaving' || is === 'held') return was === is ? undefined : is;
  return was === 'leaving' || was === 'held' ? 'kept' : undefined;
}

function reasonOf(
  change: ChangeKind,
  known: { grant: Reason | undefined; revoke: Reason | undefined; hold: HoldReason | undefined },
): UserChange['reason'] {
  // A seat that is kept may have to be made again.
  if (change === 'gains' || change === 'kept') return known.grant;
  if (change === 'held') return known.hold;
  return change === 'revoked' || change === 'leaving' ? known.revoke : undefined;
}

/** Returns the users about whom the next plan decides nothing yet. */
export function undecidedIn(users: readonly UserState[], { first, seats }: Forecast): Undecided[] {
  return users.flatMap(({ userId, seat }): Undecided[] => {
    const verdict = first.verdicts.get(userId);
    if (verdict?.do === 'wait' && seats.get(userId)?.status === seat?.status) return [{ userId, until: verdict.until }];
    const next = seat?.refusal && verdict?.do === 'nothing' ? seat.nextAttemptAt : undefined;
    return next === undefined ? [] : [{ userId, until: next }];
  });
}

const OBSERVED: Readonly<Record<Answer, ChangeKind>> = {
  'would-assign': 'gains',
  'would-waitlist': 'waitlisted',
  'would-leave': 'leaving',
  'would-revoke': 'revoked',
  'would-hold': 'held',
};

/** Returns what an observing entitlement would change, from its answers by user id. */
export function observedChanges(answers: ReadonlyMap<string, Answer | undefined>): UserChange[] {
  return [...answers]
    .flatMap(([userId, answer]): UserChange[] => (answer ? [{ userId, change: OBSERVED[answer] }] : []))
    .toSorted(byKindAndUser);
}

function byKindAndUser(a: UserChange, b: UserChange): number {
  const kinds = CHANGE_KINDS.indexOf(a.change) - CHANGE_KINDS.indexOf(b.change);
  if (kinds !== 0) return kinds;
  return (a.position ?? 0) - (b.position ?? 0) || (a.userId < b.userId ? -1 : 1);
}
