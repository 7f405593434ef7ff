import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enqueueSweeps } from '../../../domain/queue/enqueue.ts';
import { oldestSweep, readsStatus, recordSweeps, sweepsDue } from '../../../domain/queue/sweep-reports.ts';
import type { WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, aSweepItem, aSweepReport, at, iso } from '../../support/builders.ts';
import { APPLICATION, application, ME, OTHER_APPLICATION, START } from '../../support/ids.ts';
import { enqueued, reread } from '../../support/queue.ts';

const BOTH = [APPLICATION, OTHER_APPLICATION];
const HOUR = 3600;
const DAY = 24 * HOUR;
const { fullAt: _full, statusAt: _status, ...counts } = aSweepReport({ seats: 3 });
const full = { counts, full: true, withStatus: false, notifies: false };

function recorded(queue: WorkQueue, swept: object, seconds = 0, configured: readonly string[] = BOTH): WorkQueue {
  return reread(recordSweeps(queue, new Map(Object.entries(swept)), { configured, readAt: at(seconds) }));
}

describe('recordSweeps', () => {
  it('records each application by itself', () => {
    const before = aQueue({ reports: { [OTHER_APPLICATION]: aSweepReport({ unmanaged: 7 }) } });
    expect(recorded(before, { [APPLICATION]: full }, 60).reports).toEqual({
      [APPLICATION]: { ...counts, fullAt: iso(60) },
      [OTHER_APPLICATION]: aSweepReport({ unmanaged: 7 }),
    });
  });

  it('keeps the times of a sweep that left something to change, and takes its counts', () => {
    const before = aQueue({ reports: { [APPLICATION]: aSweepReport() } });
    const swept = { [APPLICATION]: { ...full, full: false } };
    expect(recorded(before, swept, 60).reports).toEqual({ [APPLICATION]: aSweepReport({ seats: 3 }) });
  });

  it('notes the first sweep until one is full', () => {
    const first = recorded(aQueue(), { [APPLICATION]: { ...full, full: false } }, 60);
    const second = recorded(first, { [APPLICATION]: { ...full, full: false } }, 120);
    expect(second.reports).toEqual({ [APPLICATION]: { ...counts, firstAt: iso(60) } });
    const third = recorded(second, { [APPLICATION]: full }, 180);
    expect(third.reports).toEqual({ [APPLICATION]: { ...counts, fullAt: iso(180) } });
  });

  it('lets notices begin with the first full sweep of an application that has them', () => {
    const notifying = { ...full, notifies: true };
    const first = recorded(aQueue(), { [APPLICATION]: { ...notifying, full: false } }, 60);
    expect(first.reports?.[APPLICATION]).not.toHaveProperty('noticesFrom');
    const second = recorded(first, { [APPLICATION]: notifying }, 120);
    expect(second.reports?.[APPLICATION]?.noticesFrom).toBe(iso(120));
    const third = recorded(second, { [APPLICATION]: { ...notifying, full: false } }, 180);
    expect(recorded(third, { [APPLICATION]: notifying }, 240).reports?.[APPLICATION]?.noticesFrom).toBe(iso(120));
  });

  it('lets notices begin anew after a sweep of the application without them', () => {
    const notifying = { ...full, notifies: true };
    const before = recorded(aQueue(), { [APPLICATION]: notifying }, 60);
    const without = recorded(before, { [APPLICATION]: { ...full, full: false } }, 120);
    expect(without.reports?.[APPLICATION]).not.toHaveProperty('noticesFrom');
    expect(recorded(without, { [APPLICATION]: notifying }, 180).reports?.[APPLICATION]?.noticesFrom).toBe(iso(180));
  });

  it("notes when everyone's status was read although something else was left to change", () => {
    const before = aQueue({ reports: { [APPLICATION]: aSweepReport({ seats: 3 }) } });
    const swept = { [APPLICATION]: { ...full, full: false, withStatus: true } };
    expect(recorded(before, swept, 60).reports).toEqual({
      [APPLICATION]: aSweepReport({ seats: 3, statusAt: iso(60) }),
    });
  });

  it("notes when everyone's status was read", () => {
    const swept = { [APPLICATION]: { ...full, withStatus: true } };
    expect(recorded(aQueue(), swept, 60).reports?.[APPLICATION]).toMatchObject({ fullAt: iso(60), statusAt: iso(60) });
  });

  it('forgets applications that are no longer configured', () => {
    const before = aQueue({ reports: { [OTHER_APPLICATION]: aSweepReport() } });
    expect(Object.keys(recorded(before, { [APPLICATION]: full }, 0, [APPLICATION]).reports ?? {})).toEqual([
      APPLICATION,
    ]);
  });

  it('stays far below the 400 KB of a DynamoDB item', () => {
    const all = Array.from({ length: 100 }, (_, number) => application(number));
    const most = {
      ...aSweepReport({ waitingSince: iso() }),
      seats: 200_000,
      waiting: 200_000,
      unmanaged: 200_000,
      aside: 200_000,
      notConverged: 200_000,
    };
    expect(JSON.stringify(Object.fromEntries(all.map((one) => [one, most]))).length).toBeLessThan(40_000);
  });
});

describe('oldestSweep', () => {
  it.each([
    ['the oldest of all applications', { fullAt: iso(-60) }, { fullAt: iso(-90) }, iso(-90)],
    ['nothing if one has never been swept in full', { fullAt: iso(-60) }, {}, undefined],
  ])('returns %s', (_fact, one, other, expected) => {
    const reports = { [APPLICATION]: { ...counts, ...one }, [OTHER_APPLICATION]: { ...counts, ...other } };
    expect(oldestSweep(aQueue({ reports }), BOTH)).toBe(expected);
  });

  it('advances as often as the application that is swept least often, whatever happens in the others', () => {
    const sweeps = fc.array(fc.tuple(fc.constantFrom(...BOTH), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(sweeps, (order) => {
        let queue = aQueue();
        let advances = 0;
        const counted = new Map(BOTH.map((one) => [one, 0]));
        for (const [second, [one, isFull]] of order.entries()) {
          const before = oldestSweep(queue, BOTH);
          queue = recorded(queue, { [one]: { ...full, full: isFull } }, second);
          if (oldestSweep(queue, BOTH) !== before) advances += 1;
          if (isFull) counted.set(one, (counted.get(one) ?? 0) + 1);
        }
        const [first = 0, second = 0] = counted.values();
        expect(advances).toBeLessThanOrEqual(2 * Math.min(first, second));
        expect(advances > 0).toBe(first > 0 && second > 0);
      }),
    );
  });
});

describe('sweepsDue', () => {
  it.each<[string, object, { withStatus: boolean } | undefined]>([
    ['was never swept', {}, { withStatus: true }],
    ['was swept an hour ago', { fullAt: iso(-HOUR), statusAt: iso(-HOUR) }, { withStatus: false }],
    ['was swept less than an hour ago', { fullAt: iso(-HOUR + 1), statusAt: iso(-HOUR) }, undefined],
    ['was swept a moment ago, and with status a day ago', { fullAt: iso(), statusAt: iso(-DAY) }, { withStatus: true }],
    [
      'was swept a moment ago, and with status less than a day ago',
      { fullAt: iso(), statusAt: iso(-DAY + 1) },
      undefined,
    ],
    ['was swept a moment ago, and never with status', { fullAt: iso() }, { withStatus: true }],
  ])('answers for an application that %s', (_fact, times, due) => {
    const reports = { [APPLICATION]: { ...counts, ...times }, [OTHER_APPLICATION]: aSweepReport() };
    expect(Object.fromEntries(sweepsDue(aQueue({ reports }), BOTH, START))).toEqual(due ? { [APPLICATION]: due } : {});
  });

  it.each([
    ['waits for its next try', { failed: true, dueAt: iso(1) }, []],
    ['is due for its next try', { failed: true, dueAt: iso() }, [APPLICATION]],
    ['waits for another reason', { dueAt: iso(1) }, [APPLICATION]],
  ])('names an application whose item %s or not', (_fact, item, due) => {
    const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem(item) } });
    expect([...sweepsDue(queue, [APPLICATION], START).keys()]).toEqual(due);
  });
});

describe('readsStatus', () => {
  const asked = enqueueSweeps(aQueue(), new Map([[APPLICATION, { withStatus: true }]]), {
    me: ME,
    cause: ME,
    now: START,
  });
  const isRead = (queue: WorkQueue) => readsStatus(queue, APPLICATION, queue.sweeps[APPLICATION] ?? aSweepItem());

  it.each([
    ['as long as no sweep has done it since', { statusAt: iso(-1) }, true],
    ['no more after a sweep that began later', { statusAt: iso(1) }, false],
  ])('answers for an item that asks for the status of everyone: %s', (_fact, times, expected) => {
    const queue = { ...asked, reports: { [APPLICATION]: { ...counts, ...times } } };
    expect(isRead(queue)).toBe(expected);
    // Hints that ask for nothing of the kind do not bring it back.
    expect(isRead(reread(enqueued(queue, { applications: [APPLICATION] }, 60)))).toBe(expected);
  });

  it('reads it again for what asked 120 s ago and may not have shown', () => {
    const updates = Array.from({ length: 101 }, (_, number) => ({
      userId: `a0000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    }));
    const crowd = enqueued(aQueue(), { users: updates });
    const after = (seconds: number) => ({
      ...crowd,
      reports: { [APPLICATION]: aSweepReport({ statusAt: iso(seconds) }) },
    });
    expect([1, 119, 120].map((seconds) => isRead(after(seconds)))).toEqual([true, true, false]);
  });
});
