import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  auditEvent,
  type FailedExecution,
  onboardingFailed,
  revocationsHeld,
  subscriptionFinding,
} from '../../../domain/audit/event.ts';
import type { HeldRecord } from '../../../domain/decision/hold.ts';
import type { FindingRecord } from '../../../domain/findings/recorded-findings.ts';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import { FINDING_KINDS } from '../../../domain/subscription/findings.ts';
import { problemsWithOcsf } from '../../support/ocsf/validator.ts';

const SAMPLES = new URL('../../../schemas/samples/', import.meta.url);

interface Detail {
  [name: string]: unknown;
  metadata: Record<string, unknown>;
  actor: Record<string, unknown>;
  user: Record<string, unknown>;
  cloud: Record<string, unknown>;
  resources: Record<string, unknown>[];
}

function sampleOf(file: string): Detail {
  return JSON.parse(readFileSync(new URL(file, SAMPLES), 'utf8')).detail;
}

/** All optional parts may be missing, and every text may be any text. */
const text = fc.string();
const moment = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
  .map((at) => at.toISOString());
const number = fc.integer({ min: 1 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const subject = fc.record({ applicationArn: text, userId: text, entitlement: text });
const sender = fc.record({ productVersion: text, region: text, accountId: text });

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

describe('OCSF 1.6.0, User Access Management', () => {
  it.each(readdirSync(SAMPLES))('allows the sample %s', (file) => {
    expect(problemsWithOcsf(sampleOf(file))).toEqual([]);
  });

  it('allows every event of a change, also from a sender that does not know its account', () => {
    fc.assert(
      fc.property(auditRecord, subject, sender, fc.boolean(), (record, seat, { accountId, ...context }, known) => {
        const event = auditEvent(record, seat, known ? { ...context, accountId } : context);
        expect(problemsWithOcsf(event.detail)).toEqual([]);
      }),
    );
  });

  it('allows every event of a finding, of a hold and of a failed execution', () => {
    fc.assert(
      fc.property(findingRecord, heldRecord, failure, subject, sender, (finding, held, failed, about, context) => {
        const events = [
          subscriptionFinding(finding, about, context),
          revocationsHeld(held, about, context),
          onboardingFailed(failed, context),
        ];
        expect(events.flatMap(({ detail }) => problemsWithOcsf(detail))).toEqual([]);
      }),
    );
  });

  it.each<[string, (detail: Detail) => void]>([
    ['an attribute that the class does not have', (detail) => Object.assign(detail, { seat: 1 })],
    ['an attribute that an object does not have', ({ user }) => Object.assign(user, { seat: 1 })],
    [
      'an attribute that an object in a list does not have',
      ({ resources }) => Object.assign(resources[0] ?? {}, { a: 1 }),
    ],
    ['no user', (detail) => Reflect.deleteProperty(detail, 'user')],
    ['no privileges', (detail) => delete detail['privileges']],
    ['no time', (detail) => delete detail['time']],
    ['no severity_id', (detail) => delete detail['severity_id']],
    ['a time in words', (detail) => Object.assign(detail, { time: '2026-11-25T09:30:12.345Z' })],
    ['a time with a fraction', (detail) => Object.assign(detail, { time: 1.5 })],
    ['one privilege that is no list', (detail) => Object.assign(detail, { privileges: 'amazon-q-developer' })],
    [
      'an activity that the class does not have',
      (detail) => Object.assign(detail, { activity_id: 14, type_uid: 300514 }),
    ],
    ['the name of another activity', (detail) => Object.assign(detail, { activity_name: 'Revoke Privileges' })],
    ['a type of another activity', (detail) => Object.assign(detail, { type_uid: 300502 })],
    ['a type of another class', (detail) => Object.assign(detail, { type_uid: 300701 })],
    ['another class', (detail) => Object.assign(detail, { class_uid: 3007 })],
    ['the name of another class', (detail) => Object.assign(detail, { class_name: 'User Management' })],
    ['the name of another category', (detail) => Object.assign(detail, { category_name: 'Findings' })],
    ['a severity that is not its number', (detail) => Object.assign(detail, { severity: 'High' })],
    ['a status that is not its number', (detail) => Object.assign(detail, { status: 'Failure' })],
    ['a kind of user that is not its number', ({ user }) => Object.assign(user, { type: 'Admin' })],
    [
      'another activity without a name',
      (detail) => {
        Object.assign(detail, { activity_id: 99, type_uid: 300599 });
        delete detail['activity_name'];
      },
    ],
    [
      'another activity that has the name of a known one',
      (detail) => Object.assign(detail, { activity_id: 99, type_uid: 300599, activity_name: 'Assign Privileges' }),
    ],
    ['another version', ({ metadata }) => Object.assign(metadata, { version: '1.7.0' })],
    ['no product', ({ metadata }) => delete metadata['product']],
    [
      'a product without name and uid',
      ({ metadata }) => Object.assign(metadata, { product: { vendor_name: 'Usher' } }),
    ],
    ['a user without uid, name and account', (detail) => Object.assign(detail, { user: { type_id: 0 } })],
    ['an actor without anything', (detail) => Object.assign(detail, { actor: {} })],
    ['the profile cloud without its attribute', (detail) => Reflect.deleteProperty(detail, 'cloud')],
    [
      'the attribute of the profile cloud without the profile',
      ({ metadata }) => Object.assign(metadata, { profiles: [] }),
    ],
    ['a cloud without a provider', ({ cloud }) => delete cloud['provider']],
    ['unmapped attributes that are no object', (detail) => Object.assign(detail, { unmapped: 'group-join' })],
  ])('allows no event with %s', (_fact, change) => {
    const detail = sampleOf('seat-assigned.json');
    change(detail);
    expect(problemsWithOcsf(detail)).not.toEqual([]);
  });

  it('allows anything in unmapped', () => {
    expect(problemsWithOcsf({ ...sampleOf('seat-assigned.json'), unmapped: { any: [{ thing: null }] } })).toEqual([]);
  });
});
