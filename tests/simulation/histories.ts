import fc from 'fast-check';
import type * as z from 'zod/mini';
import { recordOf, type Via } from '../../emulator/aws/cloudtrail/cloudtrail.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import type { ReadOperation } from '../../emulator/aws/identity-center/identity-center.ts';
import type { ScenarioSchema } from '../../emulator/scenario/schema.ts';
import {
  APPLICATION,
  GROUP,
  group,
  INSTANCE_ARN,
  OTHER_APPLICATION,
  OTHER_GROUP,
  REGION,
  STORE_ID,
  user,
} from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';

/** A scenario as it stands in a file. */
export type History = z.input<typeof ScenarioSchema>;
type Action = History['actions'][number];
type Rules = NonNullable<Action['deploy']>;

/** Where every history begins. */
const START = Date.parse('2026-11-02T08:00:00Z');
const PEOPLE = 6;
const LATER_PEOPLE = 2;

const APPLICATIONS = [APPLICATION, OTHER_APPLICATION];
const GROUPS = [GROUP, OTHER_GROUP, group(3)];

/** With names that nobody wants in a log. */
function person(number: number) {
  return { userId: user(number), userName: `${SECRET}-${number}`, email: `${SECRET}-${number}@example.com` };
}

/** What somebody does; whether that is possible when its time comes is decided by {@link scenarioOf}. */
type Deed =
  /** `toggle`: whoever is in the group leaves it, whoever isn't joins. */
  | { do: 'join' | 'toggle'; user: number; group: number; via: Via; delivery: Delivery }
  /** One of those who are somewhere. */
  | { do: 'leave'; membership: number; via: Via; delivery: Delivery }
  | { do: 'status' | 'delete'; user: number; via: Via; delivery: Delivery }
  | { do: 'hire'; user: number }
  | { do: 'deleteGroup'; group: number; via: Via; delivery: Delivery }
  | { do: 'assign' | 'unassign'; user: number; application: number }
  | { do: 'assignGroup'; group: number; application: number }
  | { do: 'startUser'; user: number; by: 'userId' | 'email'; waitSeconds: number }
  | { do: 'startGroup'; group: number }
  | { do: 'everything' | 'tick' }
  | { do: 'forge'; change: 'join' | 'leave'; user: number; group: number; via: Via; ageSeconds: number }
  | { do: 'deploy'; rules: RuleChoice }
  | { do: 'adopt' | 'release' | 'giveUp'; application: number }
  | { do: 'lag'; operation: ReadOperation; seconds: number }
  | { do: 'fault'; fault: FaultRule }
  | { do: 'stop' | 'redrive'; execution: number };
type Delivery = NonNullable<Action['deliver']>;

interface RuleChoice {
  max: readonly number[];
  graceDays: number;
  mode: 'enforce' | 'observe';
  brake: Rules['brake'];
  requestsPerSecond: number;
  /** Leaves out: the second entitlement, its second group, or nothing. */
  without: 'entitlement' | 'group' | 'nothing';
}

/** What a history is made of. */
interface Draft {
  rules: RuleChoice;
  members: readonly (readonly [user: number, group: number])[];
  assigned: readonly (readonly [user: number, application: number])[];
  quirks: NonNullable<History['quirks']>;
  begins: boolean;
  lags: readonly Extract<Deed, { do: 'lag' }>[];
  episodes: readonly Episode[];
}

/** What happens one after the other. */
type Episode = readonly { afterSeconds: number; deed: Deed }[];

const someone = fc.integer({ min: 1, max: PEOPLE });
const anyone = fc.integer({ min: 1, max: PEOPLE + LATER_PEOPLE });
const someGroup = fc.nat(GROUPS.length - 1);
const someApplication = fc.nat(APPLICATIONS.length - 1);
const via = fc.constantFrom<Via>('console', 'scim', 'api');

const rules: fc.Arbitrary<RuleChoice> = fc.record({
  max: fc.tuple(fc.constantFrom(50, 50, 3, 2, 1), fc.constantFrom(50, 50, 3, 2, 1)),
  graceDays: fc.constantFrom(0, 0, 0, 1, 3),
  mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'enforce', 'observe'),
  brake: fc.record({ percent: fc.constantFrom(0, 0, 20, 100), atLeast: fc.constantFrom(1, 1, 2, 50) }),
  requestsPerSecond: fc.constantFrom(1, 1, 2, 18),
  without: fc.constantFrom('nothing', 'nothing', 'group', 'entitlement'),
});

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
const shortLag = fc.record({
  do: fc.constant('lag'),
  operation: fc.oneof(directoryReads, assignmentReads),
  seconds: fc.constantFrom(0, 5, 20, 25),
});
/** Assignments that take minutes to show make an execution give up, which is as it should be. */
const anyLag = fc.oneof(
  shortLag,
  fc.record({ do: fc.constant('lag'), operation: assignmentReads, seconds: fc.constantFrom(0, 40, 60) }),
  fc.record({ do: fc.constant('lag'), operation: directoryReads, seconds: fc.constantFrom(60, 300, 300) }),
);
const calls = fc.constantFrom(
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
  'EventBridge.PutEvents',
  'EventBridge.PutEvents',
  'DynamoDB.PutItem',
  'DynamoDB.PutItem',
  'DynamoDB.GetItem',
  'DynamoDB.BatchGetItem',
  'DynamoDB.Query',
);

/** Faults that the machine's own retries outlast. */
const passing = fc.record({
  operation: calls,
  kind: fc.constantFrom<FaultRule['kind']>('throttle', 'throttle', 'internal', 'internal-after', 'conflict'),
  times: fc.constantFrom(1, 1, 2, 3),
  skip: fc.constantFrom(0, 0, 1, 2, 5),
});
const anyFault = fc
  .record({
    operation: calls,
    kind: fc.constantFrom<FaultRule['kind']>(
      'throttle',
      'internal',
      'internal-after',
      'conflict',
      'lost',
      'lost',
      'refuse',
      'quota',
      'exception',
      'not-found',
      'partial',
      'crash-before',
      'crash-after',
      'crash-after',
      'timeout-after',
    ),
    times: fc.constantFrom(1, 1, 2, 3),
    skip: fc.constantFrom(0, 0, 1, 2, 5, 9),
  })
  .map(possible);

/** A fault that stays: for one user, one group, one application, or for whoever calls. */
const staying = fc
  .record({
    operation: calls,
    kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'conflict', 'refuse', 'exception'),
    for: fc.constantFrom('5m', '40m', '2h', '1d'),
    only: fc.oneof(
      fc.constant({}),
      someone.map((number) => ({ principalId: user(number) })),
      someGroup.map((index) => ({ groupId: GROUPS[index] ?? GROUP })),
      someApplication.map((index) => ({ applicationArn: APPLICATIONS[index] ?? APPLICATION })),
    ),
  })
  .map(({ only, ...fault }) => possible({ ...fault, ...only }));

/** Lambda itself refuses invocations, fewer than the machine retries. */
const uninvoked = fc
  .record({
    function: fc.constantFrom('normalizeRequest', 'checkPropagation', 'planChanges', 'applyChanges', 'recordAudit'),
    kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'exception'),
    times: fc.constantFrom(1, 2, 3),
  })
  .map((fault) => named({ operation: 'Lambda.Invoke', ...fault }, 'AWSLambdaException'));

/** Gives the kind `exception` its name. */
function named(fault: FaultRule, exception: string): FaultRule {
  return fault.kind === 'exception' ? { ...fault, exception } : fault;
}

/**
 * A service loses only what it was asked to change, EventBridge alone takes a part, and no read denies what there is: it
 * may lag, and that is a deed of its own.
 */
function possible(fault: FaultRule): FaultRule {
  const { operation, kind } = fault;
  const changes = /^SSOAdmin\.(Create|Delete)/.test(operation);
  if (kind === 'partial') return { ...fault, operation: 'EventBridge.PutEvents' };
  if (kind === 'lost' && !changes) return { ...fault, kind: 'crash-after' };
  if (kind === 'not-found' && !changes) return { ...fault, kind: 'throttle' };
  // What belongs to the table and the bus alone, such as their not being there, is mended before anything goes on.
  const platform = /^(DynamoDB|EventBridge)\./.test(operation);
  if (platform && ['refuse', 'conflict', 'quota', 'exception'].includes(kind)) return { ...fault, kind: 'throttle' };
  return named(fault, 'BrandNewException');
}

function deeds(told: boolean): fc.Arbitrary<Deed> {
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
        ageSeconds: fc.constantFrom(0, 60, 850, 5000),
      }),
    },
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

const afterSeconds = fc.constantFrom(0, 0, 1, 3, 8, 20, 45, 100, 400, 2000, 20_000, 90_000);
const soon = fc.constant({ afterSeconds: 1, times: 1 });

/** One who joins and leaves again and again, faster than anybody looks. */
const flicker: fc.Arbitrary<Episode> = fc
  .tuple(
    someone,
    someGroup,
    fc.constantFrom<Via>('console', 'console', 'api'),
    soon,
    fc.array(fc.nat(4), { minLength: 2, maxLength: 4 }),
  )
  .map(([one, at, by, delivery, gaps]) =>
    gaps.map((gap) => ({
      afterSeconds: gap,
      deed: { do: 'toggle', user: one, group: at, via: by, delivery } as const,
    })),
  );
/** A join among so many calls that AWS throttles the look for it. */
const rush: fc.Arbitrary<Episode> = fc
  .tuple(afterSeconds, someone, someGroup, soon, fc.constantFrom(1, 2))
  .map(([pause, one, at, delivery, times]) => [
    {
      afterSeconds: pause,
      deed: { do: 'fault', fault: { operation: 'IdentityStore.IsMemberInGroups', kind: 'throttle', times } },
    },
    { afterSeconds: 0, deed: { do: 'join', user: one, group: at, via: 'console', delivery } },
  ]);

/** Somebody whose event arrives while whole applications are looked at. */
const interruption: fc.Arbitrary<Episode> = fc
  .tuple(afterSeconds, someone, someGroup, fc.constantFrom<Via>('console', 'api'), soon, fc.constantFrom(0, 1, 2))
  .map(([pause, one, at, by, delivery, gap]) => [
    { afterSeconds: pause, deed: { do: 'everything' } },
    { afterSeconds: gap, deed: { do: 'toggle', user: one, group: at, via: by, delivery } },
  ]);

/** One who leaves, whose assignment is not taken back at once; and one who would have the place. */
const vacancy = (told: boolean): fc.Arbitrary<Episode> =>
  fc
    .record({
      pause: afterSeconds,
      membership: fc.nat(20),
      user: someone,
      group: someGroup,
      delivery: soon,
      kind: told ? fc.constantFrom('internal', 'conflict') : fc.constantFrom('lost', 'internal', 'conflict'),
      times: fc.constantFrom(1, 2, 3),
      gap: fc.constantFrom(2, 5, 20),
    })
    .map(({ pause, membership, user, group, delivery, kind, times, gap }) => [
      {
        afterSeconds: pause,
        deed: { do: 'fault', fault: { operation: 'SSOAdmin.DeleteApplicationAssignment', kind, times } },
      },
      { afterSeconds: 0, deed: { do: 'leave', membership, via: 'console', delivery } },
      { afterSeconds: gap, deed: { do: 'join', user, group, via: 'console', delivery } },
    ]);

function episodes(told: boolean): fc.Arbitrary<Episode> {
  const single = fc.record({ afterSeconds, deed: deeds(told) }).map((one) => [one]);
  return fc.oneof(
    { weight: 20, arbitrary: single },
    { weight: 3, arbitrary: flicker },
    { weight: 1, arbitrary: rush },
    { weight: 3, arbitrary: interruption },
    { weight: 2, arbitrary: vacancy(told) },
  );
}

const draft: fc.Arbitrary<Draft> = fc.constantFrom(true, false, false).chain((told) =>
  fc.record({
    rules,
    members: fc.array(fc.tuple(someone, someGroup), { maxLength: 12, size: 'max' }),
    assigned: fc.array(fc.tuple(someone, someApplication), { maxLength: 2 }),
    quirks: fc.record({
      repeatedCreate: fc.constantFrom('ok', 'conflict'),
      deleteMissing: fc.constantFrom('ok', 'not-found'),
      missingGroup: fc.constantFrom('not-found', 'no-member'),
      pages: fc.constantFrom('full', 'full', 'short'),
    }),
    begins: told ? fc.constant(true) : fc.constantFrom(true, true, false),
    lags: fc.array(told ? shortLag : anyLag, { maxLength: 3, size: 'max' }),
    episodes: fc.array(episodes(told), { minLength: 1, maxLength: 6, size: 'max' }),
  }),
);

/** Random scenarios. */
const histories: fc.Arbitrary<History> = fc.noBias(draft).map(scenarioOf);

/** Seeds far enough apart that no two of one run, or of runs with seeds near each other, are the same. */
function seedOf(seed: number, index: number): number {
  return (Math.imul(seed, 1_000_003) + index) | 0;
}

/** The history of this number, which depends on nothing but seed and number. */
export function historyAt(seed: number, index: number): History {
  const [history] = fc.sample(histories, { seed: seedOf(seed, index), numRuns: 1 });
  if (!history) throw new Error('a sample of one is one');
  return history;
}

/**
 * The smallest history to be found that goes wrong as the one of this number does.
 *
 * @param play says what is wrong with a history
 */
export async function shrunkHistory(
  seed: number,
  index: number,
  play: (history: History) => Promise<string[]>,
): Promise<{ history: History; violations: string[] }> {
  let violations: string[] = [];
  const property = fc.asyncProperty(histories, async (history) => {
    const found = await play(history);
    if (found.length > 0) violations = found;
    return found.length === 0;
  });
  const { counterexample } = await fc.check(property, {
    seed: seedOf(seed, index),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MILLISECONDS,
    markInterruptAsFailure: true,
  });
  return { history: counterexample?.[0] ?? historyAt(seed, index), violations };
}
/** Enough for some hundred tries. */
const SHRINK_MILLISECONDS = 60_000;

/** Lags that a second look two minutes after an event is long enough for. */
export const SHORT_LAG_SECONDS = 25;
/** Deeds that no event tells of, or that end an execution before it has done what its event was about. */
const UNTOLD = ['assign', 'unassign', 'deploy', 'stop', 'redrive', 'deleteGroup'] as const;
const PASSING: readonly string[] = ['throttle', 'internal', 'internal-after', 'conflict'] satisfies FaultRule['kind'][];

/** Whether the machine's own retries outlast a fault. */
function isPassing({ operation, kind, for: lasts }: FaultRule): boolean {
  return lasts === undefined && (operation === 'Lambda.Invoke' || PASSING.includes(kind));
}

/** Whether all that happens in a history reaches Usher by an event, so that nothing is left for a reconciliation. */
export function isTold({ actions }: History): boolean {
  const begins = actions[0]?.start?.['scope'] === 'everything' && actions[0].at === '+0s';
  return (
    begins &&
    actions.every((action) => {
      const givesUp = action.start?.['application'] !== undefined;
      const lost = action.deliver?.times === 0 || (action.deliver?.afterSeconds ?? 0) > 800;
      const passes = !action.fault || isPassing(action.fault);
      const late = (action.lag?.seconds ?? 0) > SHORT_LAG_SECONDS;
      return !givesUp && !lost && passes && !late && !UNTOLD.some((deed) => action[deed] !== undefined);
    })
  );
}

function rulesOf({ max, graceDays, mode, brake, requestsPerSecond, without }: RuleChoice): Rules {
  const [first, second] = APPLICATIONS;
  const [a, b, c] = GROUPS;
  if (!first || !second || !a || !b || !c) throw new Error('two applications and three groups');
  const entitlements = [
    {
      name: 'first',
      application: first,
      groups: [a, b],
      seats: { max: max[0] ?? 50 },
      onLeave: { revokeAfterDays: graceDays },
    },
    ...(without === 'entitlement'
      ? []
      : [
          {
            name: 'second',
            application: second,
            groups: without === 'group' ? [c] : [b, c],
            seats: { max: max[1] ?? 50 },
            mode,
          },
        ]),
  ];
  return {
    entitlements,
    retired: without === 'entitlement' ? [second] : [],
    brake,
    requestsPerSecond,
  };
}

/** Leaves out what can't be done when its time comes: those who act must be there. */
function scenarioOf({ rules: choice, members, assigned, quirks, begins, lags, episodes: all }: Draft): History {
  const world = new World(members);
  let seconds = 0;
  const actions: Action[] = begins ? [{ at: '+0s', start: { scope: 'everything' }, expect: ANY }] : [];
  for (const { afterSeconds: pause, deed } of [...lags.map((deed) => ({ afterSeconds: 0, deed })), ...all.flat()]) {
    seconds += pause;
    const done = world.deedOf(deed, seconds, actions.length + 1);
    if (done) actions.push({ at: `+${seconds}s`, ...done });
  }
  const at = new Date(START).toISOString();
  return {
    start: at,
    entitlements: {
      identityCenter: {
        region: REGION,
        instanceArn: INSTANCE_ARN,
        identityStoreId: STORE_ID,
      },
      ...rulesOf(choice),
    },
    directory: {
      identityStoreId: STORE_ID,
      users: Array.from({ length: PEOPLE }, (_, index) => person(index + 1)),
      groups: GROUPS.map((groupId, index) => ({
        groupId,
        displayName: `${SECRET}-group`,
        members: [...new Set(members.flatMap(([one, at]) => (at === index ? [user(one)] : [])))],
      })),
      applications: APPLICATIONS.map((applicationArn, index) => ({
        applicationArn,
        assigned: [...new Set(assigned.flatMap(([one, at]) => (at === index ? [user(one)] : [])))],
      })),
    },
    quirks,
    actions: actions.length > 0 ? actions : [{ at: '+0s', start: { scope: 'everything' }, expect: ANY }],
  };
}

/** A history says nothing about how its executions end: that is what it is played for. */
const ANY = ['converged', 'handedOver', 'ignored', 'held', 'failed'] satisfies Action['expect'];

/** Who is there, as the actions go along. */
class World {
  readonly #users = new Map<string, { enabled: boolean }>();
  readonly #groups = new Map<string, Set<string>>();

  constructor(members: Draft['members']) {
    for (let number = 1; number <= PEOPLE; number += 1) this.#users.set(user(number), { enabled: true });
    for (const [index, groupId] of GROUPS.entries()) {
      this.#groups.set(groupId, new Set(members.flatMap(([one, at]) => (at === index ? [user(one)] : []))));
    }
  }

  deedOf(deed: Deed, seconds: number, sequence: number): Omit<Action, 'at'> | undefined {
    return this.#changeOf(deed) ?? this.#otherDeedOf(deed, seconds, sequence);
  }

  /** A change in the directory. */
  #changeOf(deed: Deed): Omit<Action, 'at'> | undefined {
    switch (deed.do) {
      case 'join':
      case 'toggle': {
        const [userId, groupId] = [user(deed.user), GROUPS[deed.group] ?? ''];
        const members = this.#groups.get(groupId);
        if (!members || !this.#users.has(userId)) return undefined;
        const leaves = members.has(userId);
        if (leaves && deed.do === 'join') return undefined;
        if (leaves) members.delete(userId);
        else members.add(userId);
        const change = { user: userId, group: groupId, via: deed.via };
        return { ...(leaves ? { leave: change } : { join: change }), deliver: deed.delivery, expect: ANY };
      }
      case 'leave': {
        const all = [...this.#groups].flatMap(([groupId, members]) =>
          [...members].map((userId) => ({ groupId, userId })),
        );
        const found = all[deed.membership % all.length];
        if (!found) return undefined;
        this.#groups.get(found.groupId)?.delete(found.userId);
        return {
          leave: { user: found.userId, group: found.groupId, via: deed.via },
          deliver: deed.delivery,
          expect: ANY,
        };
      }
      case 'status': {
        const userId = user(deed.user);
        const known = this.#users.get(userId);
        if (!known) return undefined;
        known.enabled = !known.enabled;
        const change = { user: userId, via: deed.via };
        return { ...(known.enabled ? { enable: change } : { disable: change }), deliver: deed.delivery, expect: ANY };
      }
      case 'delete': {
        const userId = user(deed.user);
        if (!this.#users.delete(userId)) return undefined;
        for (const members of this.#groups.values()) members.delete(userId);
        return { delete: { user: userId, via: deed.via }, deliver: deed.delivery, expect: ANY };
      }
      case 'hire': {
        const userId = user(deed.user);
        // An id is never given a second time.
        if (this.#hired.has(userId)) return undefined;
        this.#hired.add(userId);
        this.#users.set(userId, { enabled: true });
        return { addUser: person(deed.user) };
      }
      case 'deleteGroup': {
        const groupId = GROUPS[deed.group] ?? '';
        if (!this.#groups.delete(groupId)) return undefined;
        return { deleteGroup: { group: groupId, via: deed.via }, deliver: deed.delivery, expect: ANY };
      }
      default:
        return undefined;
    }
  }

  #otherDeedOf(deed: Deed, seconds: number, sequence: number): Omit<Action, 'at'> | undefined {
    switch (deed.do) {
      case 'assign':
      case 'unassign': {
        const userId = user(deed.user);
        if (!this.#users.has(userId)) return undefined;
        const change = { user: userId, application: APPLICATIONS[deed.application] ?? '' };
        return deed.do === 'assign' ? { assign: change } : { unassign: change };
      }
      case 'assignGroup': {
        const groupId = GROUPS[deed.group] ?? '';
        if (!this.#groups.has(groupId)) return undefined;
        return { assign: { group: groupId, application: APPLICATIONS[deed.application] ?? '' } };
      }
      case 'startUser': {
        const { userId, email } = person(deed.user);
        const who = deed.by === 'email' ? { email } : { userId };
        return { start: { ...who, waitSeconds: deed.waitSeconds }, expect: ANY };
      }
      case 'startGroup':
        return { start: { groupId: GROUPS[deed.group] }, expect: ANY };
      case 'everything':
      case 'tick':
        return { start: { scope: deed.do }, expect: ANY };
      case 'forge': {
        const change = { change: deed.change, userId: user(deed.user), groupId: GROUPS[deed.group] ?? '' };
        const at = new Date(START + (seconds - deed.ageSeconds) * 1000);
        const context = { via: deed.via, at, sequence: 1000 + sequence, identityStoreId: STORE_ID, region: REGION };
        return { event: recordOf(change, context), expect: ANY };
      }
      case 'deploy':
        return { deploy: rulesOf(deed.rules) };
      case 'adopt':
        return { admin: { adopt: deed.application === 0 ? 'first' : 'second' }, expect: ANY };
      case 'release':
        return { release: { application: APPLICATIONS[deed.application] ?? '' }, expect: ANY };
      case 'giveUp':
        return { start: { application: APPLICATIONS[deed.application] }, expect: ANY };
      case 'lag':
        return { lag: { operation: deed.operation, seconds: deed.seconds } };
      case 'fault':
        return { fault: deed.fault };
      case 'stop':
      case 'redrive':
        return { [deed.do]: { execution: deed.execution } };
      default:
        return undefined;
    }
  }

  readonly #hired = new Set<string>();
}
