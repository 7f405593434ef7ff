import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import type { ParsedFaultRule } from '../../emulator/aws/fault-rules.ts';
import type { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import { LIST_AGE } from './subscribers.ts';
import type { Moment, Truth } from './truth.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A user whom no fault concerns has the seat this long after the event, in a directory as small as that of a history. */
const SERVED_WITHIN = 5 * MINUTE;
/** An audit event is on the bus this long after its change: the rest of the batch, and its retries. */
const TOLD_WITHIN = 5 * MINUTE;
/** A fault that is over may still delay others: the lease of an execution that died is free five minutes later. */
const AFTERMATH = 15 * MINUTE;

/** What an event has announced is expected for so long. */
const EXPECTED_FOR = 15 * MINUTE;

/** What happened that may delay more than one user. */
interface Disturbance {
  at: Moment;
  /** The fault rules in force at that time. */
  rules: readonly ParsedFaultRule[];
  /** An execution was stopped, or a function ended early: its lease and its work are left behind. */
  died?: boolean;
}

/** One user, and one application. */
interface Pair {
  applicationArn: string;
  userId: string;
}

/** Of a subscription, the list may have to be awaited first. */
function servedWithin(rule: Entitlement): Moment {
  return SERVED_WITHIN + (managedOf(rule) ? LIST_AGE : 0);
}

/** Kinds of fault that end a function. */
const ENDING: readonly string[] = ['crash-before', 'crash-after', 'timeout-before', 'timeout-after'];

/**
 * Whether a fault may delay a user whose groups, for this application, are these.
 *
 * What belongs to the table, the bus or Lambda concerns everyone, whomever its requests name: they share one work queue. A
 * request about the memberships of one user names all groups.
 */
function concerns(rule: ParsedFaultRule, { applicationArn, userId }: Pair, groups: readonly string[]): boolean {
  const { operation, principalId, groupId, applicationArn: only } = rule;
  if (isOfPlatform(rule)) return true;
  const ofGroup = operation === 'IdentityStore.IsMemberInGroups' ? undefined : groupId;
  return (
    (principalId === undefined || principalId === userId || groups.includes(principalId)) &&
    (ofGroup === undefined || groups.includes(ofGroup)) &&
    (only === undefined || only === applicationArn)
  );
}

function isOfPlatform({ operation, kind }: ParsedFaultRule): boolean {
  return /^(?:DynamoDB|EventBridge|Lambda|SFN)\./.test(operation) || ENDING.includes(kind);
}

/** Judges invariants 10 and 11: who is not concerned by a fault is served, and told of, in time. */
export class Punctuality {
  readonly #truth: Truth;
  readonly #center: IdentityCenter;
  readonly #disturbances: Disturbance[] = [];
  readonly #expected: (Expectation & { deliveredAt: Moment })[] = [];
  readonly #meddled: { key: string; at: Moment }[] = [];
  readonly #told: { about: string; recordedAt: Moment; toldAt: Moment }[] = [];

  constructor(truth: Truth, center: IdentityCenter) {
    this.#truth = truth;
    this.#center = center;
  }

  /** Applications to which AWS has refused subscriptions: it is probed once a day whether it still does. */
  readonly stopped = new Set<string>();
  /** Applications whose list of subscriptions Usher cannot read for good. */
  readonly unlisted = new Set<string>();

  /** What may delay others from now on, or still does. */
  note(disturbance: Disturbance): void {
    this.#disturbances.push(disturbance);
  }

  /** Someone has changed an assignment by hand. */
  meddled(key: string, at: Moment): void {
    this.#meddled.push({ key, at });
  }

  /** An execution has started with an event. */
  delivered(input: unknown, at: Moment): void {
    const expected = expectationOf(input);
    if (expected) this.#expected.push({ ...expected, deliveredAt: at });
  }

  /** An audit event was sent that the ledger had held since. */
  told(about: string, recordedAt: Moment, toldAt: Moment): void {
    this.#told.push({ about, recordedAt, toldAt });
  }

  /**
   * @param lag the longest lag of reads in this history
   * @returns what came too late, in words
   */
  lateness(lag: Moment): string[] {
    return [...this.#lateSeats(lag), ...this.#lateEvents()];
  }

  /** Whether a fault that stays concerns a user at some time: then they are passed over, and keep their place. */
  isPassedOver(pair: Pair, groups: readonly string[], from: Moment, to: Moment): boolean {
    return this.#isConcerned((rule) => rule.for !== undefined && concerns(rule, pair, groups), from, to);
  }

  #lateSeats(lag: Moment): string[] {
    return this.#expected.flatMap(({ userId, groupId, joins, at, deliveredAt }) =>
      // Later, or earlier, the event says nothing of what is so.
      joins && Math.abs(deliveredAt - at) < 10 * MINUTE
        ? this.#truth.rulesAt(deliveredAt).entitlements.flatMap((rule) => {
            const { application: applicationArn, groups, mode } = rule;
            const pair = { applicationArn, userId };
            const by = deliveredAt + servedWithin(rule) + this.#lateFor({ userId, groupId, deliveredAt }, lag);
            const isSettled = this.#truth.rulesOf(applicationArn, deliveredAt - AFTERMATH, by).length === 1;
            // Of a user who has left this group again, no event tells that another one entitles them.
            const entitled = (moment: Moment) =>
              this.#truth.isMember(groupId, userId, moment) && this.#truth.isEntitled(applicationArn, userId, moment);
            if (mode !== 'enforce' || !groups.includes(groupId) || !isSettled) return [];
            if (!this.#truth.isThere(applicationArn) || !this.#truth.always(deliveredAt, by, entitled)) return [];
            if (this.#isConcerned((one) => concerns(one, pair, groups), deliveredAt, by)) return [];
            if (this.#isMeddledWith(pair, rule, deliveredAt, by) || this.#mayBeFull(rule, deliveredAt, by)) return [];
            const assignment = { applicationArn, principalId: userId, principalType: 'USER' as const };
            if (this.#center.isAssigned(assignment, by)) return [];
            const when = new Date(deliveredAt).toISOString();
            return [
              `${userId.slice(-2)}, whom no fault concerns, has no seat ${(by - deliveredAt) / MINUTE} min after ${when}`,
            ];
          })
        : [],
    );
  }

  /** So much later a join may be served where reads lag. */
  #lateFor(
    { userId, groupId, deliveredAt }: Pick<Expectation, 'userId' | 'groupId'> & { deliveredAt: Moment },
    lag: Moment,
  ): Moment {
    // A read from before the leave of a user who is back meets the join: the leave is then still expected.
    const isBack = lag > 0 && this.#truth.isMember(groupId, userId, deliveredAt - lag);
    return 3 * lag + (isBack ? EXPECTED_FOR : 0);
  }

  #lateEvents(): string[] {
    return this.#told.flatMap(({ about, recordedAt, toldAt }) => {
      if (toldAt - recordedAt <= TOLD_WITHIN || this.#isConcerned(isOfPlatform, recordedAt, toldAt)) return [];
      return [`${about} was sent ${Math.round((toldAt - recordedAt) / SECOND)} s after the change`];
    });
  }

  /** Whether a rule was in force, or an execution died, from shortly before a time to its end. */
  #isConcerned(matches: (rule: ParsedFaultRule) => boolean, from: Moment, to: Moment): boolean {
    const began = from - AFTERMATH;
    // A rule ends at some time between two notes.
    const before = this.#disturbances.findLast(({ at }) => at <= began);
    const within = this.#disturbances.filter(({ at }) => at > began && at <= to);
    return (
      within.some(({ died }) => died) ||
      [...(before ? [before] : []), ...within].some(({ rules }) => rules.some(matches))
    );
  }

  /** Whether more users than there are seats have ever been entitled. */
  #mayBeFull({ application, seats }: Entitlement, from: Moment, to: Moment): boolean {
    const all = [Number.NEGATIVE_INFINITY, from, undefined].flatMap(
      (moment) => this.#center.users(1000, undefined, moment).values,
    );
    const entitled = new Set(all.map(({ userId }) => userId))
      .values()
      .filter((userId) =>
        this.#truth.some(Number.NEGATIVE_INFINITY, to, (at) => this.#truth.mayBeEntitled(application, userId, at)),
      );
    return entitled.toArray().length > seats.max;
  }

  #isMeddledWith({ applicationArn, userId }: Pair, rule: Entitlement, from: Moment, to: Moment): boolean {
    if (this.stopped.has(applicationArn) || (managedOf(rule) && this.unlisted.has(applicationArn))) return true;
    return this.#meddled.some(
      ({ key, at }) => key === `${applicationArn} ${userId}` && at >= from - AFTERMATH && at <= to,
    );
  }
}
