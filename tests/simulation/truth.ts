import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import type { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';

/** A time in milliseconds since 1970. */
export type Moment = number;

/**
 * What is so, whatever Usher has read: who is entitled to what, now and in the past. Derived from the stand-in's
 * directory and the configurations that were deployed, and from nothing of Usher's.
 */
export class Truth {
  readonly #center: IdentityCenter;
  readonly #deployments: { at: Moment; entitlements: Entitlements }[];
  /** Times at which anything may have changed. */
  readonly #instants: Moment[] = [];

  constructor(center: IdentityCenter, entitlements: Entitlements) {
    this.#center = center;
    this.#deployments = [{ at: Number.NEGATIVE_INFINITY, entitlements }];
  }

  /** Something in the directory changes at this time. */
  note(at: Moment): void {
    if (this.#instants.at(-1) !== at) this.#instants.push(at);
  }

  deploy(at: Moment, entitlements: Entitlements): void {
    this.note(at);
    this.#deployments.push({ at, entitlements });
  }

  rulesAt(at: Moment): Entitlements {
    const found = this.#deployments.findLast((one) => one.at <= at);
    if (!found) throw new Error('there is always a configuration');
    return found.entitlements;
  }

  /** The configurations that were in force at some time from one moment to another. */
  rulesWithin(from: Moment, to: Moment): Entitlements[] {
    const later = this.#deployments.filter(({ at }) => at > from && at <= to).map(({ entitlements }) => entitlements);
    return [this.rulesAt(from), ...later];
  }

  ruleAt(applicationArn: string, at: Moment): Entitlement | undefined {
    return this.rulesAt(at).entitlements.find(({ application }) => application === applicationArn);
  }

  /** What the configurations of a time said about an application; undefined where it wasn't configured. */
  rulesOf(applicationArn: string, from: Moment, to: Moment): (Entitlement | undefined)[] {
    return this.rulesWithin(from, to).map(({ entitlements }) =>
      entitlements.find(({ application }) => application === applicationArn),
    );
  }

  /** A member of one of the groups, there and not disabled. */
  isEntitled(applicationArn: string, userId: string, at: Moment): boolean {
    const groups = this.ruleAt(applicationArn, at)?.groups ?? [];
    return this.isEnabled(userId, at) && groups.some((groupId) => this.isMember(groupId, userId, at));
  }

  /** Without UserStatus, everyone who is there counts as enabled. */
  isEnabled(userId: string, at: Moment): boolean {
    const user = this.#center.user(userId, at);
    return user !== undefined && (user.status === 'ENABLED' || this.#center.quirks.userStatus === 'absent');
  }

  /** Whether it is unknown if a user is enabled: AWS shows a status that its reference does not list. */
  hasUnknownStatus(userId: string, at: Moment): boolean {
    return this.#center.quirks.userStatus === 'new-value' && this.#center.user(userId, at)?.status === 'DISABLED';
  }

  /** As {@link isEntitled}, also of a user whose status is unknown. */
  mayBeEntitled(applicationArn: string, userId: string, at: Moment): boolean {
    const groups = this.ruleAt(applicationArn, at)?.groups ?? [];
    const mayBeEnabled = this.isEnabled(userId, at) || this.hasUnknownStatus(userId, at);
    return mayBeEnabled && groups.some((groupId) => this.isMember(groupId, userId, at));
  }

  isThere(applicationArn: string): boolean {
    return this.#center.application(applicationArn) !== undefined;
  }

  exists(userId: string, at: Moment): boolean {
    return this.#center.user(userId, at) !== undefined;
  }

  isMember(groupId: string, userId: string, at: Moment): boolean {
    return this.#center.isMember(groupId, userId, at);
  }

  /** A configured group has no members, or isn't there. */
  hasEmptyGroup(applicationArn: string, at: Moment): boolean {
    const rule = this.ruleAt(applicationArn, at);
    return (
      rule?.groups.some((groupId) => this.#center.memberships(groupId, 1, undefined, at).values.length === 0) ?? false
    );
  }

  /** Whether something was so at some moment of a time. */
  some(from: Moment, to: Moment, isSo: (at: Moment) => boolean): boolean {
    return this.#moments(from, to).some(isSo);
  }

  /** Whether something was so all the time. */
  always(from: Moment, to: Moment, isSo: (at: Moment) => boolean): boolean {
    return this.#moments(from, to).every(isSo);
  }

  /** The beginning of a time and every change in it. */
  #moments(from: Moment, to: Moment): Moment[] {
    return [from, ...this.#instants.filter((at) => at > from && at <= to)];
  }
}
