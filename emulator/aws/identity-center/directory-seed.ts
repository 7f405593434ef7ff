import * as z from 'zod/mini';
import { ApplicationArn, Region, ResourceId } from '../../../domain/shared/ids.ts';
import { Timestamp } from '../../../domain/shared/timestamp.ts';

const AttributeValue = z.string().check(z.minLength(1), z.maxLength(1024));
const EnabledStatus = z.enum(['ENABLED', 'DISABLED']);

/** Returns a zod check that no two elements have the same key. It reports the later one. */
function unique<T>(keyOf: (element: T) => string, field: string[], message: string) {
  return z.superRefine<readonly T[]>((elements, ctx) => {
    const seen = new Set<string>();
    for (const [index, element] of elements.entries()) {
      const key = keyOf(element);
      if (seen.has(key)) ctx.addIssue({ code: 'custom', path: [index, ...field], message });
      seen.add(key);
    }
  });
}

const UserIds = z.array(ResourceId).check(unique((userId) => userId, [], 'expected every user once'));

const SeedUserSchema = z.strictObject({
  userId: ResourceId,
  userName: AttributeValue,
  email: z.optional(AttributeValue.check(z.describe('The primary e-mail address, if it is the only one'))),
  emails: z.optional(
    z
      .array(
        z.strictObject({
          value: AttributeValue,
          type: z.optional(AttributeValue.check(z.describe('Such as work'))),
          primary: z.optional(z.boolean()),
        }),
      )
      .check(z.describe('All e-mail addresses, in place of email')),
  ),
  name: z.optional(z.strictObject({ givenName: z.optional(AttributeValue), familyName: z.optional(AttributeValue) })),
  displayName: z.optional(AttributeValue),
  preferredLanguage: z.optional(AttributeValue.check(z.describe('A language tag such as de, or a list of them'))),
  externalId: z.optional(z.strictObject({ issuer: AttributeValue, id: AttributeValue })),
  /** Defaults to `ENABLED`. */
  status: z.optional(EnabledStatus),
});
/** A user in a directory file. */
export type SeedUser = z.infer<typeof SeedUserSchema>;

/** Returns the e-mail addresses of a user, in the order of the directory. */
export function emailsOf({ email, emails = [] }: Pick<SeedUser, 'email' | 'emails'>): NonNullable<SeedUser['emails']> {
  return email === undefined ? emails : [{ value: email, primary: true }];
}

const SeedGroupSchema = z.strictObject({
  groupId: ResourceId,
  displayName: z.optional(AttributeValue),
  members: z.optional(UserIds),
});
/** A group in a directory file. `members` are ids of users. */
export type SeedGroup = z.infer<typeof SeedGroupSchema>;

/** A plan by the name that AWS returns, or any other. */
export const PlanName = z.string().check(z.regex(/^\w{1,64}$/, 'expected a plan such as KIRO_ENTERPRISE_PRO'));

/** A subscription in a directory file: of a user or of a group, which need not exist. */
const SeedSubscriptionSchema = z
  .strictObject({
    user: z.optional(ResourceId),
    group: z.optional(ResourceId),
    /** The plan that was asked for. */
    plan: PlanName,
    /** The plan in force, if it is another one. */
    activePlan: z.optional(PlanName),
    /** Defaults to `ACTIVE`. Amazon Q Business has no `PENDING`. */
    status: z.optional(z.enum(['ACTIVE', 'PENDING', 'CANCELLED'])),
    /** Left out in the answer if it is left out here. Amazon Q Business has none. */
    source: z.optional(z.enum(['INDIVIDUAL', 'GROUP', 'INDIVIDUAL_AND_GROUP'])),
    activatedAt: z.optional(Timestamp),
  })
  .check(
    z.refine(({ user, group }) => (user === undefined) !== (group === undefined), {
      path: ['user'],
      message: 'expected a user or a group',
    }),
  );
/** A subscription in a directory file. */
export type SeedSubscription = z.infer<typeof SeedSubscriptionSchema>;

const SeedApplicationSchema = z.strictObject({
  applicationArn: ApplicationArn,
  name: z.optional(AttributeValue),
  /** Ids of assigned users. They need not be in `users`: assignments of Active Directory identities outlive the identity. */
  assigned: z.optional(UserIds),
  /** Ids of groups that are assigned as a whole. */
  assignedGroups: z.optional(z.array(ResourceId).check(unique((groupId) => groupId, [], 'expected every group once'))),
  /** The last part of the provider's ARN, which names the product: `codewhisperer`, …; for Amazon Q Business `qbusiness`. */
  provider: z.optional(z.string().check(z.regex(/^[\w-]{1,64}$/, 'expected a provider such as codewhisperer'))),
  /** Defaults to true, as AWS has it for managed applications. */
  assignmentRequired: z.optional(z.boolean()),
  status: z.optional(EnabledStatus),
  /** Region of the profile, or of the Amazon Q Business application. Defaults to that of Identity Center. */
  region: z.optional(Region),
  subscriptions: z.optional(z.array(SeedSubscriptionSchema)),
});

/**
 * The schema of a directory file: what Identity Center holds when a run begins.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/welcome.html
 */
export const DirectorySeedSchema = z
  .strictObject({
    identityStoreId: z
      .string()
      .check(
        z.regex(/^(?:d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/, 'expected d-<10 hex> or a UUID'),
      ),
    users: z.array(SeedUserSchema).check(unique(({ userId }) => userId, ['userId'], 'expected every user once')),
    groups: z.array(SeedGroupSchema).check(unique(({ groupId }) => groupId, ['groupId'], 'expected every group once')),
    applications: z
      .array(SeedApplicationSchema)
      .check(unique(({ applicationArn }) => applicationArn, ['applicationArn'], 'expected every application once')),
  })
  .check(
    z.superRefine(({ users, groups }, ctx) => {
      for (const [index, { email, emails }] of users.entries()) {
        if (email === undefined || emails === undefined) continue;
        ctx.addIssue({ code: 'custom', path: ['users', index, 'emails'], message: 'expected either email or emails' });
      }
      const userIds = new Set(users.map(({ userId }) => userId));
      for (const [index, { members = [] }] of groups.entries()) {
        for (const [position, userId] of members.entries()) {
          if (userIds.has(userId)) continue;
          ctx.addIssue({
            code: 'custom',
            path: ['groups', index, 'members', position],
            message: 'expected a user of users',
          });
        }
      }
    }),
  );
/** See {@link DirectorySeedSchema}. */
export type DirectorySeed = z.infer<typeof DirectorySeedSchema>;
