import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../../../domain/shared/ids.ts';

const Name = z.string().check(z.minLength(1), z.maxLength(1024));
const Status = z.enum(['ENABLED', 'DISABLED']);

/** A zod check: no two elements may have the same key; the fault is reported at the later one. */
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
  userName: Name,
  email: z.optional(Name),
  externalId: z.optional(z.strictObject({ issuer: Name, id: Name })),
  /** `ENABLED` when left out. */
  status: z.optional(Status),
});
/** A user of the directory file. */
export type SeedUser = z.infer<typeof SeedUserSchema>;

const SeedGroupSchema = z.strictObject({
  groupId: ResourceId,
  displayName: z.optional(Name),
  members: z.optional(UserIds),
});
/** A group of the directory file; `members` are user ids. */
export type SeedGroup = z.infer<typeof SeedGroupSchema>;

const SeedApplicationSchema = z.strictObject({
  applicationArn: ApplicationArn,
  name: z.optional(Name),
  /** Not checked against `users`: assignments of Active Directory identities outlive the identity. */
  assigned: z.optional(UserIds),
  /** Groups that are assigned as a whole. */
  assignedGroups: z.optional(z.array(ResourceId).check(unique((groupId) => groupId, [], 'expected every group once'))),
  /** Which product it is of, the last part of its provider's ARN: `codewhisperer`, … */
  provider: z.optional(z.string().check(z.regex(/^[\w-]{1,64}$/, 'expected a provider such as codewhisperer'))),
  /** True when left out, as AWS has it for managed applications. */
  assignmentRequired: z.optional(z.boolean()),
  status: z.optional(Status),
});

/**
 * The directory file: what Identity Center holds when a run begins. Every fault has a path.
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
      const userIds = new Set(users.map(({ userId }) => userId));
      for (const [index, { members = [] }] of groups.entries()) {
        for (const [place, userId] of members.entries()) {
          if (userIds.has(userId)) continue;
          ctx.addIssue({
            code: 'custom',
            path: ['groups', index, 'members', place],
            message: 'expected a user of users',
          });
        }
      }
    }),
  );
/** See {@link DirectorySeedSchema}. */
export type DirectorySeed = z.infer<typeof DirectorySeedSchema>;
