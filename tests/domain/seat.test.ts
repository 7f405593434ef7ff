import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditRecord,
  assigned,
  attentionAt,
  cleared,
  confirmed,
  creating,
  forgotten,
  refused,
  reported,
  revoked,
  revoking,
  type Seat,
  SeatSchema,
  type SeatStatus,
  SeatStatusSchema,
  takesPlace,
} from '../../domain/seat.ts';
import {
  aChangeContext,
  anApplication,
  anAuditRecord,
  anExecution,
  aSeat,
  aUserId,
  iso,
  NOW,
} from '../fixtures/builders.ts';

const TARGET = {
  applicationArn: anApplication(),
  userId: aUserId(),
  entitlement: 'entitlement-1',
  requestedAt: iso(-5),
};
const REFUSAL = { reason: 'access-denied', since: iso(-7200), execution: anExecution('old'), reported: true };
const LATER = aChangeContext({ now: new Date(iso(60)), execution: anExecution(2), cause: 'event-2' });

describe('takesPlace', () => {
  it.each<[SeatStatus, boolean]>([
    ['waitlisted', false],
    ['creating', true],
    ['assigned', true],
    ['confirmed', true],
    ['leaving', true],
    ['held', true],
    ['revoking', true],
    ['revoked', false],
    ['failed', false],
  ])('tells whether an assignment may exist with a seat that is %s: %s', (status, place) => {
    expect(takesPlace({ status })).toBe(place);
  });
});

describe('creating', () => {
  it('begins a seat', () => {
    expect(creating(undefined, TARGET, aChangeContext())).toEqual({
      ...TARGET,
      schemaVersion: 1,
      status: 'creating',
      changeSeq: 1,
      revision: 1,
      cause: 'event-1',
      changedAt: iso(),
      audit: [],
    });
  });

  it.each<SeatStatus>(['creating', 'assigned'])('is the same change once more with a seat that is %s', (status) => {
    const seat = aSeat({ status, changeSeq: 4, requestedAt: iso(-9), cause: 'event-0', audit: [anAuditRecord()] });
    expect(creating(seat, TARGET, aChangeContext())).toEqual({
      ...seat,
      status: 'creating',
      revision: seat.revision + 1,
      changedAt: iso(),
    });
  });

  it.each<SeatStatus>(['waitlisted', 'confirmed', 'leaving', 'held', 'revoking', 'revoked', 'failed'])(
    'is a change of its own with a seat that is %s',
    (status) => {
      const seat = aSeat({ status, changeSeq: 4, requestedAt: iso(-9) });
      expect(creating(seat, TARGET, aChangeContext())).toEqual({
        ...seat,
        ...TARGET,
        status: 'creating',
        changeSeq: 5,
        revision: seat.revision + 1,
        cause: 'event-1',
        changedAt: iso(),
      });
    },
  );

  it('keeps what the bus, the brake and the report of a refusal still need', () => {
    const kept = { audit: [anAuditRecord({ kind: 'revoked' })], revokedAt: iso(-60), refusal: REFUSAL };
    const seat = creating(aSeat({ status: 'failed', nextAttemptAt: iso(), ...kept }), TARGET, aChangeContext());
    expect(seat).toMatchObject(kept);
    expect(seat).not.toHaveProperty('nextAttemptAt');
  });
});

describe('assigned', () => {
  it('comes with its audit record, and with no refusal', () => {
    const before = aSeat({
      status: 'creating',
      changeSeq: 2,
      refusal: REFUSAL,
      nextAttemptAt: iso(),
      revocations: [iso(-60)],
    });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(assigned(before, aChangeContext())).toEqual({
      ...rest,
      status: 'assigned',
      revision: before.revision + 1,
      changedAt: iso(),
      audit: [anAuditRecord({ changeSeq: 2 })],
    });
  });

  it('is told once, as it was first, when an answer was lost and the step runs twice', () => {
    const once = assigned(aSeat({ status: 'creating' }), aChangeContext());
    const twice = assigned(creating(once, TARGET, LATER), LATER);
    expect(twice.audit).toEqual(once.audit);
  });

  it('is told again when it is another change', () => {
    const once = assigned(aSeat({ status: 'creating' }), aChangeContext());
    const again = assigned(creating({ ...once, status: 'confirmed' }, TARGET, LATER), LATER);
    expect(again.audit.map(({ changeSeq }) => changeSeq)).toEqual([1, 2]);
  });
});

describe('revoking', () => {
  it.each<SeatStatus>(['creating', 'assigned', 'confirmed', 'leaving', 'held'])(
    'begins a change of its own with a seat that is %s',
    (status) => {
      const seat = aSeat({ status, changeSeq: 4 });
      expect(revoking(seat, aChangeContext())).toEqual({
        ...seat,
        status: 'revoking',
        changeSeq: 5,
        revision: seat.revision + 1,
        cause: 'event-1',
        changedAt: iso(),
      });
    },
  );

  it('changes nothing when it runs twice', () => {
    const once = revoking(aSeat(), aChangeContext());
    expect(revoking(once, LATER)).toBe(once);
  });
});

describe('revoked', () => {
  it('comes with its audit record, counts against the brake, and has no refusal', () => {
    const before = aSeat({ status: 'revoking', changeSeq: 2, refusal: REFUSAL, nextAttemptAt: iso() });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(revoked(before, aChangeContext({ reason: 'group-leave' }))).toEqual({
      ...rest,
      status: 'revoked',
      revision: before.revision + 1,
      changedAt: iso(),
      revocations: [iso()],
      audit: [anAuditRecord({ kind: 'revoked', changeSeq: 2, reason: 'group-leave' })],
    });
  });

  it.each([
    ['the first time', {}, undefined],
    ['and leaves an earlier revocation in place', { revocations: [iso(-60)] }, [iso(-60)]],
  ])('does not count against the brake what AWS removed with the user: %s', (_fact, parts, expected) => {
    const seat = revoked(aSeat({ status: 'revoking', ...parts }), aChangeContext({ reason: 'user-deleted' }));
    expect(seat.revocations).toEqual(expected);
  });

  it('is told once when the step runs twice', () => {
    const once = revoked(aSeat({ status: 'revoking' }), aChangeContext());
    expect(revoked({ ...once, status: 'revoking' }, LATER).audit).toEqual(once.audit);
  });
});

describe('refused', () => {
  const context = { now: NOW, execution: anExecution(), cause: 'event-1', again: false };
  const record = anAuditRecord({ kind: 'refused', refused: 'grant', reason: 'access-denied' });

  it('gives up the place of a grant, is told, and is to be reported', () => {
    const before = aSeat({ status: 'creating' });
    expect(refused(before, 'access-denied', context)).toEqual({
      ...before,
      status: 'failed',
      revision: before.revision + 1,
      changedAt: iso(),
      refusal: { reason: 'access-denied', since: iso(), execution: anExecution(), reported: false },
      nextAttemptAt: iso(3600),
      audit: [record],
    });
  });

  it('keeps the place of a revocation', () => {
    const seat = refused(aSeat({ status: 'revoking' }), 'access-denied', context);
    expect(seat).toMatchObject({ status: 'revoking', audit: [{ ...record, refused: 'revoke' }] });
    expect(takesPlace(seat)).toBe(true);
  });

  it('is neither told nor reported a second time for the same reason', () => {
    const before = aSeat({ status: 'creating', refusal: REFUSAL });
    expect(refused(before, 'access-denied', context)).toMatchObject({
      refusal: { reason: 'access-denied', since: REFUSAL.since, execution: anExecution(), reported: true },
      nextAttemptAt: iso(3600),
      audit: [],
    });
  });

  it('is told and reported when the reason changes', () => {
    const before = aSeat({ status: 'creating', refusal: REFUSAL });
    expect(refused(before, 'quota-exceeded', context)).toMatchObject({
      refusal: { reason: 'quota-exceeded', since: iso(), reported: false },
      audit: [{ ...record, reason: 'quota-exceeded' }],
    });
  });

  it('is reported, but not told, when the same execution is refused again', () => {
    const before = aSeat({ status: 'creating', refusal: REFUSAL });
    expect(refused(before, 'access-denied', { ...context, again: true })).toMatchObject({
      refusal: { reported: false },
      audit: [],
    });
  });

  it('has a record for every reason that is not on the bus yet', () => {
    const first = refused(aSeat({ status: 'creating' }), 'access-denied', context);
    const second = refused({ ...first, status: 'creating' }, 'quota-exceeded', context);
    expect(second.audit.map(({ reason }) => reason)).toEqual(['access-denied', 'quota-exceeded']);
  });
});

describe('reported', () => {
  it('marks the refusal, and may run twice', () => {
    const seat = reported(aSeat({ status: 'failed', refusal: { ...REFUSAL, reported: false } }));
    expect(seat).toMatchObject({ refusal: { ...REFUSAL, reported: true, failed: true }, revision: 4 });
    expect(reported(seat).refusal).toEqual(seat.refusal);
  });

  it('changes nothing without a refusal', () => {
    const seat = aSeat();
    expect(reported(seat)).toBe(seat);
  });
});

describe.each([
  ['confirmed', confirmed, 'confirmed'],
  ['forgotten', forgotten, 'revoked'],
] as const)('%s', (_name, change, status) => {
  it(`makes a seat ${status}, tells nothing, and leaves nothing of a refusal to be tried`, () => {
    const before = aSeat({ status: 'revoking', refusal: REFUSAL, nextAttemptAt: iso(), audit: [anAuditRecord()] });
    const { refusal: _refusal, nextAttemptAt: _next, ...rest } = before;
    expect(change(before, NOW)).toEqual({ ...rest, status, revision: before.revision + 1, changedAt: iso() });
  });
});

describe('cleared', () => {
  it('drops what is on the bus and keeps the rest, as old as it is', () => {
    const [first, second] = [anAuditRecord(), anAuditRecord({ kind: 'revoked', changeSeq: 2 })];
    const seat = aSeat({ audit: [first, second] });
    expect(cleared(seat, (record) => record === first)).toEqual({ ...seat, revision: 4, audit: [second] });
  });
});

describe('attentionAt', () => {
  const MINUTES_15 = iso(-86_400 + 900);

  it.each<[SeatStatus, string | undefined]>([
    ['waitlisted', undefined],
    ['creating', MINUTES_15],
    ['assigned', MINUTES_15],
    ['confirmed', undefined],
    ['leaving', undefined],
    ['held', undefined],
    ['revoking', MINUTES_15],
    ['revoked', undefined],
    ['failed', undefined],
  ])('of a seat that is %s, with nothing else to do: %s', (status, expected) => {
    expect(attentionAt(aSeat({ status }))).toBe(expected);
  });

  it.each(SeatStatusSchema.options)(
    'is 15 min after the change that is not on the bus, with a seat that is %s',
    (status) => {
      expect(attentionAt(aSeat({ status, audit: [anAuditRecord()] }))).toBe(MINUTES_15);
    },
  );

  it.each<SeatStatus>(['failed', 'revoking'])('is the next attempt of a seat that is %s', (status) => {
    expect(attentionAt(aSeat({ status, nextAttemptAt: iso(3600) }))).toBe(iso(3600));
  });

  it('does not let a refusal that is not on the bus wait for the next attempt', () => {
    const seat = refused(aSeat({ status: 'creating' }), 'access-denied', { ...aChangeContext(), again: false });
    expect(attentionAt(seat)).toBe(iso(900));
    expect(attentionAt(cleared(seat, () => true))).toBe(iso(3600));
  });

  it('is never once a seat is settled and told', () => {
    const refusedOnce = refused(aSeat({ status: 'revoking' }), 'access-denied', { ...aChangeContext(), again: false });
    for (const settled of [
      confirmed(refusedOnce, NOW),
      forgotten(refusedOnce, NOW),
      revoked(refusedOnce, aChangeContext()),
    ]) {
      expect(attentionAt(cleared(settled, () => true))).toBeUndefined();
    }
  });
});

describe('a seat', () => {
  type Step = (seat: Seat, context: ReturnType<typeof aChangeContext>) => Seat;
  const STEPS: Record<string, Step> = {
    creating: (seat, context) => creating(seat, TARGET, context),
    assigned,
    revoking,
    revoked,
    refused: (seat, context) => refused(seat, 'access-denied', { ...context, again: false }),
    reported,
    confirmed: (seat, { now }) => confirmed(seat, now),
    forgotten: (seat, { now }) => forgotten(seat, now),
    cleared: (seat) => cleared(seat, () => true),
  };

  it('stays readable, never counts backwards, and names each write that it replaces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(STEPS)), { maxLength: 12 }), (steps) => {
        let seat = creating(undefined, TARGET, aChangeContext());
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

  it('has of each change and kind at most one record that is not on the bus', () => {
    const id = ({ kind, changeSeq, reason }: AuditRecord) => [kind, changeSeq, kind === 'refused' ? reason : ''].join();
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(STEPS)), { maxLength: 12 }), (steps) => {
        const seat = steps.reduce((before, step) => step(before, aChangeContext()), aSeat());
        expect(new Set(seat.audit.map(id)).size).toBe(seat.audit.length);
      }),
    );
  });
});
