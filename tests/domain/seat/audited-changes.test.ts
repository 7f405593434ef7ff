import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditEvent } from '../../../domain/audit/event.ts';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import { type AuditedChange, auditedChangeIn, seatAsAudited } from '../../../domain/seat/audited-changes.ts';
import { type Seat, SeatSchema, type SeatStatus, takesSlot } from '../../../domain/seat/seat.ts';
import { anAuditRecord, aSeat, at, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, user } from '../../support/ids.ts';
import { play, STEPS } from '../../support/seat-steps.ts';

const PLAN = 'Q_DEVELOPER_STANDALONE_PRO';
const TARGET = { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT, requestedAt: iso() };

/** The event of an audit record, as it is in the log. */
function eventOf(record: AuditRecord, seat: Pick<Seat, 'applicationArn' | 'userId' | 'entitlement'> = TARGET): unknown {
  const { detailType, detail } = auditEvent(record, seat, { productVersion: '1.2.3', region: 'us-east-1' });
  return { source: 'usher', 'detail-type': detailType, detail };
}

function audited(parts: Partial<AuditRecord>): AuditedChange {
  const event = auditedChangeIn(eventOf(anAuditRecord({ at: iso(), reason: 'group-join', ...parts })));
  if (!event) throw new Error('no event');
  return event;
}

describe('an entry of the log', () => {
  it('is an event about a user', () => {
    const record = anAuditRecord({ kind: 'leaving', changeSeq: 7, at: iso(5), dueAt: iso(60), plan: PLAN });
    expect(auditedChangeIn(eventOf(record))).toEqual({
      type: 'Seat Leaving',
      applicationArn: APPLICATION,
      userId: user(1),
      entitlement: ENTITLEMENT,
      changeSeq: 7,
      at: at(5),
      reason: record.reason,
      execution: record.execution,
      cause: record.cause,
      revokeAt: iso(60),
      plan: PLAN,
    });
  });

  it.each<[string, unknown]>([
    ['text', 'Seat Assigned'],
    ['nothing', undefined],
    ['an event of another source', { ...Object(eventOf(anAuditRecord())), source: 'test' }],
    ['an event about no single user', { ...Object(eventOf(anAuditRecord())), 'detail-type': 'Revocations Held' }],
    ['an event without its number', { source: 'usher', 'detail-type': 'Seat Assigned', detail: { unmapped: {} } }],
  ])('is ignored if it is %s', (_what, event) => {
    expect(auditedChangeIn(event)).toBeUndefined();
  });
});

describe('a seat as the audit stream says', () => {
  it.each<[string, Seat | undefined, Partial<AuditRecord>[], Partial<Seat> | undefined]>([
    [
      'is assigned',
      undefined,
      [{ kind: 'assigned', changeSeq: 9 }],
      { status: 'assigned', changeSeq: 9, grantedAt: iso() },
    ],
    [
      'is assigned if the restored seat is in creation',
      aSeat(1, { status: 'creating', changeSeq: 9 }),
      [{ kind: 'assigned', changeSeq: 9 }],
      { status: 'assigned', changeSeq: 9 },
    ],
    [
      'is revoked, and counts against the brake',
      aSeat(1),
      [{ kind: 'revoked', changeSeq: 9, reason: 'group-leave' }],
      { status: 'revoked', changeSeq: 9, revocations: [iso()] },
    ],
    [
      'is revoked if the restored seat is in revocation',
      aSeat(1, { status: 'revoking', changeSeq: 9 }),
      [{ kind: 'revoked', changeSeq: 9, reason: 'group-leave' }],
      { status: 'revoked', changeSeq: 9 },
    ],
    [
      'that AWS removed with its user does not count against the brake',
      aSeat(1),
      [{ kind: 'revoked', changeSeq: 9, reason: 'user-deleted' }],
      { status: 'revoked', revocations: undefined },
    ],
    [
      'that was given and revoked since is a tombstone',
      undefined,
      [
        { kind: 'revoked', changeSeq: 10, reason: 'group-leave' },
        { kind: 'assigned', changeSeq: 9 },
      ],
      { status: 'revoked', changeSeq: 10 },
    ],
    [
      'is on the waitlist since the event',
      undefined,
      [{ kind: 'waitlisted', changeSeq: 9, reason: 'cap-reached' }],
      { status: 'waitlisted', requestedAt: iso() },
    ],
    [
      'is leaving until the grace ends',
      aSeat(1),
      [{ kind: 'leaving', changeSeq: 9, dueAt: iso(60) }],
      { status: 'leaving', dueAt: iso(60) },
    ],
    [
      'is kept',
      aSeat(1, { status: 'leaving', dueAt: iso(1) }),
      [{ kind: 'kept', changeSeq: 9 }],
      { status: 'confirmed' },
    ],
    ['is adopted', undefined, [{ kind: 'adopted', changeSeq: 9 }], { status: 'confirmed', grantedAt: iso() }],
    [
      'keeps its status if AWS refused a change, and its number grows',
      aSeat(1, { status: 'creating' }),
      [{ kind: 'refused', refused: 'grant', changeSeq: 9 }],
      { status: 'creating', changeSeq: 9 },
    ],
    ['does not begin with a refusal', undefined, [{ kind: 'refused', refused: 'grant', changeSeq: 9 }], undefined],
    ['does not begin with an observation', undefined, [{ kind: 'observed', changeSeq: 9 }], undefined],
    [
      'has the subscription that began with it; whose the assignment is, is not known',
      undefined,
      [{ kind: 'assigned', changeSeq: 9, plan: PLAN }],
      { access: 'foreign', subscription: { plan: PLAN, askedAt: iso() } },
    ],
    [
      'keeps its own assignment next to a subscription',
      aSeat(1),
      [{ kind: 'assigned', changeSeq: 9, plan: PLAN, reason: 'subscription-started' }],
      { status: 'assigned', access: undefined, subscription: { plan: PLAN, askedAt: iso() } },
    ],
    [
      'keeps its own assignment next to an adopted subscription',
      aSeat(1),
      [{ kind: 'adopted', changeSeq: 9, plan: PLAN }],
      { access: undefined, subscription: { plan: PLAN, askedAt: iso() } },
    ],
    [
      'that was adopted with a subscription has the assignment of someone else',
      undefined,
      [{ kind: 'adopted', changeSeq: 9, plan: PLAN }],
      { access: 'foreign', subscription: { plan: PLAN, askedAt: iso() } },
    ],
    [
      'has lost its subscription if the event names none',
      aSeat(1, { subscription: { plan: PLAN, askedAt: iso() } }),
      [{ kind: 'leaving', changeSeq: 9, dueAt: iso(60) }],
      { status: 'leaving', subscription: undefined },
    ],
    [
      'whose subscription was lost has cancelled none at its end',
      aSeat(1, { subscription: { plan: PLAN, askedAt: iso() } }),
      [{ kind: 'revoked', changeSeq: 9, reason: 'group-leave' }],
      { status: 'revoked', subscription: undefined, cancelledAt: undefined },
    ],
    [
      'keeps its subscription if AWS refused a change',
      aSeat(1, { subscription: { plan: PLAN, askedAt: iso() } }),
      [{ kind: 'refused', refused: 'revoke', changeSeq: 9 }],
      { subscription: { plan: PLAN, askedAt: iso() } },
    ],
    [
      'that ended with a subscription remembers its cancellation',
      undefined,
      [{ kind: 'revoked', changeSeq: 9, plan: PLAN, reason: 'group-leave' }],
      { status: 'revoked', subscription: undefined, cancelledAt: iso() },
    ],
  ])('%s', (_fact, before, records, expected) => {
    const seat = seatAsAudited(before, records.map(audited));
    if (expected === undefined) return expect(seat).toBeUndefined();
    const fields = Object.keys(expected) as (keyof Seat)[];
    expect(Object.fromEntries(fields.map((field) => [field, seat?.[field]]))).toEqual(expected);
  });

  it.each<[string, SeatStatus, number]>([
    ['of an earlier number', 'confirmed', 8],
    ['of its own number', 'held', 9],
  ])('is unchanged by an event %s', (_what, status, changeSeq) => {
    const seat = aSeat(1, { status, changeSeq: 9 });
    expect(seatAsAudited(seat, [audited({ kind: 'assigned', changeSeq })])).toBe(seat);
  });

  it('keeps what is not on the bus yet, and nothing else', () => {
    const pending = anAuditRecord({ kind: 'assigned', changeSeq: 8 });
    const before = aSeat(1, { changeSeq: 8, revision: 4, audit: [pending] });
    const leaving = audited({ kind: 'leaving', changeSeq: 9, dueAt: iso(9) });
    expect(seatAsAudited(before, [leaving])).toMatchObject({ revision: 5, audit: [pending] });
    expect(seatAsAudited(before, [leaving, audited({ kind: 'assigned', changeSeq: 8 })])?.audit).toEqual([]);
  });
});

describe('a ledger that is restored to any moment', () => {
  it('has the seats of its end again, with everything that was audited', () => {
    // That a user leaves the waitlist, or a refused seat, is not audited.
    const steps = Object.keys(STEPS).filter((name) => name !== 'isDropped');
    const histories = fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(histories, fc.nat(), (names, moment) => {
        const { seats, changes, seat: end } = play(names);
        const states = [undefined, ...seats.map(({ seat }) => seat)];
        const restored = seatAsAudited(states[moment % states.length], changes);
        if (restored) SeatSchema.parse(restored);
        const audited = Math.max(0, ...changes.map(({ changeSeq }) => changeSeq));
        // What begun and was not audited at the end is as if it had not begun.
        const isOpen = end !== undefined && ['creating', 'revoking', 'failed'].includes(end.status);
        if (isOpen) return;
        expect(restored !== undefined && takesSlot(restored)).toBe(end !== undefined && takesSlot(end));
        expect(restored?.status === 'waitlisted').toBe(end?.status === 'waitlisted');
        expect(restored?.changeSeq ?? 0).toBeGreaterThanOrEqual(audited);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
