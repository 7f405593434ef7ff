import fc from 'fast-check';
import type { Via } from '../../emulator/aws/cloudtrail/cloudtrail.ts';
import type { EventualRead } from '../../emulator/aws/dynamodb/replica.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import type { SubscriptionQuirks } from '../../emulator/aws/identity-center/quirks.ts';
import type { ReadOperation } from '../../emulator/aws/identity-center/reads.ts';
import {
  type Action,
  anyone,
  LATER_PEOPLE,
  type MadeSubscription,
  PEOPLE,
  someApplication,
  someGroup,
  someone,
} from './cast.ts';
import { anyFault, passing, possible, staying, uninvoked } from './faults.ts';

type Rules = NonNullable<Action['deploy']>;

/** What a person does; `scenarioOf` decides when its time comes whether that is possible. */
export type Deed =
  /** `toggle`: a user in the group leaves it, any other user joins. */
  | { do: 'join' | 'toggle'; user: number; group: number; via: Via; delivery: Delivery }
  /** One of those who are somewhere. */
  | { do: 'leave'; membership: number; via: Via; delivery: Delivery }
  | { do: 'status' | 'delete'; user: number; via: Via; delivery: Delivery }
  | { do: 'hire'; user: number }
  | { do: 'deleteGroup'; group: number; via: Via; delivery: Delivery }
  | { do: 'assign' | 'unassign'; user: number; application: number }
  | { do: 'deleteApplication'; application: number }
  | { do: 'expire' }
  /** As `toggle`; but its event says another time, this many seconds earlier. */
  | { do: 'mistimed'; user: number; group: number; via: Via; ageSeconds: number }
  | { do: 'assignGroup'; group: number; application: number }
  | { do: 'startUser'; user: number; by: 'userId' | 'email'; waitSeconds: number }
  | { do: 'startGroup'; group: number }
  | { do: 'everything' | 'tick' }
  | { do: 'forge'; change: 'join' | 'leave'; user: number; group: number; via: Via; ageSeconds: number }
  | { do: 'deploy'; rules: RuleChoice }
  | { do: 'adopt' | 'release' | 'giveUp'; application: number }
  | ({ do: 'subscribe' } & MadeSubscription)
  | { do: 'unsubscribe'; user: number; application: number }
  | { do: 'refuseAccount'; refusal: NonNullable<SubscriptionQuirks['accountRefusal']> }
  /** Deploys the present configuration with another plan of the application's subscription. */
  | { do: 'changePlan'; application: number; plan: number; allowDowngrade: boolean }
  | { do: 'adoptSubscriptions'; application: number; whose: 'entitled' | 'all' }
  | { do: 'lag'; operation: ReadOperation | EventualRead; seconds: number }
  | { do: 'fault'; fault: FaultRule }
  | { do: 'stop' | 'redrive'; execution: number };
type Delivery = NonNullable<Action['deliver']>;

/** What a configuration says. */
export interface RuleChoice {
  max: readonly number[];
  graceDays: number;
  mode: 'enforce' | 'observe';
  brake: Rules['brake'];
  requestsPerSecond: number;
  /** Leaves out: the second entitlement, its second group, or nothing. */
  without: 'entitlement' | 'group' | 'nothing';
  /** The first entitlement has many groups, and the pace is the lowest. */
  manyGroups: boolean;
}

const via = fc.constantFrom<Via>('console', 'scim', 'api');

export const rules: fc.Arbitrary<RuleChoice> = fc.record({
  max: fc.tuple(fc.constantFrom(50, 50, 3, 2, 1), fc.constantFrom(50, 50, 3, 2, 1)),
  graceDays: fc.constantFrom(0, 0, 0, 1, 3),
  mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'enforce', 'observe'),
  brake: fc.record({ percent: fc.constantFrom(0, 0, 20, 100), atLeast: fc.constantFrom(1, 1, 2, 50) }),
  requestsPerSecond: fc.constantFrom(1, 1, 2, 18),
  without: fc.constantFrom('nothing', 'nothing', 'group', 'entitlement'),
  manyGroups: rarely(60),
});

/** Once in so many. */
export function rarely(times: number): fc.Arbitrary<boolean> {
  return fc.nat(times - 1).map((number) => number === 0);
}

const promptly = fc.record({
  afterSeconds: fc.constantFrom(1, 1, 1, 0, 30, 200, 800),
  times: fc.constantFrom(1, 1, 1, 2),
});
const anyhow = fc.record({
  afterSeconds: fc.constantFrom(1, 1, 1, 0, 30, 200, 800, 4000),
  times: fc.constantFrom(1, 1, 1, 1, 2, 0),
});

const directoryReads = fc.constantFrom<ReadOperation>(
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
);
const assignmentReads = fc.constantFrom<ReadOperation>(
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
);
/** DynamoDB: "The response might not reflect the results of a recently completed write operation." */
const ledgerReads = fc.constantFrom<EventualRead>('DynamoDB.Query', 'DynamoDB.GetItem', 'DynamoDB.BatchGetItem');
export const shortLag = fc.record({
  do: fc.constant('lag'),
  operation: fc.oneof(directoryReads, assignmentReads, ledgerReads),
  seconds: fc.constantFrom(0, 5, 20, 25),
});
/** Assignments that take minutes to show make an execution give up, which is as it should be. */
export const anyLag = fc.oneof(
  shortLag,
  fc.record({ do: fc.constant('lag'), operation: assignmentReads, seconds: fc.constantFrom(0, 40, 60, 900, 3600) }),
  fc.record({ do: fc.constant('lag'), operation: directoryReads, seconds: fc.constantFrom(60, 300, 300, 3600) }),
);

/** Also from the future, from last week and from last year. */
const wrongAges = fc.constantFrom(0, 60, 850, 5000, -600, -90_000, 600_000, 35_000_000);

/** @param told every change reaches Usher by an event, and no fault outlasts the retries */
export function deeds(told: boolean): fc.Arbitrary<Deed> {
  const delivery = told ? promptly : anyhow;
  const everyday: fc.WeightedArbitrary<Deed>[] = [
    { weight: 7, arbitrary: fc.record({ do: fc.constant('join'), user: someone, group: someGroup, via, delivery }) },
    { weight: 9, arbitrary: fc.record({ do: fc.constant('leave'), membership: fc.nat(20), via, delivery }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('status'), user: someone, via, delivery }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), user: anyone, via, delivery }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: LATER_PEOPLE }).map((one): Deed => ({ do: 'hire', user: PEOPLE + one })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('startUser'),
        user: anyone,
        by: fc.constantFrom('userId', 'email'),
        waitSeconds: fc.constantFrom(0, 60, 700),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('startGroup'), group: someGroup }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('everything', 'tick', 'tick') }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('forge'),
        change: fc.constantFrom('join', 'leave'),
        user: anyone,
        group: someGroup,
        via,
        ageSeconds: wrongAges,
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'expire' }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt'), application: someApplication }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('release'), application: someApplication }) },
    { weight: 3, arbitrary: told ? shortLag : anyLag },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('fault'), fault: told ? passing.map(possible) : anyFault }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('fault'), fault: uninvoked }),
    },
  ];
  const unheardOf: fc.WeightedArbitrary<Deed>[] = [
    { weight: 2, arbitrary: fc.record({ do: fc.constant('fault'), fault: staying }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteGroup'), group: someGroup, via, delivery }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('deleteApplication'), application: someApplication }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('mistimed'),
        user: someone,
        group: someGroup,
        via,
        ageSeconds: wrongAges,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('assign', 'assign', 'unassign'),
        user: someone,
        application: someApplication,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('assignGroup'), group: someGroup, application: someApplication }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('deploy'), rules }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('giveUp'), application: someApplication }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom('stop', 'stop', 'redrive'),
        execution: fc.integer({ min: 1, max: 8 }),
      }),
    },
  ];
  return fc.oneof(...everyday, ...(told ? [] : unheardOf));
}
