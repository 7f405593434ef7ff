import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditEvent } from '../../../domain/audit/event.ts';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import { type AuditedChange, auditedChangeIn } from '../../../domain/seat/audited-changes.ts';
import { type Seat, takesSlot } from '../../../domain/seat/seat.ts';
import {
  type ChangeContext,
  dropSeat,
  keepInterrupted,
  markAdopted,
  markAssigned,
  markConfirmed,
  markCreating,
  markHeld,
  markLeaving,
  markRefused,
  markRevoked,
  markRevoking,
  markWaitlisted,
  restoreSeat,
} from '../../../domain/seat/transitions.ts';
import { type Span, type Standing, spanAt, timelineOf } from '../../../operator/history/timeline.ts';
import { aChangeContext, anAuditRecord, aSeat, iso as isoAfter } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, user } from '../../support/ids.ts';

/** Times in minutes. */
const iso = (minutes: number) => isoAfter(minutes * 60);
const at = (minutes: number) => new Date(iso(minutes));
const TARGET = { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT };

function audited(record: AuditRecord): AuditedChange {
  const { detailType, detail } = auditEvent(record, TARGET, { productVersion: '1.2.3', region: 'us-east-1' });
  const change = auditedChangeIn({ source: 'usher', 'detail-type': detailType, detail });
  if (!change) throw new Error('no change');
  return change;
}

/** A change at a minute of the test, with the number of a seat that is older than the window. */
function change(minute: number, kind: AuditRecord['kind'], parts: Partial<AuditRecord> = {}): AuditedChange {
  return audited(anAuditRecord({ kind, changeSeq: 1000 + minute, at: iso(minute), ...parts }));
}

const WINDOW = { from: at(0), now: at(100) };

/** Spans as minutes, `?` where the time is not that of the change. */
function inWords(spans: readonly Span[]): string {
  const minute = (time: Date) => (time.getTime() - at(0).getTime()) / 60_000;
  return spans
    .map(({ standing, from, to, begins, ends }) => {
      const sure = standing === 'seat';
      const start = `${minute(from)}${sure && !begins ? '?' : ''}`;
      return `${standing} ${start}–${to === undefined ? '' : `${minute(to)}${sure && !ends ? '?' : ''}`}`;
    })
    .join(', ');
}

describe('the timeline of a user', () => {
  it.each<[string, AuditedChange[], Seat | undefined, string]>([
    ['has no seat without any record', [], undefined, 'none 0–'],
    [
      'begins and ends with the events',
      [change(10, 'assigned'), change(50, 'revoked', { reason: 'group-leave' })],
      undefined,
      'none 0–10, seat 10–50, none 50–',
    ],
    [
      'has a seat since before the first event that needs one',
      [change(50, 'revoked', { reason: 'group-leave' })],
      undefined,
      'seat 0?–50, none 50–',
    ],
    ['knows the beginning from the ledger', [], aSeat(1, { grantedAt: iso(-60) }), 'seat -60–'],
    [
      'has a seat next to its waiting and its grace',
      [
        change(5, 'waitlisted', { reason: 'cap-reached' }),
        change(10, 'assigned', { reason: 'place-freed' }),
        change(20, 'leaving'),
        change(30, 'kept'),
      ],
      aSeat(1, { grantedAt: iso(10) }),
      'unknown 0–5, none 5–10, seat 10–',
    ],
    [
      'does not say since when someone had what Usher adopted',
      [change(10, 'adopted', { reason: 'manual' })],
      aSeat(1, { grantedAt: iso(10) }),
      'unknown 0–10, seat 10?–',
    ],
    [
      'does not say when someone else took a seat away',
      [change(10, 'assigned'), change(20, 'kept'), change(60, 'waitlisted', { reason: 'cap-reached' })],
      aSeat(1, { status: 'waitlisted', changedAt: iso(60) }),
      'none 0–10, seat 10–20?, unknown 20–60, none 60–',
    ],
    ['believes no seat that the ledger does not have', [change(10, 'assigned')], undefined, 'none 0–10, unknown 10–'],
    [
      'ends with a tombstone whose event is missing',
      [],
      aSeat(1, { status: 'revoked', grantedAt: iso(-9), changedAt: iso(40), revocations: [iso(40)] }),
      'seat -9–40, none 40–',
    ],
    [
      'does not believe a tombstone that counted no revocation',
      [],
      aSeat(1, { status: 'revoked', grantedAt: iso(-9), changedAt: iso(40) }),
      'unknown -9–40, none 40–',
    ],
    [
      'does not begin with a grant that was asked for before the records begin',
      [change(10, 'assigned', { requestedAt: iso(-9) })],
      aSeat(1, { grantedAt: iso(10) }),
      'unknown 0–10, seat 10–',
    ],
    [
      'has none while AWS refuses',
      [change(10, 'refused', { refused: 'grant', reason: 'access-denied', changeSeq: at(10).getTime() / 1000 + 1 })],
      aSeat(1, {
        status: 'failed',
        changedAt: iso(70),
        refusal: { reason: 'access-denied', since: iso(10), execution: 'x', reported: true },
      }),
      'none 0–',
    ],
    [
      'is not known while a create has no answer',
      [],
      aSeat(1, { status: 'creating', changedAt: iso(90) }),
      'unknown 0–',
    ],
  ])('%s', (_fact, changes, seat, expected) => {
    expect(inWords(timelineOf({ changes, seat }, WINDOW))).toBe(expected);
  });
});

type Step = (seat: Seat | undefined, context: ChangeContext) => Seat | undefined;
const isFree = (seat: Seat | undefined) => seat === undefined || !takesSlot(seat);
const isIn = (seat: Seat | undefined, ...statuses: Seat['status'][]): seat is Seat =>
  seat !== undefined && statuses.includes(seat.status);
/** The time of the request stays until the seat is revoked. */
const targetOf = (seat: Seat | undefined, { now }: ChangeContext) => ({
  ...TARGET,
  requestedAt: seat === undefined || seat.status === 'revoked' ? now.toISOString() : seat.requestedAt,
});
const refused = (seat: Seat, context: ChangeContext, ambiguous: boolean) =>
  markRefused(seat, 'access-denied', { ...context, reportAgain: false, ambiguous });
const named = (context: ChangeContext, reason: ChangeContext['reason']) => ({ ...context, reason });

/** What may happen to a seat; a step that does not apply changes nothing. `begins` counts as a step of its own. */
const STEPS: Readonly<Record<string, Step>> = {
  begins: (seat, context) => (isFree(seat) ? markCreating(seat, targetOf(seat, context), context) : seat),
  isAssigned(seat, context) {
    if (!isIn(seat, 'creating')) return seat;
    return markAssigned(seat, named(context, seat.grantedAt === undefined ? 'group-join' : 'drift-healed'));
  },
  isConfirmed: (seat, { now }) => (isIn(seat, 'assigned') ? markConfirmed(seat, now) : seat),
  drifts: (seat, context) =>
    isIn(seat, 'confirmed', 'leaving', 'held') ? markCreating(seat, targetOf(seat, context), context) : seat,
  isRefused: (seat, context) => (isIn(seat, 'creating', 'revoking') ? refused(seat, context, false) : seat),
  mayBeThere: (seat, context) => (isIn(seat, 'creating') ? refused(seat, context, true) : seat),
  waits: (seat, context) =>
    isFree(seat) && seat?.status !== 'waitlisted' ? markWaitlisted(seat, targetOf(seat, context), context) : seat,
  losesToTheCap: (seat, context) =>
    isIn(seat, 'confirmed') ? markWaitlisted(seat, targetOf(seat, context), context) : seat,
  isDropped: (seat, { now }) => (isIn(seat, 'waitlisted', 'failed') ? dropSeat(seat, now) : seat),
  isAdopted: (seat, context) => (isFree(seat) ? markAdopted(seat, targetOf(seat, context), context) : seat),
  leaves: (seat, context) => (isIn(seat, 'confirmed') ? markLeaving(seat, iso(9999), context) : seat),
  isHeld: (seat, context) => (isIn(seat, 'confirmed', 'creating') ? markHeld(seat, 1, context) : seat),
  isKept: (seat, context) => (isIn(seat, 'leaving', 'held') ? restoreSeat(seat, context) : seat),
  ends: (seat, context) => (isIn(seat, 'confirmed', 'leaving', 'held') ? markRevoking(seat, context) : seat),
  isInterrupted: (seat, { now }) => (isIn(seat, 'revoking') ? keepInterrupted(seat, { assigned: true, now }) : seat),
  isMadeAfterAll: (seat, context) =>
    isIn(seat, 'revoking') ? markCreating(seat, targetOf(seat, context), context) : seat,
  isRevoked: (seat, context) =>
    isIn(seat, 'revoking') && seat.grantedAt !== undefined ? markRevoked(seat, named(context, 'group-leave')) : seat,
  isDeleted: (seat, context) =>
    isIn(seat, 'confirmed', 'leaving') ? markRevoked(seat, named(context, 'user-deleted')) : seat,
};

/** How the ledger has a user. */
function standingIn(seat: Seat | undefined): Standing {
  return seat !== undefined && takesSlot(seat) && seat.grantedAt !== undefined ? 'seat' : 'none';
}

/** Plays steps ten minutes apart. @returns the seat after each, with what was audited so far */
function play(names: readonly string[]) {
  const seats: { at: Date; seat: Seat | undefined }[] = [];
  const changes: AuditedChange[] = [];
  let seat: Seat | undefined;
  for (const [index, name] of names.entries()) {
    const now = at(index * 10);
    const after = STEPS[name]?.(seat, aChangeContext({ now, reason: 'group-join' }));
    for (const record of after?.audit ?? []) changes.push(audited(record));
    seat = after && { ...after, audit: [] };
    seats.push({ at: now, seat });
  }
  return { seats, changes, seat, end: at(names.length * 10) };
}

const HISTORY = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 14 });
/** Neither removed by someone else, nor refused, nor adopted: nothing is uncertain then. */
const PLAIN = fc.array(
  fc.constantFrom('begins', 'isAssigned', 'isConfirmed', 'waits', 'leaves', 'isKept', 'ends', 'isRevoked'),
  { minLength: 1, maxLength: 14 },
);

describe('the timeline of a random history', () => {
  it('never contradicts the ledger of any moment, from wherever the records begin', () => {
    fc.assert(
      fc.property(HISTORY, fc.nat({ max: 14 }), (names, cut) => {
        const { seats, changes, seat, end } = play(names);
        const from = at(cut * 10 - 5);
        const spans = timelineOf({ changes: changes.filter((one) => one.at >= from), seat }, { from, now: end });
        for (const { at: moment, seat: then } of seats) {
          const middle = new Date(moment.getTime() + 60_000);
          if (middle < from) continue;
          const { standing } = spanAt(spans, middle) ?? {};
          if (standing !== undefined && standing !== 'unknown')
            expect([names, cut, middle, standing]).toEqual([names, cut, middle, standingIn(then)]);
        }
      }),
      {
        numRuns: 2000,
        seed: 1,
        examples: [
          [['isAdopted', 'drifts', 'mayBeThere', 'begins', 'isRefused'], 3],
          [['isAdopted', 'drifts', 'mayBeThere', 'isRefused', 'begins'], 1],
        ],
      },
    );
  });

  it('equals the ledger of every moment if no one else changed anything', () => {
    fc.assert(
      fc.property(PLAIN, (names) => {
        const { seats, changes, seat, end } = play(names);
        const from = at(-5);
        const spans = timelineOf({ changes, seat }, { from, now: end });
        for (const { at: moment, seat: then } of seats) {
          const middle = new Date(moment.getTime() + 60_000);
          const { standing } = spanAt(spans, middle) ?? {};
          // A create without an answer is the only thing of which no one knows.
          const isOpen = seat !== undefined && takesSlot(seat) && seat.grantedAt === undefined;
          if (isOpen && standing === 'unknown') continue;
          expect([names, middle, standing]).toEqual([names, middle, standingIn(then)]);
        }
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('is the same with copies of its events, in any order', () => {
    fc.assert(
      fc.property(HISTORY, fc.infiniteStream(fc.nat()), (names, order) => {
        const { changes, seat, end } = play(names);
        const window = { from: at(-5), now: end };
        const keyed = [...changes, ...changes].map((one) => ({ one, key: order.next().value ?? 0 }));
        const mixed = keyed.sort((a, b) => a.key - b.key).map(({ one }) => one);
        expect(inWords(timelineOf({ changes: mixed, seat }, window))).toBe(
          inWords(timelineOf({ changes, seat }, window)),
        );
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
