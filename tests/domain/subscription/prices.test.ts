import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Subscribers } from '../../../domain/subscription/findings.ts';
import type { Plan } from '../../../domain/subscription/plan.ts';
import {
  COST_KINDS,
  type Cost,
  type Costs,
  costOf,
  costsOf,
  type Prices,
  parsePrices,
  priceOf,
  totalOf,
} from '../../../domain/subscription/prices.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { GROUP, user } from '../../support/ids.ts';
import { aSubscription, POWER, PRO, subscribers } from '../../support/subscriptions.ts';

const FREE = 'Q_DEVELOPER_STANDALONE_FREE';

const PRICES: Prices = {
  currency: 'USD',
  hundredths: new Map<Plan, number>([
    [PRO, 1010],
    [POWER, 10_000],
    [FREE, 0],
  ]),
};

describe('a file of prices', () => {
  it('has a price for some plans, in hundredths', () => {
    expect(parsePrices({ currency: 'EUR', plans: { [PRO]: 19.99, Q_LITE: 3, [POWER]: 0.29 } })).toEqual({
      prices: {
        currency: 'EUR',
        hundredths: new Map([
          [PRO, 1999],
          [POWER, 29],
          ['Q_LITE', 300],
        ]),
      },
    });
  });

  it('may have no price at all', () => {
    expect(parsePrices({ currency: 'EUR', plans: {} })).toEqual({
      prices: { currency: 'EUR', hundredths: new Map() },
    });
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', null, ['expected a mapping']],
    ['no currency and no plans', {}, ['currency missing: expected a text', 'plans missing: expected a mapping']],
    ['a sign for a currency', { currency: '$', plans: {} }, ['currency expected a currency such as USD']],
    ['another key', { currency: 'USD', plans: {}, vat: 20 }, ['vat unknown key']],
    ['a price as text', { currency: 'USD', plans: { [PRO]: '19' } }, [`plans.${PRO} expected a number`]],
    ['no number', { currency: 'USD', plans: { [PRO]: Number.NaN } }, [`plans.${PRO} expected a number`]],
    ['a negative price', { currency: 'USD', plans: { [PRO]: -1 } }, [`plans.${PRO} expected at least 0`]],
    ['a price too high', { currency: 'USD', plans: { [PRO]: 1e7 } }, [`plans.${PRO} expected at most 1000000`]],
    [
      'a price in thousandths',
      { currency: 'USD', plans: { [PRO]: 0.001 } },
      [`plans.${PRO} expected at most two decimals, such as 19.90`],
    ],
    [
      'several errors',
      { currency: 19, plans: { [PRO]: -1, Q_LITE: true } },
      ['currency expected a text', `plans.${PRO} expected at least 0`, 'plans.Q_LITE expected a number'],
    ],
  ])('with %s is refused', (_fact, value, expected) => {
    const result = parsePrices(value);
    const issues = 'issues' in result ? result.issues : [];
    expect(issues.map(({ path, problem }) => `${path} ${problem}`.trim())).toEqual(expected);
  });

  it('with a plan that AWS does not take is refused, and the plans are named', () => {
    expect(parsePrices({ currency: 'USD', plans: { KIRO_ENTERPRISE_PRO: 1 } })).toEqual({
      issues: [
        {
          path: 'plans.KIRO_ENTERPRISE_PRO',
          problem: expect.stringMatching(/^expected a plan: one of .*STANDALONE_PRO,/),
        },
      ],
    });
  });
});

describe('the price of a user', () => {
  it.each<[string, (Plan | 'unknown')[], number | undefined]>([
    ['is that of the plan', [PRO], 1010],
    ['may be zero', [FREE], 0],
    ['is that of the highest plan', [PRO, POWER, FREE], 10_000],
    ['is not known for a plan that is unknown', ['unknown'], undefined],
    ['is not known for a plan without a price', ['Q_LITE'], undefined],
    ['is not known if one of the plans may be higher', [POWER, 'unknown'], undefined],
    ['is not known without a plan', [], undefined],
  ])('%s', (_fact, plans, expected) => {
    expect(priceOf(plans, PRICES)).toBe(expected);
  });
});

describe('the cost of users', () => {
  it('is exact', () => {
    // 0.1 + 0.2 + …: three thousand times 10.10 as floating-point numbers is not 30,300.
    expect(costOf(Array(3000).fill([PRO]), PRICES)).toEqual({ hundredths: 3_030_000, unknown: 0 });
  });

  it('counts those of unknown price instead of guessing', () => {
    expect(costOf([[PRO], ['unknown'], ['Q_LITE']], PRICES)).toEqual({ hundredths: 1010, unknown: 2 });
  });
});

const NOTHING: Cost = { hundredths: 0, unknown: 0 };
const costs = (some: Partial<Costs>): Costs => ({
  paid: NOTHING,
  orphans: NOTHING,
  pending: NOTHING,
  missing: NOTHING,
  ...some,
});
const pro = (users = 1): Cost => ({ hundredths: users * 1010, unknown: 0 });

describe('the costs of a profile', () => {
  it.each<[string, Subscription[], Subscribers[], Partial<Costs>]>([
    ['have what is active', [aSubscription(1), aSubscription(2)], [subscribers([1, 2])], { paid: pro(2) }],
    [
      'have what is paid for nobody',
      [aSubscription(1), aSubscription(2)],
      [subscribers([1])],
      { paid: pro(2), orphans: pro() },
    ],
    [
      'count users who may have one and need not as paid, and neither as orphans nor as missing',
      [aSubscription(1)],
      [subscribers([], { tolerated: new Set([user(1), user(2)]) })],
      { paid: pro() },
    ],
    ['have what is pending', [aSubscription(1, { status: 'pending' })], [subscribers([1])], { pending: pro() }],
    ['have a pending orphan as pending only', [aSubscription(1, { status: 'pending' })], [], { pending: pro() }],
    ['have what joins will cost', [], [subscribers([1, 2])], { missing: pro(2) }],
    [
      'have a join once, at the highest plan',
      [],
      [subscribers([1]), subscribers([1], { plan: POWER })],
      { missing: { hundredths: 10_000, unknown: 0 } },
    ],
    [
      'have a user with two subscriptions once, at the highest plan in use',
      [
        aSubscription(1),
        aSubscription(1, { plan: POWER }),
        aSubscription(2),
        aSubscription(2, { plan: POWER, status: 'pending' }),
      ],
      [subscribers([1, 2])],
      { paid: { hundredths: 11_010, unknown: 0 } },
    ],
    ['leave out what is cancelled', [aSubscription(1, { status: 'cancelled' })], [], {}],
    ['leave out an unknown status', [aSubscription(1, { status: 'unknown' })], [subscribers([1])], {}],
    [
      'leave out subscriptions of groups, whose members have their own',
      [aSubscription(1, { principal: { group: GROUP } })],
      [],
      {},
    ],
    [
      'say what is of unknown price',
      [aSubscription(1, { plan: 'unknown' }), aSubscription(2, { plan: 'Q_LITE', status: 'pending' })],
      [subscribers([3], { plan: 'CREDIT_POOL' })],
      {
        paid: { hundredths: 0, unknown: 1 },
        orphans: { hundredths: 0, unknown: 1 },
        pending: { hundredths: 0, unknown: 1 },
        missing: { hundredths: 0, unknown: 1 },
      },
    ],
  ])('%s', (_fact, all, entitlements, expected) => {
    expect(costsOf(all, entitlements, PRICES)).toEqual(costs(expected));
  });

  it('add up over profiles: whoever has two is charged twice', () => {
    const one = costsOf([aSubscription(1), aSubscription(2, { plan: 'unknown' })], [subscribers([3])], PRICES);
    expect(totalOf([one, one])).toEqual(
      costs({
        paid: { hundredths: 2020, unknown: 2 },
        orphans: { hundredths: 2020, unknown: 2 },
        missing: pro(2),
      }),
    );
    expect(totalOf([])).toEqual(costs({}));
  });

  it('are of every user at most once, and never of more than there are', () => {
    const subscription = fc.record({
      principal: fc.nat(8).map((number) => ({ user: user(number) })),
      plan: fc.constantFrom<Subscription['plan'][]>(PRO, POWER, FREE, 'unknown'),
      status: fc.constantFrom<Subscription['status'][]>('active', 'pending', 'cancelled', 'unknown'),
      source: fc.constant('individual' as const),
    });
    fc.assert(
      fc.property(fc.array(subscription, { maxLength: 20 }), fc.uniqueArray(fc.nat(8)), (all, numbers) => {
        // Each user with a known price costs one hundredth: the sum is the number of users.
        const one: Prices = {
          currency: 'USD',
          hundredths: new Map<Plan, number>([PRO, POWER, FREE].map((plan) => [plan as Plan, 1])),
        };
        const found = costsOf(all, [subscribers(numbers)], one);
        const users = Object.fromEntries(
          COST_KINDS.map((kind) => [kind, found[kind].hundredths + found[kind].unknown]),
        );
        const left = new Set(all.filter(({ status }) => status !== 'cancelled').map(({ principal }) => principal.user));
        const wanted = new Set(numbers.map(user));
        expect(users['missing']).toBe(wanted.difference(left).size);
        expect((users['paid'] ?? 0) + (users['pending'] ?? 0)).toBeLessThanOrEqual(left.size);
        expect(users['orphans']).toBeLessThanOrEqual(left.difference(wanted).size);
      }),
    );
  });
});
