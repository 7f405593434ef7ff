import fc from 'fast-check';
import {
  auditEvent,
  type BusEvent,
  type FailedExecution,
  onboardingFailed,
  revocationsHeld,
  subscriptionFinding,
} from '../../../domain/audit/event.ts';
import type { HeldRecord } from '../../../domain/decision/hold.ts';
import type { FindingRecord } from '../../../domain/findings/recorded-findings.ts';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import { FINDING_KINDS } from '../../../domain/subscription/findings.ts';

/** All optional parts may be missing, and every text may be any text. */
const text = fc.string();
const moment = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
  .map((at) => at.toISOString());
const number = fc.integer({ min: 1 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const subject = fc.record({ applicationArn: text, userId: text, entitlement: text });
const account = fc.record({ productVersion: text, region: text, accountId: text });
/** One that may not know its account. */
const sender = fc.oneof(account, fc.record({ productVersion: text, region: text }));

/** A record without the keys that have no value. */
function dense<T>(record: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<T> {
  return record.map((full) => Object.fromEntries(Object.entries(full).filter(([, value]) => value !== undefined)) as T);
}

const auditRecord = dense<AuditRecord>(
  fc.record({
    kind: fc.constantFrom('assigned', 'revoked', 'refused', 'waitlisted', 'leaving', 'kept', 'adopted', 'observed'),
    refused: optional(fc.constantFrom('grant', 'revoke')),
    changeSeq: number,
    at: moment,
    dueAt: optional(moment),
    requestedAt: optional(moment),
    plan: optional(text),
    reason: text,
    execution: text,
    cause: text,
  }),
);
const findingRecord = dense<FindingRecord>(
  fc.record({
    kind: fc.constantFrom(...FINDING_KINDS),
    state: fc.constantFrom('found', 'changed', 'ended'),
    changeSeq: number,
    at: moment,
    execution: text,
    since: moment,
    plan: optional(text),
    expected: optional(text),
    status: optional(fc.constantFrom('active', 'pending', 'unknown')),
    source: optional(fc.constantFrom('individual', 'group', 'both', 'unknown')),
  }),
);
const heldRecord: fc.Arbitrary<HeldRecord> = fc.record({
  at: moment,
  reason: fc.constantFrom('brake', 'nobody-entitled', 'group-empty'),
  execution: text,
  digest: text,
  count: number,
});
const failure = dense<FailedExecution>(
  fc.record({
    execution: text,
    status: fc.constantFrom('FAILED', 'TIMED_OUT', 'ABORTED'),
    error: optional(text),
    at: moment,
    stateMachineArn: optional(text),
  }),
);

/** Every audit event that Usher can make, by what it is about. */
export const EVENTS: Readonly<Record<string, fc.Arbitrary<BusEvent>>> = {
  'a change': fc.tuple(auditRecord, subject, sender).map((all) => auditEvent(...all)),
  'a finding': fc.tuple(findingRecord, subject, sender).map((all) => subscriptionFinding(...all)),
  'a hold': fc.tuple(heldRecord, subject, account).map((all) => revocationsHeld(...all)),
  'a failed execution': fc.tuple(failure, account).map((all) => onboardingFailed(...all)),
};
