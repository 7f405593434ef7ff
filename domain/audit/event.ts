import { createHash } from 'node:crypto';
import type { HeldRecord, Hold } from '../decision/hold.ts';
import type { FindingRecord, UserFindings } from '../findings/recorded-findings.ts';
import type { AuditRecord } from '../seat/audit-records.ts';
import type { Seat } from '../seat/seat.ts';
import {
  CLASSIFICATIONS,
  type Classification,
  type CommonDetail,
  type DetailType,
  type FailureDetail,
  type FindingDetail,
  type HeldDetail,
  REFUSED_REVOCATION,
  type SeatDetail,
  USER_ACCESS_MANAGEMENT,
} from './schema.ts';

/** One entry for the audit bus; the sender does not change its meaning. */
export interface BusEvent<Detail = unknown> {
  /** `metadata.uid` of the detail: by this id a consumer drops a second copy. */
  uid: string;
  detailType: DetailType;
  /** ISO 8601. */
  time: string;
  /** ARNs that the event concerns. */
  resources: readonly string[];
  detail: Detail;
}

/** What an event says about its sender. */
export interface AuditContext {
  productVersion: string;
  region: string;
  /** The AWS account that Usher runs in. */
  accountId?: string;
}

/** An execution that did not succeed, as the event "Step Functions Execution Status Change" reports it. */
export interface FailedExecution {
  /** ARN of the execution. */
  execution: string;
  status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** Name of the error, if there is one. */
  error?: string;
  /** ISO 8601: when it ended (`stopDate`). It makes the event of a redriven execution that fails again another one. */
  at: string;
  stateMachineArn?: string;
}

const DETAIL_TYPES = {
  assigned: 'Seat Assigned',
  revoked: 'Seat Revoked',
  refused: 'Seat Refused',
  waitlisted: 'Seat Waitlisted',
  leaving: 'Seat Leaving',
  kept: 'Seat Kept',
  adopted: 'Seat Adopted',
  observed: 'Seat Observed',
} as const satisfies Record<AuditRecord['kind'], DetailType>;

/** The name of an error, as Lambda and Step Functions give it. */
const ERROR_NAME = /^[A-Z][A-Za-z]*(?:\.[A-Za-z]+)*$/;

/**
 * Builds the bus event of a change, in OCSF 1.6.0 (User Access Management, profile `cloud`). The same record always gives
 * the same event.
 *
 * @see https://schema.ocsf.io/1.6.0/classes/user_access
 */
export function auditEvent(
  record: AuditRecord,
  seat: Pick<Seat, 'applicationArn' | 'userId' | 'entitlement'>,
  context: AuditContext,
): BusEvent<SeatDetail> {
  const { kind, refused, changeSeq, at, reason, execution, cause, dueAt, plan, requestedAt } = record;
  const { applicationArn, userId, entitlement } = seat;
  // The reason of a refusal is part of its id, although its number would do: consumers have stored such ids.
  const uid =
    kind === 'refused' ? eventUid([...partsOf(kind, seat, changeSeq), reason]) : seatEventUid(kind, seat, changeSeq);
  const detailType = DETAIL_TYPES[kind];
  const classification = refused === 'revoke' ? REFUSED_REVOCATION : CLASSIFICATIONS[detailType];
  return {
    uid,
    detailType,
    time: at,
    resources: [applicationArn],
    detail: {
      ...commonDetail(classification, { uid, at, reason, execution }, context),
      user: { uid: userId, type_id: 1 },
      privileges: [entitlement],
      resources: [{ uid: applicationArn, type: 'AWS::SSO::Application' }],
      unmapped: {
        cause,
        change_seq: changeSeq,
        ...(dueAt === undefined ? {} : { revoke_at: dueAt }),
        ...(plan === undefined ? {} : { subscription_plan: plan }),
        ...(requestedAt === undefined ? {} : { requested_at: requestedAt }),
      },
    },
  };
}

/** Returns the id of the event of a change of a seat. A caller that computes it needs no event. */
export function seatEventUid(
  kind: Exclude<AuditRecord['kind'], 'refused'>,
  seat: Pick<Seat, 'applicationArn' | 'userId'>,
  changeSeq: number,
): string {
  return eventUid(partsOf(kind, seat, changeSeq));
}

function partsOf(
  kind: AuditRecord['kind'],
  { applicationArn, userId }: Pick<Seat, 'applicationArn' | 'userId'>,
  changeSeq: number,
): (string | number)[] {
  return [kind, applicationArn, userId, changeSeq];
}

/** Builds the bus event `Subscription Finding`: that a finding is new, has changed or has ended. */
export function subscriptionFinding(
  { kind, state, changeSeq, at, execution, since, plan, expected, status, source }: FindingRecord,
  { applicationArn, userId, entitlement }: Pick<UserFindings, 'applicationArn' | 'userId' | 'entitlement'>,
  context: AuditContext,
): BusEvent<FindingDetail> {
  const uid = eventUid(['finding', applicationArn, userId, changeSeq]);
  const detailType = 'Subscription Finding';
  return {
    uid,
    detailType,
    time: at,
    resources: [applicationArn],
    detail: {
      ...commonDetail(CLASSIFICATIONS[detailType], { uid, at, reason: kind, execution }, context),
      user: { uid: userId, type_id: 1 },
      privileges: [entitlement],
      resources: [{ uid: applicationArn, type: 'AWS::SSO::Application' }],
      unmapped: {
        change_seq: changeSeq,
        state,
        since,
        ...(plan === undefined ? {} : { plan }),
        ...(expected === undefined ? {} : { expected_plan: expected }),
        ...(status === undefined ? {} : { subscription_status: status }),
        ...(source === undefined ? {} : { source }),
      },
    },
  };
}

/** Builds the bus event `Revocations Held`, one per hold. It names no user, because there may be thousands. */
export function revocationsHeld(
  { at, reason, execution, digest, count }: HeldRecord,
  { applicationArn, entitlement }: Pick<Hold, 'applicationArn' | 'entitlement'>,
  context: AuditContext & { accountId: string },
): BusEvent<HeldDetail> {
  const uid = eventUid(['held', applicationArn, digest]);
  const detailType = 'Revocations Held';
  return {
    uid,
    detailType,
    time: at,
    resources: [applicationArn],
    detail: {
      ...commonDetail(CLASSIFICATIONS[detailType], { uid, at, reason, execution }, context),
      user: { type_id: 0, account: { uid: context.accountId, type_id: 10 } },
      privileges: [entitlement],
      resources: [{ uid: applicationArn, type: 'AWS::SSO::Application' }],
      unmapped: { held_revocations: count, hold_digest: digest },
    },
  };
}

/**
 * Builds the bus event `Onboarding Failed`. It names no user, because the status of an execution has none: `user` is only
 * the account.
 *
 * Omits a text in `error` that is not the name of an error. A caller who stops an execution (`ABORTED`) may write any text there, also
 * one that looks like a name.
 */
export function onboardingFailed(
  { execution, status, error, at, stateMachineArn }: FailedExecution,
  context: AuditContext & { accountId: string },
): BusEvent<FailureDetail> {
  const uid = eventUid(['failed', execution, status, at]);
  const detailType = 'Onboarding Failed';
  const named = status !== 'ABORTED' && error !== undefined && error.length <= 64 && ERROR_NAME.test(error);
  return {
    uid,
    detailType,
    time: at,
    resources: stateMachineArn === undefined ? [execution] : [execution, stateMachineArn],
    detail: {
      ...commonDetail(CLASSIFICATIONS[detailType], { uid, at, reason: named ? error : 'unknown', execution }, context),
      status_code: status,
      user: { type_id: 0, account: { uid: context.accountId, type_id: 10 } },
      privileges: [],
    },
  };
}

interface EventFacts {
  uid: string;
  at: string;
  reason: string;
  execution: string;
}

function commonDetail(
  classification: Classification,
  { uid, at, reason, execution }: EventFacts,
  context: AuditContext,
): CommonDetail {
  return {
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_uid: USER_ACCESS_MANAGEMENT,
    class_name: 'User Access Management',
    ...classification,
    type_uid: USER_ACCESS_MANAGEMENT * 100 + classification.activity_id,
    status_detail: reason,
    time: Date.parse(at),
    metadata: {
      version: '1.6.0',
      profiles: ['cloud'],
      product: { name: 'Usher', vendor_name: 'Usher', version: context.productVersion },
      uid,
      correlation_uid: execution,
    },
    actor: { app_name: 'Usher' },
    cloud: {
      provider: 'AWS',
      region: context.region,
      ...(context.accountId === undefined ? {} : { account: { uid: context.accountId, type_id: 10 } }),
    },
  };
}

/**
 * Makes a UUID of version 8 from the SHA-256 of its parts. JSON separates the parts, whatever characters they contain.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8
 */
function eventUid(parts: readonly (string | number)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  const bytes = hash.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
