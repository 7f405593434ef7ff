import type { OwnExecutions } from '../../adapters/executions.ts';
import type { ApplicationReport, Failure, SubscriptionEvidence } from '../../domain/decision/application-state.ts';
import type { Changes, PlannedChange } from '../../domain/decision/batches.ts';
import type { Progress } from '../../domain/decision/progress.ts';
import type { StoredChanges } from '../../domain/decision/slots.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { WorkItems, WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Propagation, Request } from '../../domain/request/request.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { FindingKind } from '../../domain/subscription/findings.ts';
import type { LeaseSession } from '../lease.ts';
import type { Measure } from '../ports.ts';
import type { Readers } from './readers.ts';
import type { ListCache } from './subscription-lists.ts';

/** `$.plan`: what the state machine does next, and what the next plan has to know. */
export type PlanOutput = {
  progress: Progress;
} /** Batch `batch` of `batches` in a stored round; `changes`: what a round that begins here has to make. */ & (
  | { outcome: 'apply'; round: number; batch: number; batches: number; term: number; changes?: ChangeSummary[] }
  | { outcome: 'settle'; settle: { waitSeconds: number } }
  | { outcome: 'handedOver'; handedOverTo?: string }
  /** As converged, but for revocations that wait until an operator releases them. */
  | { outcome: 'held' }
  | { outcome: 'converged' }
) & {
    /** What sweeps found, in ids and counts. */
    report?: ApplicationReport[];
    /** What comparisons of subscriptions found. */
    subscriptions?: SubscriptionCounts[];
    /** Applications that are no longer configured, and how many of their seats are left. */
    unconfigured?: { application: string; seats: number }[];
  };

/** How many users the changes of a kind concern; of a few, who they are. `applications`: whose hold is announced. */
export interface ChangeSummary {
  kind: Changes['kind'];
  users: number;
  userIds?: string[];
  applications?: string[];
}

export interface PlanInput {
  request: Request;
  propagation: Propagation;
  progress: Progress;
  /** ARN of the execution. */
  execution: string;
}

export type PlanServices = Omit<Readers, 'renewLease'> & {
  clock: Clock;
  measure: Measure;
  executions: OwnExecutions;
  /** What this process has read of subscriptions. */
  lists: ListCache;
  /** Most users per batch, if fewer than time allows. */
  batchUsers?: number | undefined;
};

/** What the lease holder plans with. */
export type HeldServices = PlanServices & { lease: LeaseSession };

/** The right to plan, and how far the execution has come. */
export interface RunContext {
  execution: string;
  term: number;
  progress: Progress;
}

/** What the reads of one pass are made for. */
export interface ReconcileContext {
  /** When the reads begin. */
  readAt: Date;
  execution: string;
  /** Entitlements whose application's settings this execution has read. */
  checked: readonly string[];
  /** Pages that ListUsers took when it was last read to its end. */
  userPages: number | undefined;
  /** The plan before needed the list of all users, and so will this one. */
  listUsers?: boolean | undefined;
  /** Returns how many seconds are left for reading before the function has to come to an end. */
  secondsLeft(): number;
  /** Applications that are put aside: their next sweep is not brought forward. */
  sweepsAside?: readonly string[];
  /** What stored rounds will change in an application, if anything. */
  storedIn(applicationArn: string): Promise<StoredChanges | undefined>;
  /** What the list of an entitlement's profile shows. */
  listFor(entitlement: Entitlement): Promise<SubscriptionEvidence>;
  /** Applications to which AWS refuses new subscriptions. */
  stopped?: WorkQueue['stopped'];
}

/** What the comparison of one profile found, by kind of finding, and where it could not see who is charged twice; or why there was none. Named after its leading entitlement. */
export type SubscriptionCounts = { entitlement: string } & (
  | (Record<FindingKind, number> & { unreadable: number; unseen?: string[] })
  | { unread: { reason: string; message: string } }
);

/** What one pass over due work items found, decided and committed. */
export interface ReconcileResult {
  changes: PlannedChange[];
  /** By application that was read as a whole: users without a seat, whether it gives them one or not. */
  seatless: ReadonlyMap<string, readonly string[]>;
  /** Applications whose hold has an event that is not on the bus. */
  holds: string[];
  /** By application: a slot belongs to a user who was not checked, or the last seats may be concerned. */
  sweepsNeeded: ReadonlyMap<string, { withStatus: boolean }>;
  /** By application: whether users wait for a slot, where that is known now. */
  hasWaitlist: ReadonlyMap<string, boolean>;
  /** By user id or application: ISO time of the next check, for what these reads do not verify. */
  requeueAt: ReadonlyMap<string, string>;
  /** A write is too young for these reads to verify it. */
  unverified: boolean;
  /** By application: how many revocations the brake holds, where that was determined. */
  heldCounts: ReadonlyMap<string, number>;
  failures: readonly Failure[];
  /** Keys of the work items whose reads failed for the time being; `requeueAt` says when they are checked again. */
  faulted: ReadonlySet<string>;
  /** Users and applications for which no time was left: they stay as due as they are. */
  unserved: readonly string[];
  /** Users of a sweep who are checked on their own: they could not be read, or its lists do not show what AWS has accepted. */
  alone: readonly string[];
  /** Users whose change failed and is left to a tick. */
  aside: number;
  /** Entitlements whose application's settings this execution has read. */
  checked: string[];
  /** Pages that ListUsers took, if it was read to its end. */
  userPages: number | undefined;
  /** UserStatus was read from the list of all users. */
  listedUsers: boolean;
  /** By application: what sweeps found. */
  reports: ReadonlyMap<string, ApplicationReport>;
  /** What comparisons of subscriptions found. */
  subscriptions: readonly SubscriptionCounts[];
}

/** One pass over due work items, and what came of it. */
export interface Pass {
  items: WorkItems;
  /** When its reads began. */
  readAt: Date;
  result: ReconcileResult;
}
