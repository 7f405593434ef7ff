import type { ApplicationItems } from '../../adapters/ledger.ts';
import type {
  ApplicationState,
  CheckedUser,
  Failure,
  Moment,
  UserState,
} from '../../domain/decision/application-state.ts';
import { type Budget, budgetOf } from '../../domain/decision/brake.ts';
import { isAdoptable } from '../../domain/decision/decide.ts';
import { type Forecast, forecast } from '../../domain/decision/forecast.ts';
import { type Hold, isHeld } from '../../domain/decision/hold.ts';
import { observeApplication } from '../../domain/decision/observe-application.ts';
import {
  observedChanges,
  type Undecided,
  type UserChange,
  undecidedIn,
  userChangesIn,
} from '../../domain/decision/user-changes.ts';
import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import { stopOf } from '../../domain/queue/stops.ts';
import { askedAtOf, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { readSettings } from '../../reconcile/plan/evidence.ts';
import { readApplication, type SharedReads } from '../../reconcile/plan/read-application.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { ReconcileContext } from '../../reconcile/plan/result.ts';
import { type PlannedNotices, plannedNotices } from './plan-notices.ts';

/** What the next executions make of one entitlement. */
export interface EntitlementPlan {
  entitlement: Entitlement;
  /** By user; of an entitlement that only observes, what it would change. */
  changes: UserChange[];
  undecided: Undecided[];
  /** The seats that take a slot, now and at the end. */
  seats: readonly Seat[];
  seatsAfter: readonly Seat[];
  /** Names of other entitlements under which seats were granted. */
  formerly: string[];
  entitled: number;
  /** On the waitlist at the end. */
  waiting: number;
  /** The hold at the end, if it is in force, and how many revocations it holds. */
  hold: { hold: Hold; count: number } | undefined;
  /** The revocation budget as it is now. */
  budget: Budget;
  /** Revocations that are asked for, without those that are in progress. */
  asked: number;
  /** Entitled users with an assignment that Usher did not make. */
  adoptable: string[];
  /** Entitled users with a confirmed seat that has no subscription of Usher's. */
  unsubscribed: string[];
  /** Assignments that Usher did not make, of entitled users or not. */
  unmanaged: number;
  /** Configured groups without members, and those that do not exist. */
  emptyGroups: string[];
  missingGroups: string[];
  /** Users whose status could not be read: nothing is decided about them. */
  unread: readonly string[];
  /** Why AWS lets nothing be changed. */
  refusals: Failure['error'][];
  /** AWS refuses new subscriptions to the account, so that no seat begins. */
  isStopped: boolean;
  notices: PlannedNotices;
}

/** What a plan of an entitlement is made for, and with. */
export interface PlanContext {
  now: Date;
  /** Who asks for the execution: one that an operator starts tries again at once what was refused. */
  trigger: CheckedUser['trigger'];
  /** What the ledger holds; undefined if there is none. */
  queue: WorkQueue | undefined;
  shared: SharedReads;
  /** What the list of an entitlement's profile shows. */
  listFor: ReconcileContext['listFor'];
}

const NO_ITEMS: ApplicationItems = { seats: [], hold: undefined, observations: [], findings: [] };

/**
 * Reads an application afresh, as the daily sweep does, and decides the same; changes nothing.
 *
 * @throws TransientAwsError · RefusedError if its lists cannot be read, or this caller may not read its settings
 */
export async function planEntitlement(
  entitlement: Entitlement,
  { now, trigger, queue, shared, listFor }: PlanContext,
  readers: Readers,
): Promise<EntitlementPlan> {
  const { application } = entitlement;
  const items = queue ? await readers.ledger.itemsOf(application) : NO_ITEMS;
  const item = { withStatus: true, adopt: false };
  const { users, whole, unread } = await readApplication(
    { entitlement, seats: items.seats, item },
    now,
    readers,
    shared,
  );
  const checked = users.map((user): CheckedUser => checkedFor(user, { application, trigger, now, queue }));
  const moment = { readAt: now, execution: '' };
  const settings = await readSettings(entitlement, readers);
  // The service reads them with a role of its own.
  if (settings instanceof RefusedError && settings.reason === 'access-denied') throw settings;
  const isStopped = queue !== undefined && stopOf(queue, entitlement) !== undefined;
  const read = { entitlement, users: checked, whole };
  const found =
    entitlement.mode === 'observe'
      ? observed(read, items, { moment, readers })
      : enforced(
          {
            ...read,
            evidence: {
              settings,
              holdings: items,
              ...(managedOf(entitlement) ? { subscriptions: await listFor(entitlement) } : {}),
            },
            ...(isStopped ? { stopped: { probe: false } } : {}),
          },
          { moment, readers },
        );
  const groups = entitlement.groups.map((group) => [group, shared.members.get(group)] as const);
  return {
    entitlement,
    seats: items.seats.filter(takesSlot),
    formerly: formerNames(entitlement, items),
    entitled: users.filter((user) => user.entitled).length,
    unsubscribed: users.flatMap((user) => (isUnsubscribed(user) ? user.userId : [])),
    unmanaged: whole.unmanaged,
    emptyGroups: groups.flatMap(([group, members]) => (members?.size === 0 ? group : [])),
    missingGroups: groups.flatMap(([group, members]) => (members ? [] : group)),
    unread,
    isStopped,
    budget: budgetOf(items.seats, readers.entitlements.brake, now),
    asked: found.asked,
    notices: plannedNotices(entitlement, found.plan.changes, { entitlements: readers.entitlements, queue, now }),
    ...found.plan,
  };
}

function isUnsubscribed({ entitled, seat }: UserState): boolean {
  return entitled && seat?.status === 'confirmed' && seat.subscription === undefined;
}

function checkedFor(
  user: UserState,
  { application, trigger, now, queue }: Pick<PlanContext, 'trigger' | 'now' | 'queue'> & { application: string },
): CheckedUser {
  const { userId } = user;
  const item = queue?.sweeps[application];
  const askedAt = item ? askedAtOf(item, userId) : (queue?.users[userId]?.since ?? now.toISOString());
  return { key: application, trigger, cause: '', askedAt, adopt: false, user };
}

/** What was decided, and what the brake has to do with it. */
interface Found {
  plan: Pick<EntitlementPlan, 'changes' | 'undecided' | 'seatsAfter' | 'waiting' | 'hold' | 'adoptable' | 'refusals'>;
  asked: number;
}

type Surroundings = { moment: Moment; readers: Readers };

function enforced(state: ApplicationState, { moment, readers }: Surroundings): Found {
  const outcome = forecast(state, readers.entitlements, moment);
  const { first, seats } = outcome;
  const users = state.users.map(({ user }) => user);
  const all = [...seats.values()];
  const held = all.filter(({ status }) => status === 'held').length;
  const wanted = (userId: string, ...verdicts: string[]) => verdicts.includes(first.verdicts.get(userId)?.do ?? '');
  return {
    plan: {
      changes: userChangesIn(users, outcome),
      undecided: undecidedIn(users, outcome),
      seatsAfter: all.filter(takesSlot),
      waiting: all.filter(({ status }) => status === 'waitlisted').length,
      hold: isHeld(outcome.hold) ? { hold: outcome.hold, count: held } : undefined,
      adoptable: users.flatMap((user) =>
        wanted(user.userId, 'nothing') && isAdoptable(user, { do: 'nothing' }) ? user.userId : [],
      ),
      refusals: refusalsIn(outcome, state),
    },
    asked: users.filter(({ userId, seat }) => seat?.status !== 'revoking' && wanted(userId, 'revoke', 'hold')).length,
  };
}

/** Why nothing of the application may be changed; what is refused for one user is said with the user. */
function refusalsIn({ first: { failures } }: Forecast, { entitlement }: ApplicationState): Failure['error'][] {
  return failures.flatMap(({ key, error }) => (key === entitlement.application ? error : []));
}

/** What an observing entitlement answers about each user; its seats from before stay as they are. */
function observed(
  state: Omit<ApplicationState, 'evidence'>,
  items: ApplicationItems,
  { moment, readers }: Surroundings,
): Found {
  const { observations } = observeApplication(state, items, readers.entitlements, moment);
  const answers = new Map([...items.observations, ...observations].map(({ userId, answer }) => [userId, answer]));
  const users = state.users.map(({ user }) => user);
  return {
    plan: {
      changes: observedChanges(answers),
      undecided: [],
      seatsAfter: items.seats.filter(takesSlot),
      waiting: items.seats.filter(({ status }) => status === 'waitlisted').length,
      hold: undefined,
      adoptable: users.flatMap((user) => (isAdoptable(user, { do: 'nothing' }) ? user.userId : [])),
      refusals: [],
    },
    asked: [...answers.values()].filter((answer) => answer === 'would-revoke' || answer === 'would-hold').length,
  };
}

/** Other names under which the ledger holds seats; none if one has the name already: then it was deployed. */
function formerNames({ name }: Entitlement, { seats, observations }: ApplicationItems): string[] {
  const names = new Set([...seats, ...observations].map(({ entitlement }) => entitlement));
  return names.has(name) ? [] : [...names].sort();
}
