import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, clearAudit } from '../../../domain/seat/audit-records.ts';
import { type Seat, SeatSchema, type SeatStatus, takesSlot } from '../../../domain/seat/seat.ts';
import {
  dropSeat,
  keepInterrupted,
  markAdopted,
  markAssigned,
  markConfirmed,
  markCreating,
  markHeld,
  markLeaving,
  markRefused,
  markRemoved,
  markReported,
  markRevoked,
  markRevoking,
  markWaitlisted,
  recordLateGrant,
  restoreSeat,
} from '../../../domain/seat/transitions.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { aChangeContext, aGrantedSeat, anAuditRecord, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, execution, ME, OTHER, START, user } from '../../support/ids.ts';

const TARGET = {
  applicationArn: APPLICATION,
  userId: user(1),
  entitlement: ENTITLEMENT,
  requestedAt: iso(-5),
};
/** The number of the first change of a seat that begins at START. */
const FIRST = START.getTime() / 1000;
const REFUSAL = { reason: 'access-denied', since: iso(-7200), execution: execution('old'), reported: true };
const LATER = aChangeContext({ now: new Date(iso(60)), execution: OTHER, cause: 'event-2' });

describe('markCreating', () => {
  it('begins a seat', () => {
    expect(markCreating(undefined, TARGET, aChangeContext())).toEqual({
      ...TARGET,
      schemaVersion: 1,
      status: 'creating',
      changeSeq: FIRST,
      revision: 1,
      cause: 'event-1',
      changedAt: iso(),
      audit: [],
    });
  });

  it.each<SeatStatus>(['creating', 'assigned'])('repeats the change of a seat that is %s', (status) => {
    const seat = aGrantedSeat({
      status,
      changeSeq: 4,
      requestedAt: iso(-9),
      cause: 'event-0',
      audit: [anAuditRecord()],
    });
    expect(markCreating(seat, TARGET, aChangeContext())).toEqual({
      ...seat,
      status: 'creating',
      revision: seat.revision + 1,
      changedAt: iso(),
      ...(status === 'assigned' ? { repeats: 1 } : {}),
    });
  });

  it('counts how often a create that AWS has accepted is repeated, and audits only the first', () => {
    const once = markAssigned(markCreating(undefined, TARGET, aChangeContext()), aChangeContext());
    const twice = markAssigned(markCreating(once, TARGET, aChangeContext()), aChangeContext());
    const thrice = markAssigned(markCreating(twice, TARGET, aChangeContext()), aChangeContext());
    expect([once, twice, thrice].map(({ repeats }) => repeats)).toEqual([undefined, 1, 2]);
    expect(clearAudit(once, () => true).audit).toEqual([]);
    expect(
      markAssigned(
        markCreating(
          clearAudit(once, () => true),
          TARGET,
          aChangeContext(),
        ),
        aChangeContext(),
      ).audit,
    ).toEqual([]);
    expect(thrice.audit).toHaveLength(1);
    expect(markConfirmed(thrice, START).repeats).toBeUndefined();
  });

  it.each<[SeatStatus, boolean]>([
    ['waitlisted', false],
    ['confirmed', true],
    ['leaving', true],
    ['held', true],
    ['revoking', true],
    ['revoked', false],
    ['failed', false],
  ])('makes a new change of a seat that is %s and keeps the time of its grant: %s', (status, asOld) => {
    const { grantedAt, ...seat } = aGrantedSeat({ status, changeSeq: 4, requestedAt: iso(-9) });
    const before = { ...seat, grantedAt, dueAt: iso(1), hold: 2, nextAttemptAt: iso() };
    expect(markCreating(before, TARGET, aChangeContext())).toEqual({
      ...seat,
      ...TARGET,
      status: 'creating',
      changeSeq: 5,
      revision: seat.revision + 1,
      cause: 'event-1',
      changedAt: iso(),
      ...(asOld ? { grantedAt } : {}),
    });
  });

  it('keeps the audit records, the revocations and the refusal of the seat', () => {
    const kept = { audit: [anAuditRecord({ kind: 'revoked' })], revocations: [iso(-60)], refusal: REFUSAL };
    const seat = markCreating(
      aGrantedSeat({ status: 'failed', nextAttemptAt: iso(), ...kept }),
      TARGET,
      aChangeContext(),
    );
    expect(seat).toMatchObject(kept);
    expect(seat).not.toHaveProperty('nextAttemptAt');
  });
});

describe('markAssigned', () => {
  it('adds an audit record and removes the refusal', () => {
    const before = aGrantedSeat({
      status: 'creating',
      changeSeq: 2,
      refusal: REFUSAL,
      nextAttemptAt: iso(),
      revocations: [iso(-60)],
    });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(markAssigned(before, aChangeContext())).toEqual({
      ...rest,
      status: 'assigned',
      revision: before.revision + 1,
      changedAt: iso(),
      madeAgainAt: iso(),
      audit: [anAuditRecord({ changeSeq: 2, requestedAt: before.requestedAt })],
    });
  });

  it('sets the time of the grant of a new seat', () => {
    const { grantedAt: _, ...fresh } = aGrantedSeat({ status: 'creating' });
    const assigned = markAssigned(fresh, aChangeContext());
    expect(assigned.grantedAt).toBe(iso());
    expect(assigned).not.toHaveProperty('madeAgainAt');
  });

  it('keeps the first audit record if the answer was lost and the step runs twice', () => {
    const once = markAssigned(aGrantedSeat({ status: 'creating' }), aChangeContext());
    const twice = markAssigned(markCreating(once, TARGET, LATER), LATER);
    expect(twice.audit).toEqual(once.audit);
  });

  it('records a second audit event for a new change of the same seat', () => {
    const once = markAssigned(aGrantedSeat({ status: 'creating' }), aChangeContext());
    const again = markAssigned(markCreating({ ...once, status: 'confirmed' }, TARGET, LATER), LATER);
    expect(again.audit.map(({ changeSeq }) => changeSeq)).toEqual([1, 2]);
  });
});

describe('markWaitlisted', () => {
  const line = anAuditRecord({ kind: 'waitlisted', reason: 'cap-reached' });

  it('adds the user to the waitlist with the time of the first request, and an audit record', () => {
    expect(markWaitlisted(undefined, TARGET, aChangeContext())).toEqual({
      ...TARGET,
      schemaVersion: 1,
      status: 'waitlisted',
      changeSeq: FIRST,
      revision: 1,
      cause: 'event-1',
      changedAt: iso(),
      audit: [{ ...line, changeSeq: FIRST }],
    });
  });

  it('makes a new change of a former seat, and keeps the revocations that the brake counts', () => {
    const before = aGrantedSeat({ status: 'revoked', changeSeq: 4, revocations: [iso(-60)] });
    const seat = markWaitlisted(before, TARGET, aChangeContext());
    expect(seat).toMatchObject({ changeSeq: 5, revocations: [iso(-60)], audit: [{ ...line, changeSeq: 5 }] });
    expect(takesSlot(seat)).toBe(false);
  });

  it('precedes a grant, which is a further change with the time of the first request', () => {
    const line = markWaitlisted(undefined, TARGET, aChangeContext());
    const seat = markAssigned(markCreating(line, { ...TARGET, requestedAt: line.requestedAt }, LATER), LATER);
    expect(seat).toMatchObject({ requestedAt: TARGET.requestedAt, grantedAt: iso(60) });
    expect(seat.audit.map(({ kind, changeSeq }) => [kind, changeSeq])).toEqual([
      ['waitlisted', FIRST],
      ['assigned', FIRST + 1],
    ]);
  });
});

describe('markAdopted', () => {
  const target = { ...TARGET, requestedAt: iso() };
  const context = aChangeContext({ reason: 'manual' });

  it('makes a confirmed seat of a foreign assignment, granted at the time of the adoption, with an audit record', () => {
    expect(markAdopted(undefined, target, context)).toEqual({
      ...target,
      schemaVersion: 1,
      status: 'confirmed',
      changeSeq: FIRST,
      revision: 1,
      cause: 'event-1',
      grantedAt: iso(),
      changedAt: iso(),
      audit: [anAuditRecord({ kind: 'adopted', reason: 'manual', changeSeq: FIRST })],
    });
  });

  it('continues the count of changes, and removes the refusal', () => {
    const before = aGrantedSeat({ status: 'revoked', changeSeq: 4, refusal: REFUSAL, audit: [anAuditRecord()] });
    const seat = markAdopted(before, target, context);
    expect(seat).toMatchObject({ changeSeq: 5, revision: 2, grantedAt: iso() });
    expect(seat.audit.map(({ kind }) => kind)).toEqual(['assigned', 'adopted']);
    expect(seat).not.toHaveProperty('refusal');
  });
});

describe('markLeaving', () => {
  it.each<SeatStatus>(['assigned', 'confirmed'])(
    'gives a seat that is %s its due date, and an audit record with the date',
    (status) => {
      const before = aGrantedSeat({ status });
      expect(markLeaving(before, iso(86_400), aChangeContext({ reason: 'group-leave' }))).toEqual({
        ...before,
        status: 'leaving',
        changeSeq: 2,
        revision: before.revision + 1,
        cause: 'event-1',
        changedAt: iso(),
        dueAt: iso(86_400),
        audit: [anAuditRecord({ kind: 'leaving', changeSeq: 2, reason: 'group-leave', dueAt: iso(86_400) })],
      });
    },
  );
});

describe('markHeld', () => {
  it.each<SeatStatus>(['assigned', 'confirmed', 'leaving', 'held'])(
    'adds a seat that is %s to a generation, without an audit record',
    (status) => {
      const before = aGrantedSeat({ status });
      expect(markHeld({ ...before, dueAt: iso(), hold: 1 }, 2, aChangeContext())).toEqual({
        ...before,
        status: 'held',
        revision: before.revision + 1,
        changedAt: iso(),
        hold: 2,
      });
    },
  );
});

describe('a create whose answer was lost and whose assignment shows', () => {
  const { grantedAt: _, ...open } = aGrantedSeat({ status: 'creating', changeSeq: 3 });
  const STEPS: Record<string, (seat: Seat) => Seat> = {
    answered: (seat) => recordLateGrant(seat, aChangeContext({ reason: 'group-leave' })),
    leaving: (seat) => markLeaving(seat, iso(86_400), aChangeContext({ reason: 'group-leave' })),
    held: (seat) => markHeld(seat, 1, aChangeContext({ reason: 'group-leave' })),
  };

  it.each(Object.keys(STEPS))('is audited before the seat is %s, in the same write', (status) => {
    const seat = STEPS[status]?.(open);
    expect(seat).toMatchObject({ revision: open.revision + 1, grantedAt: iso() });
    expect(seat?.audit[0]).toEqual(
      anAuditRecord({ changeSeq: 3, reason: 'group-join', requestedAt: open.requestedAt }),
    );
  });

  it.each(Object.keys(STEPS))(
    'is audited as healed drift before the seat is %s, if its grant was audited before',
    (status) => {
      const seat = STEPS[status]?.({ ...open, grantedAt: iso(-60) });
      expect(seat).toMatchObject({ revision: open.revision + 1, grantedAt: iso(-60) });
      expect(seat?.audit[0]).toEqual(
        anAuditRecord({ changeSeq: 3, reason: 'drift-healed', requestedAt: open.requestedAt }),
      );
    },
  );
});

describe('restoreSeat', () => {
  it.each<[SeatStatus, Partial<Seat>]>([
    ['leaving', { dueAt: iso(1) }],
    ['held', { hold: 1 }],
  ])('gives a seat that is %s back to its user, with an audit record', (status, parts) => {
    const before = aGrantedSeat({ status });
    const context = aChangeContext({ reason: 'group-leave' });
    expect(restoreSeat({ ...before, ...parts }, context)).toEqual({
      ...before,
      status: 'confirmed',
      changeSeq: 2,
      revision: before.revision + 1,
      cause: 'event-1',
      changedAt: iso(),
      audit: [anAuditRecord({ kind: 'kept', changeSeq: 2, reason: 'still-entitled' })],
    });
  });
});

describe('markRevoking', () => {
  it.each<[SeatStatus, Partial<Seat>]>([
    // The last create had no answer: it may have made the assignment again.
    ['creating', { madeAgainAt: aGrantedSeat().changedAt }],
    ['assigned', {}],
    ['confirmed', {}],
    ['leaving', {}],
    ['held', {}],
  ])('makes a new change of a seat that is %s', (status, times) => {
    const seat = aGrantedSeat({ status, changeSeq: 4 });
    expect(markRevoking(seat, aChangeContext())).toEqual({
      ...seat,
      status: 'revoking',
      changeSeq: 5,
      revision: seat.revision + 1,
      cause: 'event-1',
      changedAt: iso(),
      ...times,
    });
  });

  it('makes one change if it runs twice, and sets the time of the change each time', () => {
    const once = markRevoking(aGrantedSeat(), aChangeContext());
    const changedAt = LATER.now.toISOString();
    expect(markRevoking(once, LATER)).toEqual({ ...once, revision: once.revision + 1, changedAt });
  });
});

describe('markRevoked', () => {
  it('adds an audit record and a revocation for the brake, and removes the refusal', () => {
    const before = aGrantedSeat({ status: 'revoking', changeSeq: 2, refusal: REFUSAL, nextAttemptAt: iso() });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(markRevoked(before, aChangeContext({ reason: 'group-leave' }))).toEqual({
      ...rest,
      status: 'revoked',
      revision: before.revision + 1,
      changedAt: iso(),
      revocations: [iso()],
      audit: [anAuditRecord({ kind: 'revoked', changeSeq: 2, reason: 'group-leave' })],
    });
  });

  it('keeps the revocations of the last 24 hours', () => {
    const earlier = [iso(-86_401), iso(-86_400), iso(-86_399), iso(-60)];
    const seat = markRevoked(aGrantedSeat({ status: 'revoking', revocations: earlier }), aChangeContext());
    expect(seat.revocations).toEqual([iso(-86_399), iso(-60), iso()]);
  });

  it.each<SeatStatus>(['creating', 'assigned', 'confirmed', 'leaving', 'held'])(
    'makes a new change without a revocation of a seat that is %s, because AWS removed it with the user',
    (status) => {
      const before = aGrantedSeat({ status, changeSeq: 4, revocations: [iso(-60)] });
      expect(markRevoked({ ...before, dueAt: iso(1), hold: 1 }, aChangeContext({ reason: 'user-deleted' }))).toEqual({
        ...before,
        status: 'revoked',
        changeSeq: 5,
        cause: 'event-1',
        revision: before.revision + 1,
        changedAt: iso(),
        audit: [anAuditRecord({ kind: 'revoked', changeSeq: 5, reason: 'user-deleted' })],
      });
    },
  );

  it('keeps one audit record if the step runs twice', () => {
    const once = markRevoked(aGrantedSeat({ status: 'revoking' }), aChangeContext());
    expect(markRevoked({ ...once, status: 'revoking' }, LATER).audit).toEqual(once.audit);
  });
});

describe('markRemoved', () => {
  it('keeps the seat as it is, with the time when AWS accepted the removal', () => {
    const seat = aGrantedSeat({ status: 'revoking' });
    expect(markRemoved(seat, START)).toEqual({ ...seat, revision: seat.revision + 1, removedAt: iso() });
  });

  it.each<[string, (seat: Seat) => Seat]>([
    ['kept', (seat) => keepInterrupted(seat, { assigned: true, now: START })],
    ['revoked', (seat) => markRevoked(seat, aChangeContext())],
    ['dropped', (seat) => dropSeat(seat, START)],
    ['made again', (seat) => markCreating(seat, TARGET, aChangeContext())],
  ])('is forgotten when the seat is %s', (_fact, change) => {
    expect(change(markRemoved(aGrantedSeat({ status: 'revoking' }), START))).not.toHaveProperty('removedAt');
  });
});

describe('keepInterrupted', () => {
  it.each<[string, Partial<Seat>, boolean, string[]]>([
    ['counts no revocation against the brake while a read shows the assignment', {}, true, [iso(-60)]],
    ['counts the revocation that may have been made', {}, false, [iso(-60), iso()]],
    ['counts the revocation that AWS has accepted', { removedAt: iso(-95) }, true, [iso(-60), iso()]],
    ['counts none that AWS has refused', { refusal: REFUSAL }, false, [iso(-60)]],
  ])('%s', (_fact, parts, assigned, revocations) => {
    const before = aGrantedSeat({ status: 'revoking', revocations: [iso(-86_400), iso(-60)], ...parts });
    const kept = keepInterrupted(before, { assigned, now: START });
    expect(kept).toMatchObject({ status: 'confirmed', audit: [], changedAt: iso() });
    expect(kept).not.toHaveProperty('removedAt');
    expect(kept.revocations?.filter((time) => time > iso(-86_400))).toEqual(revocations);
  });
});

describe('markRefused', () => {
  const context = { now: START, execution: ME, cause: 'event-1', reportAgain: false, ambiguous: false };
  const record = anAuditRecord({ kind: 'refused', refused: 'grant', reason: 'access-denied', changeSeq: 2 });

  it('frees the slot of a refused grant, with an audit record and an open report', () => {
    const before = aGrantedSeat({ status: 'creating' });
    expect(markRefused(before, 'access-denied', context)).toEqual({
      ...before,
      status: 'failed',
      changeSeq: 3,
      revision: before.revision + 1,
      changedAt: iso(),
      refusal: { reason: 'access-denied', since: iso(), execution: ME, reported: false },
      nextAttemptAt: iso(3600),
      audit: [record],
    });
  });

  it('keeps the slot of a refused grant that an earlier call may have made', () => {
    const seat = markRefused(aGrantedSeat({ status: 'creating' }), 'access-denied', { ...context, ambiguous: true });
    expect(seat).toMatchObject({ status: 'creating', audit: [record], nextAttemptAt: iso(3600) });
    expect(takesSlot(seat)).toBe(true);
  });

  it('makes a later grant a new change, because the refusal was audited', () => {
    const seat = markRefused(aGrantedSeat({ status: 'creating' }), 'access-denied', { ...context, ambiguous: true });
    expect(markCreating(seat, seat, aChangeContext()).changeSeq).toBe(seat.changeSeq + 1);
  });

  it('keeps the slot of a refused revocation', () => {
    const seat = markRefused(aGrantedSeat({ status: 'revoking' }), 'access-denied', context);
    expect(seat).toMatchObject({ status: 'revoking', audit: [{ ...record, refused: 'revoke' }] });
    expect(takesSlot(seat)).toBe(true);
  });

  it('neither audits nor reports the same reason a second time', () => {
    const before = aGrantedSeat({ status: 'creating', refusal: REFUSAL });
    expect(markRefused(before, 'access-denied', context)).toMatchObject({
      refusal: { reason: 'access-denied', since: REFUSAL.since, execution: ME, reported: true },
      nextAttemptAt: iso(3600),
      audit: [],
    });
  });

  it('audits and reports a refusal after failed attempts of the same reason', () => {
    const before = aGrantedSeat({ status: 'creating', refusal: { ...REFUSAL, attempts: 2 } });
    expect(markRefused(before, 'access-denied', context)).toMatchObject({
      refusal: { reason: 'access-denied', since: iso(), reported: false },
      audit: [record],
    });
  });

  it('audits and reports a new reason', () => {
    const before = aGrantedSeat({ status: 'creating', refusal: REFUSAL });
    expect(markRefused(before, 'quota-exceeded', context)).toMatchObject({
      refusal: { reason: 'quota-exceeded', since: iso(), reported: false },
      audit: [{ ...record, reason: 'quota-exceeded' }],
    });
  });

  it('reports, but does not audit, a second refusal of the same execution', () => {
    const before = aGrantedSeat({ status: 'creating', refusal: REFUSAL });
    expect(markRefused(before, 'access-denied', { ...context, reportAgain: true })).toMatchObject({
      refusal: { reported: false },
      audit: [],
    });
  });

  it('keeps one record per reason that is not on the bus yet', () => {
    const first = markRefused(aGrantedSeat({ status: 'creating' }), 'access-denied', context);
    const second = markRefused({ ...first, status: 'creating' }, 'quota-exceeded', context);
    expect(second.audit.map(({ reason }) => reason)).toEqual(['access-denied', 'quota-exceeded']);
  });

  it.each<SeatStatus>(['creating', 'revoking'])(
    'gives the same refusal of a seat that is %s a number of its own if another came between',
    (status) => {
      const refused = ['access-denied', 'quota-exceeded', 'access-denied'].reduce(
        (seat, code) => markRefused(seat, code, { ...context, ambiguous: true }),
        aGrantedSeat({ status, changeSeq: 4 }),
      );
      expect(refused.audit.map(({ changeSeq, reason }) => [changeSeq, reason])).toEqual([
        [5, 'access-denied'],
        [7, 'quota-exceeded'],
        [9, 'access-denied'],
      ]);
      // The change that was refused goes on with a number after all of them.
      const done = status === 'revoking' ? markRevoked(refused, LATER) : recordLateGrant(refused, LATER);
      expect(done.audit.at(-1)?.changeSeq).toBe(10);
    },
  );
});

describe('markReported', () => {
  it('marks the refusal as reported, and may run twice', () => {
    const seat = markReported(aGrantedSeat({ status: 'failed', refusal: { ...REFUSAL, reported: false } }));
    expect(seat).toMatchObject({ refusal: { ...REFUSAL, reported: true, failed: true }, revision: 2 });
    expect(markReported(seat).refusal).toEqual(seat.refusal);
  });

  it('changes nothing if there is no refusal', () => {
    const seat = aGrantedSeat();
    expect(markReported(seat)).toBe(seat);
  });
});

describe.each([
  ['markConfirmed', markConfirmed, 'confirmed'],
  ['dropSeat', dropSeat, 'revoked'],
] as const)('%s', (_name, change, status) => {
  it(`makes a seat ${status} without an audit record, and removes the refusal and its next attempt`, () => {
    const before = aGrantedSeat({
      status: 'revoking',
      refusal: REFUSAL,
      nextAttemptAt: iso(),
      audit: [anAuditRecord()],
    });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(change(before, START)).toEqual({ ...rest, status, revision: before.revision + 1, changedAt: iso() });
  });
});

describe('a seat', () => {
  type Step = (seat: Seat, context: ReturnType<typeof aChangeContext>) => Seat;
  const STEPS: Record<string, Step> = {
    creating: (seat, context) => markCreating(seat, TARGET, context),
    assigned: markAssigned,
    waitlisted: (seat, context) => markWaitlisted(seat, TARGET, context),
    adopted: (seat, context) => markAdopted(seat, TARGET, context),
    leaving: (seat, context) => markLeaving(seat, iso(86_400), context),
    held: (seat, context) => markHeld(seat, 1, context),
    answered: recordLateGrant,
    kept: restoreSeat,
    revoking: markRevoking,
    revoked: markRevoked,
    refused: (seat, context) =>
      markRefused(seat, 'access-denied', { ...context, reportAgain: false, ambiguous: false }),
    reported: markReported,
    confirmed: (seat, { now }) => markConfirmed(seat, now),
    forgotten: (seat, { now }) => dropSeat(seat, now),
    cleared: (seat) => clearAudit(seat, () => true),
  };

  it('stays readable, never counts backwards, and names the revision that each write replaces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(STEPS)), { maxLength: 12 }), (steps) => {
        let seat = markCreating(undefined, TARGET, aChangeContext());
        for (const [index, step] of steps.entries()) {
          const after = step(seat, aChangeContext({ now: new Date(iso(index)) }));
          expect(SeatSchema.parse(after)).toEqual(after);
          expect(after.changeSeq).toBeGreaterThanOrEqual(seat.changeSeq);
          expect(after === seat || after.revision === seat.revision + 1).toBe(true);
          seat = after;
        }
      }),
    );
  });

  it('never repeats a number of an audit event, also after it has expired', () => {
    const codes = fc.constantFrom('access-denied', 'quota-exceeded');
    const refused = codes.map(
      (code): Step =>
        (seat, context) =>
          markRefused(seat, code, { ...context, reportAgain: false, ambiguous: true }),
    );
    const step = fc.oneof(fc.constantFrom(...Object.values(STEPS)), refused);
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 4 }), (lives) => {
        const seen = new Map<string, AuditRecord>();
        for (const [life, steps] of lives.entries()) {
          // DynamoDB deletes a tombstone 400 days after the last change.
          const now = new Date(plusSeconds(START, life * 401 * 86_400));
          const begun = markCreating(undefined, TARGET, aChangeContext({ now }));
          for (const record of steps.reduce((seat, one) => one(seat, aChangeContext({ now })), begun).audit) {
            const id = [record.kind, record.changeSeq, record.reason].join();
            expect(seen.get(id) ?? record).toBe(record);
            seen.set(id, record);
          }
        }
      }),
    );
  });

  it('has at most one pending record per change and kind', () => {
    const id = ({ kind, changeSeq }: AuditRecord) => [kind, changeSeq].join();
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(STEPS)), { maxLength: 12 }), (steps) => {
        const seat = steps.reduce((before, step) => step(before, aChangeContext()), aGrantedSeat());
        expect(new Set(seat.audit.map(id)).size).toBe(seat.audit.length);
      }),
    );
  });
});
