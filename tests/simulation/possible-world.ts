import { recordOf } from '../../emulator/aws/cloudtrail/cloudtrail.ts';
import { REGION, STORE_ID, user } from '../support/ids.ts';
import { type Action, APPLICATIONS, GROUPS, PEOPLE, person, START } from './cast.ts';
import type { Deed, RuleChoice } from './deeds.ts';
import { rulesOf } from './rules.ts';
import { returnedPlan, type SubscriptionChoices } from './subscriptions.ts';

/** A history says nothing about how its executions end: that is what it is played for. */
export const ANY = ['converged', 'handedOver', 'ignored', 'held', 'failed'] satisfies Action['expect'];

/** Who is there, as the actions go along. */
export class World {
  readonly #users = new Map<string, { enabled: boolean }>();
  readonly #groups = new Map<string, Set<string>>();
  readonly #applications = new Set(APPLICATIONS);
  #rules: RuleChoice;
  #subscriptions: SubscriptionChoices;

  constructor(
    members: readonly (readonly [user: number, group: number])[],
    rules: RuleChoice,
    subscriptions: SubscriptionChoices,
  ) {
    this.#rules = rules;
    this.#subscriptions = subscriptions;
    for (let number = 1; number <= PEOPLE; number += 1) this.#users.set(user(number), { enabled: true });
    for (const [index, groupId] of GROUPS.entries()) {
      this.#groups.set(groupId, new Set(members.flatMap(([one, at]) => (at === index ? [user(one)] : []))));
    }
  }

  /** Returns the actions of a deed; none if it is not possible now. */
  deedsOf(deed: Deed, seconds: number, sequence: number): Omit<Action, 'at'>[] {
    if (deed.do === 'mistimed') return this.#mistimed(deed, seconds, sequence);
    const done = this.#changeOf(deed) ?? this.#otherDeedOf(deed, seconds, sequence);
    return done ? [done] : [];
  }

  /** A change whose event says that it came about at another time. */
  #mistimed(
    { user: number, group, via, ageSeconds }: Extract<Deed, { do: 'mistimed' }>,
    seconds: number,
    sequence: number,
  ): Omit<Action, 'at'>[] {
    const lost = { afterSeconds: 0, times: 0 };
    const change = this.#changeOf({ do: 'toggle', user: number, group, via, delivery: lost });
    if (!change) return [];
    const event = eventOf(
      { change: change.join ? 'join' : 'leave', user: number, group, via, ageSeconds },
      seconds,
      sequence,
    );
    return [change, { event, expect: ANY }];
  }

  /** A change in the directory. */
  #changeOf(deed: Deed): Omit<Action, 'at'> | undefined {
    switch (deed.do) {
      case 'join':
      case 'toggle': {
        const [userId, groupId] = [user(deed.user), GROUPS[deed.group] ?? ''];
        const members = this.#groups.get(groupId);
        if (!members || !this.#users.has(userId)) return undefined;
        const leaves = members.has(userId);
        if (leaves && deed.do === 'join') return undefined;
        if (leaves) members.delete(userId);
        else members.add(userId);
        const change = { user: userId, group: groupId, via: deed.via };
        return { ...(leaves ? { leave: change } : { join: change }), deliver: deed.delivery, expect: ANY };
      }
      case 'leave': {
        const all = [...this.#groups].flatMap(([groupId, members]) =>
          [...members].map((userId) => ({ groupId, userId })),
        );
        const found = all[deed.membership % all.length];
        if (!found) return undefined;
        this.#groups.get(found.groupId)?.delete(found.userId);
        return {
          leave: { user: found.userId, group: found.groupId, via: deed.via },
          deliver: deed.delivery,
          expect: ANY,
        };
      }
      case 'status': {
        const userId = user(deed.user);
        const known = this.#users.get(userId);
        if (!known) return undefined;
        known.enabled = !known.enabled;
        const change = { user: userId, via: deed.via };
        return { ...(known.enabled ? { enable: change } : { disable: change }), deliver: deed.delivery, expect: ANY };
      }
      case 'delete': {
        const userId = user(deed.user);
        if (!this.#users.delete(userId)) return undefined;
        for (const members of this.#groups.values()) members.delete(userId);
        return { delete: { user: userId, via: deed.via }, deliver: deed.delivery, expect: ANY };
      }
      case 'hire': {
        const userId = user(deed.user);
        // An id is never given a second time.
        if (this.#hired.has(userId)) return undefined;
        this.#hired.add(userId);
        this.#users.set(userId, { enabled: true });
        return { addUser: person(deed.user) };
      }
      case 'deleteGroup': {
        const groupId = GROUPS[deed.group] ?? '';
        if (!this.#groups.delete(groupId)) return undefined;
        return { deleteGroup: { group: groupId, via: deed.via }, deliver: deed.delivery, expect: ANY };
      }
      default:
        return undefined;
    }
  }

  #otherDeedOf(deed: Deed, seconds: number, sequence: number): Omit<Action, 'at'> | undefined {
    switch (deed.do) {
      case 'deleteApplication': {
        const application = APPLICATIONS[deed.application] ?? '';
        return this.#applications.delete(application) ? { deleteApplication: { application } } : undefined;
      }
      case 'expire':
        return { expire: { service: 'DynamoDB' } };
      case 'assign':
      case 'unassign': {
        const userId = user(deed.user);
        const application = APPLICATIONS[deed.application] ?? '';
        if (!(this.#users.has(userId) && this.#applications.has(application))) return undefined;
        const change = { user: userId, application };
        return deed.do === 'assign' ? { assign: change } : { unassign: change };
      }
      case 'assignGroup': {
        const groupId = GROUPS[deed.group] ?? '';
        const application = APPLICATIONS[deed.application] ?? '';
        if (!(this.#groups.has(groupId) && this.#applications.has(application))) return undefined;
        return { assign: { group: groupId, application } };
      }
      case 'subscribe':
      case 'unsubscribe':
      case 'changePlan':
      case 'adoptSubscriptions':
      case 'refuseAccount':
        return this.#subscriptionDeedOf(deed);
      case 'startUser': {
        const { userId, email } = person(deed.user);
        const who = deed.by === 'email' ? { email } : { userId };
        return { start: { ...who, waitSeconds: deed.waitSeconds }, expect: ANY };
      }
      case 'startGroup':
        return { start: { groupId: GROUPS[deed.group] }, expect: ANY };
      case 'everything':
      case 'tick':
        return { start: { scope: deed.do }, expect: ANY };
      case 'forge':
        return { event: eventOf(deed, seconds, sequence), expect: ANY };
      case 'deploy':
        this.#rules = deed.rules;
        return { deploy: rulesOf(this.#rules, this.#subscriptions) };
      case 'adopt':
        return { admin: { adopt: deed.application === 0 ? 'first' : 'second' }, expect: ANY };
      case 'release':
        return this.#applications.has(APPLICATIONS[deed.application] ?? '')
          ? { release: { application: APPLICATIONS[deed.application] ?? '' }, expect: ANY }
          : undefined;
      case 'giveUp':
        return { start: { application: APPLICATIONS[deed.application] }, expect: ANY };
      case 'lag':
        return { lag: { operation: deed.operation, seconds: deed.seconds } };
      case 'fault':
        return { fault: deed.fault };
      case 'stop':
      case 'redrive':
        return { [deed.do]: { execution: deed.execution } };
      default:
        return undefined;
    }
  }

  #subscriptionDeedOf(deed: SubscriptionDeed): Omit<Action, 'at'> | undefined {
    if (deed.do === 'refuseAccount') return { quirks: { accountRefusal: deed.refusal } };
    const application = APPLICATIONS[deed.application] ?? '';
    const choice = this.#subscriptions[deed.application];
    if (!(choice && this.#applications.has(application))) return undefined;
    if (deed.do === 'changePlan') {
      const { plan, allowDowngrade } = deed;
      const changed = { ...choice, plan, allowDowngrade };
      this.#subscriptions = this.#subscriptions.map((one, index) => (index === deed.application ? changed : one));
      return { deploy: rulesOf(this.#rules, this.#subscriptions) };
    }
    if (deed.do === 'adoptSubscriptions') {
      const adopt = deed.application === 0 ? 'first' : 'second';
      return { admin: { adopt, subscriptions: deed.whose }, expect: ANY };
    }
    const userId = user(deed.user);
    if (!this.#users.has(userId)) return undefined;
    if (deed.do === 'unsubscribe') return { unsubscribe: { user: userId, application } };
    // Amazon Q Business subscribes a group only as such.
    const source = choice.provider === 'kiro' ? deed.source : 'INDIVIDUAL';
    return { subscribe: { user: userId, application, plan: returnedPlan(choice, deed.plan), source } };
  }

  readonly #hired = new Set<string>();
}

type SubscriptionDeed = Extract<
  Deed,
  { do: 'subscribe' | 'unsubscribe' | 'changePlan' | 'adoptSubscriptions' | 'refuseAccount' }
>;

/** An event about a membership, of a time that may be another one than now. */
function eventOf(
  deed: Pick<Extract<Deed, { do: 'forge' }>, 'change' | 'user' | 'group' | 'via' | 'ageSeconds'>,
  seconds: number,
  sequence: number,
) {
  const change = { change: deed.change, userId: user(deed.user), groupId: GROUPS[deed.group] ?? '' };
  const at = new Date(START + (seconds - deed.ageSeconds) * 1000);
  return recordOf(change, { via: deed.via, at, sequence: 1000 + sequence, identityStoreId: STORE_ID, region: REGION });
}
