import type { Selector } from '../../../domain/request/request.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import { type DirectorySeed, emailsOf, type SeedGroup, type SeedUser } from './directory-seed.ts';
import { BEFORE_ALL, type Moment, TemporalMap, type TemporalPage } from './temporal-map.ts';

/** A user in the identity store. */
export interface User extends SeedUser {
  status: 'ENABLED' | 'DISABLED';
}

/** A group in the identity store. */
export interface Group {
  groupId: string;
  displayName: string | undefined;
}

/** A user's membership in a group. */
export interface Membership {
  membershipId: string;
  groupId: string;
  userId: string;
}

function lookupKeys({ userName, externalId, ...user }: SeedUser): string[] {
  const keys = [lookupKey({ userName }), ...emailsOf(user).map(({ value }) => lookupKey({ email: value }))];
  if (externalId !== undefined) keys.push(lookupKey({ externalId }));
  return keys;
}

/** Names and addresses in any case have one key; ids of an identity provider have one for each. */
function lookupKey(selector: Selector): string {
  if ('userName' in selector) return JSON.stringify(['userName', selector.userName.toLowerCase()]);
  if ('email' in selector) return JSON.stringify(['email', selector.email.toLowerCase()]);
  return JSON.stringify(['externalId', selector.externalId.issuer, selector.externalId.id]);
}

/** Returns what a change names. @throws Error with its id if it does not exist */
export function existing<T>(found: T | undefined, kind: 'user' | 'group' | 'application', id: string): T {
  if (found === undefined) throw new Error(`there is no ${kind} ${id}`);
  return found;
}

/** The users, groups and memberships of an identity store, with their history in virtual time. */
export class Directory {
  readonly identityStoreId: string;
  readonly #clock: Clock;
  readonly #users = new TemporalMap<User>();
  readonly #groups = new TemporalMap<Group>();
  readonly #members = new Map<string, TemporalMap<Membership>>();
  /** Ids of the users that ever had a name, an e-mail address or an external id, the oldest first. */
  readonly #lookup = new Map<string, string[]>();
  #memberships = 0;

  constructor(seed: Pick<DirectorySeed, 'identityStoreId' | 'users' | 'groups'>, clock: Clock) {
    this.identityStoreId = seed.identityStoreId;
    this.#clock = clock;
    for (const user of seed.users) this.#putUser(user, BEFORE_ALL);
    for (const group of seed.groups) this.#putGroup(group, BEFORE_ALL);
  }

  /** Adds a user. Does nothing if a user has this id. */
  addUser(user: SeedUser): void {
    if (this.user(user.userId) === undefined) this.#putUser(user, this.now());
  }

  /** Deletes a user with all memberships. */
  deleteUser(userId: string): void {
    if (this.user(userId) === undefined) return;
    const at = this.now();
    this.#users.set(userId, undefined, at);
    for (const members of this.#members.values()) {
      if (members.get(userId, undefined) !== undefined) members.set(userId, undefined, at);
    }
  }

  setStatus(userId: string, status: User['status']): void {
    const user = existing(this.user(userId), 'user', userId);
    if (user.status !== status) this.#users.set(userId, { ...user, status }, this.now());
  }

  /** Adds a group. Does nothing if a group has this id. */
  addGroup(group: SeedGroup): void {
    if (this.group(group.groupId) === undefined) this.#putGroup(group, this.now());
  }

  /** Deletes a group with all its memberships. */
  deleteGroup(groupId: string): void {
    if (this.group(groupId) === undefined) return;
    this.#groups.set(groupId, undefined, this.now());
    this.#members.get(groupId)?.clear(this.now());
  }

  join(groupId: string, userId: string): void {
    this.#join(groupId, userId, this.now());
  }

  /** Ends a membership. Does nothing if the user or the group no longer exists. */
  leave(groupId: string, userId: string): void {
    if (this.isMember(groupId, userId)) this.#members.get(groupId)?.set(userId, undefined, this.now());
  }

  user(userId: string, moment?: Moment): User | undefined {
    return this.#users.get(userId, moment);
  }

  /** Returns one page of all users. */
  users(limit: number, after?: string, moment?: Moment): TemporalPage<User> {
    return this.#users.page(limit, after, moment);
  }

  /** Finds users by a name or an address in any case, or by an external id as it is written; the one that was added first first. */
  findUsers(selector: Selector, moment?: Moment): User[] {
    const key = lookupKey(selector);
    const known = (this.#lookup.get(key) ?? []).flatMap((userId) => this.user(userId, moment) ?? []);
    return known.filter((user) => lookupKeys(user).includes(key));
  }

  group(groupId: string, moment?: Moment): Group | undefined {
    return this.#groups.get(groupId, moment);
  }

  /** Returns one page of all groups. */
  groups(limit: number, after?: string, moment?: Moment): TemporalPage<Group> {
    return this.#groups.page(limit, after, moment);
  }

  membership(groupId: string, userId: string, moment?: Moment): Membership | undefined {
    return this.#members.get(groupId)?.get(userId, moment);
  }

  isMember(groupId: string, userId: string, moment?: Moment): boolean {
    return this.membership(groupId, userId, moment) !== undefined;
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

  /** Returns the present users and groups in the form of a directory file. */
  protected identities(): Pick<DirectorySeed, 'users' | 'groups'> {
    return {
      users: this.#users.all(),
      groups: this.#groups.all().map(({ groupId, displayName }) => ({
        groupId,
        ...(displayName === undefined ? {} : { displayName }),
        members: (this.#members.get(groupId)?.all() ?? []).map(({ userId }) => userId),
      })),
    };
  }

  /** Returns the time in milliseconds since the epoch. */
  protected now(): number {
    return this.#clock.now().getTime();
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
    existing(this.group(groupId), 'group', groupId);
    existing(this.user(userId), 'user', userId);
    const members = existing(this.#members.get(groupId), 'group', groupId);
    if (members.get(userId, undefined) !== undefined) return;
    this.#memberships += 1;
    const membershipId = `00000000-0000-4000-8000-${this.#memberships.toString(16).padStart(12, '0')}`;
    members.set(userId, { membershipId, groupId, userId }, at);
  }
}
