import * as z from 'zod/mini';
import { BudgetSchema, Count, TimeSchema } from './common.ts';

const Entitlement = z.string().check(z.describe('Name of the entitlement'));
const Application = z.string().check(z.describe('ARN of the application'));
const Digest = z.string().check(z.describe('SHA-256; its first 8 digits are enough for usher release'));

const HeldUserSchema = z.strictObject({
  userId: z.string(),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
  since: TimeSchema,
  reason: z.optional(
    z
      .string()
      .check(
        z.describe(
          'Why the user is not entitled; absent if AWS refused to show it, or its answers contradict each other',
        ),
      ),
  ),
  entitled: z.optional(z.literal(true).check(z.describe('Entitled again: keeps the seat'))),
});

const CauseSchema = z.strictObject({
  groupId: z.string(),
  before: Count.check(z.describe('Members before')),
  after: z.optional(Count.check(z.describe('Members now; absent if the entitlement no longer names the group'))),
  since: TimeSchema.check(z.describe('When a count first showed fewer members')),
  at: TimeSchema.check(z.describe('When a count last showed fewer members than the one before it')),
  missing: z.optional(z.literal(true).check(z.describe('The group no longer exists'))),
});

const WayOutSchema = z.strictObject({
  steps: z.array(z.string().check(z.describe('What a person does'))),
  commands: z.array(z.strictObject({ command: z.string(), does: z.string() })),
});

/** A hold in force. */
export const HoldLineSchema = z.strictObject({
  type: z.literal('hold'),
  entitlement: Entitlement,
  application: Application,
  reason: z.enum(['brake', 'nobody-entitled', 'group-empty']),
  since: TimeSchema,
  digest: Digest,
  released: z.boolean().check(z.describe('Whether an operator has released it; the next sweep acts on it')),
  cause: z.optional(
    z.array(CauseSchema).check(z.describe('Groups that have become smaller; absent if AWS refused to show one')),
  ),
  budget: BudgetSchema,
  users: z.array(HeldUserSchema),
  undo: WayOutSchema.check(z.describe('How the users keep their seats')),
  release: WayOutSchema.check(z.describe('How the seats are revoked')),
});
export type HoldLine = z.infer<typeof HoldLineSchema>;

/** Calls of one kind and caller that may have caused a hold, by CloudTrail. */
export const DirectoryChangeLineSchema = z.strictObject({
  type: z.literal('directory-change'),
  entitlement: Entitlement,
  application: Application,
  call: z.string().check(z.describe('Operation, such as DeleteGroupMembership')),
  source: z.string().check(z.describe('Service that recorded it: identitystore, identitystore-scim or sso-directory')),
  by: z.optional(z.string().check(z.describe('ARN of the caller, or an id; through SCIM, that of the access token'))),
  groupId: z.optional(
    z.string().check(z.describe('Absent if CloudTrail does not name it: the call may be about another group')),
  ),
  userIds: z.optional(z.array(z.string()).check(z.describe('Users whom CloudTrail names; SCIM hides members'))),
  count: Count.check(z.describe('Number of calls')),
  since: TimeSchema.check(z.describe('When the first was made')),
  until: TimeSchema.check(z.describe('When the last was made')),
});
export type DirectoryChangeLine = z.infer<typeof DirectoryChangeLineSchema>;

/** What a release asks for, before its execution is started. */
export const ReleaseLineSchema = z.strictObject({
  type: z.literal('release'),
  entitlement: Entitlement,
  application: Application,
  reason: HoldLineSchema.shape.reason,
  digest: Digest,
  users: z.array(HeldUserSchema).check(z.describe('Whom the digest covers')),
  later: Count.check(z.describe('Users who joined the hold after this digest, and stay held')),
});
export type ReleaseLine = z.infer<typeof ReleaseLineSchema>;
