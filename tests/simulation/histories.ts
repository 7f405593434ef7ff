import fc from 'fast-check';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import { INSTANCE_ARN, REGION, STORE_ID, user } from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';
import {
  type Action,
  APPLICATIONS,
  CLERK,
  GROUPS,
  type History,
  MORE_GROUPS,
  PEOPLE,
  person,
  START,
  SUBSCRIPTION_REGIONS,
  someApplication,
  someGroup,
  someone,
} from './cast.ts';
import { anyLag, type Deed, type RuleChoice, rarely, rules, shortLag } from './deeds.ts';
import { type Episode, episodes } from './episodes.ts';
import { ANY, World } from './possible-world.ts';
import { rulesOf } from './rules.ts';
import {
  membersWithComers,
  providerOf,
  returnedPlan,
  type SubscriptionDraft,
  subscriptionDraft,
  withEnds,
  withSubscriptionEpisodes,
} from './subscriptions.ts';

/** What a history is made of. */
interface Draft {
  rules: RuleChoice;
  members: readonly (readonly [user: number, group: number])[];
  assigned: readonly (readonly [user: number, application: number])[];
  quirks: NonNullable<History['quirks']>;
  latency: History['latency'];
  otherCallers: History['otherCallers'];
  batchUsers: History['batchUsers'];
  begins: boolean;
  lags: readonly Extract<Deed, { do: 'lag' }>[];
  episodes: readonly Episode[];
  subscriptions: SubscriptionDraft | undefined;
  limits: History['limits'];
  repeatedSubscription: NonNullable<Quirks['repeatedSubscription']>;
}

const statuses = rarely(12).map((isNew): Quirks['userStatus'] => (isNew ? 'new-value' : 'present'));
const sources = rarely(16).map((isSync): Quirks['identitySource'] => (isSync ? 'ad-sync' : 'any'));
/** What callers of these APIs see, and ten times as much. */
const LATENCIES = [
  { change: 0.15, read: 0.05, ledger: 0.01, bus: 0.02 },
  { change: 1.5, read: 0.5, ledger: 0.1, bus: 0.2 },
];

/** So little that histories of a few users meet it. */
const SLOW_PARTITION = { partition: { writes: 20, reads: 60 } };
const FEW_FUNCTIONS = { concurrency: 2 };

const draft: fc.Arbitrary<Draft> = fc.constantFrom(true, false, false).chain((told) =>
  fc.record({
    rules,
    members: fc.array(fc.tuple(someone, someGroup), { maxLength: 12, size: 'max' }),
    assigned: fc.array(fc.tuple(someone, someApplication), { maxLength: 2 }),
    quirks: fc.record({
      repeatedCreate: fc.constantFrom('ok', 'conflict'),
      deleteMissing: fc.constantFrom('ok', 'not-found'),
      missingGroup: fc.constantFrom('not-found', 'no-member'),
      pages: fc.constantFrom('full', 'short', 'varying'),
      pageTokens: fc.constantFrom('last', 'expire'),
      userStatus: told ? fc.constantFrom<Quirks['userStatus']>('present', 'present', 'absent') : statuses,
      identitySource: told ? fc.constant<Quirks['identitySource']>('any') : sources,
      assignmentsOfDeletedUsers: fc.constantFrom('end', 'stay'),
      expiredItems: fc.constantFrom('two-days', 'at-once', 'never'),
    }),
    latency: fc.constantFrom(undefined, undefined, undefined, undefined, ...LATENCIES),
    otherCallers: fc.constantFrom(undefined, { ssoAdmin: 8, identityStore: 5 }, { ssoAdmin: 17, identityStore: 15 }),
    batchUsers: fc.constantFrom(undefined, 1, 2, 3),
    begins: told ? fc.constant(true) : fc.constantFrom(true, true, false),
    lags: fc.array(told ? shortLag : anyLag, { maxLength: 3, size: 'max' }),
    episodes: fc.array(episodes(told), { minLength: 1, maxLength: 6, size: 'max' }),
    // The last: a history without subscriptions is what it would be if there were none.
    subscriptions: subscriptionDraft(told),
    // Drawn after everything else, for the same reason.
    limits: fc.constantFrom(undefined, undefined, undefined, SLOW_PARTITION, FEW_FUNCTIONS),
    repeatedSubscription: fc.constantFrom('conflicts', 'conflicts', 'succeeds'),
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
const UNTOLD = [
  'assign',
  'unassign',
  'subscribe',
  'unsubscribe',
  'quirks',
  'deploy',
  'stop',
  'redrive',
  'deleteGroup',
  'deleteApplication',
] as const;
const PASSING: readonly string[] = ['throttle', 'internal', 'internal-after', 'conflict'] satisfies FaultRule['kind'][];

/** Whether the machine's own retries outlast a fault. */
function isPassing({ operation, kind, for: lasts }: FaultRule): boolean {
  return lasts === undefined && (operation === 'Lambda.Invoke' || PASSING.includes(kind));
}

/** A list of subscriptions is read every five minutes; if it fails three times in a row, an execution fails for it. */
const MOST_FAILED_LISTS = 2;

/** Whether faults keep Usher from reading lists of subscriptions for longer than it waits. */
export function hasUnreadableLists({ actions }: History): boolean {
  const failed = actions.map(({ fault }) => {
    if (!fault || !isReadOfSubscriptions(fault.operation)) return 0;
    const isRetried = fault.kind !== 'conflict' && isPassing(fault);
    return isRetried ? (fault.times ?? 1) : Number.POSITIVE_INFINITY;
  });
  return failed.reduce((sum, times) => sum + times, 0) > MOST_FAILED_LISTS;
}

/** Whether an operation reads a list of subscriptions, or finds it. */
export function isReadOfSubscriptions(operation: string): boolean {
  return /^(?:UserSubscriptions|QBusiness)\.(?:List|Get)/.test(operation);
}

/** Whether all that happens in a history reaches Usher by an event, so that nothing is left for a reconciliation. */
export function isTold(history: History): boolean {
  const { actions } = history;
  const begins = actions[0]?.start?.['scope'] === 'everything' && actions[0].at === '+0s';
  return (
    begins &&
    !hasUnreadable(history) &&
    !hasUnreadableLists(history) &&
    actions.every((action) => {
      const givesUp = action.start?.['application'] !== undefined;
      const lost = action.deliver?.times === 0 || (action.deliver?.afterSeconds ?? 0) > 800;
      const passes = !action.fault || isPassing(action.fault);
      const late = (action.lag?.seconds ?? 0) > SHORT_LAG_SECONDS;
      return !givesUp && !lost && passes && !late && !UNTOLD.some((deed) => action[deed] !== undefined);
    })
  );
}

/** Whether there is something that Usher cannot read for good: a status that it does not know, or any group's members. */
export function hasUnreadable({ quirks = {} }: History): boolean {
  return quirks.userStatus === 'new-value' || quirks.identitySource === 'ad-sync';
}

/** Seconds since the start, as a scenario has them: a number has at most six digits. */
function timeOf(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return `+${days > 0 ? `${days}d` : ''}${seconds % 86_400}s`;
}

/**
 * Other callers of a directory with many groups. If they leave only 5 requests per second, the lists of so many groups are
 * throttled again and again, and Usher, which does not slow down, gives the application up after six minutes.
 */
const CALM = { ssoAdmin: 8, identityStore: 5 };

/** Leaves out what can't be done when its time comes: those who act must be there. */
function scenarioOf(draft: Draft): History {
  const { assigned, latency, otherCallers, batchUsers, begins, subscriptions, limits, repeatedSubscription } = draft;
  const all = withSubscriptionEpisodes(draft.episodes, subscriptions);
  const choices = subscriptions?.choices ?? [];
  const members = subscriptions?.ends ? membersWithComers(draft.members) : draft.members;
  const ruled = (rules: RuleChoice) => (subscriptions?.ends ? withEnds(rules) : rules);
  const choice = ruled(draft.rules);
  const world = new World(members, choice, choices);
  let seconds = 0;
  const actions: Action[] = begins ? [{ at: '+0s', start: { scope: 'everything' }, expect: ANY }] : [];
  const lags = [...draft.lags, ...(subscriptions?.lags ?? [])];
  for (const { afterSeconds: pause, deed } of [...lags.map((deed) => ({ afterSeconds: 0, deed })), ...all.flat()]) {
    seconds += pause;
    for (const done of world.deedsOf(
      deed.do === 'deploy' ? { ...deed, rules: ruled(deed.rules) } : deed,
      seconds,
      actions.length + 1,
    ))
      actions.push({ at: timeOf(seconds), ...done });
  }
  const deployed = all.flat().flatMap(({ deed }) => (deed.do === 'deploy' ? [deed.rules] : []));
  const hasMore = [choice, ...deployed].some(({ manyGroups }) => manyGroups);
  const at = new Date(START).toISOString();
  return {
    start: at,
    entitlements: {
      identityCenter: {
        region: REGION,
        instanceArn: INSTANCE_ARN,
        identityStoreId: STORE_ID,
      },
      ...rulesOf(choice, choices),
    },
    directory: {
      identityStoreId: STORE_ID,
      users: [...Array.from({ length: PEOPLE }, (_, index) => person(index + 1)), ...(hasMore ? [person(CLERK)] : [])],
      groups: [
        ...GROUPS.map((groupId, index) => ({
          groupId,
          displayName: `${SECRET}-group`,
          members: [...new Set(members.flatMap(([one, at]) => (at === index ? [user(one)] : [])))],
        })),
        ...(hasMore ? MORE_GROUPS : []).map((groupId) => ({ groupId, members: [user(CLERK)] })),
      ],
      applications: APPLICATIONS.map((applicationArn, index) => ({
        applicationArn,
        assigned: [...new Set(assigned.flatMap(([one, at]) => (at === index ? [user(one)] : [])))],
        ...(subscriptions ? subscribedAtFirst(subscriptions, index) : {}),
      })),
    },
    quirks: { ...draft.quirks, ...(subscriptions ? { ...subscriptions.quirks, repeatedSubscription } : {}) },
    ...(latency ? { latency } : {}),
    ...(otherCallers ? { otherCallers: hasMore ? CALM : otherCallers } : {}),
    ...(batchUsers === undefined ? {} : { batchUsers }),
    ...(limits === undefined ? {} : { limits }),
    actions: actions.length > 0 ? actions : [{ at: '+0s', start: { scope: 'everything' }, expect: ANY }],
  };
}

/** What the directory file says about the subscriptions of an application. */
function subscribedAtFirst({ choices, subscribed, groups }: SubscriptionDraft, application: number) {
  const choice = choices[application];
  if (!choice) return {};
  const isKiro = choice.provider === 'kiro';
  const ofUsers = new Map(
    subscribed.flatMap((one) => {
      if (one.application !== application) return [];
      const source = isKiro ? { source: one.source } : {};
      return [[one.user, { user: user(one.user), plan: returnedPlan(choice, one.plan), ...source }] as const];
    }),
  );
  const ofGroups = isKiro
    ? []
    : groups.flatMap(([index, at]) =>
        at === application ? [{ group: GROUPS[index] ?? '', plan: returnedPlan(choice, choice.plan) }] : [],
      );
  return {
    provider: providerOf(choice),
    region: SUBSCRIPTION_REGIONS[application] ?? '',
    subscriptions: [...ofUsers.values(), ...ofGroups],
  };
}
