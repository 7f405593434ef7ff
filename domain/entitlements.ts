import * as z from 'zod/mini';
import { EntitlementNoticesSchema, NoticesSchema } from './notices/schema.ts';
import { MOST_PER_SECOND } from './pace.ts';
import { ApplicationArn, Region } from './shared/ids.ts';
import { SubscriptionSchema } from './subscription/schema.ts';

const GroupId = z
  .string()
  .check(
    z.regex(
      /^(?:[0-9a-fA-F]{10}-)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
      'expected a group id: a UUID or <10 hex>-<UUID>',
    ),
    z.toLowerCase(),
  );

/** A group by its id, with or without its name for readers. Everything but `groupNamesIn` sees the id only. */
export const NamedGroup = z.strictObject({
  name: z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(1024),
      z.describe(
        'Name of the group, for readers: usher doctor and usher plan warn when it is no longer that of the id.',
      ),
    ),
  id: GroupId,
});
export const AnyGroup = z.union([GroupId, NamedGroup], 'expected a group id, or a mapping of name and id');
const Group = z.pipe(
  AnyGroup,
  z.transform((group): string => (typeof group === 'string' ? group : group.id)),
);

export const InstanceArn = z
  .string()
  .check(
    z.regex(
      /^arn:aws[a-z-]*:sso:::instance\/(?:sso)?ins-[0-9a-zA-Z-]{16}$/,
      'expected the ARN of an Identity Center instance',
    ),
    z.describe('ARN of the Identity Center instance: console, Settings, Details'),
  );

const IdentityStoreId = z
  .string()
  .check(
    z.regex(
      /^(?:d-[0-9a-fA-F]{10}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$/,
      'expected d-<10 hex> or a UUID',
    ),
    z.toLowerCase(),
    z.describe('Id of the identity store: console, Settings, Identity source'),
  );

export const Name = z
  .string()
  .check(
    z.regex(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      'expected lower-case letters, digits and hyphens, beginning with a letter or digit, at most 63',
    ),
    z.describe('Unique name of the entitlement. It appears in logs and audit events. Never the name of a person.'),
  );

const CostCentre = z
  .string()
  .check(
    z.regex(
      /^[\p{L}\p{N}](?:[\p{L}\p{N} ._/-]{0,62}[\p{L}\p{N}._/-])?$/u,
      'expected letters, digits, spaces and . _ / -, beginning with a letter or digit, at most 64',
    ),
    z.describe('Who pays for the seats, for usher report. Only reports have it. Never the name of a person.'),
  );

const Mode = z
  .enum(['enforce', 'observe'])
  .check(z.describe('observe audits what enforce would do, and changes nothing'));

export const SeatsMax = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(200_000),
    z.describe('The application never has more seats of Usher than this. Further users join the waitlist.'),
  );

export const RequestsPerSecond = z
  .number()
  .check(
    z.minimum(1),
    z.maximum(MOST_PER_SECOND),
    z.describe(
      'Requests per second to sso-admin, out of the 20 that all callers share; the Identity Store confirms each grant at 18 per second',
    ),
  );

const RevokeAfterDays = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(365),
    z.describe('Days of grace after a user has left the last of the groups. Disabled and deleted users get none.'),
  );

export type SubscriptionSettings = z.infer<typeof SubscriptionSchema>;

/** One rule: members of these groups get a seat of this application. */
export const EntitlementSchema = z.strictObject({
  name: Name,
  application: ApplicationArn.check(
    z.describe('ARN of the Identity Center application; one entitlement per application'),
  ),
  groups: z
    .array(Group)
    .check(
      z.minLength(1),
      z.maxLength(100),
      z.describe(
        'Ids of the groups whose members get a seat, or mappings of name and id. Events carry no group names: the id alone decides.',
      ),
    ),
  seats: z.strictObject({ max: SeatsMax }),
  costCentre: z.optional(CostCentre),
  onLeave: z._default(z.strictObject({ revokeAfterDays: z._default(RevokeAfterDays, 0) }), { revokeAfterDays: 0 }),
  mode: z._default(Mode, 'enforce'),
  subscription: z.optional(SubscriptionSchema),
  notices: z.optional(EntitlementNoticesSchema),
});
export type Entitlement = z.infer<typeof EntitlementSchema>;
/** An entitlement as the file may say it: groups with names, and without what has a default. */
export type EntitlementInput = z.input<typeof EntitlementSchema>;

/** The subscription of an entitlement, if Usher changes it. */
export function managedOf(
  entitlement: Pick<Entitlement, 'subscription'> | undefined,
): SubscriptionSettings | undefined {
  const { subscription } = entitlement ?? {};
  return subscription?.mode === 'manage' ? subscription : undefined;
}

/** Whether Usher starts and cancels subscriptions for an entitlement: one that only observes changes nothing. */
export function changesSubscriptions(entitlement: Pick<Entitlement, 'mode' | 'subscription'>): boolean {
  return entitlement.mode === 'enforce' && managedOf(entitlement) !== undefined;
}

const NamePrefix = z
  .string()
  .check(
    z.regex(
      /^[a-z][a-z0-9-]{0,30}$/,
      'expected lower-case letters, digits and hyphens, beginning with a letter, at most 31',
    ),
    z.describe(
      'Begins the names of the stack and of all its resources, such as acme-. With another prefix, another stack is deployed.',
    ),
  );

/** The schema of `entitlements.yml`. `parseEntitlements` checks what no schema can express. */
export const EntitlementsSchema = z.strictObject({
  identityCenter: z.strictObject({
    region: Region.check(z.describe('Primary Region of Identity Center')),
    instanceArn: InstanceArn,
    identityStoreId: IdentityStoreId,
  }),
  entitlements: z.array(EntitlementSchema).check(z.minLength(1), z.maxLength(100)),
  retired: z._default(
    z
      .array(ApplicationArn)
      .check(
        z.maxLength(100),
        z.describe(
          'Applications without an entitlement whose seats an operator may still revoke, with one manual start per application',
        ),
      ),
    [],
  ),
  brake: z._default(
    z.strictObject({
      percent: z
        .int()
        .check(
          z.minimum(0),
          z.maximum(100),
          z.describe('Revocation budget in any 24 hours, as a percentage of the seats of an application'),
        ),
      atLeast: z
        .int()
        .check(
          z.minimum(0),
          z.maximum(200_000),
          z.describe('Revocation budget in any 24 hours, as a number; the larger of the two budgets counts'),
        ),
    }),
    { percent: 20, atLeast: 10 },
  ),
  requestsPerSecond: z._default(RequestsPerSecond, 10),
  notices: z.optional(NoticesSchema),
  namePrefix: z.optional(NamePrefix),
});
/** `entitlements.yml`, parsed. */
export type Entitlements = z.infer<typeof EntitlementsSchema>;
/** The same as the file may say it. */
export type EntitlementsInput = z.input<typeof EntitlementsSchema>;
