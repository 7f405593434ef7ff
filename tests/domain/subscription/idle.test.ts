import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysFrom, plusDays } from '../../../domain/shared/day.ts';
import type { Subscribers } from '../../../domain/subscription/findings.ts';
import { type ActivityReport, coverageOf, findIdle, type PaidSeats } from '../../../domain/subscription/idle.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { user } from '../../support/ids.ts';

const PRO = 'Q_DEVELOPER_STANDALONE_PRO';
const REGION = 'us-east-1';
const TODAY = '2026-11-28';

/** A file about some days, with the last use of some users. */
function aReport(days: readonly string[], parts: Partial<ActivityReport> = {}): ActivityReport {
  return { region: REGION, isComplete: true, days: new Set(days), lastUses: new Map(), ...parts };
}

/** The coverage of a window of five days. */
const coverage = (...reports: readonly ActivityReport[]) =>
  coverageOf(reports, { region: REGION, days: 5, today: TODAY });

describe('a window', () => {
  it.each([
    ['yesterday', '2026-11-27', { from: '2026-11-23', to: '2026-11-27' }],
    ['today', TODAY, { from: '2026-11-24', to: TODAY }],
    ['three days ago', '2026-11-25', { from: '2026-11-21', to: '2026-11-25' }],
  ])('ends with the newest covered day: %s', (_fact, newest, window) => {
    expect(coverage(aReport(daysFrom('2026-10-01', newest)))).toEqual({ window, incomplete: 0 });
  });

  it('is covered by many files together', () => {
    const files = daysFrom('2026-11-23', '2026-11-27').map((day) => aReport([day]));
    expect(coverage(...files)).toMatchObject({ window: { from: '2026-11-23', to: '2026-11-27' } });
  });

  it.each<[string, ActivityReport[], object]>([
    ['there is no file', [], { newest: undefined, isTooOld: false, missing: daysFrom('2026-11-23', '2026-11-27') }],
    [
      'all files are of another Region',
      [aReport(daysFrom('2026-11-01', '2026-11-27'), { region: 'eu-central-1' })],
      { newest: undefined, isTooOld: false, missing: daysFrom('2026-11-23', '2026-11-27') },
    ],
    [
      'the newest day is four days ago',
      [aReport(daysFrom('2026-11-01', '2026-11-24'))],
      { newest: '2026-11-24', isTooOld: true, missing: ['2026-11-25', '2026-11-26', '2026-11-27'] },
    ],
    [
      'days are missing',
      [aReport(['2026-11-27', '2026-11-25', '2026-11-23'])],
      { newest: '2026-11-27', isTooOld: false, missing: ['2026-11-24', '2026-11-26'] },
    ],
    [
      'its first day is missing',
      [aReport(daysFrom('2026-11-24', '2026-11-27'))],
      { newest: '2026-11-27', isTooOld: false, missing: ['2026-11-23'] },
    ],
    [
      'the only newer day lies in the future',
      [aReport([...daysFrom('2026-11-01', '2026-11-20'), '2026-12-01'])],
      { newest: '2026-11-20', isTooOld: true, missing: daysFrom('2026-11-21', '2026-11-27') },
    ],
  ])('is not judged if %s', (_fact, reports, expected) => {
    expect(coverage(...reports)).toEqual(expected);
  });

  it('is covered by files that do not say their Region', () => {
    const days = daysFrom('2026-11-23', '2026-11-27');
    expect(coverage(aReport(days, { region: undefined }))).toHaveProperty('window');
  });

  it('says for how many days no file has the use of all clients', () => {
    const days = daysFrom('2026-11-23', '2026-11-27');
    const older = aReport(days, { isComplete: false });
    expect(coverage(older)).toMatchObject({ incomplete: 5 });
    expect(coverage(older, aReport(['2026-11-24']))).toMatchObject({ incomplete: 4 });
  });
});

const WINDOW = { from: '2026-10-29', to: '2026-11-27' };

function aSubscription(number: number, parts: Partial<Subscription> = {}): Subscription {
  return { principal: { user: user(number) }, plan: PRO, status: 'active', source: 'individual', ...parts };
}

const kiro: Subscribers = {
  entitlement: 'kiro',
  plan: PRO,
  entitled: new Map([[user(1), undefined]]),
  tolerated: new Set([user(3)]),
};

interface Case {
  subscriptions?: Subscription[];
  /** Last uses of user 1. */
  uses?: string[];
  granted?: string;
  except?: boolean;
  grace?: number;
}

function judge({ subscriptions = [aSubscription(1)], uses = [], granted, except = false, grace = 30 }: Case) {
  const seats: PaidSeats = {
    all: subscriptions,
    entitlements: [kiro],
    grantedAt: new Map(granted === undefined ? [] : [[user(1), granted]]),
  };
  const reports = uses.map((day) => aReport([day], { lastUses: new Map([[user(1), day]]) }));
  return findIdle(seats, reports, {
    window: WINDOW,
    graceDays: grace,
    except: new Set(except ? [user(1)] : []),
  });
}

describe('a user with a paid seat', () => {
  it.each<[string, Case, object]>([
    ['who used it on the first day of the window', { uses: ['2026-10-29'] }, {}],
    ['who used it on the last day of the window', { uses: ['2026-11-27'] }, {}],
    ['who used it after the window', { uses: ['2026-11-28'] }, {}],
    ['who used it long ago and again', { uses: ['2026-11-05', '2026-09-01'] }, {}],
    ['who is excepted', { except: true }, { excepted: 1 }],
    ['who got it on the first day of the grace', { granted: '2026-10-29T00:00:00Z' }, { newcomers: 1 }],
    ['who got it after the window', { granted: '2026-11-28T08:00:00Z', grace: 0 }, { newcomers: 1 }],
    [
      'who got the subscription during the grace, and the seat before',
      {
        subscriptions: [aSubscription(1, { activatedAt: '2026-11-20T08:00:00Z' })],
        granted: '2026-01-01T00:00:00Z',
      },
      { newcomers: 1 },
    ],
    [
      'who got one of two subscriptions during the grace',
      {
        subscriptions: [
          aSubscription(1, { activatedAt: '2026-11-20T08:00:00Z' }),
          aSubscription(1, { activatedAt: '2026-01-20T08:00:00Z' }),
        ],
      },
      { newcomers: 1 },
    ],
    ['of a longer grace', { granted: '2026-10-01T00:00:00Z', grace: 90 }, { newcomers: 1 }],
  ])('%s is not idle', (_fact, about, counts) => {
    expect(judge(about)).toMatchObject({ idle: [], paid: 1, newcomers: 0, excepted: 0, ...counts });
  });

  it.each<[string, Case, object]>([
    ['who never used it, since an unknown time', {}, { userId: user(1), entitlement: 'kiro', plans: [PRO] }],
    ['whose last use was the day before the window', { uses: ['2026-10-28'] }, { lastUse: '2026-10-28' }],
    [
      'who never used it and got it the day before the grace',
      { granted: '2026-10-28T23:59:59Z' },
      { since: '2026-10-28T23:59:59Z' },
    ],
    [
      'who used it before, however new the subscription is',
      { uses: ['2026-10-01'], granted: '2026-11-20T00:00:00Z' },
      { lastUse: '2026-10-01', since: '2026-11-20T00:00:00Z' },
    ],
    ['of a shorter grace', { granted: '2026-11-19T00:00:00Z', grace: 7 }, { since: '2026-11-19T00:00:00Z' }],
    [
      'who has a subscription and a pending one',
      { subscriptions: [aSubscription(1), aSubscription(1, { status: 'pending', plan: 'unknown' })] },
      { plans: [PRO] },
    ],
  ])('%s is idle', (_fact, about, expected) => {
    const { idle, ...counts } = judge(about);
    expect([idle.length, idle[0]]).toEqual([1, expect.objectContaining(expected)]);
    expect(counts).toMatchObject({ paid: 1, newcomers: 0, excepted: 0 });
  });
});

it('an orphan is judged like everybody else, without an entitlement', () => {
  expect(judge({ subscriptions: [aSubscription(2)] }).idle).toEqual([{ userId: user(2), plans: [PRO] }]);
});

it('a user who may have a subscription and need not is judged like everybody else, with the entitlement', () => {
  expect(judge({ subscriptions: [aSubscription(3)] }).idle).toEqual([
    { userId: user(3), entitlement: 'kiro', plans: [PRO] },
  ]);
});

it.each(['pending', 'cancelled', 'unknown'] as const)('a subscription that is %s is no paid seat', (status) => {
  expect(judge({ subscriptions: [aSubscription(1, { status })] })).toMatchObject({ idle: [], paid: 0 });
});

it('files of other users are told apart from files without use', () => {
  expect(judge({ uses: ['2026-11-05'] }).seen).toBe(1);
  expect(judge({ subscriptions: [aSubscription(2)], uses: ['2026-11-05'] }).seen).toBe(0);
  // A pending subscription shows as well that the files are about this profile.
  expect(judge({ subscriptions: [aSubscription(1, { status: 'pending' })], uses: ['2026-11-05'] }).seen).toBe(1);
});

it('use in any file counts, whatever its Region is', () => {
  const seats = { all: [aSubscription(1)], entitlements: [kiro], grantedAt: new Map<string, string>() };
  const report = aReport([], { region: 'eu-central-1', lastUses: new Map([[user(1), '2026-11-02']]) });
  expect(findIdle(seats, [report], { window: WINDOW, graceDays: 30, except: new Set() }).idle).toEqual([]);
});

it('every user with a paid seat is idle, new, excepted, or has used it', () => {
  const day = fc.nat(60).map((days) => plusDays('2026-10-01', days));
  const users = fc.uniqueArray(fc.nat(8)).map((numbers) => numbers.map(user));
  fc.assert(
    fc.property(
      users,
      fc.array(fc.tuple(fc.nat(8).map(user), day)),
      fc.dictionary(fc.nat(8).map(user), day),
      users,
      (paid, uses, grants, excepted) => {
        const all = paid.map((userId) => ({ ...aSubscription(1), principal: { user: userId } }));
        const reports = uses.map(([userId, used]) => aReport([used], { lastUses: new Map([[userId, used]]) }));
        const found = findIdle({ all, entitlements: [], grantedAt: new Map(Object.entries(grants)) }, reports, {
          window: WINDOW,
          graceDays: 30,
          except: new Set(excepted),
        });
        const used = new Set(uses.filter(([, at]) => at >= WINDOW.from).map(([userId]) => userId));
        expect(found.paid).toBe(paid.length);
        expect(found.idle.length + found.newcomers + found.excepted).toBe(new Set(paid).difference(used).size);
        expect(new Set(found.idle.map(({ userId }) => userId)).isDisjointFrom(new Set([...used, ...excepted]))).toBe(
          true,
        );
      },
    ),
  );
});
