import * as z from 'zod/mini';

const UserSchema = z.strictObject({
  userId: z.string(),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
});

/** What an execution would adopt for an entitlement. */
export const AdoptionLineSchema = z.strictObject({
  type: z.literal('adoption'),
  entitlement: z.string(),
  application: z.string().check(z.describe('ARN of the application')),
  assignments: z.array(UserSchema).check(z.describe('Users whose assignment is adopted')),
  subscriptions: z.array(UserSchema).check(z.describe('Users whose subscription is adopted')),
  orphans: z
    .array(UserSchema)
    .check(z.describe('Users whose subscription is adopted to be cancelled, as far as slots become free')),
});
export type AdoptionLine = z.infer<typeof AdoptionLineSchema>;
