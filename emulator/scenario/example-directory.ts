import type { Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';

/**
 * A directory that fits a configuration: its groups, with so many people in each in turn, and its applications.
 *
 * The same ids in every run.
 */
export function exampleDirectory({ identityCenter, entitlements }: Entitlements, people: number): DirectorySeed {
  const groupIds = [...new Set(entitlements.flatMap(({ groups }) => groups))];
  const users = Array.from({ length: people }, (_, index) => {
    const number = String(index + 1).padStart(4, '0');
    return {
      userId: `a0000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
      userName: `person-${number}`,
      email: `person-${number}@example.com`,
      externalId: { issuer: 'https://idp.example.com', id: `00u${number}` },
    };
  });
  return {
    identityStoreId: identityCenter.identityStoreId,
    users,
    groups: groupIds.map((groupId, place) => ({
      groupId,
      displayName: `group-${place + 1}`,
      members: users.filter((_, index) => index % groupIds.length === place).map(({ userId }) => userId),
    })),
    applications: entitlements.map(({ application, name }) => ({
      applicationArn: application,
      name,
      provider: 'codewhisperer',
    })),
  };
}
