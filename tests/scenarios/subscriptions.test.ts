import { describe, expect, it } from 'vitest';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { SeedSubscription } from '../../emulator/aws/identity-center/directory-seed.ts';
import { exampleDirectory } from '../../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { latencyOf } from '../../emulator/stack/latency.ts';
import type { AuditEntry } from '../../emulator/stack/listener.ts';
import { aDisableUser } from '../support/events.ts';
import { APPLICATION, GROUP, numberOf, OTHER_APPLICATION, OTHER_GROUP, people, REGION, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { PRO } from '../support/subscriptions.ts';
import { openWorld, type WorldOptions } from '../support/world.ts';

const KIRO = { provider: 'kiro', plan: PRO, region: REGION, mode: 'report' } as const;
const BUSINESS = { provider: 'amazon-q-business', plan: 'Q_LITE', region: REGION, mode: 'report' } as const;
const ROLE = 'arn:aws:iam::222233334444:role/usher-subscriber';
const DAY_SECONDS = 24 * 3600;
const LIST = 'UserSubscriptions.ListUserSubscriptions';

/** The list names the plan of a subscription as AWS returns it. */
const subscribed = (number: number, parts: Partial<SeedSubscription> = {}): SeedSubscription => ({
  user: user(number),
  plan: 'KIRO_ENTERPRISE_PRO',
  ...parts,
});

interface Options extends WorldOptions {
  entitlements?: readonly Partial<Entitlement>[];
  subscriptions?: readonly SeedSubscription[];
  /** Those of the second application. */
  others?: readonly SeedSubscription[];
}

const OBSERVED: Partial<Entitlement> = { mode: 'observe', subscription: KIRO };
const ENFORCED: Partial<Entitlement> = { subscription: KIRO };

type Fault = Parameters<Awaited<ReturnType<typeof openWorld>>['faults']['add']>[0];
const exception = (name: string): Fault => ({ operation: LIST, kind: 'exception', exception: name, for: 'ever' });

/** Opens a world whose users are subscribed natively, which changes none of their assignments. */
async function opened({ entitlements = [OBSERVED], subscriptions = [], others = [], ...given }: Options = {}) {
  const options = { ...given, quirks: { subscribingAssigns: false, ...given.quirks } };
  const { people: count = 6, members = [1, 2, 3] } = options;
  const byGroup = Array.isArray(members) ? { [GROUP]: members } : members;
  const seed = exampleDirectory(exampleEntitlements({ entitlements }), count, byGroup as Record<string, number[]>);
  const applications = seed.applications.map((one, index) => ({
    ...one,
    subscriptions: [...([subscriptions, others][index] ?? [])],
  }));
  const world = await openWorld({ ...options, people: count, members, entitlements, directory: { applications } });
  const said = ({ Detail }: AuditEntry) => {
    const { status_detail, user: about, unmapped } = detailOf({ Detail } as AuditEntry);
    const { state } = unmapped as { state?: string };
    return `${status_detail} ${numberOf(about.uid ?? '')} ${state}`;
  };
  return {
    ...world,
    /** Subscribes a user natively, with the plan that the entitlement asks for. */
    subscribe: (number: number) =>
      world.center.subscribe(APPLICATION, { userId: user(number), plan: 'KIRO_ENTERPRISE_PRO' }),
    /** Has a user use a subscription for the first time: from now on, the list shows it as active. */
    activate(number: number) {
      world.center.unsubscribe(APPLICATION, user(number));
      world.center.changeQuirks({ newSubscriptions: 'ACTIVE' });
      world.center.subscribe(APPLICATION, { userId: user(number), plan: 'KIRO_ENTERPRISE_PRO' });
      world.center.changeQuirks({ newSubscriptions: 'PENDING' });
    },
    unsubscribe: (number: number) => world.center.unsubscribe(APPLICATION, user(number)),
    changePlan: (number: number, plan: string) => world.center.changePlan(APPLICATION, { userId: user(number), plan }),
    /** Lets this many hours pass, with their ticks. */
    hours: (count_: number) => world.ticking(60 * count_),
    /** Lets this many days pass without a tick, and then an hour with them. */
    async days(count_: number) {
      world.after(count_ * DAY_SECONDS, () => undefined);
      await world.play();
      await world.ticking(60);
    },
    /** Returns the events about findings, in order, each once: `missing 3 found`. */
    told: () => {
      const all = world.audit.filter(({ DetailType }) => DetailType === 'Subscription Finding');
      return [...new Map(all.map((one) => [detailOf(one).metadata.uid, one])).values()].map(said);
    },
    /** Returns the last values of the metrics. */
    latest: () => ({
      missing: world.measured('SubscriptionsMissing').at(-1),
      orphaned: world.measured('SubscriptionsOrphaned').at(-1),
      unread: world.measured('SubscriptionsUnread').at(-1),
    }),
    /** Returns why comparisons were left out, in order. */
    unread: () =>
      world.logs.flatMap((line) => {
        const { subscriptions = [] } = JSON.parse(line) as { subscriptions?: { unread?: { reason: string } }[] };
        return subscriptions.flatMap((one) => one.unread?.reason ?? []);
      }),
    /** Returns how executions ended, each way once. */
    outcomes: () => [
      ...new Set(world.ends.map(({ status, execution }) => world.stack.endOf(execution)?.outcome ?? status)),
    ],
    findingItems: async () => (await world.services.ledger.itemsOf(APPLICATION)).findings,
    /** Returns what the ledger holds: `missing 3`. */
    async found(application = APPLICATION) {
      const { findings } = await world.services.ledger.itemsOf(application);
      return findings.flatMap((one) => one.findings.map(({ kind }) => `${kind} ${numberOf(one.userId)}`)).sort();
    },
  };
}

describe('the comparison of subscriptions', () => {
  it('finds within an hour who of a subscribed group has none, and who has one and is no longer entitled', async () => {
    const world = await opened({ subscriptions: [subscribed(1), subscribed(2), subscribed(4)] });
    await world.hours(1);
    expect(world.told().sort()).toEqual(['missing 3 found', 'orphan 4 found']);
    expect(await world.found()).toEqual(['missing 3', 'orphan 4']);
    expect(world.latest()).toEqual({ missing: 1, orphaned: 1, unread: 0 });
    world.forgetAudit();
    world.center.leave(GROUP, user(2));
    await world.hours(1);
    expect(world.told()).toEqual(['orphan 2 found']);
    expect(world.latest()).toEqual({ missing: 1, orphaned: 2, unread: 0 });
    expect([world.assigned(), world.calls('SSOAdmin.CreateApplicationAssignment')]).toEqual([[], 0]);
  });

  it('finds who pays if an assignment starts a subscription', async () => {
    const quirks = { assigningSubscribes: true };
    const world = await opened({ entitlements: [ENFORCED], members: [1], quirks });
    await world.hours(1);
    expect([world.assigned(), world.told()]).toEqual([[1], []]);
    await world.leaves(1);
    await world.hours(2);
    expect([world.assigned(), world.told()]).toEqual([[], ['orphan 1 found']]);
  });

  it('is the same for an entitlement that is enforced, and fails none of its executions', async () => {
    const world = await opened({ entitlements: [ENFORCED], subscriptions: [subscribed(1), subscribed(4)] });
    await world.hours(2);
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect(world.told().sort()).toEqual(['missing 2 found', 'missing 3 found', 'orphan 4 found']);
    expect(world.outcomes()).toEqual(['converged']);
  });

  it('tells each kind of finding, and what a user may have several of', async () => {
    const world = await opened({
      people: 8,
      members: [1, 2, 3, 4, 5],
      subscriptions: [
        subscribed(1, { plan: 'KIRO_ENTERPRISE_POWER' }),
        subscribed(2, { status: 'PENDING' }),
        subscribed(3, { source: 'GROUP' }),
        subscribed(4, { plan: 'SOMETHING_NEW' }),
        subscribed(5, { status: 'PENDING', source: 'INDIVIDUAL_AND_GROUP', plan: 'KIRO_ENTERPRISE_POWER' }),
        subscribed(6, { status: 'CANCELLED' }),
      ],
    });
    await world.hours(1);
    const found = ['through-group 3', 'through-group 5', 'wrong-plan 1', 'wrong-plan 5'];
    expect(await world.found()).toEqual(found);
    expect(world.told().sort()).toEqual(found.map((one) => `${one} found`));
    await world.days(14);
    expect(await world.found()).toEqual(['pending 2', 'pending 5', ...found]);
  });

  it('tells each finding once, again when it says something else, and when it has ended', async () => {
    const world = await opened({ subscriptions: [subscribed(1), subscribed(2, { plan: 'KIRO_ENTERPRISE_POWER' })] });
    await world.hours(3);
    expect(world.told().sort()).toEqual(['missing 3 found', 'wrong-plan 2 found']);
    world.forgetAudit();
    const [first] = (await world.findingItems()).filter(({ userId }) => userId === user(2));
    world.changePlan(2, 'KIRO_ENTERPRISE_PRO_MAX');
    world.subscribe(3);
    await world.hours(2);
    expect(world.told().sort()).toEqual(['missing 3 ended', 'wrong-plan 2 changed']);
    expect(await world.found()).toEqual(['wrong-plan 2']);
    const [changed] = (await world.findingItems()).filter(({ userId }) => userId === user(2));
    expect(changed?.findings[0]).toMatchObject({ plan: 'Q_DEVELOPER_STANDALONE_PRO_MAX', expected: PRO });
    expect(changed?.findings[0]?.since).toBe(first?.findings[0]?.since);
    world.forgetAudit();
    world.changePlan(2, 'KIRO_ENTERPRISE_PRO');
    await world.hours(2);
    expect(world.told()).toEqual(['wrong-plan 2 ended']);
    expect(await world.found()).toEqual([]);
  });

  describe('of a subscription that its user has never used', { tags: 'long' }, () => {
    const openPending = () => opened({ members: [1], subscriptions: [subscribed(1, { status: 'PENDING' })] });

    it('finds it once comparisons have seen it so for 14 days, and tells that it has ended', async () => {
      const world = await openPending();
      await world.hours(1);
      const [seen] = await world.findingItems();
      await world.days(13);
      expect([await world.found(), world.told()]).toEqual([[], []]);
      expect(seen).toMatchObject({ findings: [], pendingSince: expect.stringMatching(/^20/) });
      await world.days(1);
      expect(await world.found()).toEqual(['pending 1']);
      expect(world.told()).toEqual(['pending 1 found']);
      const [event] = world.audit.filter(({ DetailType }) => DetailType === 'Subscription Finding');
      expect(event?.Detail).toMatchObject({ unmapped: { since: seen?.pendingSince } });
      world.unsubscribe(1);
      await world.hours(2);
      expect(world.told()).toEqual(['pending 1 found', 'missing 1 found', 'pending 1 ended']);
    });

    it('tells nothing of one that was used before, and counts one that is pending again anew', async () => {
      const world = await openPending();
      await world.hours(1);
      await world.days(10);
      world.activate(1);
      await world.hours(2);
      expect(await world.findingItems()).toMatchObject([{ findings: [], audit: [] }]);
      expect((await world.findingItems())[0]).not.toHaveProperty('pendingSince');
      world.unsubscribe(1);
      world.subscribe(1);
      await world.hours(2);
      await world.days(13);
      expect([await world.found(), world.told()]).toEqual([[], []]);
      await world.days(1);
      expect([await world.found(), world.told()]).toEqual([['pending 1'], ['pending 1 found']]);
    });

    it('tells nothing of one that was cancelled before, but that the user has none', async () => {
      const world = await openPending();
      await world.hours(1);
      await world.days(10);
      world.unsubscribe(1);
      await world.days(5);
      expect(world.told()).toEqual(['missing 1 found']);
    });

    it.each([LIST, 'DynamoDB.Query'] as const)('knows since when, although %s failed in between', async (operation) => {
      const world = await openPending();
      await world.hours(1);
      world.faults.add({ operation, kind: 'throttle', for: 'ever' });
      await world.days(7);
      world.faults.clear();
      await world.days(7);
      expect(world.told()).toEqual(['pending 1 found']);
    });

    it('counts the time of a user who has left and comes back in the days of grace', async () => {
      const world = await opened({
        entitlements: [{ ...ENFORCED, onLeave: { revokeAfterDays: 30 } }],
        members: [1, 2],
        subscriptions: [subscribed(1, { status: 'PENDING' }), subscribed(2)],
      });
      await world.hours(1);
      await world.leaves(1);
      await world.days(10);
      expect(await world.seats()).toMatchObject({ 1: 'leaving' });
      await world.joins(1);
      await world.days(5);
      expect(world.told()).toEqual(['pending 1 found']);
    });
  });

  it.each<[string, Fault, string]>([
    ['fails for now', { operation: LIST, kind: 'throttle', for: 'ever' }, 'unavailable'],
    ['is refused', { operation: LIST, kind: 'refuse', for: 'ever' }, 'access-denied'],
    ['is refused for a reason that no table has', exception('SomethingNewException'), 'SomethingNewException'],
    ['is refused as not valid', exception('ValidationException'), 'validation'],
    ['is refused because of the account', exception('AccessDeniedException'), 'access-denied'],
    [
      'is of a role that cannot be assumed',
      { operation: 'STS.AssumeRole', kind: 'refuse', for: 'ever' },
      'role-refused',
    ],
  ])('keeps what it found while the list %s, and fails nothing', async (_fact, fault, reason) => {
    const subscription = { ...KIRO, roleArn: ROLE };
    const world = await opened({
      entitlements: [{ ...ENFORCED, subscription }],
      subscriptions: [subscribed(1), subscribed(4)],
    });
    await world.hours(2);
    const before = await world.findingItems();
    world.forget();
    world.faults.add(fault);
    if (fault.operation.startsWith('STS')) world.stack.configure(world.services.entitlements);
    for (const number of [1, 4]) world.unsubscribe(number);
    await world.hours(2);
    expect([await world.findingItems(), world.told()]).toEqual([before, []]);
    expect(world.measured('SubscriptionsUnread')).toEqual([1, 1]);
    expect(world.measured('SubscriptionsMissing')).toEqual([]);
    expect(world.outcomes()).toEqual(['converged']);
    expect(world.unread()).toEqual([reason, reason]);
    expect(world.assigned()).toEqual([1, 2, 3]);
  });

  it('is one for all entitlements of a Region, with the orphans at the first', async () => {
    const other = { name: 'other', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
    const world = await opened({
      entitlements: [OBSERVED, { ...OBSERVED, ...other }],
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [3, 4] },
      subscriptions: [subscribed(1), subscribed(3), subscribed(5)],
    });
    await world.hours(1);
    expect(await world.found()).toEqual(['missing 2', 'orphan 5']);
    expect(await world.found(OTHER_APPLICATION)).toEqual(['missing 4']);
    expect(world.latest()).toEqual({ missing: 2, orphaned: 1, unread: 0 });
    // What is asked for no longer is not found either.
    world.deploy({ entitlements: [OBSERVED, { mode: 'observe', ...other }] });
    world.forgetAudit();
    await world.hours(2);
    expect(world.told().sort()).toEqual(['missing 4 ended', 'orphan 3 found']);
    expect(await world.found(OTHER_APPLICATION)).toEqual([]);
  });

  it('ends what it found for an application that is no longer configured', async () => {
    const other = { ...OBSERVED, name: 'other', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
    const world = await opened({
      entitlements: [{ mode: 'observe' }, other],
      members: { [GROUP]: [1], [OTHER_GROUP]: [2] },
    });
    await world.hours(1);
    expect(await world.found(OTHER_APPLICATION)).toEqual(['missing 2']);
    world.deploy({ entitlements: [{ mode: 'observe' }] });
    world.forgetAudit();
    await world.hours(2);
    expect([await world.found(OTHER_APPLICATION), world.told()]).toEqual([[], ['missing 2 ended']]);
  });

  describe('of users who are charged twice', () => {
    const OTHER: Partial<Entitlement> = { ...OBSERVED, name: 'other', application: OTHER_APPLICATION };
    const ABROAD: Partial<Entitlement> = { ...OTHER, subscription: { ...KIRO, region: 'eu-west-1' } };
    const CLAIMS = 'UserSubscriptions.ListApplicationClaims';

    it('finds them in the lists of two Regions, for each of the two', async () => {
      const world = await opened({
        entitlements: [OBSERVED, ABROAD],
        members: [1, 2],
        subscriptions: [subscribed(1), subscribed(2)],
        others: [subscribed(1), subscribed(2, { source: 'GROUP' }), subscribed(3)],
      });
      await world.hours(2);
      expect(await world.found()).toEqual(['twice 1']);
      expect(await world.found(OTHER_APPLICATION)).toEqual(['orphan 3', 'through-group 2', 'twice 1']);
      expect(world.told().filter((one) => one.startsWith('twice'))).toEqual(['twice 1 found', 'twice 1 found']);
      world.center.unsubscribe(OTHER_APPLICATION, user(1));
      await world.hours(3);
      expect(await world.found()).toEqual([]);
      expect(
        world
          .told()
          .filter((one) => one.startsWith('twice'))
          .slice(2),
      ).toEqual(['twice 1 ended', 'twice 1 ended']);
      expect(world.calls(CLAIMS)).toBe(0);
    });

    it('keeps them while the list of the other Region cannot be read', async () => {
      const world = await opened({
        entitlements: [OBSERVED, ABROAD],
        members: [1],
        subscriptions: [subscribed(1)],
        others: [subscribed(1)],
      });
      await world.hours(2);
      world.forgetAudit();
      world.stack.configure(world.services.entitlements);
      world.faults.add({ operation: LIST, kind: 'refuse', for: 'ever' });
      await world.hours(3);
      expect([await world.found(), world.told()]).toEqual([['twice 1'], []]);
    });

    it('finds them in the claims of two applications of a Region, asked for as often as the list', async () => {
      const world = await opened({
        entitlements: [OBSERVED, { ...OTHER, groups: [OTHER_GROUP] }],
        members: { [GROUP]: [1, 2], [OTHER_GROUP]: [3] },
        subscriptions: [subscribed(1), subscribed(2)],
        others: [subscribed(1), subscribed(3)],
      });
      await world.hours(3);
      expect([await world.found(), await world.found(OTHER_APPLICATION)]).toEqual([['twice 1'], []]);
      expect(world.told()).toEqual(['twice 1 found']);
      expect(world.calls(CLAIMS)).toBeLessThanOrEqual(2 * world.calls(LIST));
      expect(world.outcomes()).toEqual(['converged']);
    });

    it.each<[string, Options, Fault | undefined]>([
      ['denies them', { quirks: { applicationClaims: 'refused' } }, undefined],
      [
        'does not know them',
        {},
        { operation: CLAIMS, kind: 'exception', exception: 'UnknownOperationException', for: 'ever' },
      ],
      [
        'answers anything else',
        {},
        { operation: CLAIMS, kind: 'exception', exception: 'SomethingNewException', for: 'ever' },
      ],
      ['throttles them', {}, { operation: CLAIMS, kind: 'throttle', for: 'ever' }],
    ])('compares no applications if AWS %s, and everything else as before', async (_fact, options, fault) => {
      const world = await opened({
        entitlements: [OBSERVED, OTHER],
        members: [1, 2],
        subscriptions: [subscribed(1)],
        others: [subscribed(1)],
        ...options,
      });
      if (fault) world.faults.add(fault);
      await world.hours(2);
      expect([await world.found(), await world.found(OTHER_APPLICATION)]).toEqual([['missing 2'], ['missing 2']]);
      expect(world.latest()).toEqual({ missing: 2, orphaned: 0, unread: 0 });
      expect(world.outcomes()).toEqual(['converged']);
      const unseen = world.logs.filter((line) => line.includes('another application of this Region: '));
      expect(unseen.length).toBeGreaterThan(0);
    });

    it('asks for no claims where a Region has one application', async () => {
      const world = await opened({ subscriptions: [subscribed(1)] });
      await world.hours(2);
      expect(world.calls(CLAIMS)).toBe(0);
    });
  });

  it('is left out while one of the groups does not exist', async () => {
    const world = await opened({
      entitlements: [{ ...OBSERVED, groups: [GROUP, OTHER_GROUP] }],
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [4] },
      subscriptions: [subscribed(1), subscribed(4)],
    });
    await world.hours(1);
    expect(await world.found()).toEqual(['missing 2']);
    world.center.deleteGroup(OTHER_GROUP);
    world.forget();
    await world.hours(2);
    expect([await world.found(), world.told(), world.calls(LIST)]).toEqual([['missing 2'], [], 0]);
    expect(new Set(world.unread())).toEqual(new Set(['group-missing']));
  });

  it('reads the list at most once in five minutes, however many executions run', { tags: 'long' }, async () => {
    const world = await opened({ entitlements: [ENFORCED], people: 60, members: people(1, 30) });
    await world.hours(1);
    world.forget();
    for (let second = 0; second < 1800; second += 20) {
      world.after(second, () => {
        world.scim({ join: [31 + ((second / 20) % 30)] });
      });
    }
    await world.play();
    expect(world.calls(LIST)).toBeGreaterThan(0);
    expect(world.calls(LIST)).toBeLessThanOrEqual(1 + 1800 / 300 + 1);
  });

  it('knows who waits for a seat, who keeps one for a while, and who is disabled', async () => {
    const world = await opened({
      entitlements: [{ ...ENFORCED, seats: { max: 3 }, onLeave: { revokeAfterDays: 5 } }],
      members: [1, 2, 3],
      subscriptions: people(1, 3).map((number) => subscribed(number)),
    });
    await world.hours(1);
    await world.scim({ join: [4, 5] });
    world.subscribe(5);
    await world.leaves(1);
    await world.hours(2);
    expect(await world.seats()).toMatchObject({ 1: 'leaving', 4: 'waitlisted', 5: 'waitlisted' });
    expect(await world.found()).toEqual([]);
    world.center.setStatus(user(2), 'DISABLED');
    await world.start(aDisableUser({ userId: user(2), time: world.now().toISOString() }));
    await world.hours(2);
    // Who got the seat has no subscription yet.
    expect(await world.found()).toEqual(['missing 4', 'orphan 2']);
    world.unsubscribe(2);
    await world.hours(2);
    expect(await world.found()).toEqual(['missing 4']);
  });

  it('says nothing about a user whose status cannot be read', async () => {
    const world = await opened({ subscriptions: [subscribed(1), subscribed(2)] });
    world.faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'refuse', principalId: user(3), for: 'ever' });
    await world.hours(1);
    expect(await world.found()).toEqual([]);
  });

  it('counts what a group of Amazon Q Business gives to its members', async () => {
    const world = await opened({
      entitlements: [{ mode: 'observe', subscription: BUSINESS, groups: [GROUP, OTHER_GROUP] }],
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [3] },
      subscriptions: [
        { group: GROUP, plan: 'Q_LITE' },
        { user: user(4), plan: 'Q_LITE' },
      ],
    });
    await world.hours(1);
    expect(await world.found()).toEqual(['missing 3', 'orphan 4', 'through-group 1', 'through-group 2']);
  });

  it('knows users whose ids come with their store, and takes the subscription of a group for no user’s', async () => {
    const world = await opened({
      quirks: { subscriptionIds: 'with-store' },
      subscriptions: [subscribed(1), subscribed(2), { group: GROUP, plan: 'KIRO_ENTERPRISE_PRO' }],
    });
    await world.hours(1);
    expect(await world.found()).toEqual(['missing 3']);
  });

  it('may find more than fits into a round: all are told, a batch at a time', { tags: 'long' }, async () => {
    const world = await opened({ people: 1200, members: people(1, 1150), batchUsers: 100 });
    await world.hours(2);
    expect(world.latest()).toEqual({ missing: 1150, orphaned: 0, unread: 0 });
    expect(new Set(world.told()).size).toBe(1150);
    expect(world.outcomes()).toEqual(['converged']);
  });

  it('has the time to write 50,000 findings with answers of 20 ms, here 2,000 with answers of half a second', {
    tags: 'long',
  }, async () => {
    const latency = latencyOf({ change: 0, read: 0, ledger: 0.5, bus: 0 });
    const world = await opened({ people: 2000, members: people(1, 2000), latency });
    await world.hours(2);
    expect(new Set(world.told()).size).toBe(2000);
    expect(world.outcomes()).toEqual(['converged']);
    expect(world.logs.filter((line) => line.includes('"failed"'))).toEqual([]);
  });

  it('is measured only where an entitlement asks for a subscription', async () => {
    const world = await opened({ entitlements: [{ mode: 'observe' }] });
    await world.hours(2);
    for (const metric of ['Missing', 'Orphaned', 'Unread'])
      expect(world.measured(`Subscriptions${metric}`)).toEqual([]);
    expect(world.calls(LIST)).toBe(0);
  });
});
