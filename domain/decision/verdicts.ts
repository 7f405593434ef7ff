import type { Verdict } from './application-state.ts';
import type { DecidedUser, Decision } from './decide.ts';

/** Whether a user's decision asks for a change of their seat. */
export function wantsChange({ decision }: DecidedUser): boolean {
  return decision.do === 'grant' || decision.do === 'revoke';
}

/** Returns what is decided about each user, under brake and cap. */
export function verdictsOf(
  decided: readonly DecidedUser[],
  { held }: { held: readonly DecidedUser[] },
  { waiting }: { waiting: readonly DecidedUser[] },
): ReadonlyMap<string, Verdict> {
  const [heldUsers, waitingUsers] = [new Set(held), new Set(waiting)];
  return new Map(
    decided.map((one) => {
      const { userId } = one.checked.user;
      if (heldUsers.has(one)) return [userId, { do: 'hold' }];
      if (waitingUsers.has(one)) return [userId, { do: 'waitlist' }];
      return [userId, verdictOf(wantsChange(one) ? one.decision : one.first)];
    }),
  );
}

/** Returns a decision as those that show it say it. */
export function verdictOf(decision: Decision): Verdict {
  switch (decision.do) {
    case 'grant':
    case 'revoke':
    case 'record-removal':
      return { do: decision.do };
    default:
      return decision;
  }
}
