import type { Entitlement } from '../entitlements.ts';
import type { Reason, Seat } from '../seat/seat.ts';
import type { NotConvergedError, RefusedError } from '../shared/errors.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { PlannedChange } from './batches.ts';
import type { GroupSize, GroupSizes } from './group-sizes.ts';
import type { Hold } from './hold.ts';
import type { Slots, StoredChanges } from './slots.ts';

/** Why a user is not entitled. */
export type Ineligibility = Extract<Reason, 'group-leave' | 'user-disabled' | 'user-deleted' | 'entitlement-removed'>;

/** What an entitlement asks for and what Identity Center and the ledger hold, for one user and one application. */
export interface UserState {
  userId: string;
  /** Member of a group of the entitlement, and not known to be disabled or deleted. */
  entitled: boolean;
  /** Why not. Absent for a user who is not entitled: the reads contradict each other, and justify no change. */
  ineligibility?: Ineligibility;
  /** Of an entitled user: UserStatus was not read, since the seat stood. A grant asks for it. */
  statusAssumed?: true;
  assigned: boolean;
  seat: Seat | undefined;
}

/** Whether a user is entitled, and if not, why. */
export type Eligibility = Pick<UserState, 'entitled' | 'ineligibility'>;

/** What a decision about one user depends on besides their state. */
export interface DecisionContext {
  /** When the reads began: what was written shortly before may not show in them. */
  readAt: Date;
  trigger: 'event' | 'manual' | 'tick';
  execution: string;
  /** `onLeave.revokeAfterDays` of the entitlement. */
  graceDays: number;
  /** The work item names this user. */
  named: boolean;
}

/** One user of an application as a snapshot shows them, with what their work item says. */
export interface CheckedUser {
  /** Key of the work item: the user id, or the application of a sweep. */
  key: string;
  trigger: DecisionContext['trigger'];
  /** Event id or execution that asked for the check. */
  cause: string;
  /** ISO time of the first request: the order of the waitlist. */
  askedAt: string;
  /** ISO time of a request that an observing entitlement has answered; it counts instead of every other. */
  promisedAt?: string;
  /** An operator has asked to adopt this user's unmanaged assignment. */
  adopt: boolean;
  user: UserState;
}

/** What only a read of a whole application shows. */
export interface WholeState {
  /** Key of the work item: the application. */
  key: string;
  /** A configured group has no members or does not exist. */
  emptyGroup: boolean;
  /** The sizes of the configured groups. */
  groups: readonly GroupSize[];
  nobodyEntitled: boolean;
  /** Assigned users for whom no seat of Usher's stands. */
  unmanaged: number;
  /** Groups that are assigned as a whole: their members keep access whatever becomes of their seats. */
  assignedGroups: readonly string[];
  /** Whose subscriptions an operator has asked to adopt. */
  adoptSubscriptions?: 'entitled' | 'all' | undefined;
  /** Users with a subscription whom no entitlement of the profile covers, as the last comparison found them. */
  orphans?: readonly string[];
}

/** Seats and hold of one application, as the ledger holds them; tombstones too. */
export interface Holdings {
  seats: Seat[];
  hold: Hold | undefined;
  /** As the last read of the whole application has shown them, and which have fallen. */
  groups?: GroupSizes | undefined;
  /** As it was before the seats were read. */
  slots?: Slots | undefined;
  /** What stored rounds change in the application; none if it is read as a whole, since its rounds end then. */
  stored?: StoredChanges;
}

/** Who is left in the configured groups, as far as a few reads tell: `some`: at least one other seat is entitled. */
export type Remaining = 'group-empty' | 'some' | 'none';

/** What the list of a profile shows, or from when it may be read. ISO times. */
export type SubscriptionEvidence =
  | {
      /** When its reads began. */
      readAt: string;
      /** From when it may be read again. */
      againAt: string;
      byUser: ReadonlyMap<string, readonly Subscription[]>;
    }
  | { until: string }
  | RefusedError
  /** For those that only show a decision: who is assigned is subscribed. */
  | 'assumed';

/**
 * What a decision may need beyond the snapshot. Absent: not read so far. A refusal fails only the users whose change
 * depends on it.
 */
export interface Evidence {
  /** Whether the application asks for assignments at all. */
  settings?: 'ok' | RefusedError;
  /** Null: none is known. A refusal counts as that. */
  slots?: Slots | null;
  holdings?: Holdings | RefusedError;
  remaining?: Remaining | RefusedError;
  /** What the list of the profile shows, if the entitlement manages subscriptions. */
  subscriptions?: SubscriptionEvidence;
  /** By user id: whether a fresh read shows an assignment. */
  assigned?: ReadonlyMap<string, boolean | RefusedError>;
  /** By user id: what reads of this one user show. Of whom they do not, the lists count. */
  eligibility?: ReadonlyMap<string, Eligibility>;
}

/** A read that would change the decision. */
export type Need =
  | { read: 'settings' }
  | { read: 'slots' }
  | { read: 'holdings' }
  /** @see Remaining; `userIds`: other seats of the application that may still be entitled */
  | { read: 'remaining'; userIds: readonly string[] }
  | { read: 'assigned'; userIds: readonly string[] }
  /** Whether these users are entitled, by reads of each. */
  | { read: 'eligibility'; userIds: readonly string[] }
  /** @see SubscriptionEvidence */
  | { read: 'subscriptions' };

/** Everything that a decision about one application follows from. */
export interface ApplicationState {
  entitlement: Entitlement;
  users: readonly CheckedUser[];
  /** Present if the whole application was read. */
  whole?: WholeState | undefined;
  evidence: Evidence;
  /** AWS refuses new subscriptions to the whole account. `probe`: one may be tried, whether it still does. */
  stopped?: { probe: boolean } | undefined;
  /** Slots that an observing entitlement has promised to users who were not checked. */
  promised?: number;
}

/** When the reads began, and for which execution. */
export interface Moment {
  readAt: Date;
  /** ARN of the execution. */
  execution: string;
}

/** What a snapshot of a whole application found, in ids and counts. */
export interface ApplicationReport {
  entitlement: string;
  /** Seats that take a slot. */
  seats: number;
  waiting: number;
  /** ISO time since when the first of the waitlist waits. */
  waitingSince?: string;
  /** Assignments that Usher did not make. */
  unmanaged: number;
  /** Seats above `seats.max`: it was lowered, and no user loses a seat for that. */
  overCap?: number;
  /** Revocations that the brake holds. */
  held?: number;
  /** Users who are put aside because AWS refuses calls about them, or they keep failing. */
  aside?: number;
  /** Users who are put aside because AWS accepts the changes and no read shows their effect. */
  notConverged?: number;
  /** At most ten of the groups that are assigned as a whole. */
  assignedGroups?: string[];
}

/** What an execution has to fail for, once everything else is served: none has so far. */
export interface Failure {
  /** User id, or the application if the cause concerns all of it: a later sweep then serves all of its users. */
  key: string;
  error: RefusedError | NotConvergedError;
  /** The seat as committed, if it says why the last attempt did not succeed. */
  seat?: Seat;
}

/** What becomes of one user, after cap and brake. `dueAt` and `until` are ISO times. */
export type Verdict =
  | { do: 'grant' | 'waitlist' | 'revoke' | 'hold' }
  | { do: 'begin-grace'; dueAt: string }
  | { do: 'confirm' | 'restore' | 'record-removal' | 'drop' }
  | { do: 'wait'; until: string }
  | { do: 'nothing' };

/** What follows from the state of one application. */
export interface ApplicationDecision {
  /** Grants and revocations to be made, and audit events (`record`) to be published. */
  changes: PlannedChange[];
  /** To be written before the seats; absent if it stays as it is. */
  slots?: Slots;
  /** Every seat that changes, once, with the stored revision plus one. */
  seats: Seat[];
  /** To be written after the seats (ADR 0010); absent if it stays as it is. */
  hold?: Hold;
  /** The sizes of the groups, as read; absent if they are as they were, or were not read. */
  groups?: GroupSizes;
  /** The hold has an event that is not on the bus. */
  announceHold: boolean;
  /** By key of the work item: ISO time of the next check, for what these reads do not verify. */
  recheck: ReadonlyMap<string, string>;
  /** A write is too young for these reads to verify it. */
  unverified: boolean;
  /** The application has to be read as a whole; `withStatus`: and every user's UserStatus. */
  sweepNeeded?: { withStatus: boolean };
  /** Whether users wait for a slot; absent: not determined. */
  waitlist?: boolean;
  /** Revocations that the brake holds; absent: not determined. */
  held?: number;
  failures: Failure[];
  /** Users whose change failed and is left to a tick. */
  aside: number;
  /** Users of a sweep who are to be checked on their own, because its lists do not show what AWS has accepted. */
  alone: readonly string[];
  report?: ApplicationReport;
  /** By user id. */
  verdicts: ReadonlyMap<string, Verdict>;
}
