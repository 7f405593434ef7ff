import type { Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed, SeedUser } from '../../emulator/aws/identity-center/directory-seed.ts';
import { exampleDirectory } from '../../emulator/scenario/example-directory.ts';
import { APPLICATION, GROUP, OTHER_GROUP, STORE_ID, user } from './ids.ts';
import { SECRET } from './secret.ts';

/** What a directory holds when a test begins. Users are named by number. */
export interface DirectoryOptions {
  /** How many users exist, numbered from 1; 3 if left out. */
  people?: number;
  /** Members of GROUP, or members by group. All groups of the entitlements exist. */
  members?: readonly number[] | Readonly<Record<string, readonly number[]>>;
  /** Users to whom APPLICATION is assigned, and not by Usher. */
  assigned?: readonly number[];
  assignmentRequired?: boolean;
  /** Applications of the entitlements that do not exist. */
  missing?: readonly string[];
  /** Replaces parts of the directory. */
  directory?: Partial<DirectorySeed>;
}

/** A user whose name and address must not appear in a log or on a terminal. */
export function aPerson(number: number) {
  return {
    userId: user(number),
    userName: `${SECRET}-${number}\u001b[31m\u0000"\n{{x}}`,
    email: `${SECRET}-${number}@example.com`,
    externalId: { issuer: 'https://idp.example.com', id: `${SECRET}-${number}` },
  } satisfies SeedUser;
}

/** Returns members by group. */
export function membersByGroup(members: DirectoryOptions['members'] = {}): Record<string, readonly number[]> {
  return isList(members) ? { [GROUP]: members } : { ...members };
}

function isList(members: NonNullable<DirectoryOptions['members']>): members is readonly number[] {
  return Array.isArray(members);
}

/** Returns a directory that fits a configuration. */
export function directoryOf(entitlements: Entitlements, options: DirectoryOptions): DirectorySeed {
  const { people: count = 3, assigned = [], assignmentRequired = true, missing = [] } = options;
  const seed = exampleDirectory(entitlements, count, membersByGroup(options.members));
  return {
    ...seed,
    users: seed.users.map((_, index) => aPerson(index + 1)),
    groups: seed.groups.map((group) => ({ ...group, displayName: `${SECRET}-group` })),
    applications: seed.applications
      .filter(({ applicationArn }) => !missing.includes(applicationArn))
      .map((application) => ({
        ...application,
        assigned: application.applicationArn === APPLICATION ? assigned.map(user) : [],
        assignmentRequired,
      })),
    ...options.directory,
  };
}

export const ANNA = user(1);
export const BEN = `1234567890-${user(2)}`;
export const CLEO = user(3);

/** A directory with two users, of whom one is a member of GROUP and is assigned APPLICATION. */
export function aSeed(parts: Partial<DirectorySeed> = {}): DirectorySeed {
  return {
    identityStoreId: STORE_ID,
    users: [
      { userId: ANNA, userName: 'anna', email: 'Anna@Example.com', externalId: { issuer: 'idp', id: 'A1' } },
      { userId: BEN, userName: 'ben' },
    ],
    groups: [{ groupId: GROUP, members: [ANNA] }, { groupId: OTHER_GROUP }],
    applications: [{ applicationArn: APPLICATION, assigned: [ANNA] }],
    ...parts,
  };
}
