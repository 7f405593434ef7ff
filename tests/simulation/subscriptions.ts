import fc from 'fast-check';
import type { Via } from '../../emulator/aws/cloudtrail/cloudtrail.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import type { SubscriptionQuirks } from '../../emulator/aws/identity-center/quirks.ts';
import { user } from '../support/ids.ts';
import { type MadeSubscription, SUBSCRIPTION_REGIONS, someApplication, someGroup, someone } from './cast.ts';
import { type Deed, type RuleChoice, rarely } from './deeds.ts';
import type { Episode } from './episodes.ts';
import { possible } from './faults.ts';

/** What a configuration says about the subscription of an entitlement. */
export interface SubscriptionChoice {
  provider: 'kiro' | 'amazon-q-business';
  mode: 'report' | 'manage';
  /** Which plan, from the cheapest on. */
  plan: number;
  allowDowngrade: boolean;
}

/** Users who come and go, and their groups: most often the one that both applications have. */
const COMERS = [1, 2];
const THEIR_GROUPS = [1, 1, 1, 2];
/** Others, by group: no group is empty without those who come and go. */
const OTHERS = [4, 5, 6];

/** Returns memberships among which those who come and go have none so far. */
export function membersWithComers(members: readonly (readonly [user: number, group: number])[]) {
  const staying = OTHERS.map((one, index) => [one, index] as const);
  return [...staying, ...members.filter(([one]) => !COMERS.includes(one))];
}

/** By application. */
export type SubscriptionChoices = readonly (SubscriptionChoice | undefined)[];

/** What a history with subscriptions has that others have not. */
export interface SubscriptionDraft {
  choices: SubscriptionChoices;
  /** More seats end: neither grace nor brake nor another group keeps those who come and go. */
  ends: boolean;
  quirks: SubscriptionQuirks;
  subscribed: readonly MadeSubscription[];
  /** Of Amazon Q Business: groups that are subscribed as a whole. */
  groups: readonly (readonly [group: number, application: number])[];
  lags: readonly Extract<Deed, { do: 'lag' }>[];
  /** Before the others (0) or after them (1). */
  episodes: readonly { position: number; episode: Episode }[];
}

/** From the cheapest on, by the names that Usher takes. */
const KIRO = ['Q_DEVELOPER_STANDALONE_PRO', 'Q_DEVELOPER_STANDALONE_PRO_PLUS', 'Q_DEVELOPER_STANDALONE_POWER'] as const;
/** The same by the names that AWS returns. */
const KIRO_RETURNED = ['KIRO_ENTERPRISE_PRO', 'KIRO_ENTERPRISE_PRO_PLUS', 'KIRO_ENTERPRISE_POWER'];
/** By both. */
const Q_BUSINESS = ['Q_LITE', 'Q_BUSINESS'] as const;

function oneOf<Plan extends string>(plans: readonly Plan[], number: number): Plan {
  const plan = plans[number % plans.length];
  if (plan === undefined) throw new Error('there are plans');
  return plan;
}

/** Returns `subscription` of an entitlement as a file has it. */
export function settingsOf({ provider, mode, plan, allowDowngrade }: SubscriptionChoice, application: number) {
  const region = SUBSCRIPTION_REGIONS[application] ?? '';
  const common = { region, mode, ...(allowDowngrade ? { allowDowngrade } : {}) };
  return provider === 'kiro'
    ? { provider, plan: oneOf(KIRO, plan), ...common }
    : { provider, plan: oneOf(Q_BUSINESS, plan), ...common };
}

/** Returns a choice of other rules without what keeps seats from beginning or ending. */
export function withEnds(rules: RuleChoice): RuleChoice {
  return {
    ...rules,
    max: [50, 50],
    graceDays: 0,
    mode: 'enforce',
    brake: { percent: 100, atLeast: 50 },
    without: 'nothing',
  };
}

/** Returns the name that AWS returns for a plan. */
export function returnedPlan({ provider }: SubscriptionChoice, plan: number): string {
  return provider === 'kiro' ? oneOf(KIRO_RETURNED, plan) : oneOf(Q_BUSINESS, plan);
}

/** Returns the provider of an application of Identity Center, as a directory file has it. */
export function providerOf({ provider }: SubscriptionChoice): string {
  return provider === 'kiro' ? 'codewhisperer' : 'qbusiness';
}

const somePlan = fc.nat(2);
const choice: fc.Arbitrary<SubscriptionChoice> = fc.record({
  provider: fc.constantFrom('kiro', 'amazon-q-business'),
  mode: fc.constantFrom('manage', 'manage', 'manage', 'manage', 'manage', 'report'),
  plan: somePlan,
  allowDowngrade: fc.boolean(),
});
const choices = fc
  .tuple(choice, fc.option(choice, { freq: 3 }), fc.boolean())
  .map(
    ([one, other, swapped]): SubscriptionChoices => (swapped ? [other ?? undefined, one] : [one, other ?? undefined]),
  );

const made = fc.record({
  user: someone,
  application: someApplication,
  plan: somePlan,
  source: fc.constantFrom('INDIVIDUAL', 'INDIVIDUAL', 'GROUP'),
});

const quirks: fc.Arbitrary<SubscriptionQuirks> = fc.record({
  cancelledSubscriptions: fc.constantFrom('CANCELLED', 'CANCELED', 'absent'),
  newSubscriptions: fc.constantFrom('PENDING', 'ACTIVE'),
  subscribingAssigned: fc.constantFrom('succeeds', 'conflicts'),
  subscribingAssigns: fc.boolean(),
  unassigningCancels: fc.boolean(),
  cancellingUnassigns: fc.boolean(),
  subscriptionKeys: fc.constantFrom('camel', 'pascal'),
  subscriptionIds: fc.constantFrom('plain', 'with-store'),
});

const lists = fc.constantFrom('UserSubscriptions.ListUserSubscriptions', 'QBusiness.ListSubscriptions');
const lagOf = (...seconds: number[]) =>
  fc.record({ do: fc.constant('lag'), operation: lists, seconds: fc.constantFrom(...seconds) });
const shortLag = lagOf(0, 5, 20, 25);
const anyLag = lagOf(0, 20, 60, 300, 900, 3600);

const writes = fc.constantFrom(
  'Q.CreateAssignment',
  'Q.DeleteAssignment',
  'Q.DeleteAssignment',
  'Q.UpdateAssignment',
  'QBusiness.CreateSubscription',
  'QBusiness.CancelSubscription',
  'QBusiness.CancelSubscription',
  'QBusiness.UpdateSubscription',
);
const reads = fc.oneof(
  { weight: 4, arbitrary: lists },
  { weight: 1, arbitrary: fc.constantFrom('QBusiness.ListApplications', 'QBusiness.GetApplication') },
);
/** Faults that the retries of a batch outlast, or that cost one or two reads of a list. */
const passing: fc.Arbitrary<FaultRule> = fc.oneof(
  fc.record({
    operation: writes,
    kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'internal-after', 'conflict'),
    times: fc.constantFrom(1, 1, 2, 3),
    skip: fc.constantFrom(0, 0, 1, 2),
  }),
  fc.record({
    operation: reads,
    kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal'),
    times: fc.constantFrom(1, 2),
    skip: fc.constantFrom(0, 0, 1, 2),
  }),
);
const anyFault = fc.record({
  operation: fc.oneof({ weight: 3, arbitrary: writes }, { weight: 1, arbitrary: reads }),
  kind: fc.constantFrom<FaultRule['kind']>(
    'throttle',
    'internal',
    'internal-after',
    'conflict',
    'lost',
    'lost',
    'lost',
    'refuse',
    'exception',
    'not-found',
    'crash-before',
    'crash-after',
    'timeout-after',
  ),
  times: fc.constantFrom(1, 1, 2, 3),
  skip: fc.constantFrom(0, 0, 1, 2),
});
const staying = fc
  .tuple(
    fc.record({
      operation: fc.oneof({ weight: 3, arbitrary: writes }, { weight: 1, arbitrary: reads }),
      kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'conflict', 'refuse', 'exception'),
      for: fc.constantFrom('5m', '40m', '2h', '1d'),
    }),
    fc.option(someone, { freq: 1 }),
  )
  .map(([fault, one]): FaultRule => {
    const ofUser = one !== null && /^Q\.|\.Create/.test(fault.operation);
    return ofUser ? { ...fault, principalId: user(one) } : fault;
  });
const faultDeed = (fault: fc.Arbitrary<FaultRule>) => fault.map((one): Deed => ({ do: 'fault', fault: possible(one) }));

/** What an administrator, or AWS, does to subscriptions: no event tells of it. */
const deeds = (told: boolean): fc.Arbitrary<Deed> =>
  told
    ? fc.oneof({ weight: 1, arbitrary: shortLag }, { weight: 2, arbitrary: faultDeed(passing) })
    : fc.oneof(
        { weight: 3, arbitrary: made.map((one): Deed => ({ do: 'subscribe', ...one })) },
        {
          weight: 3,
          arbitrary: fc.record({ do: fc.constant('unsubscribe'), user: someone, application: someApplication }),
        },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('refuseAccount'),
            refusal: fc.constantFrom('none', 'does-not-meet', 'unknown-error', 'not-authorized', 'not-eligible'),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('changePlan'),
            application: someApplication,
            plan: somePlan,
            allowDowngrade: fc.boolean(),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('adoptSubscriptions'),
            application: someApplication,
            whose: fc.constantFrom('entitled', 'all'),
          }),
        },
        { weight: 1, arbitrary: anyLag },
        { weight: 4, arbitrary: faultDeed(anyFault) },
        { weight: 2, arbitrary: faultDeed(staying) },
      );

const afterSeconds = fc.constantFrom(0, 0, 1, 8, 45, 400, 2000);

/**
 * One who comes, and goes before or after a list has shown the subscription, and perhaps comes back before one has shown the
 * end of it. Meanwhile something else happens to subscriptions.
 */
const comeAndGo = (told: boolean): fc.Arbitrary<Episode> =>
  fc
    .record({
      one: fc.constantFrom(...COMERS),
      group: fc.constantFrom(...THEIR_GROUPS),
      via: fc.constantFrom<Via>('console', 'scim', 'api'),
      pauses: fc.array(fc.constantFrom(2, 20, 45, 330, 400, 700, 1500), { minLength: 2, maxLength: 3, size: 'max' }),
      meanwhile: deeds(told),
      position: fc.nat(2),
    })
    .map(({ one, group, via, pauses, meanwhile, position }) =>
      pauses.flatMap((pause, index) => {
        const delivery = { afterSeconds: 1, times: 1 };
        const toggle = { afterSeconds: pause, deed: { do: 'toggle', user: one, group, via, delivery } } as const;
        const before = { afterSeconds: index === 0 ? 0 : 1, deed: meanwhile };
        return index === position ? [before, toggle] : [toggle];
      }),
    );

/**
 * What a history with subscriptions has; undefined: it is one without, as most are.
 *
 * @param told every change reaches Usher by an event, and no fault outlasts the retries
 */
export function subscriptionDraft(told: boolean): fc.Arbitrary<SubscriptionDraft | undefined> {
  const some = fc.record({
    choices,
    ends: fc.constantFrom(true, true, true, false),
    quirks,
    subscribed: fc.array(made, { maxLength: 3, size: 'max' }),
    groups: rarely(4).chain((any) =>
      fc.array(fc.tuple(someGroup, someApplication), { maxLength: any ? 1 : 0, size: 'max' }),
    ),
    lags: fc.array(told ? shortLag : anyLag, { maxLength: 1, size: 'max' }),
    episodes: fc.array(
      fc.record({
        position: fc.nat(1),
        episode: fc.oneof(
          { weight: 1, arbitrary: fc.record({ afterSeconds, deed: deeds(told) }).map((one): Episode => [one]) },
          { weight: 2, arbitrary: comeAndGo(told) },
        ),
      }),
      { minLength: 1, maxLength: 3, size: 'max' },
    ),
  });
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some });
}

/** Operations of Amazon Q Business, by those of Kiro that do the same. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['Q.CreateAssignment', 'QBusiness.CreateSubscription'],
  ['Q.UpdateAssignment', 'QBusiness.UpdateSubscription'],
  ['Q.DeleteAssignment', 'QBusiness.CancelSubscription'],
  ['UserSubscriptions.ListUserSubscriptions', 'QBusiness.ListSubscriptions'],
]);

/** Returns a deed that concerns an operation of a provider that is there. */
function forProviders(deed: Deed, choices: SubscriptionChoices): Deed {
  const isKiro = choices.some((one) => one?.provider === 'kiro');
  const isQBusiness = choices.some((one) => one?.provider === 'amazon-q-business');
  if (deed.do !== 'fault' || (isKiro && isQBusiness)) return deed;
  const same = isKiro
    ? [...SAME].find(([, other]) => other === deed.fault.operation)?.[0]
    : SAME.get(deed.fault.operation);
  return same === undefined ? deed : { ...deed, fault: { ...deed.fault, operation: same } };
}

/** Lists have to be awaited: a history with subscriptions has fewer other episodes. */
const MOST_OTHERS = 1;

/** Puts the episodes about subscriptions among the others. */
export function withSubscriptionEpisodes(all: readonly Episode[], draft: SubscriptionDraft | undefined): Episode[] {
  if (!draft) return [...all];
  const { episodes, choices } = draft;
  const others = all.slice(0, MOST_OTHERS);
  const ready = episodes.map(({ position, episode }) => ({
    position,
    episode: episode.map((one) => ({ ...one, deed: forProviders(one.deed, choices) })),
  }));
  const at = (place: number) => ready.filter(({ position }) => position === place).map(({ episode }) => episode);
  return [...at(0), ...others, ...at(1)];
}
