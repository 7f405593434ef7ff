import type { Verdict } from '../../domain/decision/application-state.ts';
import { type Hold, isHeld } from '../../domain/decision/hold.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { digestOf, shortDigest } from '../held/digest.ts';
import { relative } from '../text.ts';
import { nextByList, subscriptionInWords } from './managed-subscription.ts';
import type { EntitlementFinding, UncheckedEntitlement } from './user-findings.ts';

const ABSENCES = {
  'group-leave': 'they are in none of its groups',
  'user-disabled': 'they are disabled',
  'user-deleted': 'they were deleted from the identity store',
  'entitlement-removed': 'the entitlement was removed',
} as const;

/** Says how the user stands with an entitlement, why, and what comes next. */
export function wordsOf(finding: EntitlementFinding, queue: WorkQueue | undefined, now: Date): string[] {
  const { entitlement, user, verdict, hold, line } = finding;
  const { entitled, ineligibility, assigned, seat } = user;
  const because = entitled
    ? 'they are in one of its groups'
    : ineligibility
      ? ABSENCES[ineligibility]
      : 'the reads contradict each other';
  const words: string[] = [];
  if (!seat || seat.status === 'revoked') {
    if (assigned)
      words.push(
        `assigned, but not by Usher, so Usher never revokes the assignment. Entitled: ${entitled ? 'yes' : 'no'}, ${because}.`,
      );
    else if (entitled) words.push(`no seat yet, although ${because}.`);
    else words.push(`no seat: ${because}.`);
  } else {
    const since = relative(seat.changedAt, now);
    switch (seat.status) {
      case 'waitlisted':
        words.push(
          `on the waitlist${line ? `, position ${line.place} of ${line.of}` : ''}, since ${relative(seat.requestedAt, now)}: all ${entitlement.seats.max} slots are taken.`,
        );
        break;
      case 'failed':
        words.push(failedInWords(seat, now));
        break;
      case 'held':
        words.push(`has a seat, although ${because}: the brake holds its revocation, since ${since}.`);
        break;
      case 'leaving':
        words.push(`has a seat in its days of grace, because ${because}.`);
        break;
      default:
        words.push(
          `${assigned ? 'has a seat' : 'has a seat in the ledger, but no assignment in Identity Center'} (${seat.status} ${since}); ${entitled ? `entitled: ${because}` : `not entitled: ${because}`}.`,
        );
    }
    words.push(...lastAttemptOf(seat, now));
  }
  words.push(...subscriptionInWords(finding, queue, now));
  const isObserving = entitlement.mode === 'observe';
  if (isObserving) words.push('The mode of this entitlement is observe, so Usher changes nothing.');
  const next = nextByList(finding) ?? nextOf(verdict, { hold, dueAt: seat?.dueAt }, now);
  words.push(isObserving ? `With mode: enforce, this would come next: ${next}` : `Next: ${next}`);
  return words;
}

function failedInWords({ refusal, requestedAt, changedAt }: Seat, now: Date): string {
  return refusal
    ? `no seat: AWS refused it (${refusal.reason}) ${relative(changedAt, now)}.`
    : `no seat yet: asked for ${relative(requestedAt, now)}, and not tried so far.`;
}

/** Why the last attempt to change a seat did not succeed, and when the next follows. */
function lastAttemptOf({ refusal, nextAttemptAt, userId }: Seat, now: Date): string[] {
  if (!refusal || nextAttemptAt === undefined) return [];
  const what = refusal.attempts === undefined ? 'Refused' : `Failed ${refusal.attempts} times`;
  return [
    `${what}: ${refusal.reason}. Next attempt: ${relative(nextAttemptAt, now)}, or now: usher start --user ${userId}`,
  ];
}

/** Says what the ledger holds of a user where AWS refuses the reads that a decision needs. */
export function wordsOfUnchecked({ seat }: UncheckedEntitlement, now: Date): string[] {
  return [
    `${recordedInWords(seat, now)}; whether they are entitled could not be checked.`,
    'Next: unknown. If AWS refuses the same reads to Usher, its execution fails, and is tried again within the hour.',
  ];
}

function recordedInWords(seat: UncheckedEntitlement['seat'], now: Date): string {
  if (seat === 'unread') return 'whether they have a seat in the ledger could not be read';
  return seat ? `a seat in the ledger (${seat.status} ${relative(seat.changedAt, now)})` : 'no seat in the ledger';
}

function nextOf(
  verdict: Verdict,
  { hold, dueAt }: { hold: Hold | undefined; dueAt: string | undefined },
  now: Date,
): string {
  switch (verdict.do) {
    case 'grant':
      return 'the next check gives them their seat.';
    case 'waitlist':
      return 'a slot has to become free; then they get a seat.';
    case 'revoke':
      return 'the next check revokes the seat.';
    case 'hold': {
      const digest = isHeld(hold) ? digestOf(hold) : '';
      const release = digest ? `usher release ${shortDigest(digest)}` : 'usher held';
      return `the brake holds the revocation until an operator releases it: ${release}`;
    }
    case 'begin-grace':
      return `the next check begins their days of grace, until ${verdict.dueAt}.`;
    case 'confirm':
      return 'the next check confirms the seat.';
    case 'restore':
      return 'the next check lets them keep the seat.';
    case 'record-removal':
    case 'drop':
      return 'the next check brings the ledger in line.';
    case 'wait':
      return `too early to tell: reads of AWS lag. Ask again ${relative(verdict.until, now)}.`;
    case 'nothing':
      return dueAt === undefined ? 'nothing.' : `the seat is revoked ${relative(dueAt, now)}, unless they come back.`;
  }
}
