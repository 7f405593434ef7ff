import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import type { AuditedChange } from '../../../domain/seat/audited-changes.ts';
import { type Seat, takesSlot } from '../../../domain/seat/seat.ts';
import { type Span, spanAt, timelineOf } from '../../../operator/history/timeline.ts';
import { anAuditRecord, aSeat } from '../../support/builders.ts';
import { at, audited, iso, play, STEPS, standingIn } from '../../support/seat-steps.ts';

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
