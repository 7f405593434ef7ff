import * as z from 'zod/mini';
import type { Clock } from '../domain/clock.ts';
import { ApplicationArn, ResourceId } from '../domain/ids.ts';
import type { Selector } from '../domain/request.ts';

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

/** Answers that AWS doesn't document; the stand-in gives either one. */
export const QuirksSchema = z.strictObject({
  /** CreateApplicationAssignment of an assignment that exists. */
  repeatedCreate: z.optional(z.enum(['ok', 'conflict'])),
  /** DeleteApplicationAssignment of one that doesn't. */
  deleteMissing: z.optional(z.enum(['ok', 'not-found'])),
  /** Whether DescribeUser and ListUsers tell `UserStatus`, which the API reference has as optional. */
  userStatus: z.optional(z.enum(['present', 'absent'])),
  /** IsMemberInGroups with a group that doesn't exist. */
  missingGroup: z.optional(z.enum(['not-found', 'no-member'])),
});
/** See {@link QuirksSchema}. */
export type Quirks = z.infer<typeof QuirksSchema>;

/** The reads whose lag can be set; an application's own settings don't change in a run. */
export const ReadOperationSchema = z.enum([
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
  'IdentityStore.GetUserId',
  'IdentityStore.DescribeGroup',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
]);
/** See {@link ReadOperationSchema}. */
export type ReadOperation = z.infer<typeof ReadOperationSchema>;

/** A moment of the past in milliseconds since the epoch, as a lagging read sees it; undefined is now. */
export type Moment = number | undefined;

/** Part of a list in the order of its keys; `next` is the last key, undefined on the last page. */
export interface Page<V> {
  values: V[];
  next: string | undefined;
}

/** Facts by key that remember when they changed, so that a lagging read sees the past. */
class Timeline<V> {
  /** Oldest first; undefined is "not there". */
  readonly #changes = new Map<string, { at: number; value: V | undefined }[]>();
  /** In order. Keys stay when their fact ends, or a lagging read would miss them. */
  readonly #keys: string[] = [];

  set(key: string, value: V | undefined, at: number): void {
    const changes = this.#changes.get(key);
    if (changes) {
      changes.push({ at, value });
      return;
    }
    this.#changes.set(key, [{ at, value }]);
    this.#keys.splice(this.#after(key), 0, key);
  }

  get(key: string, moment: Moment): V | undefined {
    const changes = this.#changes.get(key);
    return moment === undefined ? changes?.at(-1)?.value : changes?.findLast(({ at }) => at <= moment)?.value;
  }

  /** @param limit how many at most @param after the key behind which the page begins */
  page(limit: number, after: string | undefined, moment: Moment): Page<V> {
    const values: V[] = [];
    let last: string | undefined;
    for (let index = after === undefined ? 0 : this.#after(after); index < this.#keys.length; index += 1) {
      const key = this.#keys[index] ?? '';
      const value = this.get(key, moment);
      if (value === undefined) continue;
      if (values.length === limit) return { values, next: last };
      values.push(value);
      last = key;
    }
    return { values, next: undefined };
  }

  all(): V[] {
    return this.page(Number.POSITIVE_INFINITY, undefined, undefined).values;
  }

  /** Ends every fact. */
  end(at: number): void {
    for (const key of this.#keys) if (this.get(key, undefined) !== undefined) this.set(key, undefined, at);
  }

  /** Where the first key greater than this one stands. */
  #after(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') > key) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** A user as the identity store holds it. */
export interface User extends SeedUser {
  status: 'ENABLED' | 'DISABLED';
}

/** A user's place in a group. */
export interface Membership {
  membershipId: string;
  groupId: string;
  userId: string;
}

/** What an application holds: this principal may use it. */
export interface Assignment {
  applicationArn: string;
  principalId: string;
  principalType: 'USER' | 'GROUP';
}

/** An application's own settings. */
export interface Application {
  applicationArn: string;
  name: string | undefined;
  provider: string | undefined;
  assignmentRequired: boolean;
  status: 'ENABLED' | 'DISABLED';
}

/** Before anything that a run changes: what the directory file holds is visible to the slowest read. */
const BEFORE_ALL = Number.NEGATIVE_INFINITY;

function lookupKeys({ userName, email, externalId }: SeedUser): string[] {
  const keys = [lookupKey({ userName })];
  if (email !== undefined) keys.push(lookupKey({ email }));
  if (externalId !== undefined) keys.push(lookupKey({ externalId }));
  return keys;
}

/** User names and addresses are compared without regard to case, ids of an identity provider as they are. */
function lookupKey(selector: Selector): string {
  if ('userName' in selector) return JSON.stringify(['userName', selector.userName.toLowerCase()]);
  if ('email' in selector) return JSON.stringify(['email', selector.email.toLowerCase()]);
  return JSON.stringify(['externalId', selector.externalId.issuer, selector.externalId.id]);
}

/** The key of an assignment within its application. */
function assignmentKey(principalId: string, principalType: Assignment['principalType']): string {
  return `${principalId} ${principalType}`;
}

/**
 * The world behind the stand-in: users, groups, memberships, applications and their assignments, and how they came
 * about in virtual time. Actions change it at once; queries take a {@link Moment} to see it as it was.
 *
 * Repeating an action changes nothing. Naming a user, group or application that isn't there throws an Error with its id.
 */
export class IdentityCenter {
  readonly identityStoreId: string;
  readonly instanceArn: string;
  readonly quirks: Readonly<Required<Quirks>>;
  readonly #clock: Clock;
  readonly #users = new Timeline<User>();
  readonly #groups = new Timeline<{ groupId: string; displayName: string | undefined }>();
  readonly #members = new Map<string, Timeline<Membership>>();
  readonly #applications = new Map<string, Application>();
  readonly #assignments = new Map<string, Timeline<Assignment>>();
  /** Ids of users that ever had a name, an address or an external id, oldest first. */
  readonly #lookup = new Map<string, string[]>();
  readonly #lagSeconds = new Map<ReadOperation, number>();
  #memberships = 0;

  /** @param options `quirks` that are left out are `ok`, `ok`, `present`, `not-found` */
  constructor(seed: DirectorySeed, options: { clock: Clock; instanceArn: string; quirks?: Quirks }) {
    this.identityStoreId = seed.identityStoreId;
    this.instanceArn = options.instanceArn;
    this.#clock = options.clock;
    this.quirks = {
      repeatedCreate: 'ok',
      deleteMissing: 'ok',
      userStatus: 'present',
      missingGroup: 'not-found',
      ...options.quirks,
    };
    for (const user of seed.users) this.#putUser(user, BEFORE_ALL);
    for (const group of seed.groups) this.#putGroup(group, BEFORE_ALL);
    for (const application of seed.applications) this.#putApplication(application);
  }

  /** Does nothing when there is a user with this id. */
  addUser(user: SeedUser): void {
    if (this.user(user.userId) === undefined) this.#putUser(user, this.#now());
  }

  /** Ends the user's memberships and assignments as well, as AWS does. */
  deleteUser(userId: string): void {
    const at = this.#now();
    if (this.user(userId) === undefined) return;
    this.#users.set(userId, undefined, at);
    for (const members of this.#members.values()) {
      if (members.get(userId, undefined) !== undefined) members.set(userId, undefined, at);
    }
    this.#endAssignments(userId, 'USER', at);
  }

  setStatus(userId: string, status: User['status']): void {
    const user = this.#existing(this.user(userId), 'user', userId);
    if (user.status !== status) this.#users.set(userId, { ...user, status }, this.#now());
  }

  /** Does nothing when there is a group with this id. */
  addGroup(group: SeedGroup): void {
    if (this.group(group.groupId) === undefined) this.#putGroup(group, this.#now());
  }

  /** Ends the group's memberships and its own assignments as well. */
  deleteGroup(groupId: string): void {
    const at = this.#now();
    if (this.group(groupId) === undefined) return;
    this.#groups.set(groupId, undefined, at);
    this.#members.get(groupId)?.end(at);
    this.#endAssignments(groupId, 'GROUP', at);
  }

  join(groupId: string, userId: string): void {
    this.#join(groupId, userId, this.#now());
  }

  /** Users and groups that are gone have no members: nothing happens. */
  leave(groupId: string, userId: string): void {
    if (this.isMember(groupId, userId)) this.#members.get(groupId)?.set(userId, undefined, this.#now());
  }

  /** Somebody assigns in the console. */
  assignByHand(applicationArn: string, principalId: string, principalType: Assignment['principalType'] = 'USER'): void {
    const assignments = this.#existing(this.#assignments.get(applicationArn), 'application', applicationArn);
    const key = assignmentKey(principalId, principalType);
    if (assignments.get(key, undefined) !== undefined) return;
    assignments.set(key, { applicationArn, principalId, principalType }, this.#now());
  }

  /** Somebody takes an assignment back in the console. */
  unassignByHand(
    applicationArn: string,
    principalId: string,
    principalType: Assignment['principalType'] = 'USER',
  ): void {
    const assignments = this.#existing(this.#assignments.get(applicationArn), 'application', applicationArn);
    const key = assignmentKey(principalId, principalType);
    if (assignments.get(key, undefined) !== undefined) assignments.set(key, undefined, this.#now());
  }

  /** From now on this operation shows the world as it was so many seconds before each call. */
  setLag(operation: ReadOperation, seconds: number): void {
    this.#lagSeconds.set(operation, seconds);
  }

  /** The moment that a call of this operation sees now. */
  seenBy(operation: ReadOperation): Moment {
    const lag = this.#lagSeconds.get(operation) ?? 0;
    return lag === 0 ? undefined : this.#now() - lag * 1000;
  }

  user(userId: string, moment?: Moment): User | undefined {
    return this.#users.get(userId, moment);
  }

  /** All users by pages. */
  users(limit: number, after?: string, moment?: Moment): Page<User> {
    return this.#users.page(limit, after, moment);
  }

  /** Should several users match, which AWS's uniqueness rules exclude, the first to be added is meant. */
  findUser(selector: Selector, moment?: Moment): User | undefined {
    const key = lookupKey(selector);
    for (const userId of this.#lookup.get(key) ?? []) {
      const user = this.user(userId, moment);
      if (user && lookupKeys(user).includes(key)) return user;
    }
    return undefined;
  }

  group(groupId: string, moment?: Moment): { groupId: string; displayName: string | undefined } | undefined {
    return this.#groups.get(groupId, moment);
  }

  /** All groups by pages. */
  groups(limit: number, after?: string, moment?: Moment): Page<{ groupId: string; displayName: string | undefined }> {
    return this.#groups.page(limit, after, moment);
  }

  /** As it stands now, in the form in which it can begin anew. */
  seed(): DirectorySeed {
    const drop = <T extends object>(seed: T): T => JSON.parse(JSON.stringify(seed));
    return drop({
      identityStoreId: this.identityStoreId,
      users: this.#users.all(),
      groups: this.#groups.all().map(({ groupId, displayName }) => ({
        groupId,
        ...(displayName === undefined ? {} : { displayName }),
        members: (this.#members.get(groupId)?.all() ?? []).map(({ userId }) => userId),
      })),
      applications: this.applications().map(({ name, provider, ...application }) => {
        const assignments = this.#assignments.get(application.applicationArn)?.all() ?? [];
        const of = (type: Assignment['principalType']) =>
          assignments.filter(({ principalType }) => principalType === type).map(({ principalId }) => principalId);
        return {
          ...application,
          ...(name === undefined ? {} : { name }),
          ...(provider === undefined ? {} : { provider }),
          assigned: of('USER'),
          assignedGroups: of('GROUP'),
        };
      }),
    });
  }

  /** By ARN. */
  applications(): Application[] {
    return [...this.#applications.keys()].sort().flatMap((arn) => this.#applications.get(arn) ?? []);
  }

  isMember(groupId: string, userId: string, moment?: Moment): boolean {
    return this.#members.get(groupId)?.get(userId, moment) !== undefined;
  }

  /** A group's memberships by pages; empty for a group that doesn't exist. */
  memberships(groupId: string, limit: number, after?: string, moment?: Moment): Page<Membership> {
    return this.#members.get(groupId)?.page(limit, after, moment) ?? { values: [], next: undefined };
  }

  application(applicationArn: string): Application | undefined {
    return this.#applications.get(applicationArn);
  }

  isAssigned(assignment: Assignment, moment?: Moment): boolean {
    const { applicationArn, principalId, principalType } = assignment;
    return this.#assignments.get(applicationArn)?.get(assignmentKey(principalId, principalType), moment) !== undefined;
  }

  /** An application's assignments by pages; empty for one that doesn't exist. */
  assigned(applicationArn: string, limit: number, after?: string, moment?: Moment): Page<Assignment> {
    return this.#assignments.get(applicationArn)?.page(limit, after, moment) ?? { values: [], next: undefined };
  }

  /** All that the applications hold now, by application and principal. */
  assignments(): Assignment[] {
    const applicationArns = [...this.#assignments.keys()].sort();
    return applicationArns.flatMap((applicationArn) => this.#assignments.get(applicationArn)?.all() ?? []);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #existing<T>(found: T | undefined, kind: string, id: string): T {
    if (found === undefined) throw new Error(`there is no ${kind} ${id}`);
    return found;
  }

  #putApplication(seed: DirectorySeed['applications'][number]): void {
    const { applicationArn, name, provider, assignmentRequired = true, status = 'ENABLED' } = seed;
    this.#applications.set(applicationArn, { applicationArn, name, provider, assignmentRequired, status });
    const assignments = new Timeline<Assignment>();
    this.#assignments.set(applicationArn, assignments);
    const assign = (principalId: string, principalType: Assignment['principalType']) =>
      assignments.set(
        assignmentKey(principalId, principalType),
        { applicationArn, principalId, principalType },
        BEFORE_ALL,
      );
    for (const userId of seed.assigned ?? []) assign(userId, 'USER');
    for (const groupId of seed.assignedGroups ?? []) assign(groupId, 'GROUP');
  }

  #putUser(seed: SeedUser, at: number): void {
    const user: User = { ...seed, status: seed.status ?? 'ENABLED' };
    this.#users.set(user.userId, user, at);
    for (const key of lookupKeys(user)) {
      const userIds = this.#lookup.get(key);
      if (userIds === undefined) this.#lookup.set(key, [user.userId]);
      else if (!userIds.includes(user.userId)) userIds.push(user.userId);
    }
  }

  #putGroup({ groupId, displayName, members = [] }: SeedGroup, at: number): void {
    this.#groups.set(groupId, { groupId, displayName }, at);
    if (!this.#members.has(groupId)) this.#members.set(groupId, new Timeline());
    for (const userId of members) this.#join(groupId, userId, at);
  }

  #join(groupId: string, userId: string, at: number): void {
    this.#existing(this.group(groupId), 'group', groupId);
    this.#existing(this.user(userId), 'user', userId);
    const members = this.#existing(this.#members.get(groupId), 'group', groupId);
    if (members.get(userId, undefined) !== undefined) return;
    this.#memberships += 1;
    const membershipId = `00000000-0000-4000-8000-${this.#memberships.toString(16).padStart(12, '0')}`;
    members.set(userId, { membershipId, groupId, userId }, at);
  }

  #endAssignments(principalId: string, principalType: Assignment['principalType'], at: number): void {
    const key = assignmentKey(principalId, principalType);
    for (const assignments of this.#assignments.values()) {
      if (assignments.get(key, undefined) !== undefined) assignments.set(key, undefined, at);
    }
  }
}
