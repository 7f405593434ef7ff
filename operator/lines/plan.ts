import * as z from 'zod/mini';
import { CHANGE_KINDS } from '../../domain/decision/user-changes.ts';
import { Count, TimeSchema } from './common.ts';

const Price = z.optional(z.number().check(z.describe('If each seat is billed, by the prices that were given')));
const Currency = z.optional(z.string());
const Application = z.string().check(z.describe('ARN'));

const ChangeKindSchema = z.enum(CHANGE_KINDS);

/** The numbers of users whom a plan changes, by kind. */
const Counts = {
  gains: Count.check(z.describe('Users who get a seat')),
  waitlisted: Count.check(z.describe('Users who join the waitlist')),
  leaving: Count.check(z.describe('Users who begin their days of grace')),
  revoked: Count.check(z.describe('Users who lose their seat at once')),
  held: Count.check(z.describe('Users whose revocation the brake will hold')),
  kept: Count.check(z.describe('Users who keep a seat that was leaving or held')),
  repaired: Count.check(z.describe('Seats that stay, and of which something is made or changed')),
  dropped: Count.check(z.describe('Users who leave the waitlist, or no longer wait for a seat that AWS refused')),
};

const Budget = z.strictObject({
  allowed: Count.check(z.describe('Revocations that the brake allows in 24 hours')),
  used: Count,
  left: Count,
});

const Hold = z.strictObject({
  reason: z.enum(['brake', 'nobody-entitled', 'group-empty']),
  since: TimeSchema,
  held: Count.check(z.describe('Revocations that it holds at the end')),
});

/** What a configuration makes of one application. */
export const PlanLineSchema = z.strictObject({
  type: z.literal('plan'),
  entitlement: z.optional(z.string()),
  application: Application,
  configuration: z
    .optional(z.enum(['new', 'known', 'removed', 'retired']))
    .check(
      z.describe('new: no sweep of it under the configuration that is deployed. removed, retired: not in the file'),
    ),
  mode: z
    .optional(z.enum(['enforce', 'observe']))
    .check(z.describe('observe: the numbers say what enforce would do; nothing is changed')),
  formerly: z.optional(z.array(z.string())).check(z.describe('Names under which its seats were granted')),
  entitled: z.optional(Count),
  seats: Count.check(z.describe('Seats now')),
  seatsAfter: Count.check(z.describe('Seats at the end')),
  max: z.optional(Count),
  aboveCap: z.optional(Count).check(z.describe('Seats above the cap at the end: they stay')),
  waitlistedAfter: Count.check(z.describe('Users on the waitlist at the end')),
  ...Counts,
  undecided: z.optional(Count).check(z.describe('Users about whom only a later check decides')),
  adoptable: z.optional(Count).check(z.describe('Entitled users with an assignment that Usher did not make')),
  unmanaged: z.optional(Count).check(z.describe('Assignments that Usher did not make')),
  budget: z.optional(Budget),
  asked: z.optional(Count).check(z.describe('Revocations that the plan asks for, held ones too')),
  hold: z.optional(Hold),
  emptyGroups: z.optional(z.array(z.string())),
  missingGroups: z.optional(z.array(z.string())),
  refused: z
    .optional(z.array(z.strictObject({ reason: z.string(), message: z.string() })))
    .check(z.describe('Why AWS lets nothing be changed')),
  subscriptionsStopped: z
    .optional(z.boolean())
    .check(z.describe('AWS refuses new subscriptions to the account: no seat begins')),
  notices: z
    .optional(Count)
    .check(
      z.describe('Notices that would be sent, to users who have an address; absent if the entitlement has no notices'),
    ),
  noticesChange: z
    .optional(z.enum(['begin', 'begin-now', 'end']))
    .check(
      z.describe(
        'begin: no full sweep with notices has ended yet. begin-now: the same, but with notices.backfill. end: only the deployed configuration has notices',
      ),
    ),
  pricePerMonth: Price.check(z.describe('Of the seats at the end')),
  pricePerMonthBefore: Price.check(z.describe('Of the seats now')),
  currency: Currency,
});

/** What a configuration changes for one user. */
export const PlannedChangeLineSchema = z.strictObject({
  type: z.literal('planned-change'),
  entitlement: z.string(),
  application: Application,
  userId: z.string(),
  change: ChangeKindSchema,
  mode: z.enum(['enforce', 'observe']),
  reason: z.optional(z.string()),
  dueAt: z.optional(TimeSchema).check(z.describe('When the days of grace end')),
  position: z.optional(z.int()).check(z.describe('On the waitlist, from 1')),
  name: z.optional(z.string()),
});

/** A group whose name in the configuration is not the name that it has. */
export const GroupNameLineSchema = z.strictObject({
  type: z.literal('group-name'),
  groupId: z.string(),
  exists: z.boolean(),
  namesakeId: z.optional(z.string()).check(z.describe('The group that has the configured name')),
  configured: z.optional(z.string()).check(z.describe('Only with --names')),
  name: z.optional(z.string()),
});

/** What a whole configuration changes. */
export const PlanTotalLineSchema = z.strictObject({
  type: z.literal('plan-total'),
  at: TimeSchema,
  deployed: z.boolean().check(z.describe('Whether there is a ledger')),
  unread: z.optional(
    z.int().check(z.minimum(1), z.describe('Reads that failed: what depends on them is not in the plan')),
  ),
  hasChanges: z.boolean().check(z.describe('Whether what could be read shows a change')),
  seats: Count,
  seatsAfter: Count,
  ...Counts,
  notices: z.optional(Count).check(z.describe('Notices of all entitlements; absent if the configuration has none')),
  noticesPerDay: z.optional(Count).check(z.describe('How many of them are sent per day: notices.dailyLimit')),
  pricePerMonth: Price,
  pricePerMonthBefore: Price,
  unpriced: z.optional(Count).check(z.describe('Seats at the end whose price is not known')),
  currency: Currency,
});

/** What differs between two plans; one without `before` or `after` has none there. */
export const PlanDifferenceLineSchema = z.strictObject({
  type: z.literal('plan-difference'),
  application: Application,
  entitlement: z.optional(z.string()),
  userId: z.optional(z.string()),
  field: z.string().check(z.describe('change, or a field of the plan')),
  before: z.optional(z.union([z.string(), z.number()])),
  after: z.optional(z.union([z.string(), z.number()])),
});

/** A plan as one document, which --out writes and --diff reads. */
export const PlanFileSchema = z.strictObject({
  type: z.literal('plan-file'),
  schemaVersion: z.literal(1),
  total: PlanTotalLineSchema,
  plans: z.array(PlanLineSchema),
  changes: z.array(PlannedChangeLineSchema),
  groupNames: z.array(GroupNameLineSchema),
});

export type PlanLine = z.infer<typeof PlanLineSchema>;
export type PlannedChangeLine = z.infer<typeof PlannedChangeLineSchema>;
export type GroupNameLine = z.infer<typeof GroupNameLineSchema>;
export type PlanTotalLine = z.infer<typeof PlanTotalLineSchema>;
export type PlanDifferenceLine = z.infer<typeof PlanDifferenceLineSchema>;
export type PlanFile = z.infer<typeof PlanFileSchema>;
