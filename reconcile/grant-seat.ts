import { mayBeListedStill } from '../domain/decision/timing.ts';
import { type Entitlement, managedOf } from '../domain/entitlements.ts';
import { joinedAtOf } from '../domain/queue/work-queue.ts';
import { ownsAccess, withoutAccess } from '../domain/seat/ownership.ts';
import { includesSubscription, isUnanswered, type Seat } from '../domain/seat/seat.ts';
import { markAssigned, markCreating, putAside } from '../domain/seat/transitions.ts';
import { NotConvergedError, RefusedError } from '../domain/shared/errors.ts';
import { secondsBetween } from '../domain/shared/time.ts';
import { askFor, isDenied, isNotEligible } from './subscribe.ts';
import {
  type ApplyServices,
  type BatchServices,
  type ChangeOutcome,
  CONFLICT,
  contextOf,
  isSuperseded,
  recordRefusal,
  type Setback,
  type Task,
  targetOf,
} from './task.ts';

/** A create that was repeated so often without effect is put aside: an execution fails for it. */
const MOST_REPEATS = 3;

function afterRepeats(seat: Seat, { seat: before, execution }: Task, now: Date): Seat {
  const { repeats = 0, revision } = seat;
  if (repeats < MOST_REPEATS) return seat;
  const known = before?.refusal ? { ...seat, refusal: before.refusal } : seat;
  const tries = before?.refusal ? 1 : repeats + 1;
  return { ...putAside(known, NotConvergedError.REASON, { now, execution }, tries), revision };
}

/**
 * Grants a seat: confirms that the user is entitled, writes the intention, makes the calls, records the answer.
 *
 * The plan's reads have shown that no one else made what is to be made. A seat that an earlier try left as `creating` is
 * read again, because its call may have been made.
 */
export async function grant(task: Task, services: BatchServices): Promise<ChangeOutcome | Setback> {
  const { change, entitlement, origin } = task;
  const { clock, ledger, measure, stops } = services;
  const { applicationArn } = change;
  // A deployment since the plan has removed the entitlement, its enforce mode or its subscription.
  if (entitlement?.mode !== 'enforce') return 'later';
  const settings = managedOf(entitlement);
  if (change.part !== undefined && !settings) return 'later';
  if (isSuperseded(task)) return 'done';
  const part = (await isLeftOver(task, services)) ? undefined : change.part;
  const makes = {
    access: part === undefined || part === 'access',
    subscription: settings !== undefined && includesSubscription(part),
  };
  if (makes.subscription && stops.has(applicationArn)) return 'later';
  if (!(await isEntitled(task, entitlement, services))) return 'later';
  if (makes.access && (await isListLate(task, services))) return 'later';
  const now = clock.now();
  const making = { part, plan: settings?.plan };
  let seat = markCreating(task.seat, targetOf(task, entitlement, now), contextOf(task, now), making);
  await ledger.saveSeat(seat);
  const made = await makeParts(task, { seat, entitlement, makes }, services);
  if (!('seat' in made)) return made.outcome;
  seat = afterRepeats(markAssigned(made.seat, contextOf(task, clock.now())), task, clock.now());
  await ledger.saveSeat(seat);
  measure('SeatsGranted', 1);
  if (change.reason === 'group-join') {
    const joinedAt = origin ? joinedAtOf(origin) : seat.requestedAt;
    measure('JoinToSeat', Math.max(0, secondsBetween(joinedAt, clock.now())));
  }
  return 'granted';
}

/** A list may lag behind an assignment that was verified: before it counts as drift, this one assignment is read. */
async function isListLate({ change, seat }: Task, { applications }: ApplyServices): Promise<boolean> {
  if (change.reason !== 'drift-healed' || (seat !== undefined && isUnanswered(seat))) return false;
  return applications.isAssigned(change.applicationArn, change.userId);
}

/**
 * Whether the assignment next to which only a subscription is to be made is the one that Usher has revoked: a list may still
 * show it. It is no longer there, so that it is made again.
 */
async function isLeftOver({ change, seat }: Task, { applications, clock }: ApplyServices): Promise<boolean> {
  if (change.part !== 'subscription' || seat?.status !== 'revoked') return false;
  if (!mayBeListedStill(seat, { readAt: clock.now() })) return false;
  return !(await applications.isAssigned(change.applicationArn, change.userId));
}

/** A seat whose intention is saved, and which of its parts are to be made. */
interface Intention {
  seat: Seat;
  entitlement: Entitlement;
  makes: { access: boolean; subscription: boolean };
}

/**
 * Makes the parts of a seat in the order that its provider needs: Kiro may make the assignment with the subscription, and may
 * refuse to subscribe a user who has it already; Amazon Q Business takes the assignment first.
 *
 * @returns the seat after it, or why a part was not made
 */
async function makeParts(
  task: Task,
  { seat, entitlement, makes }: Intention,
  services: BatchServices,
): Promise<{ seat: Seat } | { outcome: ChangeOutcome | Setback }> {
  const { applicationArn, userId } = task.change;
  const { applications } = services;
  const isKiro = managedOf(entitlement)?.provider === 'kiro';
  const unfinished = task.seat !== undefined && isUnanswered(task.seat);
  let after = seat;
  // A part of Usher's that is there is not forgotten if the other one is refused.
  let isMade = (!makes.access && seat.access === undefined) || hasSubscription(seat, task);

  const assign = async () => {
    const mayExist = unfinished || (isKiro && makes.subscription);
    if (mayExist && (await applications.isAssigned(applicationArn, userId))) return 'assigned';
    return applications.assign(applicationArn, userId);
  };
  /** Whether nothing was made before the subscription, and the assignment is still to be made. */
  const isAlone = (part: 'subscription' | 'access') => part === 'subscription' && makes.access && !isMade;
  const parts = isKiro ? (['subscription', 'access'] as const) : (['access', 'subscription'] as const);
  for (const part of parts) {
    if (!makes[part]) continue;
    try {
      if (part === 'access') {
        if ((await assign()) === 'conflict') return { outcome: CONFLICT };
      } else {
        const asked = await askFor(after, { entitlement, isChange: task.change.part === 'plan' }, services);
        if (!asked) {
          if (isAlone(part)) await disownAccess(after, task, services);
          return { outcome: CONFLICT };
        }
        after = asked;
      }
      isMade = true;
    } catch (error) {
      return { outcome: await refuse(error, after, { task, part, isMade, isAlone: isAlone(part) }, services) };
    }
  }
  return { seat: after };
}

/**
 * Records that a conflict or a refusal has made nothing: an assignment that shows later is someone else's, unless an earlier
 * one was Usher's.
 */
async function disownAccess(seat: Seat, { seat: before }: Task, { ledger }: BatchServices): Promise<Seat> {
  if (ownsAccess(before)) return seat;
  const disowned = { ...withoutAccess(seat), revision: seat.revision + 1 };
  await ledger.saveSeat(disowned);
  return disowned;
}

/** Whether the list has shown the subscription that the seat owns. */
function hasSubscription({ subscription }: Seat, { change: { part } }: Task): boolean {
  return subscription !== undefined && (part === 'access' || part === 'plan');
}

/** A subscription that was refused is not Usher's, unless an earlier call has had no answer. */
function withoutNew(seat: Seat, { seat: before }: Task): Seat {
  const { subscription: _, ...others } = seat;
  return before?.subscription && before.status !== 'revoked'
    ? { ...others, subscription: before.subscription }
    : others;
}

async function refuse(
  error: unknown,
  seat: Seat,
  { task, part, isMade, isAlone }: { task: Task; part: 'subscription' | 'access'; isMade: boolean; isAlone: boolean },
  services: BatchServices,
): Promise<ChangeOutcome | Setback> {
  const { applicationArn } = task.change;
  const own = isAlone && error instanceof RefusedError ? await disownAccess(seat, task, services) : seat;
  const refused = part === 'subscription' ? withoutNew(own, task) : own;
  if (isDenied(error) && services.isNewProfile(applicationArn)) return { reason: error.reason, tries: 1 };
  if (isNotEligible(error)) services.stops.stop(applicationArn);
  return recordRefusal(error, refused, task, { ...services, isMade });
}

/** The plan has read the status of everyone who gets a seat; later than this, it is read again. */
const STATUS_HOLDS_SECONDS = 60;

/** Whether fresh reads of this one user, right before the call, confirm the grant. */
async function isEntitled(
  { change: { userId }, plannedAt }: Task,
  { groups }: Entitlement,
  { clock, directory }: ApplyServices,
): Promise<boolean> {
  const found = await directory.groupsOf(userId, groups);
  if (!found || found.size === 0) return false;
  if (secondsBetween(plannedAt, clock.now()) <= STATUS_HOLDS_SECONDS) return true;
  return (await directory.statusOf(userId)) === 'enabled';
}
