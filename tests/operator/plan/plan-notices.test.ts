import { describe, expect, it } from 'vitest';
import type { UserChange } from '../../../domain/decision/user-changes.ts';
import type { EntitlementNotices, NoticeSettings } from '../../../domain/notices/schema.ts';
import type { WorkQueue } from '../../../domain/queue/work-queue.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { noticeTotal, plannedNotices } from '../../../operator/plan/plan-notices.ts';
import { APPLICATION, START, user } from '../../support/ids.ts';
import { sweptQueue } from '../../support/notices.ts';

const CHANGES: UserChange[] = [
  { userId: user(1), change: 'gains', reason: 'group-join' },
  { userId: user(2), change: 'waitlisted' },
  { userId: user(3), change: 'leaving', reason: 'group-leave' },
  { userId: user(4), change: 'revoked', reason: 'group-leave' },
  { userId: user(5), change: 'held', reason: 'brake' },
  { userId: user(6), change: 'kept' },
  { userId: user(7), change: 'repaired', reason: 'subscription-started' },
  { userId: user(8), change: 'dropped' },
  { userId: user(9), change: 'revoked', reason: 'user-deleted' },
  { userId: user(10), change: 'leaving', reason: 'user-disabled' },
  { userId: user(11), change: 'repaired', reason: 'drift-healed' },
  { userId: user(12), change: 'repaired', reason: 'plan-changed' },
];

const BEGUN = sweptQueue(START.toISOString());

interface Given {
  settings?: Partial<NoticeSettings> | undefined;
  notices?: Partial<EntitlementNotices>;
  queue?: WorkQueue | undefined;
  mode?: 'enforce' | 'observe';
}

function planned({ settings = {}, notices = {}, queue, mode = 'enforce' }: Given = {}) {
  const { entitlements: made, ...rest } = exampleEntitlements({ entitlements: [{ mode }], notices: settings });
  const entitlements = made.map((one) => (one.notices ? { ...one, notices: { ...one.notices, ...notices } } : one));
  return plannedNotices({ application: APPLICATION }, CHANGES, {
    entitlements: { ...rest, entitlements },
    queue,
    now: START,
  });
}

describe('the notices of a plan', () => {
  it('are one per user who learns of a change, and none for one who is gone or had the seat before', () => {
    expect(planned({ queue: BEGUN })).toEqual({ count: 6, change: undefined });
  });

  it('are only of the kinds that the entitlement sends', () => {
    expect(planned({ queue: BEGUN, notices: { send: ['waitlisted', 'revoked'] } }).count).toBe(2);
  });

  it.each<[string, Given, object]>([
    ['nothing is deployed', {}, { count: 0, change: 'begin' }],
    ['no full sweep with notices has ended', { queue: sweptQueue() }, { count: 0, change: 'begin' }],
    ['the first sweep counts, too', { settings: { backfill: true } }, { count: 6, change: 'begin-now' }],
    [
      'the entitlement only observes',
      { queue: sweptQueue(), mode: 'observe' },
      { count: undefined, change: undefined },
    ],
    ['the entitlement begins to observe', { queue: BEGUN, mode: 'observe' }, { count: undefined, change: 'end' }],
  ])('are counted where %s', (_name, given, expected) => {
    expect(planned(given)).toEqual(expected);
  });

  it('end where only the deployed configuration has them', () => {
    const about = { entitlements: exampleEntitlements(), now: START };
    const plan = (queue: WorkQueue) => plannedNotices({ application: APPLICATION }, CHANGES, { ...about, queue });
    expect(plan(BEGUN)).toEqual({ count: undefined, change: 'end' });
    expect(plan(sweptQueue())).toEqual({ count: undefined, change: undefined });
  });

  it('are added up over all entitlements, next to what is sent per day', () => {
    const { notices } = exampleEntitlements({ notices: { dailyLimit: 3 } });
    const plans = [2, undefined, 5].map((count) => ({ notices: { count, change: undefined } }));
    expect(noticeTotal(plans, notices)).toEqual({ notices: 7, noticesPerDay: 3 });
    expect(noticeTotal(plans, undefined)).toEqual({});
  });
});
