import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import { requireGroup } from '../look-up/find-group.ts';
import { findUser } from '../look-up/find-user.ts';
import type { Feedback } from '../look-up/look-up.ts';
import { selectorsOf } from '../look-up/selectors.ts';
import { count, escaped } from '../text.ts';

/** Whom a manual start is about: a user, a group or everyone. */
export interface StartWish {
  user?: string | undefined;
  /** Issuer of an external id. */
  issuer?: string | undefined;
  /** With a user, the membership to wait for. */
  group?: string | undefined;
  all?: boolean | undefined;
  /** Accepts a user whom the identity store does not have yet. */
  expected?: boolean | undefined;
  waitSeconds?: number | undefined;
}

/**
 * Returns the input of a manual start: ids only, except for a user who is expected.
 *
 * @throws UsageError if it names not exactly one thing, or something that does not exist or starts nothing
 */
export async function startInputOf(
  options: StartWish,
  feedback: Feedback,
  asker: Asker,
): Promise<Record<string, unknown>> {
  const { user, group, all, expected, waitSeconds } = options;
  const ways = [user !== undefined, group !== undefined && user === undefined, all === true].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('Name one of --user, --group or --all');
  if (user === undefined && (expected || waitSeconds !== undefined)) {
    throw new UsageError('--expected and --wait-seconds go with --user');
  }
  const groupId = group === undefined ? undefined : await configuredGroup(group, feedback, asker);
  if (all) return { scope: 'everything' };
  if (user === undefined) return { groupId };
  const more = { ...(groupId && { groupId }), ...(waitSeconds !== undefined && { waitSeconds }) };
  return { ...(await userInputOf(user, { ...options, feedback }, asker)), ...more };
}

async function userInputOf(
  user: string,
  { issuer, expected, feedback }: Pick<StartWish, 'issuer' | 'expected'> & { feedback: Feedback },
  asker: Asker,
): Promise<Record<string, unknown>> {
  const userId = await findUser(user, { issuer, feedback }, asker);
  if (userId !== undefined) return { userId };
  if (!expected) {
    throw new UsageError(
      `The identity store has no user ${escaped(user)}. If SCIM will provision them, add --expected: then the execution waits`,
    );
  }
  const selectors = selectorsOf(user, issuer);
  const [first] = selectors;
  if (selectors.length > 1 || !first) {
    throw new UsageError(`Say what ${escaped(user)} is, so that the execution can wait for it: userName:… or email:…`);
  }
  return first;
}

/** @throws UsageError if there is no such group, or no entitlement names it */
async function configuredGroup(group: string, feedback: Feedback, asker: Asker): Promise<string> {
  const { identityCenter, entitlements } = await asker.entitlements();
  const services = await asker.services();
  const people = await services.people(identityCenter.identityStoreId);
  const groupId = await requireGroup(group, people, feedback);
  const configured = [...new Set(entitlements.flatMap(({ groups }) => groups))];
  if (configured.includes(groupId)) return groupId;
  throw new UsageError(
    `No entitlement names the group ${groupId}, so a start would do nothing. ${count(configured.length, 'group is', 'groups are')} configured: ${configured.slice(0, 10).join(', ')}${configured.length > 10 ? ', …' : ''}`,
  );
}
