import * as z from 'zod/mini';
import { SeatStatusSchema } from '../../domain/seat/seat.ts';
import { FINDING_KINDS } from '../../domain/subscription/findings.ts';
import { BudgetSchema, TimeSchema } from './common.ts';

const Entitlement = z
  .string()
  .check(z.describe('Name of the entitlement; of an application without one, its last name or the ARN'));
const Application = z.string().check(z.describe('ARN of the application'));
const Count = z.optional(z.int().check(z.minimum(0), z.describe('Absent if it could not be read')));

/** The numbers of an entitlement. */
export const EntitlementLineSchema = z.strictObject({
  type: z.literal('entitlement'),
  entitlement: Entitlement,
  application: Application,
  max: z.optional(z.int().check(z.describe('The cap; absent if the application is no longer configured'))),
  seats: Count,
  waitlisted: Count,
  leaving: Count,
  held: Count,
  failed: Count,
  unmanaged: Count,
  budget: z.optional(BudgetSchema.check(z.describe('Of the brake; absent if the ledger could not be read'))),
  subscriptionFindings: z.optional(
    z
      .int()
      .check(
        z.minimum(0),
        z.describe(
          'Users whose subscription is not as configured, by the last comparison; absent if none is configured',
        ),
      ),
  ),
  assignedGroups: z.optional(
    z.array(z.string()).check(z.describe('Groups that are assigned as a whole: their members have access anyway')),
  ),
});
export type EntitlementLine = z.infer<typeof EntitlementLineSchema>;

/** How an entitlement is configured. */
export const EntitlementSettingsLineSchema = z.strictObject({
  type: z.literal('entitlement-settings'),
  entitlement: z.string().check(z.describe('Name of the entitlement')),
  application: Application,
  groups: z.array(z.string().check(z.describe('groupId'))),
  max: z.int().check(z.minimum(0), z.describe('The cap')),
  revokeAfterDays: z.int().check(z.minimum(0), z.describe('Days of grace')),
  mode: z.enum(['enforce', 'observe']),
  costCentre: z.optional(z.string()),
  subscription: z.optional(
    z.strictObject({
      provider: z.enum(['kiro', 'amazon-q-business']),
      plan: z.string(),
      region: z.string(),
      mode: z.enum(['report', 'manage']),
      roleArn: z.optional(z.string()),
    }),
  ),
  notices: z.optional(
    z.strictObject({ product: z.string(), send: z.array(z.string().check(z.describe('Kind of a notice'))) }),
  ),
  origin: z
    .enum(['file', 'deployed', 'both'])
    .check(
      z.describe('Where it says so. What is deployed is known of the emulator only. both: file and deployment agree'),
    ),
});
export type EntitlementSettingsLine = z.infer<typeof EntitlementSettingsLineSchema>;

/** A group that an entitlement names, or has named: how large it is, and what it was before it became smaller. */
export const GroupLineSchema = z.strictObject({
  type: z.literal('group'),
  entitlement: Entitlement,
  application: Application,
  groupId: z.string(),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
  members: z.optional(
    z.int().check(z.minimum(0), z.describe('As the last sweep counted them or, with --count, now; absent if none has')),
  ),
  sweptAt: z.optional(
    TimeSchema.check(z.describe('Start of the last full sweep of the application; not with --count')),
  ),
  before: z.optional(
    z.int().check(z.minimum(0), z.describe('Members before it fell, in the days of grace and the 24 hours before')),
  ),
  since: z.optional(TimeSchema.check(z.describe('When a count first showed fewer members'))),
  at: z.optional(TimeSchema.check(z.describe('When a count last showed fewer members than the one before it'))),
  missing: z.optional(z.literal(true).check(z.describe('No such group exists; only with --count or --names'))),
  removed: z.optional(z.literal(true).check(z.describe('The entitlement no longer names the group'))),
});
export type GroupLine = z.infer<typeof GroupLineSchema>;

/** A user's seat, place on the waitlist, refused seat, or assignment that Usher did not make. */
export const SeatLineSchema = z.strictObject({
  type: z.literal('seat'),
  entitlement: Entitlement,
  application: Application,
  userId: z.string(),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
  status: z.enum([...SeatStatusSchema.options, 'unmanaged']),
  since: z.optional(TimeSchema),
  dueAt: z.optional(TimeSchema.check(z.describe('When the days of grace end'))),
  reason: z.optional(z.string().check(z.describe('Why AWS refused the last change'))),
  plan: z.optional(z.string().check(z.describe("Plan of the subscription that is Usher's with the seat"))),
  access: z.optional(z.literal('foreign').check(z.describe("Only the subscription is Usher's"))),
  findings: z.optional(
    z.array(z.enum(FINDING_KINDS)).check(z.describe('What the last comparison found about the subscription')),
  ),
});
export type SeatLine = z.infer<typeof SeatLineSchema>;
