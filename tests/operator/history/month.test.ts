import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../domain/seat/audit-records.ts';
import type { AuditedChange } from '../../../domain/seat/audited-changes.ts';
import { joinOf, keepForMonth, type MonthNumbers, monthOf } from '../../../operator/history/month.ts';
import type { Records } from '../../../operator/history/timeline.ts';
import { anAuditRecord, aSeat } from '../../support/builders.ts';
import { at, audited, iso, play, standingIn } from '../../support/seat-steps.ts';

/** The month lasts from minute 0 to minute 100; the ledger is read later. */
const WINDOW = { from: at(0), to: at(100), now: at(200) };
const MINUTES_PER_DAY = 1440;

function change(minute: number, kind: AuditRecord['kind'], parts: Partial<AuditRecord> = {}): AuditedChange {
  return audited(anAuditRecord({ kind, changeSeq: 1000 + minute, at: iso(minute), ...parts }));
}

/** What the month keeps of the changes. */
function kept(changes: readonly AuditedChange[]): AuditedChange[] {
  const some: AuditedChange[] = [];
  for (const one of changes) keepForMonth(some, one, WINDOW);
  return some;
}

const monthOfUsers = (...users: Records[]) => {
  const numbers = monthOf(
    users.map(({ changes, seat }) => ({ changes: kept(changes), seat })),
    WINDOW,
  );
  return { ...numbers, seatMinutes: Math.round(numbers.seatDays * MINUTES_PER_DAY) };
};
const LEFT = { reason: 'group-leave' };
const NONE = { seat: undefined };

describe('a join', () => {
  it.each<[AuditRecord['reason'], object | undefined]>([
    ['group-join', { seconds: 90, source: 'event' }],
    ['manual', { seconds: 90, source: 'manual' }],
    ['reconciled', { seconds: 90, source: 'sweep' }],
    ['place-freed', undefined],
    ['drift-healed', undefined],
  ])('by %s took the time since its first request, if it needed no free slot', (reason, expected) => {
    expect(joinOf(change(10, 'assigned', { reason, requestedAt: iso(8.5) }))).toEqual(expected);
  });

  it('has no time if its event does not say when it was asked for', () => {
    expect(joinOf({ ...change(10, 'assigned'), requestedAt: undefined })).toBeUndefined();
  });

  it('took no time if the clocks of its request and its grant disagree', () => {
    expect(joinOf(change(10, 'assigned', { reason: 'manual', requestedAt: iso(11) }))?.seconds).toBe(0);
  });

  it('is no other change', () => {
    expect(joinOf({ ...change(10, 'revoked'), requestedAt: iso(8) })).toBeUndefined();
  });
});

describe('the month of an application', () => {
  it.each<[string, Records[], Partial<MonthNumbers> & { seatMinutes?: number }]>([
    ['is empty without users', [], { seatDays: 0, peak: 0, joins: 0, leaves: 0, waitlisted: 0 }],
    [
      'counts a seat from its beginning to its end',
      [{ changes: [change(10, 'assigned'), change(40, 'revoked', LEFT)], ...NONE }],
      { seatMinutes: 30, peak: 1, joins: 1, leaves: 1 },
    ],
    [
      'counts of a longer seat only its part of the month',
      [{ changes: [change(150, 'revoked', LEFT)], seat: aSeat(1, { status: 'revoked', grantedAt: iso(-50) }) }],
      { seatMinutes: 100, peak: 1, joins: 0, leaves: 0 },
    ],
    [
      'counts no seat that began after it',
      [{ changes: [change(150, 'assigned')], seat: aSeat(1, { grantedAt: iso(150) }) }],
      { seatMinutes: 0, peak: 0, joins: 0 },
    ],
    [
      'has its peak where seats overlap, not where one follows another',
      [
        { changes: [change(10, 'assigned'), change(40, 'revoked', LEFT)], ...NONE },
        { changes: [change(40, 'assigned'), change(60, 'revoked', LEFT)], ...NONE },
        { changes: [change(50, 'assigned'), change(70, 'revoked', LEFT)], ...NONE },
      ],
      { peak: 2, joins: 3, leaves: 3 },
    ],
    [
      'has the users who waited, and the longest wait',
      [
        {
          changes: [
            change(5, 'waitlisted', { reason: 'cap-reached' }),
            change(25, 'assigned', { reason: 'place-freed', requestedAt: iso(4) }),
          ],
          seat: aSeat(1, { grantedAt: iso(25) }),
        },
        { changes: [], seat: aSeat(2, { status: 'waitlisted', changedAt: iso(-30) }) },
        { changes: [change(150, 'waitlisted', { reason: 'cap-reached' })], ...NONE },
      ],
      { waitlisted: 2, longestWaitlistedSeconds: 130 * 60, joinToSeatP50Seconds: undefined },
    ],
    [
      'counts a wait that began before the records do from its first request',
      [
        {
          changes: [change(25, 'assigned', { reason: 'place-freed', requestedAt: iso(-10) })],
          seat: aSeat(1, { grantedAt: iso(25) }),
        },
      ],
      { waitlisted: 1, longestWaitlistedSeconds: 35 * 60 },
    ],
    [
      'ends a wait with the user who left, of which no event is published',
      [
        {
          changes: [change(10, 'waitlisted', { reason: 'cap-reached' })],
          seat: aSeat(1, { status: 'revoked', changedAt: iso(30), grantedAt: undefined as never }),
        },
      ],
      { waitlisted: 1, longestWaitlistedSeconds: 20 * 60 },
    ],
    [
      'has the days of which nothing is known apart',
      [{ changes: [change(20, 'adopted', { reason: 'manual' })], seat: aSeat(1, { grantedAt: iso(20) }) }],
      { seatMinutes: 80, unknownDays: 20 / MINUTES_PER_DAY, joins: 0 },
    ],
  ])('%s', (_fact, users, expected) => {
    expect(monthOfUsers(...users)).toMatchObject(expected);
  });

  it('says how long the users waited whose grant needed no free slot', () => {
    const joined = (minutes: number, reason = 'group-join'): Records => ({
      changes: [change(60, 'assigned', { reason, requestedAt: iso(60 - minutes) })],
      seat: aSeat(1, { grantedAt: iso(60) }),
    });
    const users = [1, 2, 3, 4].map((minutes) => joined(minutes));
    const others = [joined(40, 'drift-healed'), joined(50, 'place-freed')];
    expect(monthOfUsers(...users, ...others)).toMatchObject({ joinToSeatP50Seconds: 120, joinToSeatP95Seconds: 240 });
  });

  it('keeps of later changes only the first, without texts', () => {
    const later = [change(150, 'revoked', LEFT), change(120, 'kept'), change(180, 'assigned')];
    expect(kept([change(10, 'assigned'), ...later])).toMatchObject([
      { changeSeq: 1010, execution: '', cause: '' },
      { changeSeq: 1120 },
    ]);
  });

  it('adds up to what the ledger had at every minute, whatever happened after the month', () => {
    const steps = fc.constantFrom(
      'begins',
      'isAssigned',
      'isConfirmed',
      'waits',
      'leaves',
      'isKept',
      'ends',
      'isRevoked',
    );
    const histories = fc.array(fc.array(steps, { minLength: 1, maxLength: 18 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(histories, (users) => {
        const played = users.map((names) => play(names));
        const numbers = monthOfUsers(...played.map(({ changes, seat }) => ({ changes, seat })));
        const isOpen = played.some(({ seat }) => seat && ['creating', 'revoking'].includes(seat.status));
        if (isOpen) return;
        // Steps are ten minutes apart, so that each stands for the ten minutes after it.
        const counts = Array.from({ length: 10 }, (_, step) =>
          played.reduce(
            (sum, { seats }) => sum + (standingIn((seats[step] ?? seats.at(-1))?.seat) === 'seat' ? 1 : 0),
            0,
          ),
        );
        expect(numbers.seatMinutes).toBe(10 * counts.reduce((sum, count) => sum + count, 0));
        expect(numbers.peak).toBe(Math.max(...counts));
        expect(numbers.unknownDays).toBe(0);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
