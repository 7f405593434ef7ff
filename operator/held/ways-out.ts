import { type Hold, isHeld } from '../../domain/decision/hold.ts';
import { count } from '../text.ts';
import type { CauseGroup } from './cause.ts';
import { timeOfCause } from './changes.ts';
import { digestOf, shortDigest } from './digest.ts';
import type { ActiveHold } from './holds.ts';
import { retireFirst } from './release.ts';
import type { Standing } from './standings.ts';

/** One way out of a hold: what a person does, and the commands for it. */
export interface WayOut {
  steps: string[];
  commands: { command: string; does: string }[];
}

/** What a hold knows that a way out depends on. */
export interface HoldFacts {
  active: ActiveHold;
  /** See {@link isReleasable}. */
  releasable: boolean;
  cause: readonly CauseGroup[];
  standings: ReadonlyMap<string, Standing>;
}

/** The services in whose name CloudTrail records changes of groups and users. */
const RECORDED_BY = ['identitystore-scim.amazonaws.com', 'identitystore.amazonaws.com', 'sso-directory.amazonaws.com'];

/** Returns how to keep the seats: undo what made their users lose their entitlement. */
export function undoOf({ active: { hold }, cause, standings }: HoldFacts): WayOut {
  const { entitlement } = hold;
  const reasons = [...standings.values()].map(({ reason }) => reason);
  const having = (reason: string) => reasons.filter((one) => one === reason).length;
  const [disabled, deleted] = [having('user-disabled'), having('user-deleted')];
  // A group that fell before has not cost these users their entitlement; it counts if an empty group is why they are held.
  const isByGroup = hold.reason !== 'brake' || standings.size === 0 || reasons.some((one) => one !== 'user-disabled');
  const steps = isByGroup ? cause.map((group) => undoOfFall(group, entitlement)) : [];
  if (steps.length === 0 && having('group-leave') > 0) steps.push(`Put the users back into a group of ${entitlement}.`);
  if (steps.length === 0 && having('entitlement-removed') > 0)
    steps.push(`Configure ${entitlement} in entitlements.yml again, and deploy.`);
  if (disabled > 0) steps.push(`Enable ${count(disabled, 'user')} in the identity provider again.`);
  if (deleted > 0)
    steps.push(
      `${count(deleted, 'user was', 'users were')} deleted: one who is created again has another id and asks for another seat.`,
    );
  steps.push(
    'Have everyone checked, or wait for the next sweep, within the hour. Usher then lifts the hold, and the users keep their seats.',
  );
  const { from, to } = timeOfCause({ since: hold.since, cause: [...cause] });
  return {
    steps,
    commands: [
      { command: `usher history ${entitlement} --at ${from.toISOString()}`, does: 'who had a seat before' },
      ...RECORDED_BY.map((source) => ({
        command: `aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=${source} --start-time ${from.toISOString()} --end-time ${to.toISOString()}`,
        does: 'who changed groups and users',
      })),
      { command: 'usher start --all --wait', does: 'check everyone now' },
    ],
  };
}

function undoOfFall({ groupId, before, after, missing }: CauseGroup, entitlement: string): string {
  if (after === undefined)
    return `Name group ${groupId} in the groups of ${entitlement} in entitlements.yml again, and deploy.`;
  if (missing)
    return `Make group ${groupId} again, with its ${count(before, 'member')}. It gets another id: name that in entitlements.yml, and deploy.`;
  return `Put ${count(before - after, 'user')} back into group ${groupId}, in the identity provider or, if there is none, in Identity Center.`;
}

/** Returns how to revoke the seats. */
export function releaseOf({ active: { hold, members }, releasable, standings }: HoldFacts): WayOut {
  if (isReleasedAlready(hold)) {
    return { steps: ['An operator has released them. The next sweep revokes the seats.'], commands: [] };
  }
  if (!releasable) return { steps: [retireFirst(hold)], commands: [] };
  const back = members.filter(({ userId }) => standings.get(userId)?.entitled).length;
  return {
    steps: [
      `Revokes ${count(members.length - back, 'seat')}, whatever the budget says; users who are entitled by then keep theirs.`,
    ],
    commands: [{ command: `usher release ${shortDigest(digestOf(hold))}`, does: 'list the users, then ask' }],
  };
}

function isReleasedAlready(hold: Hold): boolean {
  return isHeld(hold) && hold.released !== undefined;
}
