import type { Belief } from './belief.ts';

const NORMALIZE = 'domain/request/normalize.ts';
const FAMILIES = 'domain/request/event-families.ts';
const NORMALIZED = 'tests/domain/request/normalize.test.ts';

/** What arrives when someone joins or leaves a group. */
export const EVENT_BELIEFS: readonly Belief[] = [
  {
    id: 'event-scim-source',
    belief: 'Events of SCIM calls have the source aws.identitystore-scim.',
    mark: 'likely',
    source: 'the naming rule of EventBridge; no record is published',
    dependsOn: ['serverless.yml', 'forwarder.yml'],
    ifFalse: 'A rule that named the source would miss every event of SCIM.',
    tolerated: {
      how: 'Rules take every source of AWS; rules and functions go by eventSource.',
      test: 'tests/deployment.test.ts',
      by: 'a change by SCIM under another source of AWS',
    },
  },
  {
    id: 'event-scim-hides-members',
    belief: 'A PatchGroup that succeeded names the group, and hides who joined or left.',
    mark: 'likely',
    source: 'IAM Identity Center User Guide, scim-logging-using-cloudtrail: a call that failed',
    dependsOn: [NORMALIZE],
    ifFalse: 'Nothing: the members of the group are read afresh in any case.',
    tolerated: {
      how: 'The group is read, whatever the record shows of its members.',
      test: NORMALIZED,
      by: 'PatchGroup that shows its members',
    },
  },
  {
    id: 'event-scim-create-group',
    belief: 'CreateGroup of SCIM may have members, for whom no other event comes.',
    mark: 'unknown',
    source: 'IAM Identity Center SCIM implementation guide',
    dependsOn: [NORMALIZE, FAMILIES],
    ifFalse: 'One read of a group too many.',
    tolerated: {
      how: 'A group that is created counts as changed.',
      test: NORMALIZED,
      by: 'CreateGroup of SCIM',
    },
  },
  {
    id: 'event-console-remove',
    belief: 'RemoveMemberFromGroup of the console names group and user as AddMemberToGroup does.',
    mark: 'likely',
    source: 'a record of AddMemberToGroup; of the removal none is published',
    dependsOn: [NORMALIZE, FAMILIES],
    ifFalse: 'The group is read as a whole, or the next full sweep finds who left.',
    tolerated: {
      how: 'Ids that are missing make the check wider, up to everything.',
      test: NORMALIZED,
      by: 'checks what is left if %s withholds an id of %s',
    },
  },
  {
    id: 'event-delete-membership',
    belief: 'The record of DeleteGroupMembership has the id of the membership, and neither group nor user.',
    mark: 'likely',
    source: 'the input of the operation',
    dependsOn: [NORMALIZE, FAMILIES],
    ifFalse: 'Nothing: with the ids, the check is narrower.',
    tolerated: {
      how: 'Without ids, all watched groups are compared.',
      test: NORMALIZED,
      by: 'uses %s if AWS comes to record them',
    },
  },
  {
    id: 'event-scim-account',
    belief:
      'SCIM calls are recorded in the account that owns the instance, and not in that of the delegated administrator.',
    mark: 'likely',
    source: 'IAM Identity Center User Guide, delegated administration',
    dependsOn: ['forwarder.yml', 'operator/attention/forwarder.ts'],
    ifFalse: 'With both, each event arrives twice; with neither, none arrives.',
    tolerated: {
      how: 'Rules are in both accounts; an event that comes twice changes nothing the second time.',
      test: 'tests/scenarios/forwarded.test.ts',
      by: 'changes nothing twice if it is recorded in both accounts',
    },
  },
  {
    id: 'event-console-account',
    belief: 'Changes in the console are recorded in the account in which the session is.',
    mark: 'likely',
    source: 'CloudTrail User Guide',
    dependsOn: ['forwarder.yml', 'serverless.yml'],
    ifFalse: 'As for SCIM: events come twice, or not at all until the next sweep.',
    tolerated: {
      how: 'Rules are in both accounts; an event that comes twice changes nothing the second time.',
      test: 'tests/scenarios/forwarded.test.ts',
      by: 'changes nothing twice if it is recorded in both accounts',
    },
  },
  {
    id: 'event-organization-trail',
    belief: 'A trail of the organization is enough for events of CloudTrail to reach EventBridge.',
    mark: 'likely',
    source: 'EventBridge User Guide: "a trail with logging on"',
    dependsOn: ['operator/doctor/account.ts'],
    ifFalse: 'No event arrives, and doctor says that a trail is there.',
    tolerated: {
      how: 'A full sweep per hour finds what no event announced.',
      test: 'tests/scenarios/reconciliation.test.ts',
      by: 'heals drift in both directions',
    },
  },
  {
    id: 'event-latency',
    belief: 'EventBridge delivers an event seconds to two minutes after CloudTrail has it.',
    mark: 'likely',
    source: 'CloudTrail User Guide: about five minutes, not guaranteed',
    dependsOn: ['domain/request/propagation.ts'],
    ifFalse: 'Seats come as much later.',
    tolerated: {
      how: 'Nothing depends on how old an event is, but notices, which end after 24 hours.',
      test: 'tests/scenarios/ordering.test.ts',
      by: '$name, delivered five times over a day',
    },
  },
  {
    id: 'event-duplicates',
    belief: 'An event may arrive more than once, late, or never.',
    mark: 'documented',
    source: 'EventBridge User Guide: best effort; troubleshooting',
    dependsOn: ['reconcile/plan/plan-changes.ts'],
    ifFalse: 'Nothing: that is the worse case.',
    tolerated: {
      how: 'Events are hints; a repeated one changes nothing.',
      test: 'tests/scenarios/ordering.test.ts',
      by: '$name, delivered five times over a day',
    },
  },
  {
    id: 'event-native-names',
    belief:
      'Notifications of Identity Center about memberships have a detail-type of their own, and name users or groups in resources.',
    mark: 'unknown',
    source: 'IAM Identity Center User Guide, event-notifications',
    dependsOn: [NORMALIZE],
    ifFalse: 'A notification without the ids of users or groups leads to a full sweep.',
    tolerated: {
      how: 'Any notification of aws.identitystore means that something changed.',
      test: NORMALIZED,
      by: 'checks everything if it has no ids',
    },
  },
  {
    id: 'event-native-trail',
    belief: 'Notifications of Identity Center need no trail.',
    mark: 'likely',
    source: 'IAM Identity Center User Guide, setup-event-notifications',
    dependsOn: [NORMALIZE],
    ifFalse: 'They arrive as records of CloudTrail do.',
    tolerated: {
      how: 'A full sweep per hour finds what no event announced.',
      test: 'tests/scenarios/reconciliation.test.ts',
      by: 'heals drift in both directions',
    },
  },
  {
    id: 'event-leaves',
    belief:
      'A user leaves by one of RemoveMemberFromGroup, PatchGroup, DeleteGroup, DeleteGroupMembership, DeleteUser, DisableUser, PatchUser or PutUser.',
    mark: 'likely',
    source: 'the operations of the three services',
    dependsOn: [FAMILIES],
    ifFalse: 'An operation that Usher does not know ends a seat an hour later.',
    tolerated: {
      how: 'A full sweep per hour finds what no event announced.',
      test: 'tests/scenarios/leaving.test.ts',
      by: 'is found by the tick when no event came',
    },
  },
  {
    id: 'event-assignment-accounts',
    belief: 'CreateApplicationAssignment by the delegated administrator is recorded in both accounts.',
    mark: 'likely',
    source: 'a record of ListApplications with a sharedEventID',
    dependsOn: [NORMALIZE],
    ifFalse: 'Nothing: Usher ignores events of assignments.',
    tolerated: {
      how: 'Events of other services are ignored.',
      test: NORMALIZED,
      by: "'an assignment'",
    },
  },
  {
    id: 'event-q-source',
    belief: 'Events of subscription calls have the source aws.q.',
    mark: 'likely',
    source: 'the naming rule of EventBridge',
    dependsOn: [NORMALIZE],
    ifFalse: 'Nothing: Usher compares lists of subscriptions, and uses no such event.',
    tolerated: {
      how: 'Events of other services are ignored, whatever their source is.',
      test: NORMALIZED,
      by: 'one of another source',
    },
  },
];
