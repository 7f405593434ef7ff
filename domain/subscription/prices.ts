import * as z from 'zod/mini';
import { type ValidationIssue, validate } from '../shared/validation.ts';
import { coveredUsers, type Subscribers, statusOf, subscriptionsByUser } from './findings.ts';
import { PLANS, type Plan } from './plan.ts';
import type { Subscription } from './subscription.ts';

const Price = z.number().check(
  z.minimum(0),
  z.maximum(1_000_000),
  z.refine((price) => Math.round(price * 100) / 100 === price, 'expected at most two decimals, such as 19.90'),
);

const PricesSchema = z.strictObject({
  currency: z.string().check(z.regex(/^[A-Z]{3}$/, 'expected a currency such as USD')),
  plans: z.strictObject(Object.fromEntries(PLANS.map((plan) => [plan, z.optional(Price)])), {
    error: ({ code }) => (code === 'unrecognized_keys' ? `expected a plan: one of ${PLANS.join(', ')}` : undefined),
  }),
});

/** What a subscription costs per month, as the operator says it: Usher knows no price of AWS. */
export interface Prices {
  currency: string;
  /** In hundredths of the currency, so that sums are exact. */
  hundredths: ReadonlyMap<Plan, number>;
}

/**
 * Validates the content of a file of prices: `currency`, and `plans` with a price per month for each plan.
 *
 * @returns all errors at once, each with its path; none of them quotes a value
 */
export function parsePrices(value: unknown): { prices: Prices } | { issues: ValidationIssue[] } {
  const result = validate(PricesSchema, value);
  if ('issues' in result) return result;
  const { currency, plans } = result.value;
  const priced = PLANS.flatMap((plan) => {
    const price = plans[plan];
    return price === undefined ? [] : [[plan, Math.round(price * 100)] as const];
  });
  return { prices: { currency, hundredths: new Map(priced) } };
}

/** What some users cost per month. */
export interface Cost {
  /** In hundredths of the currency. */
  hundredths: number;
  /** Users whose price is not known: they are not in the sum. */
  unknown: number;
}

/**
 * Returns what a user costs per month, in hundredths of the currency: AWS charges a user once per profile, at the highest
 * plan.
 *
 * @param plans what the user has in one profile
 * @returns undefined if a plan is unknown, or has no price: it may be the highest
 */
export function priceOf(plans: readonly (Plan | 'unknown')[], { hundredths }: Prices): number | undefined {
  const prices = plans.map((plan) => (plan === 'unknown' ? undefined : hundredths.get(plan)));
  const known = prices.filter((price) => price !== undefined);
  return known.length === 0 || known.length < prices.length ? undefined : Math.max(...known);
}

/** Adds what users cost per month. @param users the plans of each */
export function costOf(users: readonly (readonly (Plan | 'unknown')[])[], prices: Prices): Cost {
  const each = users.map((plans) => priceOf(plans, prices));
  return {
    hundredths: each.reduce<number>((sum, price) => sum + (price ?? 0), 0),
    unknown: each.filter((price) => price === undefined).length,
  };
}

/**
 * What the subscriptions of a profile cost per month. `paid`: those that are active. `orphans`: of these, those that no
 * entitlement covers or tolerates. `pending`: what pending ones will cost once they are used. `missing`: what entitled users
 * without a subscription will cost.
 */
export const COST_KINDS = ['paid', 'orphans', 'pending', 'missing'] as const;
export type Costs = Readonly<Record<(typeof COST_KINDS)[number], Cost>>;

/** Returns what the subscriptions of one profile cost. Those of an unknown status are in no sum. */
export function costsOf(all: readonly Subscription[], entitlements: readonly Subscribers[], prices: Prices): Costs {
  const byUser = subscriptionsByUser(all);
  const wanted = (userId: string) => entitlements.filter(({ entitled }) => entitled.has(userId));
  const entitled = new Set(entitlements.flatMap((one) => [...one.entitled.keys()]));
  const covered = coveredUsers(entitlements);
  const usersWith = (status: Subscription['status']) => [...byUser].filter(([, some]) => statusOf(some) === status);
  const active = usersWith('active').map(([userId, some]) => ({ userId, plans: plansOf(some, 'active') }));
  return {
    paid: costOf(
      active.map(({ plans }) => plans),
      prices,
    ),
    orphans: costOf(
      active.flatMap(({ userId, plans }) => (covered.has(userId) ? [] : [plans])),
      prices,
    ),
    pending: costOf(
      usersWith('pending').map(([, some]) => plansOf(some, 'pending')),
      prices,
    ),
    missing: costOf(
      [...entitled.difference(byUser)].map((userId) => wanted(userId).map(({ plan }) => plan)),
      prices,
    ),
  };
}

function plansOf(some: readonly Subscription[], wanted: Subscription['status']): Subscription['plan'][] {
  return some.filter(({ status }) => status === wanted).map(({ plan }) => plan);
}

/** Adds the costs of profiles: a user of two profiles is charged twice. */
export function totalOf(profiles: readonly Costs[]): Costs {
  const sum = (kind: keyof Costs): Cost => ({
    hundredths: profiles.reduce((total, costs) => total + costs[kind].hundredths, 0),
    unknown: profiles.reduce((total, costs) => total + costs[kind].unknown, 0),
  });
  return { paid: sum('paid'), orphans: sum('orphans'), pending: sum('pending'), missing: sum('missing') };
}
