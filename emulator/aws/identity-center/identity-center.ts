import * as z from 'zod/mini';
import type { Selector } from '../../../domain/request/request.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { DirectorySeed, SeedGroup, SeedSubscription, SeedUser } from './directory-seed.ts';
import { type Quirks, type SubscriptionQuirks, USUAL } from './quirks.ts';
import { Q_BUSINESS_PROVIDER, type SubscriptionChange, Subscriptions } from './subscriptions.ts';
import { type Moment, TemporalMap, type TemporalPage } from './temporal-map.ts';

/** The reads whose lag can be set. The settings of an application do not change during a run. */
export const ReadOperationSchema = z.enum([
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.ListGroupMembershipsForMember',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
  'IdentityStore.GetUserId',
  'IdentityStore.DescribeGroup',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'UserSubscriptions.ListUserSubscriptions',
  'UserSubscriptions.ListApplicationClaims',
  'QBusiness.ListSubscriptions',
]);
/** See {@link ReadOperationSchema}. */
export type ReadOperation = z.infer<typeof ReadOperationSchema>;

/** A user in the identity store. */
export interface User extends SeedUser {
  status: 'ENABLED' | 'DISABLED';
}

/** A user's membership in a group. */
export interface Membership {
  membershipId: string;
  groupId: string;
  userId: string;
}

/** An assignment: this principal may use the application. */
export interface Assignment {
  applicationArn: string;
  principalId: string;
  principalType: 'USER' | 'GROUP';
}

/** The settings of an application. */
export interface Application {
  applicationArn: string;
  name: string | undefined;
  provider: string | undefined;
  assignmentRequired: boolean;
  status: 'ENABLED' | 'DISABLED';
  /** Region of the profile, or of the Amazon Q Business application, if it is not that of Identity Center. */
  region: string | undefined;
}

/** Time of the directory file's content: before each change of a run, so that also the slowest read sees it. */
const BEFORE_ALL = Number.NEGATIVE_INFINITY;

function lookupKeys({ userName, email, externalId }: SeedUser): string[] {
  const keys = [lookupKey({ userName })];
  if (email !== undefined) keys.push(lookupKey({ email }));
  if (externalId !== undefined) keys.push(lookupKey({ externalId }));
  return keys;
}

/** User names and e-mail addresses are case-insensitive; ids of an identity provider are case-sensitive. */
function lookupKey(selector: Selector): string {
  if ('userName' in selector) return JSON.stringify(['userName', selector.userName.toLowerCase()]);
  if ('email' in selector) return JSON.stringify(['email', selector.email.toLowerCase()]);
  return JSON.stringify(['externalId', selector.externalId.issuer, selector.externalId.id]);
}

/** Returns the key of an assignment within its application. */
function assignmentKey(principalId: string, principalType: Assignment['principalType']): string {
  return `${principalId} ${principalType}`;
}

/**
 * The state of Identity Center: users, groups, memberships, applications and their assignments, with their history in
 * virtual time. Changes take effect at once. A query with a {@link Moment} sees the state at that moment.
 *
 * A repeated change has no effect. A change that names an unknown user, group or application throws an Error with its id.
 */
export class IdentityCenter {
  readonly identityStoreId: string;
  readonly instanceArn: string;
  readonly quirks: Readonly<Required<Quirks>>;
  readonly #clock: Clock;
  readonly #users = new TemporalMap<User>();
  readonly #groups = new TemporalMap<{ groupId: string; displayName: string | undefined }>();
  readonly #members = new Map<string, TemporalMap<Membership>>();
  readonly #applications = new Map<string, Application>();
  readonly #assignments = new Map<string, TemporalMap<Assignment>>();
  readonly #subscriptions = new Subscriptions();
  /** Ids of the users that ever had a name, an e-mail address or an external id, the oldest first. */
  readonly #lookup = new Map<string, string[]>();
  readonly #lagSeconds = new Map<ReadOperation, number>();
  #memberships = 0;

  /** @param options `quirks` default to the first of their values */
  constructor(seed: DirectorySeed, options: { clock: Clock; instanceArn: string; quirks?: Quirks }) {
    this.identityStoreId = seed.identityStoreId;
    this.instanceArn = options.instanceArn;
    this.#clock = options.clock;
    this.quirks = { ...USUAL, ...options.quirks };
    for (const user of seed.users) this.#putUser(user, BEFORE_ALL);
    for (const group of seed.groups) this.#putGroup(group, BEFORE_ALL);
    for (const application of seed.applications) this.#putApplication(application);
  }

  /** Adds a user. Does nothing if a user has this id. */
  addUser(user: SeedUser): void {
    if (this.user(user.userId) === undefined) this.#putUser(user, this.#now());
  }

  /** Deletes a user with all memberships and, unless a quirk says otherwise, assignments. */
  deleteUser(userId: string): void {
    const at = this.#now();
    if (this.user(userId) === undefined) return;
    this.#users.set(userId, undefined, at);
    for (const members of this.#members.values()) {
      if (members.get(userId, undefined) !== undefined) members.set(userId, undefined, at);
    }
    if (this.quirks.assignmentsOfDeletedUsers === 'end') this.#endAssignments(userId, 'USER', at);
  }

  setStatus(userId: string, status: User['status']): void {
    const user = this.#existing(this.user(userId), 'user', userId);
    if (user.status !== status) this.#users.set(userId, { ...user, status }, this.#now());
  }

  /** Adds a group. Does nothing if a group has this id. */
  addGroup(group: SeedGroup): void {
    if (this.group(group.groupId) === undefined) this.#putGroup(group, this.#now());
  }

  /** Deletes a group with all its memberships and its own assignments. */
  deleteGroup(groupId: string): void {
    const at = this.#now();
    if (this.group(groupId) === undefined) return;
    this.#groups.set(groupId, undefined, at);
    this.#members.get(groupId)?.clear(at);
    this.#endAssignments(groupId, 'GROUP', at);
  }

  /** Deletes an application with all its assignments and subscriptions. */
  deleteApplication(applicationArn: string): void {
    this.#applications.delete(applicationArn);
    this.#assignments.get(applicationArn)?.clear(this.#now());
    this.#subscriptions.clear(applicationArn, this.#now());
  }

  join(groupId: string, userId: string): void {
    this.#join(groupId, userId, this.#now());
  }

  /** Ends a membership. Does nothing if the user or the group no longer exists. */
  leave(groupId: string, userId: string): void {
    if (this.isMember(groupId, userId)) this.#members.get(groupId)?.set(userId, undefined, this.#now());
  }

  /** Assigns a principal, as an administrator does in the console. */
  assignByHand(applicationArn: string, principalId: string, principalType: Assignment['principalType'] = 'USER'): void {
    const assignments = this.#assignmentsOf(applicationArn);
    const key = assignmentKey(principalId, principalType);
    if (assignments.get(key, undefined) !== undefined) return;
    assignments.set(key, { applicationArn, principalId, principalType }, this.#now());
  }

  /** Removes an assignment, as an administrator does in the console. */
  unassignByHand(
    applicationArn: string,
    principalId: string,
    principalType: Assignment['principalType'] = 'USER',
  ): void {
    this.#assignmentsOf(applicationArn);
    this.#endAssignment(applicationArn, { principalId, principalType }, this.#now());
  }

  /**
   * Subscribes a user, as an administrator does in the console. With the source `GROUP`, the user has it through a group.
   * Does nothing if the user has a subscription from the same source.
   *
   * @param subscription `plan` is the name that AWS returns
   */
  subscribe(
    applicationArn: string,
    subscription: { userId: string; plan: string; source?: 'INDIVIDUAL' | 'GROUP' | undefined },
  ): void {
    const { userId, plan, source = 'INDIVIDUAL' } = subscription;
    const at = this.#now();
    if (this.#isOfQBusiness(applicationArn)) {
      this.#subscriptions.subscribe(applicationArn, { user: userId, plan }, at);
      return;
    }
    const status = this.quirks.newSubscriptions;
    const activated = status === 'ACTIVE' ? { activatedAt: new Date(at).toISOString() } : {};
    this.#subscriptions.subscribe(applicationArn, { user: userId, plan, status, source, ...activated }, at);
    if (source === 'INDIVIDUAL' && this.quirks.subscribingAssigns) this.assignByHand(applicationArn, userId);
  }

  /** Changes the plan of the user's own subscription: to a higher one at once, to a lower one next month. */
  changePlan(applicationArn: string, change: { userId: string; plan: string }): void {
    this.#subscriptions.changePlan(applicationArn, change, this.#now());
  }

  /** Cancels the user's own subscription. Does nothing if there is none. */
  unsubscribe(applicationArn: string, userId: string): void {
    if (!this.#subscriptions.cancel(applicationArn, userId, this.#now())) return;
    const unassigns = this.quirks.cancellingUnassigns && !this.#isOfQBusiness(applicationArn);
    if (unassigns && this.subscriptionsOfUser(applicationArn, userId).length === 0) {
      this.unassignByHand(applicationArn, userId);
    }
  }

  /** From now on, AWS gives other answers on subscriptions. */
  changeQuirks(changes: SubscriptionQuirks): void {
    Object.assign(this.quirks, changes);
  }

  /** Makes this operation show the state of this many seconds before each call. */
  setLag(operation: ReadOperation, seconds: number): void {
    this.#lagSeconds.set(operation, seconds);
  }

  /** Returns the moment that a call of this operation sees now. */
  seenBy(operation: ReadOperation): Moment {
    const lag = this.#lagSeconds.get(operation) ?? 0;
    return lag === 0 ? undefined : this.#now() - lag * 1000;
  }

  user(userId: string, moment?: Moment): User | undefined {
    return this.#users.get(userId, moment);
  }

  /** Returns one page of all users. */
  users(limit: number, after?: string, moment?: Moment): TemporalPage<User> {
    return this.#users.page(limit, after, moment);
  }

  /** Finds a user. If several match, which AWS's uniqueness rules exclude, returns the one that was added first. */
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

  /** Returns one page of all groups. */
  groups(
    limit: number,
    after?: string,
    moment?: Moment,
  ): TemporalPage<{ groupId: string; displayName: string | undefined }> {
    return this.#groups.page(limit, after, moment);
  }

  /** Returns the present state in the form of a directory file. */
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
      applications: this.applications().map(({ name, provider, region, ...application }) => {
        const subscriptions = this.subscriptionsOf(application.applicationArn);
        const assignments = this.#assignments.get(application.applicationArn)?.all() ?? [];
        const of = (type: Assignment['principalType']) =>
          assignments.filter(({ principalType }) => principalType === type).map(({ principalId }) => principalId);
        return {
          ...application,
          ...(name === undefined ? {} : { name }),
          ...(provider === undefined ? {} : { provider }),
          ...(region === undefined ? {} : { region }),
          ...(subscriptions.length === 0 ? {} : { subscriptions: [...subscriptions] }),
          assigned: of('USER'),
          assignedGroups: of('GROUP'),
        };
      }),
    });
  }

  /** Returns the subscriptions of an application in the order in which they were made, cancelled ones included. */
  subscriptionsOf(applicationArn: string, moment?: Moment): readonly SeedSubscription[] {
    return this.#subscriptions.of(applicationArn, moment);
  }

  /** Returns the subscriptions of a user, also through groups, that are not cancelled. */
  subscriptionsOfUser(applicationArn: string, userId: string, moment?: Moment): SeedSubscription[] {
    return this.#subscriptions.ofUser(applicationArn, userId, moment);
  }

  /** Changes of users' own subscriptions that took effect, the oldest first. */
  get subscriptionChanges(): readonly SubscriptionChange[] {
    return this.#subscriptions.changes;
  }

  /** Returns all applications, ordered by ARN. */
  applications(): Application[] {
    return [...this.#applications.keys()].sort().flatMap((arn) => this.#applications.get(arn) ?? []);
  }

  isMember(groupId: string, userId: string, moment?: Moment): boolean {
    return this.#members.get(groupId)?.get(userId, moment) !== undefined;
  }

  /** Returns one page of a group's memberships; empty if the group does not exist. */
  memberships(groupId: string, limit: number, after?: string, moment?: Moment): TemporalPage<Membership> {
    return this.#members.get(groupId)?.page(limit, after, moment) ?? { values: [], next: undefined };
  }

  /** Returns one page of a user's memberships, ordered by group; empty if the user does not exist. */
  membershipsOf(userId: string, limit: number, after?: string, moment?: Moment): TemporalPage<Membership> {
    const values = [...this.#members]
      .filter(([groupId]) => after === undefined || groupId > after)
      .flatMap(([, members]) => members.get(userId, moment) ?? [])
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
    const page = values.slice(0, limit);
    return { values: page, next: values.length > limit ? page.at(-1)?.groupId : undefined };
  }

  application(applicationArn: string): Application | undefined {
    return this.#applications.get(applicationArn);
  }

  isAssigned(assignment: Assignment, moment?: Moment): boolean {
    const { applicationArn, principalId, principalType } = assignment;
    return this.#assignments.get(applicationArn)?.get(assignmentKey(principalId, principalType), moment) !== undefined;
  }

  /** Returns one page of an application's assignments; empty if the application does not exist. */
  assigned(applicationArn: string, limit: number, after?: string, moment?: Moment): TemporalPage<Assignment> {
    return this.#assignments.get(applicationArn)?.page(limit, after, moment) ?? { values: [], next: undefined };
  }

  /** Returns all present assignments, ordered by application and principal. */
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

  #assignmentsOf(applicationArn: string): TemporalMap<Assignment> {
    this.#existing(this.application(applicationArn), 'application', applicationArn);
    return this.#existing(this.#assignments.get(applicationArn), 'application', applicationArn);
  }

  #putApplication(seed: DirectorySeed['applications'][number]): void {
    const { applicationArn, name, provider, assignmentRequired = true, status = 'ENABLED' } = seed;
    const { region, subscriptions = [] } = seed;
    const settings = { name, provider, assignmentRequired, status, region };
    this.#applications.set(applicationArn, { applicationArn, ...settings });
    const assignments = new TemporalMap<Assignment>();
    this.#assignments.set(applicationArn, assignments);
    for (const subscription of subscriptions) this.#subscriptions.add(applicationArn, subscription, BEFORE_ALL);
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
    if (!this.#members.has(groupId)) this.#members.set(groupId, new TemporalMap());
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
    for (const applicationArn of this.#assignments.keys()) {
      this.#endAssignment(applicationArn, { principalId, principalType }, at);
    }
  }

  #endAssignment(
    applicationArn: string,
    { principalId, principalType }: Pick<Assignment, 'principalId' | 'principalType'>,
    at: number,
  ): void {
    const assignments = this.#assignments.get(applicationArn);
    const key = assignmentKey(principalId, principalType);
    if (assignments?.get(key, undefined) === undefined) return;
    assignments.set(key, undefined, at);
    if (principalType === 'USER' && this.quirks.unassigningCancels) {
      this.#subscriptions.cancel(applicationArn, principalId, at);
    }
  }

  #isOfQBusiness(applicationArn: string): boolean {
    const application = this.#existing(this.application(applicationArn), 'application', applicationArn);
    return application.provider === Q_BUSINESS_PROVIDER;
  }
}
