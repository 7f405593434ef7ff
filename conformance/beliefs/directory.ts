import type { Belief } from './belief.ts';

const IDENTITY_STORE = 'adapters/identity-store.ts';
const LATE = 'tests/scenarios/late-reads.test.ts';

/** The identity store, and the identity providers that fill it. */
export const DIRECTORY_BELIEFS: readonly Belief[] = [
  {
    id: 'store-reads-lag',
    belief: 'A read of the identity store may show an earlier state for some minutes.',
    mark: 'likely',
    source: 'no statement; the text of a conflict, and issues of Terraform',
    dependsOn: ['domain/request/propagation.ts', 'domain/decision/late-reads.ts'],
    ifFalse: 'Nothing: Usher waits for what the event announced.',
    tolerated: {
      how: 'An execution waits until the announced change is visible, and verifies later.',
      test: 'tests/scenarios/propagation.test.ts',
      by: 'are served although %s lags by %i s',
    },
  },
  {
    id: 'store-reads-disagree',
    belief:
      'A list of group members and a read of one user may show the state of different times, either the older one.',
    mark: 'unknown',
    source: 'no statement',
    dependsOn: ['domain/decision/late-reads.ts', 'reconcile/plan/evidence.ts'],
    ifFalse: 'Sweeps ask about users in vain.',
    tolerated: {
      how: 'Before a sweep turns a seat without a call, it asks about its user (ADR 0055).',
      test: 'tests/scenarios/late-reads.test.ts',
      by: 'end nothing that a check by name has begun: %s',
    },
  },
  {
    id: 'store-user-status',
    belief: 'DescribeUser says ENABLED or DISABLED.',
    mark: 'documented',
    source: 'API reference of identitystore: optional',
    dependsOn: [IDENTITY_STORE],
    ifFalse:
      'A status that is missing counts as enabled; for one that is not known, nothing changes, and the execution fails.',
    tolerated: {
      how: 'All three are handled.',
      test: 'tests/scenarios/unknown-errors.test.ts',
      by: 'fails the execution for this user and changes nothing for them',
    },
  },
  {
    id: 'store-missing-group',
    belief: 'IsMemberInGroups for a group that does not exist is an error.',
    mark: 'unknown',
    source: 'API reference of identitystore',
    dependsOn: [IDENTITY_STORE],
    ifFalse: 'The user is no member.',
    tolerated: {
      how: 'Both mean that the user is not entitled by this group.',
      test: 'tests/scenarios/missing-groups.test.ts',
      by: 'need no list where AWS answers that no user is a member of a missing group',
    },
  },
  {
    id: 'store-quota',
    belief: 'The Identity Store allows 20 requests per second and operation.',
    mark: 'documented',
    source: 'IAM Identity Center User Guide, limits',
    dependsOn: ['domain/pace.ts'],
    ifFalse: 'AWS throttles.',
    tolerated: {
      how: 'A throttled call is tried again.',
      test: 'tests/scenarios/faults.test.ts',
      by: 'is made and audited once if any operation is throttled, conflicts or fails temporarily',
    },
  },
  {
    id: 'store-repeated-membership',
    belief: 'CreateGroupMembership for a membership that exists is a conflict.',
    mark: 'documented',
    source: 'a record of AWS',
    dependsOn: ['emulator/aws/identity-store/identity-store-writes.ts'],
    ifFalse: 'Nothing: Usher changes no membership.',
  },
  {
    id: 'store-case',
    belief: 'A user is found by user name and address in any case.',
    mark: 'unknown',
    source: 'API reference of identitystore: GetUserId',
    dependsOn: ['operator/look-up/find-user.ts', IDENTITY_STORE],
    ifFalse: 'AWS finds no user for a user name in another case.',
    tolerated: {
      how: 'A name in another case is taken only if it can mean one user.',
      test: 'tests/operator/look-up.test.ts',
      by: 'is never another one of the same name in another case',
    },
  },
  {
    id: 'store-shared-address',
    belief: 'What GetUserId answers for an address of two users is no matter.',
    mark: 'unknown',
    source: 'API reference of identitystore: GetUserId',
    dependsOn: ['operator/look-up/find-user.ts'],
    ifFalse: 'Commands would take another user for the one who is named.',
    tolerated: {
      how: 'Commands ask which of the users is meant; a manual start by address takes the one that AWS names.',
      test: 'tests/operator/look-up.test.ts',
      by: 'has to be named by id if two have the address',
    },
  },
  {
    id: 'scim-order',
    belief: 'Members may come some time after their group.',
    mark: 'likely',
    source: 'AWS SCIM implementation guide; reports of identity providers',
    dependsOn: ['domain/request/propagation.ts'],
    ifFalse: 'Nothing.',
    tolerated: {
      how: 'A group is read again two minutes after its event.',
      test: 'tests/scenarios/propagation.test.ts',
      by: 'finds at the second check users who became visible after the first',
    },
  },
  {
    id: 'scim-near-real-time',
    belief: 'JumpCloud and Ping push changes within minutes.',
    mark: 'likely',
    source: 'their documentation',
    dependsOn: ['docs/operations.md'],
    ifFalse: 'Seats come as much later.',
    tolerated: {
      how: 'A manual start waits up to seven days for the user.',
      test: 'tests/scenarios/waiting-starts.test.ts',
      by: 'find a user who appears hours later within an hour',
    },
  },
  {
    id: 'store-deleted-users',
    belief: 'The assignments of a user who is deleted end with the user.',
    mark: 'documented',
    source: 'IAM Identity Center User Guide; not with Active Directory',
    dependsOn: ['reconcile/revoke-seat.ts'],
    ifFalse: 'Usher removes them.',
    tolerated: {
      how: "What is left of Usher's own assignments is removed.",
      test: LATE,
      by: 'loses the assignment, also if no read shows it',
    },
  },
];
