import type { DecisionContext, UserState } from '../../domain/decision/application-state.ts';
import type { HeldRecord, Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { emptyQueue, type SweepItem, type UserItem, type WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Expectation, Propagation, Request } from '../../domain/request/request.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { ChangeContext } from '../../domain/seat/transitions.ts';
import { plusSeconds } from '../../domain/shared/time.ts';

/** The time at which a test takes place, unless it is about time. */
export const NOW = new Date('2026-11-25T09:30:00.000Z');

/** A time so many seconds after {@link NOW}. */
export function at(seconds: number): Date {
  return new Date(plusSeconds(NOW, seconds));
}

/** {@link at} as it stands in the ledger. */
export function iso(seconds = 0): string {
  return at(seconds).toISOString();
}

/** The id of the user of this number. */
export function aUserId(number = 1): string {
  return `94482488-3041-7005-8f3a-${String(number).padStart(12, '0')}`;
}

/** The id of the group of this number. */
export function aGroupId(number = 1): string {
  return `44f834e8-0081-7055-1d60-${String(number).padStart(12, '0')}`;
}

/** The ARN of the application of this number. */
export function anApplication(number = 1): string {
  return `arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-${String(number).padStart(16, '0')}`;
}

/** The ARN of an execution. */
export function anExecution(name: string | number = 1): string {
  return `arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:${name}`;
}

/** Members of the group of a number get the application of that number. */
export function anEntitlement(number = 1, parts: Partial<Entitlement> = {}): Entitlement {
  return {
    name: `entitlement-${number}`,
    application: anApplication(number),
    groups: [aGroupId(number)],
    seats: { max: 200 },
    onLeave: { revokeAfterDays: 0 },
    mode: 'enforce',
    ...parts,
  };
}

/** A seat that settled a day ago. */
export function aSeat(parts: Partial<Seat> = {}): Seat {
  return {
    schemaVersion: 1,
    applicationArn: anApplication(),
    userId: aUserId(),
    entitlement: 'entitlement-1',
    status: 'confirmed',
    changeSeq: 1,
    revision: 3,
    cause: 'event-0',
    requestedAt: iso(-86_460),
    grantedAt: iso(-86_400),
    changedAt: iso(-86_400),
    audit: [],
    ...parts,
  };
}

/** A member without a seat. */
export function aStanding(parts: Partial<UserState> = {}): UserState {
  return { userId: aUserId(), entitled: true, assigned: false, seat: undefined, ...parts };
}

/** Reads that began just now, for an event. */
export function circumstances(parts: Partial<DecisionContext> = {}): DecisionContext {
  return { readAt: NOW, trigger: 'event', execution: anExecution(), graceDays: 0, ...parts };
}

/** A change that is made now, for a join. */
export function aChangeContext(parts: Partial<ChangeContext> = {}): ChangeContext {
  return { now: NOW, execution: anExecution(), cause: 'event-1', reason: 'group-join', ...parts };
}

/** A record of a grant that isn't on the bus yet. */
export function anAuditRecord(parts: Partial<AuditRecord> = {}): AuditRecord {
  return {
    kind: 'assigned',
    changeSeq: 1,
    at: iso(),
    reason: 'group-join',
    execution: anExecution(),
    cause: 'event-1',
    ...parts,
  };
}

/** The event of {@link aHold} that isn't on the bus yet. */
export function aHeldRecord(parts: Partial<HeldRecord> = {}): HeldRecord {
  return { at: iso(), reason: 'brake', execution: anExecution(), digest: aDigest(), count: 1, ...parts };
}

/** The digest of the generation of this number. */
export function aDigest(number = 1): string {
  return String(number).padStart(64, '0');
}

/** A hold of one person that began just now, and whose event is on the bus. */
export function aHold(parts: Partial<Hold> = {}): Hold {
  return {
    schemaVersion: 1,
    applicationArn: anApplication(),
    entitlement: 'entitlement-1',
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

/** What was told of somebody who would get a seat. */
export function anObservation(parts: Partial<Observation> = {}): Observation {
  return {
    schemaVersion: 1,
    applicationArn: anApplication(),
    userId: aUserId(),
    entitlement: 'entitlement-1',
    answer: 'would-assign',
    requestedAt: iso(),
    changeSeq: 1,
    revision: 1,
    changedAt: iso(),
    audit: [],
    ...parts,
  };
}

/** An event of just now that concerns nobody. */
export function aRequest(parts: Partial<Request> = {}): Request {
  return { version: 1, trigger: 'event', cause: 'event-1', at: iso(), users: [], groups: [], ...parts };
}

/** A user who joined, or left, a group just now. */
export function aJoin(number = 1, parts: Partial<Expectation> = {}): Request['users'][number] {
  return { userId: aUserId(number), expected: { groupId: aGroupId(), membership: 'member', ...parts } };
}

/** Before the first check. */
export function aPropagation(parts: Partial<Propagation> = {}): Propagation {
  return { visible: false, checkAfterSeconds: 0, ...parts };
}

/** A mailbox, empty unless something is put in. */
export function aWork(parts: Partial<WorkQueue> = {}): WorkQueue {
  return { ...emptyQueue(), ...parts };
}

/** A user who is to be looked at now, by {@link anExecution} 1. */
export function aUserEntry(parts: Partial<UserItem> = {}): UserItem {
  return {
    by: anExecution(),
    dueAt: iso(),
    at: iso(),
    since: iso(),
    cause: 'event-1',
    trigger: 'event',
    hints: 1,
    expected: [],
    ...parts,
  };
}

/** An application that is to be looked at now, by {@link anExecution} 1. */
export function aSweepEntry(parts: Partial<SweepItem> = {}): SweepItem {
  const { expected: _expected, since: _since, ...look } = aUserEntry();
  return { ...look, withStatus: false, ...parts };
}
