import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';

export const ANNA = '00000000-0000-4000-8000-00000000000a';
export const BEN = '1234567890-00000000-0000-4000-8000-00000000000b';
export const CLEO = '00000000-0000-4000-8000-00000000000c';
export const GROUP = '00000000-0000-4000-8000-0000000000f1';
export const OTHER_GROUP = '00000000-0000-4000-8000-0000000000f2';
export const APPLICATION = 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888';

/** Two people, one of whom is in a group and assigned an application. */
export function aSeed(changes: Partial<DirectorySeed> = {}): DirectorySeed {
  return {
    identityStoreId: 'd-1234567890',
    users: [
      { userId: ANNA, userName: 'anna', email: 'Anna@Example.com', externalId: { issuer: 'idp', id: 'A1' } },
      { userId: BEN, userName: 'ben' },
    ],
    groups: [{ groupId: GROUP, members: [ANNA] }, { groupId: OTHER_GROUP }],
    applications: [{ applicationArn: APPLICATION, assigned: [ANNA] }],
    ...changes,
  };
}
