import * as z from 'zod/mini';
import { MOST_PER_SECOND, mostEntries, smallestPace } from './pace.ts';
import { ApplicationArn, Region } from './shared/ids.ts';
import { type ValidationIssue, validate } from './shared/validation.ts';
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

const InstanceArn = z
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

const Name = z
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

const SeatsMax = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(200_000),
    z.describe('The application never has more seats of Usher than this. Further users join the waitlist.'),
  );

const RequestsPerSecond = z
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
    .array(GroupId)
    .check(
      z.minLength(1),
      z.maxLength(100),
      z.describe('Ids of the groups whose members get a seat. Events carry no group names.'),
    ),
  seats: z.strictObject({ max: SeatsMax }),
  costCentre: z.optional(CostCentre),
  onLeave: z._default(z.strictObject({ revokeAfterDays: z._default(RevokeAfterDays, 0) }), { revokeAfterDays: 0 }),
  mode: z._default(Mode, 'enforce'),
  subscription: z.optional(SubscriptionSchema),
});
export type Entitlement = z.infer<typeof EntitlementSchema>;

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

/** The schema of `entitlements.yml`. {@link parseEntitlements} checks what no schema can express. */
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
  namePrefix: z.optional(NamePrefix),
});
/** `entitlements.yml`, parsed. */
export type Entitlements = z.infer<typeof EntitlementsSchema>;

/**
 * Validates the content of `entitlements.yml`, including what its schema cannot express: names and applications are
 * unique, an entitlement names a group once, applications belong to the instance, and a plan can read the assignments of
 * as many seats as there may be. Returns ids in lower case and fills in defaults.
 *
 * @returns all errors at once, each with its path; none of them quotes a value
 */
export function parseEntitlements(value: unknown): { entitlements: Entitlements } | { issues: ValidationIssue[] } {
  const shape = validate(EntitlementsSchema, value);
  const issues = ['issues' in shape ? shape.issues : [], contradictions(z.parse(Draft, value))].flat();
  return 'value' in shape && issues.length === 0 ? { entitlements: shape.value } : { issues };
}

/** Makes an invalid field undefined, so that an error in one field hides no contradiction between others. */
function lenient<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined);
}

const Draft = z.catch(
  z.object({
    identityCenter: lenient(z.object({ instanceArn: lenient(InstanceArn) })),
    entitlements: z.catch(
      z.array(
        lenient(
          z.object({
            name: lenient(Name),
            application: lenient(ApplicationArn),
            groups: z.catch(z.array(lenient(GroupId)), []),
            seats: lenient(z.object({ max: SeatsMax })),
            subscription: lenient(
              z.object({
                provider: lenient(z.literal('kiro')),
                region: lenient(Region),
                roleArn: z.optional(z.unknown()),
                externalId: z.optional(z.unknown()),
                mode: lenient(z.literal('manage')),
              }),
            ),
          }),
        ),
      ),
      [],
    ),
    retired: z.catch(z.array(lenient(ApplicationArn)), []),
    requestsPerSecond: lenient(RequestsPerSecond),
  }),
  { entitlements: [], retired: [] },
);

function contradictions(draft: z.infer<typeof Draft>): ValidationIssue[] {
  const { identityCenter, entitlements, retired } = draft;
  const instance = identityCenter?.instanceArn?.split('/')[1];
  const own = entitlements.flatMap((entitlement, index) => {
    const entry = `entitlements[${index}]`;
    const { application, groups = [] } = entitlement ?? {};
    const issues = duplicatesIn(groups).map(({ second, first }) => ({
      path: `${entry}.groups[${second}]`,
      problem: `the same group as groups[${first}]`,
    }));
    if (instance !== undefined && application !== undefined && application.split('/')[1] !== instance) {
      issues.push({ path: `${entry}.application`, problem: 'expected an application of identityCenter.instanceArn' });
    }
    return issues;
  });
  const names = duplicatesIn(entitlements.map((entitlement) => entitlement?.name)).map(({ second, first }) => ({
    path: `entitlements[${second}].name`,
    problem: `the same name as entitlements[${first}]`,
  }));
  const arns = entitlements.map((entitlement) => entitlement?.application);
  const applications = duplicatesIn(arns).map(({ second, first }) => ({
    path: `entitlements[${second}].application`,
    problem: `the same application as entitlements[${first}]: one entitlement per application`,
  }));
  const configured = new Set(arns);
  const retirements = retired.flatMap((application, index): ValidationIssue[] => {
    const path = `retired[${index}]`;
    if (application === undefined) return [];
    if (configured.has(application))
      return [{ path, problem: 'an entitlement names this application: expected another' }];
    const foreign = instance !== undefined && application.split('/')[1] !== instance;
    return foreign ? [{ path, problem: 'expected an application of identityCenter.instanceArn' }] : [];
  });
  const managed = entitlements.map((entitlement) => {
    const { provider, mode, region } = entitlement?.subscription ?? {};
    return provider && mode && region;
  });
  const profiles = duplicatesIn(managed).map(({ second, first }) => ({
    path: `entitlements[${second}].subscription.mode`,
    problem: `expected report: entitlements[${first}] manages the subscriptions of this Region, and AWS has one list per Region`,
  }));
  return [...names, ...applications, ...own, ...profiles, ...externalIds(draft), ...retirements, ...unreadable(draft)];
}

/** Finds external ids without a role, and roles that would be assumed with another external id than before. */
function externalIds({ entitlements }: z.infer<typeof Draft>): ValidationIssue[] {
  const first = new Map<unknown, { index: number; externalId: unknown }>();
  return entitlements.flatMap((entitlement, index) => {
    const { roleArn, externalId } = entitlement?.subscription ?? {};
    const path = `entitlements[${index}].subscription.externalId`;
    if (roleArn === undefined) {
      return externalId === undefined
        ? []
        : [{ path, problem: 'expected roleArn, too: only a role has an external id' }];
    }
    const before = first.get(roleArn);
    if (!before) first.set(roleArn, { index, externalId });
    if (!before || before.externalId === externalId) return [];
    return [{ path, problem: `expected that of entitlements[${before.index}], which names the same role` }];
  });
}

/**
 * Finds caps that no plan could read once that many users have a seat: Usher would then make and revoke no seat. The default pace is enough for every cap.
 */
function unreadable({ entitlements, requestsPerSecond }: z.infer<typeof Draft>): ValidationIssue[] {
  if (requestsPerSecond === undefined) return [];
  const most = mostEntries(requestsPerSecond);
  return entitlements.flatMap((entitlement, index) => {
    const max = entitlement?.seats?.max ?? 0;
    if (max <= most) return [];
    const problem = `expected at most ${most}, or requestsPerSecond of at least ${smallestPace(max)}: a plan reads no longer list of assignments`;
    return [{ path: `entitlements[${index}].seats.max`, problem }];
  });
}

/** Finds values that occurred before: the index of each, with the index of its first occurrence. */
function duplicatesIn(values: readonly (string | undefined)[]): { second: number; first: number }[] {
  const indexes = new Map<string, number>();
  return values.flatMap((value, second) => {
    if (value === undefined) return [];
    const first = indexes.get(value);
    if (first !== undefined) return [{ second, first }];
    indexes.set(value, second);
    return [];
  });
}
