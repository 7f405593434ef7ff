import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { DecisionContext, UserState } from '../../domain/decision/application-state.ts';
import type { Changes } from '../../domain/decision/batches.ts';
import type { HeldRecord, Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { FindingRecord, UserFindings } from '../../domain/findings/recorded-findings.ts';
import {
  emptyQueue,
  type SweepItem,
  type SweepReport,
  type UserItem,
  type WorkQueue,
} from '../../domain/queue/work-queue.ts';
import type { Expectation, Propagation, Request } from '../../domain/request/request.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { ChangeContext } from '../../domain/seat/transitions.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { EVENT_ID } from './events.ts';
import { APPLICATION, application, ENTITLEMENT, GROUP, group, ME, START, user } from './ids.ts';

/** Returns the time this many seconds after {@link START}. */
export function at(seconds: number): Date {
  return new Date(plusSeconds(START, seconds));
}

/** Returns {@link at} as the ledger stores it. */
export function iso(seconds = 0): string {
  return at(seconds).toISOString();
}

const DAY_AGO = iso(-86_400);

/** An execution that runs since {@link START}. */
export function anExecution(parts: Partial<ExecutionDetail> = {}): ExecutionDetail {
  const { arn = ME } = parts;
  const name = arn.split(':').at(-1) ?? '';
  return { arn, name, status: 'RUNNING', startedAt: START, input: '{}', redrives: 0, isRedrivable: false, ...parts };
}

/** Members of the group with a number get the application with that number. */
export function anEntitlement(number = 1, parts: Partial<Entitlement> = {}): Entitlement {
  return {
    name: `entitlement-${number}`,
    application: application(number),
    groups: [group(number)],
    seats: { max: 200 },
    onLeave: { revokeAfterDays: 0 },
    mode: 'enforce',
    ...parts,
  };
}

/** A user's seat of APPLICATION, confirmed a day ago. It has no `grantedAt` if its status says that AWS never took it. */
export function aSeat(number: number, parts: Partial<Seat> = {}): Seat {
  const granted = !['creating', 'waitlisted', 'failed'].includes(parts.status ?? 'confirmed');
  return {
    schemaVersion: 1,
    applicationArn: APPLICATION,
    userId: user(number),
    entitlement: ENTITLEMENT,
    status: 'confirmed',
    changeSeq: 1,
    revision: 1,
    cause: 'event-0',
    requestedAt: iso(-86_460),
    ...(granted ? { grantedAt: DAY_AGO } : {}),
    changedAt: DAY_AGO,
    audit: [],
    ...parts,
  };
}

/** The seat of user 1, granted a day ago whatever its status. */
export function aGrantedSeat(parts: Partial<Seat> = {}): Seat {
  return aSeat(1, { grantedAt: DAY_AGO, ...parts });
}

/** A member without a seat. */
export function aUserState(parts: Partial<UserState> = {}): UserState {
  return { userId: user(1), entitled: true, assigned: false, seat: undefined, ...parts };
}

/** Reads that began at {@link START}, for an event. */
export function aDecisionContext(parts: Partial<DecisionContext> = {}): DecisionContext {
  return { readAt: START, trigger: 'event', execution: ME, graceDays: 0, named: true, ...parts };
}

/** A change that is made at {@link START}, for a join. */
export function aChangeContext(parts: Partial<ChangeContext> = {}): ChangeContext {
  return { now: START, execution: ME, cause: 'event-1', reason: 'group-join', ...parts };
}

/** A record of a grant that is not on the bus yet. */
export function anAuditRecord(parts: Partial<AuditRecord> = {}): AuditRecord {
  return {
    kind: 'assigned',
    changeSeq: 1,
    at: iso(),
    reason: 'group-join',
    execution: ME,
    cause: 'event-1',
    ...parts,
  };
}

/** The record of {@link aHold} that is not on the bus yet. */
export function aHeldRecord(parts: Partial<HeldRecord> = {}): HeldRecord {
  return { at: iso(), reason: 'brake', execution: ME, digest: aDigest(), count: 1, ...parts };
}

/** The digest of the generation with this number. */
export function aDigest(number = 1): string {
  return String(number).padStart(64, '0');
}

/** A hold of one user that began at {@link START}, and whose event is on the bus. */
export function aHold(parts: Partial<Hold> = {}): Hold {
  return {
    schemaVersion: 1,
    applicationArn: APPLICATION,
    entitlement: ENTITLEMENT,
    revision: 1,
    status: 'held',
    since: iso(),
    reason: 'brake',
    first: 1,
    digests: [{ digest: aDigest(), generation: 1, count: 1 }],
    audit: [],
    ...parts,
  };
}

/** What was found about user 1: no subscription. */
export function aUserFindings(parts: Partial<UserFindings> = {}): UserFindings {
  return {
    schemaVersion: 1,
    applicationArn: APPLICATION,
    userId: user(1),
    entitlement: ENTITLEMENT,
    findings: [{ kind: 'missing', expected: 'Q_DEVELOPER_STANDALONE_PRO', since: DAY_AGO }],
    changeSeq: 1,
    revision: 1,
    changedAt: DAY_AGO,
    audit: [],
    ...parts,
  };
}

/** The event that has not been told yet: user 1 has no subscription. */
export function aFindingRecord(parts: Partial<FindingRecord> = {}): FindingRecord {
  const expected = 'Q_DEVELOPER_STANDALONE_PRO';
  return { kind: 'missing', state: 'found', changeSeq: 1, at: iso(), execution: ME, expected, since: iso(), ...parts };
}

/** The observation that a user would get a seat. */
export function anObservation(parts: Partial<Observation> = {}): Observation {
  return {
    schemaVersion: 1,
    applicationArn: APPLICATION,
    userId: user(1),
    entitlement: ENTITLEMENT,
    answer: 'would-assign',
    requestedAt: iso(),
    changeSeq: 1,
    revision: 1,
    changedAt: iso(),
    audit: [],
    ...parts,
  };
}

/** An event at {@link START} that names no user and no group; its execution starts at once. */
export function aRequest(parts: Partial<Request> = {}): Request {
  const { at = iso() } = parts;
  return { version: 1, trigger: 'event', cause: EVENT_ID, at, startedAt: at, users: [], groups: [], ...parts };
}

/** A user of a request, who joined GROUP or left it. */
export function aJoin(number = 1, parts: Partial<Expectation> = {}): Request['users'][number] {
  return { userId: user(number), expected: { groupId: GROUP, membership: 'member', ...parts } };
}

/** The request of an event about one user and GROUP. */
export function aMembershipRequest(
  membership: Expectation['membership'],
  number: number,
  parts: Partial<Request> = {},
): Request {
  return aRequest({ users: [aJoin(number, { membership })], ...parts });
}

/** Before the first check. */
export function aPropagation(parts: Partial<Propagation> = {}): Propagation {
  return { visible: false, checkAfterSeconds: 0, ...parts };
}

/** A work queue, empty except for the given parts. */
export function aQueue(parts: Partial<WorkQueue> = {}): WorkQueue {
  return { ...emptyQueue(), ...parts };
}

/** A user who is due at {@link START}, enqueued by ME. */
export function aUserItem(parts: Partial<UserItem> = {}): UserItem {
  return {
    by: ME,
    dueAt: iso(),
    at: iso(),
    since: iso(),
    cause: EVENT_ID,
    trigger: 'event',
    hints: 1,
    expected: [],
    ...parts,
  };
}

/** An application that is due at {@link START}, enqueued by ME. */
export function aSweepItem(parts: Partial<SweepItem> = {}): SweepItem {
  const { expected: _expected, ...item } = aUserItem();
  return { ...item, withStatus: false, ...parts };
}

/** An application without seats, swept at {@link START} with everyone's status. */
export function aSweepReport(parts: Partial<SweepReport> = {}): SweepReport {
  const counts = { seats: 0, waiting: 0, overCap: 0, held: 0, unmanaged: 0, assignedGroups: 0 };
  return { fullAt: iso(), statusAt: iso(), ...counts, ...parts };
}

/** Changes of APPLICATION for users by number. */
export function aBatch(kind: Changes['kind'], numbers: readonly number[], parts: Partial<Changes> = {}): Changes {
  const reason = kind === 'revoke' ? 'group-leave' : 'group-join';
  return { applicationArn: APPLICATION, kind, reason, userIds: numbers.map(user), ...parts };
}
