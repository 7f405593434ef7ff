import * as z from 'zod/mini';
import { FINDING_KINDS, type FindingKind } from '../../domain/subscription/findings.ts';
import type { Costs as AllCosts } from '../../domain/subscription/prices.ts';
import { Count, TimeSchema } from './common.ts';

const Region = z.string().check(z.describe('Region of the profile'));
const Status = z.enum(['active', 'pending', 'cancelled', 'unknown']);
const Plan = z
  .string()
  .check(z.describe('As AWS names it; unknown if this version does not know it. Several are separated by commas'));

/** What one user costs. */
const Price = {
  pricePerMonth: z.optional(
    z.number().check(z.describe('By the prices of --price; absent if they have none for the plan')),
  ),
  currency: z.optional(z.string()),
};

const Sum = z.optional(z.number());
const UnknownPrices = {
  paid: z.optional(Count),
  orphans: z.optional(Count),
  pending: z.optional(Count),
  missing: z.optional(Count),
} satisfies Record<keyof AllCosts, unknown>;
/** What users cost per month, by the prices of `--price`. */
const Costs = {
  currency: z.optional(z.string()),
  paidPerMonth: Sum,
  orphansPerMonth: Sum,
  pendingPerMonth: Sum,
  missingPerMonth: Sum,
  ofUnknownPrice: z.optional(
    z.strictObject(UnknownPrices).check(z.describe('Users whose price is not known: they are in no sum')),
  ),
};

/** Users by kind of finding. */
const FindingCounts = {
  missing: Count,
  orphan: Count,
  'wrong-plan': Count,
  pending: Count,
  'through-group': Count,
  twice: Count,
} satisfies Record<FindingKind, typeof Count>;

/** A profile: what its list and its findings come to. What could not be read is absent. */
export const ProfileLineSchema = z.strictObject({
  type: z.literal('profile'),
  provider: z.string(),
  region: Region,
  application: z.optional(z.string().check(z.describe('ARN; only of Amazon Q Business'))),
  roleArns: z.optional(z.array(z.string())),
  entitlements: z.array(z.string()),
  active: z.optional(Count),
  pending: z.optional(Count),
  unknown: z.optional(Count.check(z.describe('Subscriptions with a status that this version does not know'))),
  recentlyPending: z.optional(Count.check(z.describe('Pending for too short a time to be a finding'))),
  groups: z.optional(z.array(z.string()).check(z.describe('Groups that are subscribed'))),
  unreadable: z.optional(Count.check(z.describe('Subscriptions whose user this version cannot read'))),
  emptyGroups: z.optional(z.array(z.string()).check(z.describe('Configured groups without members'))),
  unseen: z.optional(z.array(z.string()).check(z.describe('Where it could not be seen who is charged twice'))),
  findings: z.optional(z.strictObject(FindingCounts).check(z.describe('Users by kind of finding'))),
  ...Costs,
});

/** What all profiles cost, or all subscriptions of a file. */
export const SubscriptionTotalLineSchema = z.strictObject({ type: z.literal('subscription-total'), ...Costs });

/** A user whose subscription is not as the entitlements say, or who does not use it. */
export const FindingLineSchema = z.strictObject({
  type: z.literal('finding'),
  kind: z.enum([...FINDING_KINDS, 'idle']),
  userId: z.string(),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
  entitlement: z.optional(z.string().check(z.describe('Absent if none covers the user'))),
  plan: z.optional(Plan),
  expected: z.optional(z.string().check(z.describe('The plan that the entitlement asks for'))),
  status: z.optional(Status),
  source: z.optional(z.string().check(z.describe('What gives the subscription: direct, or group'))),
  since: z.optional(TimeSchema),
  lastUse: z.optional(z.string().check(z.describe('Day of the last use before the window; only of kind idle'))),
  provider: z.string(),
  region: Region,
  ...Price,
});

/** A subscription in a file that the console has exported. It has no ids. */
export const SubscriptionLineSchema = z.strictObject({
  type: z.literal('subscription'),
  name: z.string(),
  status: Status,
  plan: Plan,
  source: z.string().check(z.describe('As the file has it')),
  activationDate: z.string().check(z.describe('As the file has it')),
  ...Price,
});

/** The subscriptions of such a file with one status and one plan. */
export const SubscriptionCountLineSchema = z.strictObject({
  type: z.literal('subscription-count'),
  status: Status,
  plan: Plan,
  users: Count,
  totalPerMonth: z.optional(z.number()),
  ...Price,
});
