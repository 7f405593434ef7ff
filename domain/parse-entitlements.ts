import * as z from 'zod/mini';
import {
  AnyGroup,
  type Entitlements,
  EntitlementsSchema,
  InstanceArn,
  Name,
  NamedGroup,
  RequestsPerSecond,
  SeatsMax,
} from './entitlements.ts';
import { inLowerDomain } from './notices/identity.ts';
import { MOST_SENDER_CHARACTERS, senderOf } from './notices/sender.ts';
import { mostEntries, smallestPace } from './pace.ts';
import { ApplicationArn, Region } from './shared/ids.ts';
import { type ValidationIssue, validate } from './shared/validation.ts';

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

const Names = z.catch(
  z.object({
    entitlements: z.array(z.object({ groups: z.array(z.union([NamedGroup, z.transform(() => undefined)])) })),
  }),
  { entitlements: [] },
);

/** The names that a configuration gives to groups, by id. They are for readers alone: nothing is decided by them. */
export type GroupNames = ReadonlyMap<string, string>;

/** Returns the names that the content of `entitlements.yml` gives to groups, if {@link parseEntitlements} accepts it. */
export function groupNamesIn(value: unknown): GroupNames {
  const { entitlements } = z.parse(Names, value);
  const named = entitlements.flatMap(({ groups }) => groups.flatMap((group) => group ?? []));
  return new Map(named.map(({ id, name }) => [id, name]));
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
            groups: z.catch(z.array(lenient(AnyGroup)), []),
            seats: lenient(z.object({ max: SeatsMax })),
            notices: z.optional(z.unknown()),
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
    notices: z.optional(z.unknown()),
  }),
  { entitlements: [], retired: [] },
);

function contradictions(draft: z.infer<typeof Draft>): ValidationIssue[] {
  const { identityCenter, entitlements, retired } = draft;
  const instance = identityCenter?.instanceArn?.split('/')[1];
  const own = entitlements.flatMap((entitlement, index) => {
    const entry = `entitlements[${index}]`;
    const { application, groups = [] } = entitlement ?? {};
    const ids = groups.map((group) => (typeof group === 'object' ? group.id : group));
    const issues = duplicatesIn(ids).map(({ second, first }) => ({
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
  return [
    ...names,
    ...applications,
    ...own,
    ...groupNames(draft),
    ...profiles,
    ...externalIds(draft),
    ...retirements,
    ...unreadable(draft),
    ...notices(draft),
  ];
}

const NoticesDraft = z.object({
  from: z.string(),
  fromName: z.optional(z.string()),
  identity: z.optional(z.string()),
});
const EntitlementNoticesDraft = z.object({ send: z.array(z.string()), texts: z.record(z.string(), z.unknown()) });

/** Finds notices that could not be sent, or that no one would ever get. */
function notices({ notices: settings, entitlements }: z.infer<typeof Draft>): ValidationIssue[] {
  const withNotices = entitlements.flatMap((entitlement, index) =>
    entitlement?.notices === undefined ? [] : [{ path: `entitlements[${index}].notices`, value: entitlement.notices }],
  );
  if (settings === undefined) {
    return withNotices.map(({ path }) => ({ path, problem: 'expected notices at the top, too: they say who sends' }));
  }
  const problem = 'expected notices in an entitlement, too: they say what users are told';
  const unused = withNotices.length === 0 ? [{ path: 'notices', problem }] : [];
  return [...unused, ...longSender(settings), ...foreignSender(settings), ...withNotices.flatMap(unsentTexts)];
}

/** A name with other characters than those of ASCII takes up to five times as many in a header. */
function longSender(settings: unknown): ValidationIssue[] {
  const { success, data } = NoticesDraft.safeParse(settings);
  const most = MOST_SENDER_CHARACTERS;
  if (!success || senderOf(data).length <= most) return [];
  return [{ path: 'notices.fromName', problem: `expected at most ${most} characters, encoded for e-mail, with from` }];
}

/**
 * Amazon SES lets a verified domain send for itself and its subdomains, and a verified address for itself alone: another
 * case before the `@` is another address.
 */
function foreignSender(settings: unknown): ValidationIssue[] {
  const { success, data } = NoticesDraft.safeParse(settings);
  if (!success || data.identity === undefined) return [];
  const [from, identity] = [inLowerDomain(data.from), inLowerDomain(data.identity)];
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const isOwn = identity.includes('@') ? from === identity : `.${domain}`.endsWith(`.${identity}`);
  return isOwn ? [] : [{ path: 'notices.from', problem: 'expected an address of notices.identity' }];
}

function unsentTexts({ path, value }: { path: string; value: unknown }): ValidationIssue[] {
  const { success, data } = EntitlementNoticesDraft.safeParse(value);
  if (!success) return [];
  return Object.keys(data.texts)
    .filter((kind) => !data.send.includes(kind))
    .map((kind) => ({
      path: `${path}.texts.${kind}`,
      problem: 'expected a kind that send names: no notice has this text',
    }));
}

/** Finds groups to which two entitlements give different names. */
function groupNames({ entitlements }: z.infer<typeof Draft>): ValidationIssue[] {
  const first = new Map<string, { path: string; name: string }>();
  return entitlements.flatMap((entitlement, index) =>
    (entitlement?.groups ?? []).flatMap((group, position) => {
      if (typeof group !== 'object') return [];
      const { id, name } = group;
      const path = `entitlements[${index}].groups[${position}].name`;
      const before = first.get(id);
      if (!before) first.set(id, { path, name });
      if (!before || before.name === name) return [];
      return [{ path, problem: `expected that of ${before.path}: it is the same group` }];
    }),
  );
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
