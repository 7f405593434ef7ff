import * as z from 'zod/mini';
import { ApplicationArn } from './shared/ids.ts';
import { type ValidationIssue, validate } from './shared/validation.ts';

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
    z.describe('Name of the entitlement, unique: it stands in logs and audit events. Never a name of a person.'),
  );

const Mode = z
  .enum(['enforce', 'observe'])
  .check(z.describe('observe plans and audits what it would do, and changes nothing'));

const RevokeAfterDays = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(365),
    z.describe('Days of grace after a person left the last of the groups; none for people who are disabled or deleted'),
  );

/** One rule: members of these groups get this application. */
export const EntitlementSchema = z.strictObject({
  name: Name,
  application: ApplicationArn.check(
    z.describe('ARN of the Identity Center application; one entitlement an application'),
  ),
  groups: z
    .array(GroupId)
    .check(
      z.minLength(1),
      z.maxLength(100),
      z.describe('Ids of the groups whose members get a seat. Events carry no group names.'),
    ),
  seats: z.strictObject({
    max: z
      .int()
      .check(
        z.minimum(0),
        z.maximum(200_000),
        z.describe('Never more seats than this of the application; who comes after waits in line'),
      ),
  }),
  onLeave: z._default(z.strictObject({ revokeAfterDays: z._default(RevokeAfterDays, 0) }), { revokeAfterDays: 0 }),
  mode: z._default(Mode, 'enforce'),
});
export type Entitlement = z.infer<typeof EntitlementSchema>;

/** The shape of `entitlements.yml`. What no shape can say is checked by {@link parseEntitlements}. */
export const EntitlementsSchema = z.strictObject({
  identityCenter: z.strictObject({
    region: z
      .string()
      .check(
        z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'expected a Region such as us-east-1'),
        z.describe('Primary Region of Identity Center'),
      ),
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
          'Applications whose entitlement was removed and whose seats may still be taken back, by a manual start for each',
        ),
      ),
    [],
  ),
  brake: z._default(
    z.strictObject({
      percent: z.int().check(z.minimum(0), z.maximum(100), z.describe('This part of the seats of an application, or')),
      atLeast: z
        .int()
        .check(z.minimum(0), z.maximum(200_000), z.describe('this many, whichever is more, in any 24 hours')),
    }),
    { percent: 20, atLeast: 10 },
  ),
  requestsPerSecond: z._default(
    z.number().check(z.minimum(1), z.maximum(20), z.describe('Of the 20 a second that all callers of sso-admin share')),
    10,
  ),
});
/** `entitlements.yml`, parsed. */
export type Entitlements = z.infer<typeof EntitlementsSchema>;

/**
 * Checks what `entitlements.yml` says, also what its shape cannot: names and applications are unique, a group stands
 * once in an entitlement, applications belong to the instance. Ids come out in lower case, defaults filled in.
 *
 * @returns all faults at once, each with its path; none of them quotes a value
 */
export function parseEntitlements(value: unknown): { entitlements: Entitlements } | { faults: ValidationIssue[] } {
  const shape = validate(EntitlementsSchema, value);
  const faults = ['faults' in shape ? shape.faults : [], contradictions(z.parse(Draft, value))].flat();
  return 'value' in shape && faults.length === 0 ? { entitlements: shape.value } : { faults };
}

/** Reads what can be read, so that a fault of one field hides no contradiction between others. */
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
          }),
        ),
      ),
      [],
    ),
    retired: z.catch(z.array(lenient(ApplicationArn)), []),
  }),
  { entitlements: [], retired: [] },
);

function contradictions({ identityCenter, entitlements, retired }: z.infer<typeof Draft>): ValidationIssue[] {
  const instance = identityCenter?.instanceArn?.split('/')[1];
  const own = entitlements.flatMap((entitlement, index) => {
    const at = `entitlements[${index}]`;
    const { application, groups = [] } = entitlement ?? {};
    const faults = repeats(groups).map(({ again, first }) => ({
      path: `${at}.groups[${again}]`,
      problem: `the same group as groups[${first}]`,
    }));
    if (instance !== undefined && application !== undefined && application.split('/')[1] !== instance) {
      faults.push({ path: `${at}.application`, problem: 'expected an application of identityCenter.instanceArn' });
    }
    return faults;
  });
  const names = repeats(entitlements.map((entitlement) => entitlement?.name)).map(({ again, first }) => ({
    path: `entitlements[${again}].name`,
    problem: `the same name as entitlements[${first}]`,
  }));
  const applications = repeats(entitlements.map((entitlement) => entitlement?.application)).map(({ again, first }) => ({
    path: `entitlements[${again}].application`,
    problem: `the same application as entitlements[${first}]: one entitlement an application`,
  }));
  const configured = new Set(entitlements.map((entitlement) => entitlement?.application));
  const retirements = retired.flatMap((application, index): ValidationIssue[] => {
    const path = `retired[${index}]`;
    if (application === undefined) return [];
    if (configured.has(application))
      return [{ path, problem: 'an entitlement has this application: expected another' }];
    const foreign = instance !== undefined && application.split('/')[1] !== instance;
    return foreign ? [{ path, problem: 'expected an application of identityCenter.instanceArn' }] : [];
  });
  return [...names, ...applications, ...own, ...retirements];
}

/** The places of values that occurred before, each with the place of the first. */
function repeats(values: readonly (string | undefined)[]): { again: number; first: number }[] {
  const places = new Map<string, number>();
  return values.flatMap((value, again) => {
    if (value === undefined) return [];
    const first = places.get(value);
    if (first !== undefined) return [{ again, first }];
    places.set(value, again);
    return [];
  });
}
