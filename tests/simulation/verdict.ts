import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import type { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import type { Moment, Truth } from './truth.ts';
import type { Watch } from './watch.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
/** So long after a create without an answer, a read has told whether it had succeeded: 75 minutes, and the next sweep. */
const PROVED_WITHIN = 150 * MINUTE;

/** Longer lags make executions give up, and ticks serve the users. */
const MOST_LAG = 2 * MINUTE;

/** What a verdict is given on. */
export interface Outcome {
  watch: Watch;
  truth: Truth;
  center: IdentityCenter;
  now: Moment;
  /** A reconciliation has come after all that happened. */
  reconciled: boolean;
}

/** Assignments equal entitlements, within cap, grace, brake and ownership; the ledger says what is so. */
export function judgeSeats(outcome: Outcome): void {
  const { truth, now } = outcome;
  for (const rule of truth.rulesAt(now).entitlements) {
    // Of an application that is not there, Usher can prove nothing.
    if (rule.mode === 'enforce' && truth.isThere(rule.application)) judgeApplication(rule, outcome);
  }
}

function judgeApplication(rule: Entitlement, outcome: Outcome): void {
  const { watch, truth, center, now } = outcome;
  const { application: applicationArn } = rule;
  const { shadow } = watch;
  const full = shadow.inUse(applicationArn) >= rule.seats.max;
  const users = new Set([
    ...center.users(1000).values.map(({ userId }) => userId),
    ...shadow.seatsOf(applicationArn).map(({ userId }) => userId),
  ]);
  for (const userId of users) {
    if (truth.hasUnknownStatus(userId, now)) continue;
    const pair = { applicationArn, userId };
    const assigned = center.isAssigned({ applicationArn, principalId: userId, principalType: 'USER' });
    const entitled = truth.isEntitled(applicationArn, userId, now);
    const seat = shadow.seat(applicationArn, userId);
    const ours = seat !== undefined && takesSlot(seat);
    if (entitled && !assigned && !(full && seat?.status === 'waitlisted')) {
      watch.violate(2, `entitled and not assigned, seat ${seat?.status}`, pair);
    }
    if (managedOf(rule)) judgeSubscription(pair, { rule, entitled, seat }, outcome);
    // Usher believes a read that does not show what it was told it has removed.
    const isBelieved = watch.losing && watch.lag > MOST_LAG && seat?.status === 'revoked';
    if (
      !entitled &&
      assigned &&
      !isBelieved &&
      ((ours && seat.access === undefined) || watch.originOf(pair) === 'usher') &&
      !mayKeep(seat, rule, outcome)
    ) {
      watch.violate(2, `assigned and not entitled, seat ${seat?.status}`, pair);
    }
    // A seat to which no user is entitled any more isn't made again; it ends when its days of grace, or the hold, do.
    const isForeign = seat?.access === 'foreign';
    const ending =
      isForeign ||
      seat?.status === 'leaving' ||
      (seat?.status === 'held' && shadow.hold(applicationArn)?.status === 'held');
    if (ours && !assigned && !ending) {
      watch.violate(2, `not assigned, although the seat is ${seat.status}`, pair);
    }
  }
  judgeLine(shadow.seatsOf(applicationArn), rule, outcome);
}

/** An entitled user is subscribed, no matter who pays for it; to others, no subscription is left that Usher has started. */
function judgeSubscription(
  pair: { applicationArn: string; userId: string },
  { rule, entitled, seat }: { rule: Entitlement; entitled: boolean; seat: Seat | undefined },
  outcome: Outcome,
): void {
  const { watch } = outcome;
  const { subscribers, shadow } = watch;
  const taken = shadow.inUse(pair.applicationArn);
  // Above a cap that was lowered, nothing is made again.
  const isBeyond = taken > rule.seats.max || (taken === rule.seats.max && seat?.status === 'waitlisted');
  // Someone else's subscription has ended, with a membership perhaps: the next sweep finds it. So does it if the assignment is
  // someone else's, too.
  const isOthers = seat === undefined || (seat.status === 'confirmed' && seat.subscription === undefined);
  const isUnswept = !outcome.reconciled && isOthers;
  if (entitled && !isBeyond && !isUnswept && watch.isUnsubscribed(pair)) {
    watch.violate(2, `entitled and not subscribed, seat ${seat?.status}`, pair);
  }
  // Usher believes a list that lags and does not show what it was told that it has cancelled. If the user comes back, what the
  // list shows later counts as someone else's.
  const isForgotten = seat?.status === 'revoked' || seat?.subscription === undefined;
  const isBelieved = watch.losingSubscriptions && watch.lag > MOST_LAG && isForgotten;
  if (isBelieved || subscribers.originOf(pair) !== 'usher') return;
  if (!entitled && !mayKeep(seat, rule, outcome)) {
    watch.violate(2, `subscribed by Usher and not entitled, seat ${seat?.status}`, pair);
  }
  if (seat?.subscription === undefined) {
    watch.violate(3, `subscribed by Usher, which does not know it, seat ${seat?.status}`, pair);
  }
}

/** Who isn't entitled keeps the seat in the days of grace, and while the brake holds it. */
function mayKeep(seat: Seat | undefined, rule: Entitlement, { watch, truth, now, reconciled }: Outcome): boolean {
  const { onLeave, application } = rule;
  if (seat?.status === 'held') return watch.shadow.hold(application)?.status === 'held';
  if (seat?.status !== 'leaving') return false;
  const due = Date.parse(seat.dueAt ?? '');
  const days = truth.rulesOf(application, now - 10 * DAY, now).map((one) => one?.onLeave.revokeAfterDays ?? 0);
  // It is counted from when the leave was seen, which may be long after it.
  const latest = now + Math.max(onLeave.revokeAfterDays, ...days) * DAY;
  return due <= latest && !(reconciled && due < now);
}

/** No user who asked later got a seat while an entitled user waited. */
function judgeLine(seats: readonly Seat[], { application, groups }: Entitlement, { watch, truth, now }: Outcome): void {
  for (const waiting of seats.filter(({ status }) => status === 'waitlisted')) {
    const since = Date.parse(waiting.changedAt);
    const entitled = (at: Moment) => truth.isEntitled(application, waiting.userId, at);
    if (!truth.always(since - MINUTE, now, entitled)) continue;
    for (const seat of seats) {
      if (!takesSlot(seat) || watch.trail.isAdopted(seat)) continue;
      const passed = Date.parse(seat.requestedAt) > Date.parse(waiting.requestedAt);
      // A seat that AWS does not make for hours has taken its slot long before it is granted.
      const slotSince = watch.slotSince(seat);
      if (watch.punctuality.isPassedOver(waiting, groups, since, slotSince)) continue;
      if (passed && slotSince > since + 30 * MINUTE) {
        watch.violate(4, `passed ${waiting.userId.slice(-2)} in line`, seat);
      }
    }
  }
}

/** What was told of every seat is how it ended; what failed was told, too. */
export function judgeTrail({ watch, truth, center, now }: Omit<Outcome, 'reconciled'>): void {
  const { trail, shadow } = watch;
  const isConfigured = (application: string, at: Moment) =>
    truth.rulesAt(at).entitlements.some((one) => one.application === application);
  for (const fault of [...trail.contradictions(), ...trail.repetitions()]) watch.violate(7, fault);
  for (const seat of shadow.all()) {
    const last = trail.lastTold(seat);
    if (seat.audit.length > 0) watch.violate(7, `${seat.audit[0]?.kind} was never sent`, seat);
    // Whether a create had succeeded, no read tells any more of an application that is gone, or that no entitlement named when
    // reads could have told it.
    const isUnverified = seat.status === 'creating' || seat.grantedAt === undefined;
    const provedAt = Math.min(now, Date.parse(seat.changedAt) + PROVED_WITHIN);
    const isRead = truth.isThere(seat.applicationArn) && isConfigured(seat.applicationArn, provedAt);
    const isOpen = (isUnverified && !isRead) || (seat.status === 'creating' && watch.isUnsubscribable(seat));
    if (takesSlot(seat) && last !== 'given' && !isOpen)
      watch.violate(7, `a seat that is ${seat.status} was never told of`, seat);
    if (!takesSlot(seat) && last === 'given') watch.violate(7, `that a seat is ${seat.status} was never told`, seat);
  }
  judgeGrantsTold({ watch, truth, center, now });
  judgeGrowthTold({ watch, truth, now });
  for (const end of watch.ends) {
    // That a failure is told is EventBridge's rule; where the bus fails again and again, its dead letters have it.
    if (end.status === 'SUCCEEDED' || watch.silencing) continue;
    if (![...trail.failed].some((arn) => arn.endsWith(`:${end.execution}`))) {
      watch.violate(7, `that ${end.execution} ended as ${end.status} was never told`);
    }
  }
}

/** How far a hold has grown was told, once its last event is old enough. */
function judgeGrowthTold({ watch, truth, now }: Pick<Outcome, 'watch' | 'truth' | 'now'>): void {
  if (watch.refusing) return;
  for (const { application, mode } of truth.rulesAt(now).entitlements) {
    const hold = watch.shadow.hold(application);
    const last = Date.parse(hold?.announced?.at ?? hold?.since ?? '');
    if (mode !== 'enforce' || hold?.status !== 'held' || hold.released !== undefined || now - last < 30 * MINUTE)
      continue;
    if (watch.trail.digests.has(hold.digests.at(-1)?.digest ?? '')) continue;
    watch.violate(7, `how far the hold of ${application.slice(-2)} has grown was never told`);
  }
}

/** Everything that Usher has made, and that is there, was told of: assignments, and subscriptions with their plan. */
function judgeGrantsTold({ watch, truth, center, now }: Omit<Outcome, 'reconciled'>): void {
  // Where its assignment shows later than a plan waits for it, it may pass for another party's.
  if (watch.hazy) return;
  for (const { application: applicationArn } of truth.rulesAt(now).entitlements) {
    for (const { userId } of center.users(1000).values) {
      const pair = { applicationArn, userId };
      const isTold = watch.trail.lastTold(pair) === 'given';
      // That AWS refuses the subscription was told last.
      const isRefused = watch.isUnsubscribable(pair);
      if (watch.originOf(pair) === 'usher' && !isTold && !isRefused)
        watch.violate(7, 'a grant was never told of', pair);
      if (watch.subscribers.originOf(pair) !== 'usher') continue;
      const plan = watch.shadow.seat(applicationArn, userId)?.subscription?.plan;
      if (!isTold || watch.trail.planTold(pair) !== plan)
        watch.violate(7, `a subscription to ${plan} was never told of`, pair);
    }
  }
}

/** No execution runs any more: what is left in the mailbox has no reader, unless an execution that failed has it. */
export function judgeMailbox({ watch, now }: Outcome): void {
  const { users, sweeps } = watch.shadow.queue;
  const failed = new Set(watch.ends.flatMap(({ execution, status }) => (status === 'SUCCEEDED' ? [] : [execution])));
  for (const [key, { by, dueAt }] of [...Object.entries(users), ...Object.entries(sweeps)]) {
    if (failed.has(by.split(':').at(-1) ?? '')) continue;
    // What AWS refuses is put aside after an execution has failed for it: a tick checks it.
    if (watch.refusing && by === '') continue;
    watch.violate(
      6,
      `${by.split(':').at(-1)} has ended and left a look at ${key.slice(-2)}, due in ${(Date.parse(dueAt) - now) / SECOND} s`,
    );
  }
}

/** Whoever is not concerned by a fault is served in time, and everyone's changes are told in time. */
export function judgePunctuality({ watch }: Outcome): void {
  if (watch.lag > MOST_LAG) return;
  for (const late of watch.punctuality.lateness(watch.lag)) watch.violate(10, late);
}

/** Errors of an execution that are the fault of the one who started it. */
const ASKED_WRONGLY =
  /^(InvalidRequestError|PropagationTimeoutError|RefusedError: No hold has this digest|RefusedError: No user whom this digest covers is held)/;

/** Where AWS refuses nothing and no execution dies, executions fail only for what they were started with. */
export function judgeFailures({ watch }: Outcome): void {
  if (watch.refusing) return;
  for (const { execution, status, cause = '' } of watch.ends) {
    // Reads that lag longer than a plan waits may make it give up.
    if (watch.hazy && cause.startsWith('NotConvergedError')) continue;
    if (status !== 'SUCCEEDED' && !ASKED_WRONGLY.test(cause))
      watch.violate(6, `${execution} ended as ${status}: ${cause}`);
  }
}
