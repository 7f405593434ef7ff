import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareSubscriptions,
  type FINDING_KINDS,
  type Subscribers,
  type SubscriptionFinding,
} from '../../../domain/subscription/findings.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { at, iso } from '../../support/builders.ts';
import { GROUP, user } from '../../support/ids.ts';
import { aSubscription, POWER, PRO, subscribers } from '../../support/subscriptions.ts';

const NOW = { now: at(0), twice: new Set<string>() };

/** What is found, as `<kind> <number of the user>`. */
const found = (all: readonly Subscription[], entitlements: readonly Subscribers[]) =>
  compareSubscriptions(all, entitlements, NOW).findings.map(
    ({ kind, userId }) => `${kind} ${Number(userId.slice(-2))}`,
  );

describe('the subscriptions of a profile', () => {
  it.each<[string, Subscription[], Subscribers[], string[]]>([
    ['are right if each entitled user has one', [aSubscription(1)], [subscribers([1])], []],
    ['are missing for an entitled user without one', [], [subscribers([1])], ['missing 1']],
    ['are orphans if no entitlement covers the user', [aSubscription(1)], [], ['orphan 1']],
    [
      'that Usher has cancelled are no orphans for a month, as long as the list does not say that they are used',
      [1, 2, 3].map((number) => aSubscription(number, { status: number === 2 ? 'active' : 'unknown' })),
      [
        subscribers([], {
          ended: new Map([
            [user(1), iso(-31 * 86_400)],
            [user(2), iso(-31 * 86_400)],
            [user(3), iso(-32 * 86_400)],
          ]),
        }),
      ],
      ['orphan 2', 'orphan 3'],
    ],
    ['of another user do not count', [aSubscription(2)], [subscribers([1])], ['missing 1', 'orphan 2']],
    [
      'that are cancelled count as gone',
      [aSubscription(1, { status: 'cancelled' }), aSubscription(2, { status: 'cancelled' })],
      [subscribers([1])],
      ['missing 1'],
    ],
    ['of another plan are wrong', [aSubscription(1, { plan: POWER })], [subscribers([1])], ['wrong-plan 1']],
    ['of an unknown plan are not wrong', [aSubscription(1, { plan: 'unknown' })], [subscribers([1])], []],
    [
      'are right with any of the plans that the entitlements of a user ask for',
      [aSubscription(1, { plan: POWER })],
      [subscribers([1]), subscribers([1], { entitlement: 'other', plan: POWER })],
      [],
    ],
    [
      'of a user who is listed twice are right with one of the right plan',
      [aSubscription(1, { plan: POWER }), aSubscription(1)],
      [subscribers([1])],
      [],
    ],
    [
      'that were never used, since an unknown time, are pending',
      [aSubscription(1, { status: 'pending' })],
      [subscribers([1])],
      ['pending 1'],
    ],
    [
      'of a user who uses one of two are not pending',
      [aSubscription(1, { status: 'pending' }), aSubscription(1)],
      [subscribers([1])],
      [],
    ],
    ['of an unknown status are not pending', [aSubscription(1, { status: 'unknown' })], [subscribers([1])], []],
    [
      'may come from a group',
      [aSubscription(1, { source: 'group' }), aSubscription(2, { source: 'both' })],
      [subscribers([1, 2])],
      ['through-group 1', 'through-group 2'],
    ],
    [
      'of a user with a subscription of each kind come from both',
      [aSubscription(1), aSubscription(1, { source: 'group' })],
      [subscribers([1])],
      ['through-group 1'],
    ],
    [
      'are neither missing nor paid for nobody, for users who may have one and need not',
      [aSubscription(1, { plan: POWER, status: 'pending', source: 'group' })],
      [subscribers([], { tolerated: new Set([user(1), user(2)]) })],
      [],
    ],
    [
      'are missing for a user who needs one, although another entitlement only tolerates it',
      [],
      [subscribers([], { tolerated: new Set([user(1)]) }), subscribers([1], { entitlement: 'other' })],
      ['missing 1'],
    ],
    [
      'of a group are no one user’s',
      [aSubscription(1, { principal: { group: GROUP } })],
      [subscribers([1])],
      ['missing 1'],
    ],
  ])('%s', (_fact, all, entitlements, findings) => {
    expect(found(all, entitlements)).toEqual(findings);
  });

  it('are counted by status, each user once, next to those of groups and those that name no one', () => {
    const all = [
      aSubscription(1),
      aSubscription(1, { status: 'pending' }),
      aSubscription(2, { status: 'pending' }),
      aSubscription(3, { status: 'unknown' }),
      aSubscription(4, { status: 'cancelled' }),
      aSubscription(5, { principal: { group: GROUP } }),
      aSubscription(5, { principal: { group: GROUP }, plan: POWER }),
      aSubscription(6, { principal: { unknown: true } }),
    ];
    expect(compareSubscriptions(all, [subscribers([1, 2, 3])], NOW)).toMatchObject({
      active: 1,
      pending: 1,
      unknown: 1,
      groups: [GROUP],
      unreadable: 1,
    });
  });
});

it.each<[string, number[], number[], object[]]>([
  [
    'of an entitled user is that of the entitlement',
    [1],
    [],
    [{ kind: 'twice', userId: user(1), entitlement: 'kiro', expected: PRO }],
  ],
  [
    'of a user whom none covers is next to the orphan',
    [],
    [],
    [{ kind: 'orphan' }, { kind: 'twice', userId: user(1), plan: PRO }],
  ],
  ['of a user who only may have it is no finding', [], [1], []],
])('a subscription that is charged twice %s', (_fact, entitled, tolerated, expected) => {
  const subscriber = subscribers(entitled, { tolerated: new Set(tolerated.map(user)) });
  const { findings } = compareSubscriptions([aSubscription(1)], [subscriber], { ...NOW, twice: new Set([user(1)]) });
  expect(findings).toMatchObject(expected);
  expect(findings).toHaveLength(expected.length);
});

it('a subscription that is charged twice is one finding, however many entitlements cover the user', () => {
  const entitlements = [subscribers([1]), subscribers([1], { entitlement: 'other' })];
  const { findings } = compareSubscriptions([aSubscription(1)], entitlements, { ...NOW, twice: new Set([user(1)]) });
  expect(findings).toMatchObject([{ kind: 'twice', entitlement: 'kiro' }]);
});

const DAYS = 86_400;

it.each<[string, number | undefined, object]>([
  ['14 days', 14 * DAYS, { findings: [{ kind: 'pending', since: iso(-14 * DAYS) }], recentlyPending: 0 }],
  ['a second less', 14 * DAYS - 1, { findings: [], recentlyPending: 1 }],
  ['13 days', 13 * DAYS, { findings: [], recentlyPending: 1 }],
  ['no time, for all that is recorded', undefined, { findings: [], recentlyPending: 1 }],
])('a subscription that has been pending for %s is a finding only from 14 days on', (_time, age, expected) => {
  const pendingSince = new Map(age === undefined ? [] : [[user(1), iso(-age)]]);
  const all = [aSubscription(1, { status: 'pending' }), aSubscription(2, { status: 'pending' })];
  // Of a user who only may have a subscription, nothing is expected.
  const tolerated = new Set([user(2)]);
  const report = compareSubscriptions(all, [subscribers([1], { pendingSince, tolerated })], NOW);
  expect(report).toMatchObject({ pending: 2, ...expected });
});

it('a pending subscription of two entitlements is counted once, and not next to a finding', () => {
  const [young, old] = [new Map([[user(1), iso(-DAYS)]]), new Map([[user(1), iso(-15 * DAYS)]])];
  const counted = (...since: ReadonlyMap<string, string>[]) => {
    const entitlements = since.map((pendingSince, index) =>
      subscribers([1], { entitlement: `entitlement-${index}`, pendingSince }),
    );
    const { findings, recentlyPending } = compareSubscriptions(
      [aSubscription(1, { status: 'pending' })],
      entitlements,
      NOW,
    );
    return [findings.length, recentlyPending];
  };
  expect([counted(young, young), counted(young, old)]).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

it('a finding says what the entitlement asks for, what there is, and since when it is missing', () => {
  const entitled = new Map([
    [user(1), iso(-60)],
    [user(2), undefined],
  ]);
  const { findings } = compareSubscriptions(
    [aSubscription(2, { plan: POWER }), aSubscription(3)],
    [subscribers([], { entitled })],
    NOW,
  );
  expect(findings).toEqual<SubscriptionFinding[]>([
    { kind: 'missing', userId: user(1), entitlement: 'kiro', expected: PRO, since: iso(-60) },
    { kind: 'orphan', userId: user(3), plan: PRO, status: 'active', source: 'individual' },
    {
      kind: 'wrong-plan',
      userId: user(2),
      entitlement: 'kiro',
      plan: POWER,
      status: 'active',
      source: 'individual',
      expected: PRO,
    },
  ]);
});

it.each<[Partial<Subscription>[], Partial<SubscriptionFinding>]>([
  [[{ plan: 'unknown' }, { plan: POWER }, { plan: PRO }], { plan: POWER }],
  [[{ plan: 'unknown' }], { plan: 'unknown' }],
  [[{ status: 'pending' }], { status: 'pending' }],
  [[{ status: 'unknown' }, { status: 'active' }], { status: 'active' }],
  [[{ source: 'unknown' }, { source: 'individual' }], { source: 'individual' }],
  [[{ source: 'unknown' }, { source: 'group' }], { source: 'group' }],
  [[{ source: 'individual' }, { source: 'group' }], { source: 'both' }],
  [[{ source: 'unknown' }, { source: 'both' }], { source: 'both' }],
  [[{ source: 'unknown' }], { source: 'unknown' }],
])('an orphan with %j is shown with %j', (some, expected) => {
  const { findings } = compareSubscriptions(
    some.map((parts) => aSubscription(1, parts)),
    [],
    NOW,
  );
  expect(findings).toEqual([expect.objectContaining({ kind: 'orphan', userId: user(1), ...expected })]);
});

it('every user is either missing, an orphan, tolerated, or has a subscription that an entitlement covers', () => {
  const subscription = fc.record({
    principal: fc.oneof(
      fc.nat(8).map((number) => ({ user: user(number) })),
      fc.constant({ group: GROUP }),
      fc.constant({ unknown: true as const }),
    ),
    plan: fc.constantFrom<Subscription['plan'][]>(PRO, POWER, 'unknown'),
    status: fc.constantFrom<Subscription['status'][]>('active', 'pending', 'cancelled', 'unknown'),
    source: fc.constantFrom<Subscription['source'][]>('individual', 'group', 'both', 'unknown'),
  });
  const some = fc.uniqueArray(fc.nat(8));
  fc.assert(
    fc.property(fc.array(subscription, { maxLength: 20 }), some, some, (all, numbers, others) => {
      const tolerated = new Set(others.map(user));
      const { findings } = compareSubscriptions(all, [subscribers(numbers, { tolerated })], NOW);
      const of = (kind: (typeof FINDING_KINDS)[number]) =>
        new Set(findings.flatMap((one) => (one.kind === kind ? one.userId : [])));
      const subscribed = new Set(
        all.flatMap(({ principal, status }) => ('user' in principal && status !== 'cancelled' ? principal.user : [])),
      );
      const wanted = new Set(numbers.map(user));
      expect(of('missing')).toEqual(wanted.difference(subscribed));
      expect(of('orphan')).toEqual(subscribed.difference(wanted).difference(tolerated));
      for (const kind of ['wrong-plan', 'pending', 'through-group'] as const)
        expect(of(kind).isSubsetOf(wanted.intersection(subscribed))).toBe(true);
    }),
  );
});
