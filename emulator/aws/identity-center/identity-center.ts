import type { Clock } from '../../../domain/shared/clock.ts';
import { Directory, existing } from './directory.ts';
import type { DirectorySeed, SeedSubscription } from './directory-seed.ts';
import { type Quirks, type SubscriptionQuirks, USUAL } from './quirks.ts';
import type { ReadOperation } from './reads.ts';
import { isLive, Q_BUSINESS_PROVIDER, type SubscriptionChange, Subscriptions } from './subscriptions.ts';
import { BEFORE_ALL, type Moment, TemporalMap, type TemporalPage } from './temporal-map.ts';

/** An assignment: this principal may use the application. */
export interface Assignment {
  applicationArn: string;
  principalId: string;
  principalType: 'USER' | 'GROUP';
}

/** What a user gets who gets a subscription without having asked for a plan. */
const LOWEST_PLAN = 'KIRO_ENTERPRISE_PRO';

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

/** Returns the key of an assignment within its application. */
function assignmentKey({ principalId, principalType }: Omit<Assignment, 'applicationArn'>): string {
  return `${principalId} ${principalType}`;
}

/**
 * The state of Identity Center: users, groups, memberships, applications, their assignments and subscriptions, with their
 * history in virtual time. Changes take effect at once. A query with a {@link Moment} sees the state at that moment.
 *
 * A repeated change has no effect. A change that names an unknown user, group or application throws an Error with its id.
 */
export class IdentityCenter extends Directory {
  readonly instanceArn: string;
  readonly quirks: Readonly<Required<Quirks>>;
  readonly #applications = new Map<string, Application>();
  readonly #assignments = new Map<string, TemporalMap<Assignment>>();
  readonly #subscriptions = new Subscriptions();
  readonly #lagSeconds = new Map<ReadOperation, number>();

  /** @param options `quirks` default to the first of their values */
  constructor(seed: DirectorySeed, options: { clock: Clock; instanceArn: string; quirks?: Quirks }) {
    super(seed, options.clock);
    this.instanceArn = options.instanceArn;
    this.quirks = { ...USUAL, ...options.quirks };
    for (const application of seed.applications) this.#putApplication(application);
  }

  /** Deletes a user with all memberships and, unless a quirk says otherwise, assignments. */
  override deleteUser(userId: string): void {
    if (this.user(userId) === undefined) return;
    super.deleteUser(userId);
    if (this.quirks.assignmentsOfDeletedUsers === 'end') this.#endAssignments(userId, 'USER');
  }

  /** Deletes a group with all its memberships and its own assignments. */
  override deleteGroup(groupId: string): void {
    if (this.group(groupId) === undefined) return;
    super.deleteGroup(groupId);
    this.#endAssignments(groupId, 'GROUP');
  }

  /** Deletes an application with all its assignments and subscriptions. */
  deleteApplication(applicationArn: string): void {
    this.#applications.delete(applicationArn);
    this.#assignments.get(applicationArn)?.clear(this.now());
    this.#subscriptions.clear(applicationArn, this.now());
  }

  /** Assigns a principal, as an administrator does in the console. */
  assignByHand(applicationArn: string, principalId: string, principalType: Assignment['principalType'] = 'USER'): void {
    const assignment = { applicationArn, principalId, principalType };
    const assignments = this.#assignmentsOf(applicationArn);
    if (this.isAssigned(assignment)) return;
    assignments.set(assignmentKey(assignment), assignment, this.now());
    if (principalType === 'USER' && this.quirks.assigningSubscribes && !this.#isOfQBusiness(applicationArn)) {
      this.subscribe(applicationArn, { userId: principalId, plan: LOWEST_PLAN });
    }
  }

  /** Removes an assignment, as an administrator does in the console. */
  unassignByHand(
    applicationArn: string,
    principalId: string,
    principalType: Assignment['principalType'] = 'USER',
  ): void {
    const assignment = { applicationArn, principalId, principalType };
    const assignments = this.#assignmentsOf(applicationArn);
    if (!this.isAssigned(assignment)) return;
    assignments.set(assignmentKey(assignment), undefined, this.now());
    if (principalType === 'USER' && this.quirks.unassigningCancels) {
      this.#subscriptions.cancel(applicationArn, principalId, this.now());
    }
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
    const at = this.now();
    if (this.#isOfQBusiness(applicationArn)) {
      this.#subscriptions.subscribe(applicationArn, { user: userId, plan }, at);
      return;
    }
    const status = this.quirks.newSubscriptions;
    const activated = status === 'ACTIVE' ? { activatedAt: new Date(at).toISOString() } : {};
    this.#subscriptions.subscribe(applicationArn, { user: userId, plan, status, source, ...activated }, at);
    if (source === 'INDIVIDUAL' && this.quirks.subscribingAssigns) this.assignByHand(applicationArn, userId);
  }

  /** Charges a user once more who has a subscription of their own. */
  subscribeAgain(applicationArn: string, userId: string): void {
    this.#subscriptions.charge(applicationArn, userId, this.now());
  }

  /** Changes the plan of the user's own subscription: to a higher one at once, to a lower one next month. */
  changePlan(applicationArn: string, change: { userId: string; plan: string }): void {
    this.#subscriptions.changePlan(applicationArn, change, this.now());
  }

  /** Cancels the user's own subscription. Does nothing if there is none. */
  unsubscribe(applicationArn: string, userId: string): void {
    if (!this.#subscriptions.cancel(applicationArn, userId, this.now())) return;
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
    return lag === 0 ? undefined : this.now() - lag * 1000;
  }

  /** Returns the present state in the form of a directory file. */
  seed(): DirectorySeed {
    const drop = <T extends object>(seed: T): T => JSON.parse(JSON.stringify(seed));
    return drop({
      identityStoreId: this.identityStoreId,
      ...this.identities(),
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

  application(applicationArn: string): Application | undefined {
    return this.#applications.get(applicationArn);
  }

  /** Returns all applications, ordered by ARN. */
  applications(): Application[] {
    return [...this.#applications.keys()].sort().flatMap((arn) => this.#applications.get(arn) ?? []);
  }

  isAssigned(assignment: Assignment, moment?: Moment): boolean {
    return this.#assignments.get(assignment.applicationArn)?.get(assignmentKey(assignment), moment) !== undefined;
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

  /** Returns the subscriptions of an application in the order in which they were made, cancelled ones included. */
  subscriptionsOf(applicationArn: string, moment?: Moment): readonly SeedSubscription[] {
    return this.#subscriptions.of(applicationArn, moment);
  }

  /** Returns the subscriptions that AWS's lists show: of those that are cancelled, with a quirk, none. */
  shownSubscriptionsOf(applicationArn: string, moment?: Moment): readonly SeedSubscription[] {
    const all = this.subscriptionsOf(applicationArn, moment);
    return this.quirks.cancelledSubscriptions === 'absent' ? all.filter(isLive) : all;
  }

  /** Returns the subscriptions of a user, also through groups, that are not cancelled. */
  subscriptionsOfUser(applicationArn: string, userId: string, moment?: Moment): SeedSubscription[] {
    return this.#subscriptions.ofUser(applicationArn, userId, moment);
  }

  /** Changes of users' own subscriptions that took effect, the oldest first. */
  get subscriptionChanges(): readonly SubscriptionChange[] {
    return this.#subscriptions.changes;
  }

  #assignmentsOf(applicationArn: string): TemporalMap<Assignment> {
    existing(this.application(applicationArn), 'application', applicationArn);
    return existing(this.#assignments.get(applicationArn), 'application', applicationArn);
  }

  #putApplication(seed: DirectorySeed['applications'][number]): void {
    const { applicationArn, name, provider, assignmentRequired = true, status = 'ENABLED', region } = seed;
    this.#applications.set(applicationArn, { applicationArn, name, provider, assignmentRequired, status, region });
    for (const one of seed.subscriptions ?? []) this.#subscriptions.add(applicationArn, one, BEFORE_ALL);
    const assignments = new TemporalMap<Assignment>();
    this.#assignments.set(applicationArn, assignments);
    const assign = (principalIds: readonly string[] = [], principalType: Assignment['principalType']) => {
      for (const principalId of principalIds) {
        const assignment = { applicationArn, principalId, principalType };
        assignments.set(assignmentKey(assignment), assignment, BEFORE_ALL);
      }
    };
    assign(seed.assigned, 'USER');
    assign(seed.assignedGroups, 'GROUP');
  }

  /** Ends the assignments of a principal, with what ends with them. */
  #endAssignments(principalId: string, principalType: Assignment['principalType']): void {
    for (const applicationArn of this.#applications.keys()) {
      this.unassignByHand(applicationArn, principalId, principalType);
    }
  }

  #isOfQBusiness(applicationArn: string): boolean {
    const application = existing(this.application(applicationArn), 'application', applicationArn);
    return application.provider === Q_BUSINESS_PROVIDER;
  }
}
