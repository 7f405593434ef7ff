import type { Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import { Q_BUSINESS_PROVIDER } from '../aws/identity-center/subscriptions.ts';
import { people, user } from './example-ids.ts';

/**
 * Returns a directory that fits a configuration: its groups and applications, and this number of users.
 *
 * The ids are the same in every run.
 *
 * @param members numbers of users by group. When left out, each user is in one of the groups in turn.
 */
export function exampleDirectory(
  { identityCenter, entitlements }: Entitlements,
  count: number,
  members?: Readonly<Record<string, readonly number[]>>,
): DirectorySeed {
  const numbers = people(1, count);
  const groupIds = [...new Set([...entitlements.flatMap(({ groups }) => groups), ...Object.keys(members ?? {})])];
  const membersOf = (groupId: string, index: number): readonly number[] =>
    members ? (members[groupId] ?? []) : numbers.filter((number) => (number - 1) % groupIds.length === index);
  return {
    identityStoreId: identityCenter.identityStoreId,
    users: numbers.map((number) => {
      const digits = String(number).padStart(4, '0');
      return {
        userId: user(number),
        userName: `person-${digits}`,
        email: `person-${digits}@example.com`,
        externalId: { issuer: 'https://idp.example.com', id: `00u${digits}` },
      };
    }),
    groups: groupIds.map((groupId, index) => ({
      groupId,
      displayName: `group-${index + 1}`,
      members: membersOf(groupId, index).map(user),
    })),
    applications: entitlements.map(({ application, name, subscription }) => ({
      applicationArn: application,
      name,
      provider: subscription?.provider === 'amazon-q-business' ? Q_BUSINESS_PROVIDER : 'codewhisperer',
      ...(subscription && { region: subscription.region }),
    })),
  };
}
