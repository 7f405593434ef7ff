import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditContext,
  auditEvent,
  type FailedExecution,
  onboardingFailed,
  revocationsHeld,
} from '../../../domain/audit/event.ts';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { aDigest, aHeldRecord, aHold } from '../../support/builders.ts';

const CONTEXT = { productVersion: '1.2.3', region: 'eu-west-1', accountId: '111122223333' };
const EXECUTION = 'arn:aws:states:eu-west-1:111122223333:execution:onboarding:1';

type SeatIds = Pick<Seat, 'applicationArn' | 'userId' | 'entitlement'>;

function aRecord(parts: Partial<AuditRecord> = {}): AuditRecord {
  return {
    kind: 'assigned',
    changeSeq: 1,
    at: '2026-11-25T09:30:12.345Z',
    reason: 'group-join',
    execution: EXECUTION,
    cause: 'cause-1',
    ...parts,
  };
}

function aSeat(parts: Partial<SeatIds> = {}): SeatIds {
  return {
    applicationArn: 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888',
    userId: '94482488-3041-7005-8f3a-1c2d3e4f5a6b',
    entitlement: 'amazon-q-developer',
    ...parts,
  };
}

function aFailure(parts: Partial<FailedExecution> = {}): FailedExecution {
  return { execution: EXECUTION, status: 'FAILED', error: 'RefusedError', at: '2026-11-25T09:30:15.120Z', ...parts };
}

describe('auditEvent', () => {
  it.each([
    ['a grant', { kind: 'assigned' }, 'Seat Assigned', 1, 'Success', 'Informational'],
    ['a revocation', { kind: 'revoked' }, 'Seat Revoked', 2, 'Success', 'Informational'],
    ['a refused grant', { kind: 'refused', refused: 'grant' }, 'Seat Refused', 1, 'Failure', 'Medium'],
    ['a refused revocation', { kind: 'refused', refused: 'revoke' }, 'Seat Refused', 2, 'Failure', 'Medium'],
  ] as const)('describes %s', (_fact, parts, detailType, activity, status, severity) => {
    const event = auditEvent(aRecord(parts), aSeat(), CONTEXT);
    expect(event.detailType).toBe(detailType);
    expect(event.detail).toMatchObject({
      class_uid: 3005,
      activity_id: activity,
      activity_name: activity === 1 ? 'Assign Privileges' : 'Revoke Privileges',
      type_uid: 300500 + activity,
      status,
      severity,
    });
  });

  it.each([
    ['a user on the waitlist', 'waitlisted', 'Seat Waitlisted', 'Waitlist', 'Low'],
    ['a user in the grace period', 'leaving', 'Seat Leaving', 'Schedule Revocation', 'Low'],
    ['a user who came back', 'kept', 'Seat Kept', 'Keep Privileges', 'Informational'],
    ['an assignment that was taken over', 'adopted', 'Seat Adopted', 'Adopt Privileges', 'Low'],
    ['what would be done', 'observed', 'Seat Observed', 'Observe', 'Informational'],
  ] as const)('describes %s as neither a grant nor a revocation', (_fact, kind, detailType, activity, severity) => {
    const event = auditEvent(aRecord({ kind }), aSeat(), CONTEXT);
    expect(event.detailType).toBe(detailType);
    expect(event.detail).toMatchObject({
      class_uid: 3005,
      activity_id: 99,
      activity_name: activity,
      type_uid: 300599,
      status: 'Success',
      severity,
    });
  });

  it('says until when a leaving user has the seat, and has no such field otherwise', () => {
    const dueAt = '2026-12-02T09:30:12.345Z';
    const unmapped = { cause: 'cause-1', change_seq: 1 };
    expect(auditEvent(aRecord({ kind: 'leaving', dueAt }), aSeat(), CONTEXT).detail.unmapped).toEqual({
      ...unmapped,
      revoke_at: dueAt,
    });
    expect(auditEvent(aRecord({ kind: 'kept' }), aSeat(), CONTEXT).detail.unmapped).toEqual(unmapped);
  });

  it('says when an assigned user first asked, and has no such field otherwise', () => {
    const requestedAt = '2026-11-25T09:30:02.118Z';
    const { unmapped } = auditEvent(aRecord({ requestedAt }), aSeat(), CONTEXT).detail;
    expect(unmapped).toEqual({ cause: 'cause-1', change_seq: 1, requested_at: requestedAt });
    expect(auditEvent(aRecord(), aSeat(), CONTEXT).detail.unmapped).not.toHaveProperty('requested_at');
  });

  it('names the user, the application, the change, its time, its reason and the execution', () => {
    const seat = aSeat();
    const { time, resources, detail } = auditEvent(aRecord(), seat, CONTEXT);
    expect(time).toBe('2026-11-25T09:30:12.345Z');
    expect(resources).toEqual([seat.applicationArn]);
    expect(detail).toMatchObject({
      time: Date.UTC(2026, 10, 25, 9, 30, 12, 345),
      status_detail: 'group-join',
      user: { uid: seat.userId, type_id: 1 },
      privileges: ['amazon-q-developer'],
      resources: [{ uid: seat.applicationArn, type: 'AWS::SSO::Application' }],
      metadata: { version: '1.6.0', product: { version: '1.2.3' }, correlation_uid: EXECUTION },
      cloud: { provider: 'AWS', region: 'eu-west-1', account: { uid: '111122223333', type_id: 10 } },
      unmapped: { cause: 'cause-1', change_seq: 1 },
    });
  });

  it('leaves out an unknown account', () => {
    const context: AuditContext = { productVersion: '1.2.3', region: 'eu-west-1' };
    expect(auditEvent(aRecord(), aSeat(), context).detail.cloud).toEqual({ provider: 'AWS', region: 'eu-west-1' });
  });

  it('carries its uid in the detail', () => {
    const { uid, detail } = auditEvent(aRecord(), aSeat(), CONTEXT);
    expect(detail.metadata.uid).toBe(uid);
  });

  it('keeps the uids of published events: consumers have stored them', () => {
    expect(auditEvent(aRecord(), aSeat(), CONTEXT).uid).toBe('269af399-8816-83ca-961c-1d63c4a0e739');
    expect(auditEvent(aRecord({ kind: 'refused', reason: 'quota-exceeded' }), aSeat(), CONTEXT).uid).toBe(
      'e60bc2d1-e4b4-81ee-addf-471314be07af',
    );
    expect(onboardingFailed(aFailure(), CONTEXT).uid).toBe('c766f833-ce34-8c34-a3cb-d9968e99b713');
  });

  it('gives a second copy the same uid, whenever and by whomever it is sent', () => {
    const first = auditEvent(aRecord(), aSeat(), CONTEXT);
    const later = auditEvent(aRecord(), aSeat({ entitlement: 'renamed' }), {
      productVersion: '9.9.9',
      region: 'us-east-1',
    });
    expect(later.uid).toBe(first.uid);
  });

  it('gives a refusal for another reason another uid', () => {
    const [first, second] = ['access-denied', 'quota-exceeded'].map((reason) =>
      auditEvent(aRecord({ kind: 'refused', reason }), aSeat(), CONTEXT),
    );
    expect(second?.uid).not.toBe(first?.uid);
  });

  it('has equal uids exactly for equal application, user, change and kind', () => {
    // Few letters, so that equal inputs and inputs that join to the same text are frequent.
    const word = fc.string({ unit: fc.constantFrom('a', ',', '"', '\\', '1'), maxLength: 3 });
    const change = fc.record({
      applicationArn: word,
      userId: word,
      changeSeq: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom('assigned' as const, 'revoked' as const, 'kept' as const, 'observed' as const),
    });
    type Change = Pick<AuditRecord, 'changeSeq' | 'kind'> & Pick<Seat, 'applicationArn' | 'userId'>;
    const uidOf = ({ applicationArn, userId, changeSeq, kind }: Change) =>
      auditEvent(aRecord({ kind, changeSeq }), aSeat({ applicationArn, userId }), CONTEXT).uid;
    fc.assert(
      fc.property(change, change, (left, right) => {
        expect(uidOf(left) === uidOf(right)).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
    );
  });
});

describe('revocationsHeld', () => {
  it('says of which application how many are held, and by which digest they are released; it names no user', () => {
    const hold = aHold({ entitlement: 'amazon-q-developer' });
    const event = revocationsHeld(aHeldRecord({ count: 118, reason: 'group-empty' }), hold, CONTEXT);
    expect(event).toMatchObject({ detailType: 'Revocations Held', resources: [hold.applicationArn] });
    expect(event.detail).toMatchObject({
      activity_id: 99,
      type_uid: 300599,
      severity: 'High',
      status: 'Success',
      status_detail: 'group-empty',
      user: { type_id: 0, account: { uid: '111122223333', type_id: 10 } },
      privileges: ['amazon-q-developer'],
      resources: [{ uid: hold.applicationArn, type: 'AWS::SSO::Application' }],
      metadata: { uid: event.uid },
      unmapped: { held_revocations: 118, hold_digest: aDigest() },
    });
  });

  it.each([
    ['a second copy from any sender', { execution: 'another', at: '2026-11-26T09:30:12.345Z' }, {}, true],
    ['another digest', { digest: aDigest(2) }, {}, false],
    ['another application', {}, { applicationArn: 'arn:another' }, false],
  ])('has the same uid only for the same hold: %s', (_fact, parts, hold, same) => {
    const { uid } = revocationsHeld(aHeldRecord(), aHold(), CONTEXT);
    expect(revocationsHeld(aHeldRecord(parts), { ...aHold(), ...hold }, CONTEXT).uid === uid).toBe(same);
  });

  it('keeps the uids of published events', () => {
    const { uid } = revocationsHeld(aHeldRecord(), aHold(), CONTEXT);
    expect(uid).toBe('855fe69a-0623-84b3-b362-8db691215f62');
  });
});

describe('onboardingFailed', () => {
  it('names the execution, the state machine and the error, and no user', () => {
    const stateMachineArn = 'arn:aws:states:eu-west-1:111122223333:stateMachine:onboarding';
    const { detailType, resources, detail } = onboardingFailed(aFailure({ stateMachineArn }), CONTEXT);
    expect(detailType).toBe('Onboarding Failed');
    expect(resources).toEqual([EXECUTION, stateMachineArn]);
    expect(detail).toMatchObject({
      type_uid: 300599,
      status: 'Failure',
      status_code: 'FAILED',
      status_detail: 'RefusedError',
      user: { type_id: 0, account: { uid: '111122223333', type_id: 10 } },
      privileges: [],
    });
  });

  it.each([
    ['is missing', {}, 'unknown'],
    ['is a text', { error: 'stopped by jane@example.com' }, 'unknown'],
    ['is too long', { error: 'E'.repeat(65) }, 'unknown'],
    ['has a service in front', { error: 'Lambda.Unknown' }, 'Lambda.Unknown'],
  ])('holds only the name of an error: it %s', (_fact, parts, expected) => {
    const { error: _default, ...failure } = aFailure();
    expect(onboardingFailed({ ...failure, ...parts }, CONTEXT).detail.status_detail).toBe(expected);
  });

  it.each([
    ['the same end', {}, true],
    ['an end after a redrive', { at: '2026-11-25T11:00:00.000Z' }, false],
    ['another execution', { execution: `${EXECUTION}0` }, false],
  ])('has a uid of its own for each end of an execution: %s', (_fact, parts, same) => {
    const uid = onboardingFailed(aFailure(), CONTEXT).uid;
    expect(onboardingFailed(aFailure(parts), CONTEXT).uid === uid).toBe(same);
  });
});
