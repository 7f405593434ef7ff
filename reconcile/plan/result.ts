import type { ApplicationItems } from '../../adapters/ledger.ts';
import type { Batch, PlannedChange } from '../../domain/decision/batches.ts';
import type { Decision, UserState } from '../../domain/decision/decide.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { Progress } from '../../domain/decision/progress.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { SweepItem, UserItem } from '../../domain/queue/work-queue.ts';
import type { Propagation, Request } from '../../domain/request/request.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { RefusedError } from '../../domain/shared/errors.ts';
import { isDue, latest } from '../../domain/shared/time.ts';
import { inParallel } from '../concurrency.ts';
import type { LeaseSession } from '../lease.ts';
import type { Measure } from '../ports.ts';
import type { ApplicationSnapshot, Readers } from './snapshot.ts';

/** What a sweep found of an application, in ids and counts. */
export interface ApplicationReport {
  entitlement: string;
  /** That take a place. */
  seats: number;
  waiting: number;
  /** Since when the first in line waits. */
  waitingSince?: string;
  /** Assignments that somebody else made. */
  unmanaged: number;
  /** Seats above `seats.max`: it was lowered, and nobody loses a seat for that. */
  overCap?: number;
  /** Revocations that the brake keeps. */
  held?: number;
  /** Groups assigned as a whole: their members keep access whatever becomes of their seats. */
  assignedGroups?: string[];
}

/** What a look found. */
export interface ReconcileResult {
  changes: PlannedChange[];
  /** Applications whose hold has an event that isn't on the bus yet. */
  holds: string[];
  /** Applications to be swept: a place is owed to somebody who wasn't looked at, or the last seats may be concerned. */
  sweepsNeeded: Map<string, { withStatus: boolean }>;
  /** By application: whether people wait for a place, where that is known now. */
  hasWaitlist: Map<string, boolean>;
  /** By user id or application: when to look again at what isn't proven by this look. */
  requeueAt: Map<string, string>;
  /** Writes of ours are too young for these reads to prove them. */
  unverified: boolean;
  /** By application: how many revocations the brake keeps, where changes were held against it. */
  heldCounts: Map<string, number>;
  /** By user id or application: what AWS or a limit refuses, and no execution has failed for so far. */
  failures: { key: string; error: RefusedError; seat?: Seat }[];
  /** Entitlements whose application's own settings this execution has read. */
  checked: string[];
  /** Pages that ListUsers took, if it was read to its end. */
  userPages: number | undefined;
  /** UserStatus was read from the list of all users. */
  listedUsers: boolean;
  /** By application: what sweeps found. */
  reports: Map<string, ApplicationReport>;
}

export interface ReconcileContext {
  /** When the reads begin. */
  readAt: Date;
  execution: string;
  checked: readonly string[];
  userPages: number | undefined;
  /** The plan before needed the list of all users, and so will this one. */
  listUsers?: boolean | undefined;
}

/** Where somebody stands, and what is to be done about it. */
export interface Decided {
  /** The look of the mailbox. */
  key: string;
  entry: UserItem | SweepItem;
  standing: UserState;
  decision: Decision;
  /** As it stands after what was noted. */
  seat: Seat | undefined;
  noted: boolean;
}

/** All that one plan has read and decided of one application. */
export interface ApplicationReads {
  entitlement: Entitlement;
  decided: Decided[];
  /** Where the whole application was read. */
  view: ApplicationSnapshot | undefined;
  /** Likewise, what the ledger holds of it. */
  items: ApplicationItems | undefined;
}

/** Writes of the ledger that go on at once: bookkeeping only, each of another item. */
const NOTES_AT_ONCE = 25;

/** The first request that a look goes back to. */
export function askedAt(entry: UserItem | SweepItem): string {
  return 'since' in entry ? entry.since : entry.at;
}

/** Keeps a look in the mailbox until a time, or a later one that is noted already. */
export function requeue(plan: ReconcileResult, key: string, time: string | undefined, readAt: Date): void {
  const known = plan.requeueAt.get(key);
  if (time && !isDue(time, readAt)) plan.requeueAt.set(key, latest(known ?? time, time));
}

/** Writes down what was read, or what doesn't touch AWS. */
export async function saveNotes<Note>(
  notes: readonly Note[],
  save: (note: Note) => Promise<void>,
  { renewLease }: Pick<Readers, 'renewLease'>,
): Promise<void> {
  await inParallel(notes, NOTES_AT_ONCE, async (note) => {
    await renewLease();
    await save(note);
  });
}

/** {@link saveNotes} of seats. */
export function saveSeats(seats: readonly Seat[], readers: Pick<Readers, 'renewLease' | 'ledger'>): Promise<void> {
  return saveNotes(seats, (seat) => readers.ledger.saveSeat(seat), readers);
}

/** Has what is still to be told of a seat, or of an observation, put on the bus. */
export function queueAudit(
  { applicationArn, userId }: Pick<Seat, 'applicationArn' | 'userId'>,
  plan: ReconcileResult,
): void {
  plan.changes.push({ applicationArn, kind: 'record', reason: 'reconciled', userId });
}

/** Has all that is still to be told of these put on the bus. */
export function queueAllAudit(items: readonly (Seat | Observation)[], plan: ReconcileResult): void {
  for (const one of items) if (one.audit.length > 0) queueAudit(one, plan);
}

/** Has all that is still to be told of an application put on the bus. */
export function queueAuditOf(applicationArn: string, items: ApplicationItems, plan: ReconcileResult): void {
  queueAllAudit([...items.seats, ...items.observations], plan);
  if (items.hold && items.hold.audit.length > 0) plan.holds.push(applicationArn);
}

/** Says what a sweep found, from the seats of the application as this plan leaves them. */
export function report(
  { entitlement, view }: ApplicationReads,
  seats: Iterable<Seat>,
  { held, adoptions }: { held: number; adoptions: number },
  plan: ReconcileResult,
): void {
  if (!view) return;
  const all = [...seats];
  const inUse = all.filter(takesSlot).length;
  const line = all.filter(({ status }) => status === 'waitlisted').map(({ requestedAt }) => requestedAt);
  const waitingSince = line.sort().at(0);
  const overCap = Math.max(0, inUse - entitlement.seats.max);
  plan.reports.set(entitlement.application, {
    entitlement: entitlement.name,
    seats: inUse,
    waiting: line.length,
    ...(waitingSince ? { waitingSince } : {}),
    unmanaged: view.unmanaged - adoptions,
    ...(overCap > 0 ? { overCap } : {}),
    ...(held > 0 ? { held } : {}),
    ...(view.assignedGroups.length > 0 ? { assignedGroups: view.assignedGroups.slice(0, 10) } : {}),
  });
}

/** `$.plan`: what the machine does next, and what the next plan has to know. */
export type PlanOutput = { progress: Progress } & (
  | { outcome: 'apply'; batches: Batch[]; term: number; plannedAt: string }
  | { outcome: 'settle'; settle: { waitSeconds: number } }
  | { outcome: 'handedOver'; handedOverTo?: string }
  /** As converged, but for revocations that wait for a person's word. */
  | { outcome: 'held' }
  | { outcome: 'converged' }
) & {
    /** What sweeps found, in ids and counts. */
    report?: ApplicationReport[];
    /** Applications that aren't configured any more, and how many seats of theirs are left. */
    unconfigured?: { application: string; seats: number }[];
  };

export interface PlanInput {
  request: Request;
  propagation: Propagation;
  progress: Progress;
  execution: string;
}

export type PlanServices = Omit<Readers, 'renewLease'> & { clock: Clock; measure: Measure };

/** The right to plan, and how far the execution has come. */
export interface RunContext {
  execution: string;
  term: number;
  progress: Progress;
}

/** What a plan is made with, by the holder of the lease. */
export type HeldServices = PlanServices & { lease: LeaseSession };
