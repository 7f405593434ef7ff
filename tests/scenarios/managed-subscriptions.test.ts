import { describe, expect, it } from 'vitest';
import type { SubscriptionSettings } from '../../domain/entitlements.ts';
import type { SubscriptionQuirks } from '../../emulator/aws/identity-center/quirks.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { directoryOf } from '../support/directory.ts';
import { APPLICATION, ENTITLEMENT, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import {
  CALLS,
  joinAlone,
  type ManagedOptions,
  openManaged,
  partsOf,
  seatEvents,
  subscribedIn,
} from '../support/managed.ts';
import { KIRO, Q_BUSINESS } from '../support/subscriptions.ts';
import { openWorld, type World } from '../support/world.ts';

/** Two seats, and an account that AWS refuses all subscriptions. */
const STOPPED: ManagedOptions = {
  people: 6,
  quirks: { accountRefusal: 'not-eligible' },
  entitlement: { seats: { max: 2 } },
};

/** The audit events of findings. */
function found(world: World): string[] {
  return world.audited().filter((event) => event.startsWith('Subscription Finding'));
}

/** Lets a tick come these many hours from now, and no other. */
async function tickAfter(world: World, ...hours: number[]): Promise<void> {
  for (const hour of hours) world.after(hour * 3600, () => world.tick());
  await world.play();
}

const ONLY_ASSIGNING: SubscriptionQuirks = { assigningSubscribes: true, subscribingAssigns: false };

const PROVIDERS: [string, SubscriptionSettings][] = [
  ['Kiro', KIRO],
  ['Amazon Q Business', Q_BUSINESS],
];

/** Users join one after another, each when all is over for the one before. */
async function join(world: World, ...numbers: number[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const number of numbers) outcomes.push(await joinAlone(world, number));
  return outcomes;
}

describe.each(PROVIDERS)('a managed subscription of %s', (_name, settings) => {
  const { provider } = settings;
  const { subscribe, cancel } = CALLS[provider];
  const plan = provider === 'kiro' ? 'KIRO_ENTERPRISE_PRO' : 'Q_BUSINESS';
  /** What is decided without regard to the provider is played of both by `npm run check`, and of one by `npm test`. */
  const options = { tags: provider === 'kiro' ? [] : ['long' as const] };

  it('begins with the seat, and ends with it', async () => {
    const world = await openManaged({ settings });
    expect(await join(world, 1)).toEqual(['converged']);
    expect([world.assigned(), subscribedIn(world), await world.seats()]).toEqual([[1], [1], { 1: 'confirmed' }]);
    const left = await world.leaves(1);
    await world.play();
    expect(world.stack.endOf(left)?.outcome).toBe('converged');
    expect([world.assigned(), subscribedIn(world), await world.seats()]).toEqual([[], [], { 1: 'revoked' }]);
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Seat Revoked 1 group-leave']);
    expect([world.calls(subscribe), world.calls(cancel)]).toEqual([1, 1]);
  });

  const quirks: [string, SubscriptionQuirks][] = [
    ['as usual', {}],
    ['if subscribing a user who is assigned conflicts', { subscribingAssigned: 'conflicts' }],
    ['if subscribing a user once more succeeds', { repeatedSubscription: 'succeeds' }],
    ['if assigning subscribes', { assigningSubscribes: true }],
    ['if assigning subscribes, and subscribing makes no assignment', ONLY_ASSIGNING],
    ['if subscribing makes no assignment', { subscribingAssigns: false }],
    ['if unassigning cancels', { unassigningCancels: true }],
    ['if cancelling unassigns', { cancellingUnassigns: true }],
    ['if cancelled subscriptions are not listed', { cancelledSubscriptions: 'absent' }],
    ['if the keys are in the other case', { subscriptionKeys: 'pascal' }],
  ];
  it.each(quirks)('follows group membership %s', async (_fact, answers) => {
    const world = await openManaged({ settings, quirks: answers });
    expect(await join(world, 1, 2)).toEqual(['converged', 'converged']);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
    expect(await partsOf(world, 2)).toEqual(['confirmed', true, true]);
  });

  it('is listed at most once in five minutes, however many users join', options, async () => {
    const world = await openManaged({ settings, people: 12 });
    for (const number of people(1, 12)) await world.joins(number);
    await world.play();
    expect(subscribedIn(world)).toEqual(people(1, 12));
    const list = provider === 'kiro' ? 'UserSubscriptions.ListUserSubscriptions' : 'QBusiness.ListSubscriptions';
    expect(world.calls(list)).toBeLessThanOrEqual(3);
  });

  it('waits for a slot', options, async () => {
    const world = await openManaged({ settings, entitlement: { seats: { max: 1 } } });
    await join(world, 1, 2);
    expect([subscribedIn(world), await world.seats()]).toEqual([[1], { 1: 'confirmed', 2: 'waitlisted' }]);
    await world.leaves(1);
    await world.play();
    expect([subscribedIn(world), await world.seats()]).toEqual([[2], { 1: 'revoked', 2: 'confirmed' }]);
  });

  it('has the days of grace', options, async () => {
    const world = await openManaged({ settings, entitlement: { onLeave: { revokeAfterDays: 2 } } });
    await join(world, 1);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['leaving', true, true]);
    world.after(2 * 24 * 3600 + 60, () => world.tick());
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });

  it('is held by the brake with the seat', options, async () => {
    const world = await openManaged({ settings, people: 3, brake: { percent: 0, atLeast: 1 } });
    await join(world, 1, 2, 3);
    await world.leaveTogether([1, 2]);
    expect([subscribedIn(world), await world.having('held')]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    await world.admin({ release: await world.digest() });
    await world.play();
    expect([subscribedIn(world), await world.having('confirmed')]).toEqual([[3], [3]]);
  });

  it('is left alone if someone else has started it', async () => {
    const world = await openManaged({ settings });
    world.center.subscribe(APPLICATION, { userId: user(1), plan });
    world.after(600, () => world.joins(1));
    await world.play();
    expect(await partsOf(world, 1)).toEqual([provider === 'kiro' ? undefined : 'confirmed', true, true]);
    world.after(600, () => world.leaves(1));
    await world.play();
    expect(subscribedIn(world)).toEqual([1]);
    expect([world.calls(subscribe), world.calls(cancel)]).toEqual([0, 0]);
  });

  it('leaves the assignment alone that someone else has made', async () => {
    const world = await openManaged({ settings, assigned: [1] });
    await join(world, 1);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', true, false]);
  });

  it('is made again within the hour after someone else has cancelled it', options, async () => {
    const world = await openManaged({ settings, quirks: { cancelledSubscriptions: 'absent' } });
    await join(world, 1);
    world.center.unsubscribe(APPLICATION, user(1));
    await world.ticking(70);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    expect(world.audited()).toContain('Seat Assigned 1 drift-healed');
  });

  it('is started for those who have had a seat before', options, async () => {
    const world = await openManaged({ settings, settled: [1, 2] });
    await world.ticking(70);
    expect([subscribedIn(world), await world.having('confirmed')]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('is not started for a disabled user whom someone else has assigned', options, async () => {
    const world = await openManaged({ settings, assigned: [1, 2], members: { [GROUP]: [1, 2] } });
    world.center.setStatus(user(1), 'DISABLED');
    await world.ticking(70);
    expect([subscribedIn(world), await world.having('confirmed')]).toEqual([[2], [2]]);
  });

  it('is not made again for a disabled user', options, async () => {
    const quirks = { cancelledSubscriptions: 'absent' } as const;
    const world = await openManaged({ settings, settled: [1, 2], quirks });
    await world.ticking(70);
    for (const number of [1, 2]) world.center.unsubscribe(APPLICATION, user(number));
    world.center.setStatus(user(1), 'DISABLED');
    await world.ticking(70);
    expect([await partsOf(world, 1), await partsOf(world, 2)]).toEqual([
      ['revoked', false, false],
      ['confirmed', true, true],
    ]);
    expect(world.audited()).not.toContain('Seat Assigned 1 drift-healed');
  });

  it('is only observed by an entitlement that observes', options, async () => {
    const world = await openManaged({ settings, entitlement: { mode: 'observe' } });
    await join(world, 1);
    expect([subscribedIn(world), world.audited()]).toEqual([[], ['Seat Observed 1 would-assign']]);
  });

  it('keeps a user waiting whose list cannot be read, and fails for it in the end', async () => {
    const world = await openManaged({ settings });
    const list = provider === 'kiro' ? 'UserSubscriptions.ListUserSubscriptions' : 'QBusiness.ListSubscriptions';
    world.faults.add({ operation: list, kind: 'internal', times: 1000 });
    expect(await join(world, 1)).toEqual(['failed']);
    expect([subscribedIn(world), world.assigned()]).toEqual([[], []]);
    world.faults.clear();
    await world.ticking(130);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
  });
});

describe('the comparison of managed subscriptions', () => {
  /** Returns what comparisons found and told, in order. */
  it('finds nothing in what Usher itself changes, however it joins, leaves and heals', async () => {
    const world = await openManaged({ settled: [1, 2], people: 8, quirks: { cancelledSubscriptions: 'absent' } });
    for (const number of [3, 4, 5]) world.after(number * 700, () => world.joins(number));
    world.after(6000, () => world.leaves(1));
    world.after(6600, () => world.center.unsubscribe(APPLICATION, user(2)));
    await world.ticking(240);
    expect([subscribedIn(world), found(world)]).toEqual([[2, 3, 4, 5], []]);
  });

  it('is made with the sweep of the application that Usher manages, though another one of the Region comes first', async () => {
    const watched = { name: 'watched', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
    const world = await openWorld({
      entitlements: [
        { ...watched, mode: 'observe', subscription: { ...KIRO, mode: 'report' } },
        { name: 'managed', application: APPLICATION, groups: [GROUP], subscription: KIRO },
      ],
      people: 5,
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [3] },
    });
    for (const number of [4, 5]) world.after(number * 900, () => world.joins(number));
    await world.ticking(190);
    expect([subscribedIn(world), found(world)]).toEqual([[1, 2, 4, 5], ['Subscription Finding 3 missing']]);
    const named = world.logs.flatMap((line) => {
      const { subscriptions = [] } = JSON.parse(line) as { subscriptions?: { entitlement: string }[] };
      return subscriptions.map(({ entitlement }) => entitlement);
    });
    expect(new Set(named)).toEqual(new Set(['managed']));
  });

  it('finds a user whose subscription AWS refuses, and no other', async () => {
    const world = await openManaged({ people: 4 });
    world.faults.add({ operation: 'Q.CreateAssignment', kind: 'refuse', principalId: user(2), for: 'ever' });
    await world.scim({ join: [1, 2] });
    await world.ticking(130);
    expect(subscribedIn(world)).toEqual([1]);
    expect(found(world)).toEqual(['Subscription Finding 2 missing']);
  });

  it('finds members who have none because AWS refuses new subscriptions to the account', async () => {
    const world = await openManaged({ quirks: { accountRefusal: 'not-eligible' } });
    await world.ticking(130);
    await join(world, 1, 2);
    await world.ticking(130);
    expect(new Set(found(world))).toEqual(
      new Set(['Subscription Finding 1 missing', 'Subscription Finding 2 missing']),
    );
  });

  it('finds a user whose subscription AWS refuses to cancel', async () => {
    const world = await openManaged();
    await join(world, 1);
    world.faults.add({ operation: 'Q.DeleteAssignment', kind: 'refuse', for: 'ever' });
    await world.leaves(1);
    await world.ticking(130);
    expect(found(world)).toEqual(['Subscription Finding 1 orphan']);
  });
});

describe('a managed subscription of Amazon Q Business', () => {
  it('is not started for a member of a group that has one', async () => {
    const directory = directoryOf(exampleEntitlements({ entitlements: [{ subscription: Q_BUSINESS }] }), {});
    const [application] = directory.applications;
    if (!application) throw new Error('There is one application');
    const subscriptions = [{ group: GROUP, plan: 'Q_BUSINESS', status: 'ACTIVE' as const }];
    const world = await openManaged({
      settings: Q_BUSINESS,
      directory: { applications: [{ ...application, subscriptions }] },
    });
    await join(world, 1);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, false]);
    expect(world.calls('QBusiness.CreateSubscription')).toBe(0);
  });

  it.each(['CANCELLED', 'absent'] as const)(
    'is no finding once Usher has cancelled it, listed as %s',
    async (shown) => {
      const world = await openManaged({ settings: Q_BUSINESS, quirks: { cancelledSubscriptions: shown } });
      await join(world, 1);
      await world.leaves(1);
      await world.ticking(130);
      expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
      expect(found(world)).toEqual([]);
    },
  );

  it('is made for a user who comes back once the cancelled one is no longer listed', async () => {
    const world = await openManaged({ settings: Q_BUSINESS });
    await join(world, 1);
    await world.leaves(1);
    await world.play();
    await world.joins(1);
    await world.ticking(120);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, false]);
    world.center.changeQuirks({ cancelledSubscriptions: 'absent' });
    await world.ticking(120);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
  });

  it('stays as it is as long as the list does not say whether it ends', async () => {
    const world = await openManaged({ settings: Q_BUSINESS });
    await join(world, 1);
    world.center.unsubscribe(APPLICATION, user(1));
    await world.ticking(70);
    expect(world.calls('QBusiness.CreateSubscription')).toBe(1);
  });
});

describe('a managed subscription of Kiro', () => {
  it('is not started for a user whose group has one', async () => {
    const world = await openManaged();
    world.center.subscribe(APPLICATION, { userId: user(1), plan: 'KIRO_ENTERPRISE_PRO', source: 'GROUP' });
    world.after(600, () => world.joins(1));
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, false]);
    expect(world.calls('Q.CreateAssignment')).toBe(0);
  });

  it('that the account may not have stops the application, and is tried once a day', async () => {
    const world = await openManaged({ quirks: { accountRefusal: 'not-eligible' } });
    // The first list of a profile is long ago.
    world.after(3600, () => world.tick());
    world.after(3600 + 601, () => undefined);
    await world.play();
    expect(await join(world, 1)).toEqual(['failed']);
    expect(await join(world, 2, 3)).toEqual(['handedOver', 'handedOver']);
    const asked = () => world.calls('Q.CreateAssignment');
    const before = asked();
    await tickAfter(world, 1, 12, 23);
    expect(asked()).toBe(before);
    await tickAfter(world, 2);
    expect(asked()).toBe(before + 1);
    world.center.changeQuirks({ accountRefusal: 'none' });
    await tickAfter(world, 25);
    await world.ticking(30);
    expect(subscribedIn(world)).toEqual([1, 2, 3]);
  });

  it('that the account may not have lets users join the waitlist of a full application, and no other', {
    tags: 'long',
  }, async () => {
    const world = await openManaged({ people: 4 });
    await join(world, 1);
    world.center.changeQuirks({ accountRefusal: 'not-eligible' });
    await tickAfter(world, 1);
    await join(world, 2, 3);
    await tickAfter(world, 3);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'failed', 3: 'failed' });
    world.deploy({ entitlements: [{ subscription: KIRO, seats: { max: 1 } }] });
    await join(world, 4);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'failed', 3: 'failed', 4: 'waitlisted' });
    await tickAfter(world, 3);
    expect(await world.seats()).toMatchObject({ 3: 'waitlisted', 4: 'waitlisted' });
  });

  it('that the account may not have costs no reads of the whole application at every tick', {
    tags: 'long',
  }, async () => {
    const world = await openManaged(STOPPED);
    await world.start({ scope: 'everything' });
    world.after(600, () => world.scim({ join: people(1, 5) }));
    const list = 'SSOAdmin.ListApplicationAssignments';
    let read = 0;
    world.after(2 * 3600, () => {
      read = world.calls(list);
    });
    await world.ticking(240);
    expect(world.calls(list) - read).toBeLessThanOrEqual(4);
  });

  it('that the account may have at last is given in the order in which users came', { tags: 'long' }, async () => {
    const world = await openManaged(STOPPED);
    await world.start({ scope: 'everything' });
    for (const number of people(1, 5)) world.after(600 + number * 60, () => world.joins(number));
    world.after(6 * 3600, () => world.center.changeQuirks({ accountRefusal: 'none' }));
    await world.ticking(30 * 60);
    const [confirmed, waitlisted] = ['confirmed', 'waitlisted'];
    expect(await world.seats()).toEqual({ 1: confirmed, 2: confirmed, 3: waitlisted, 4: waitlisted, 5: waitlisted });
  });

  it('that the account may have at last is given in the order in which users came, whatever their ids', {
    tags: 'long',
  }, async () => {
    const world = await openManaged({ ...STOPPED, people: 9 });
    await world.start({ scope: 'everything' });
    for (const [index, number] of [5, 4, 3, 2, 1].entries()) world.after(600 + index * 60, () => world.joins(number));
    world.after(6 * 3600, () => world.center.changeQuirks({ accountRefusal: 'none' }));
    // After the daily try.
    world.after(24 * 3600 + 30 * 60, () => world.joins(6));
    await world.ticking(30 * 60);
    expect(await world.seats()).toMatchObject({ 5: 'confirmed', 4: 'confirmed', 3: 'waitlisted', 6: 'waitlisted' });
  });

  it.each(['conflict', 'refuse', 'internal'] as const)(
    'that the account may have again costs few reads if the first try fails for another reason: %s',
    { tags: 'long' },
    async (kind) => {
      const world = await openManaged({ ...STOPPED, people: 20, entitlement: { seats: { max: 50 } } });
      await world.start({ scope: 'everything' });
      for (const number of people(1, 15)) world.after(600 + number * 20, () => world.joins(number));
      world.after(6 * 3600, () => {
        world.center.changeQuirks({ accountRefusal: 'none' });
        world.faults.add({ operation: CALLS.kiro.subscribe, kind, for: '300h' });
      });
      const list = 'SSOAdmin.ListApplicationAssignments';
      let before = 0;
      world.after(24 * 3600, () => {
        before = world.calls(list);
      });
      await world.ticking(27 * 60);
      expect(world.calls(list) - before).toBeLessThan(20);
    },
  );

  it.each<SubscriptionQuirks>([{ accountRefusal: 'not-authorized' }, { newProfile: 'not-authorized' }])(
    'is made within minutes although its new profile refuses it at first: %j',
    async (quirks) => {
      const world = await openManaged({ quirks });
      world.after(360, () => world.center.changeQuirks({ accountRefusal: 'none', newProfile: 'ready' }));
      await join(world, 1);
      await world.ticking(15);
      expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    },
  );

  it('upgrades at once, and downgrades only where that is allowed', async () => {
    const world = await openManaged();
    await join(world, 1);
    const planOf = () => world.center.subscriptionsOf(APPLICATION)[0]?.plan;
    world.deploy({ entitlements: [{ subscription: { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_POWER' } }] });
    await world.ticking(70);
    expect(planOf()).toBe('KIRO_ENTERPRISE_POWER');
    world.deploy({ entitlements: [{ subscription: KIRO }] });
    await world.ticking(70);
    expect(planOf()).toBe('KIRO_ENTERPRISE_POWER');
    world.deploy({ entitlements: [{ subscription: { ...KIRO, allowDowngrade: true } }] });
    await world.ticking(70);
    expect(planOf()).toBe('KIRO_ENTERPRISE_PRO');
    expect(seatEvents(world)).toEqual([
      'Seat Assigned 1 group-join',
      'Seat Assigned 1 plan-changed',
      'Seat Assigned 1 plan-changed',
    ]);
  });
});

describe('subscriptions that others have started', () => {
  const PRO = 'KIRO_ENTERPRISE_PRO';

  /** Users 1 and 2 have a seat, and were subscribed in the console; so was user 3, who is no member. */
  async function openOthers(options: ManagedOptions = {}): Promise<World> {
    const world = await openManaged({ settled: [1, 2], assigned: [3], ...options });
    for (const number of [1, 2, 3]) world.center.subscribe(APPLICATION, { userId: user(number), plan: PRO });
    await world.ticking(70);
    return world;
  }

  it('are adopted with the seats of entitled users, and end with them', async () => {
    const world = await openOthers();
    await world.admin({ adopt: ENTITLEMENT, subscriptions: 'entitled' });
    await world.play();
    expect((await world.seat(1))?.subscription).toMatchObject({ plan: KIRO.plan });
    await world.leaves(1);
    await world.play();
    expect(subscribedIn(world)).toEqual([2, 3]);
    expect(world.audited()).toContain('Seat Adopted 1 manual');
  });

  it('are adopted from users whom no entitlement covers, and cancelled', async () => {
    const world = await openOthers();
    await world.admin({ adopt: ENTITLEMENT, subscriptions: 'all' });
    await world.play();
    await world.ticking(130);
    expect(subscribedIn(world)).toEqual([1, 2]);
    expect(world.isAssigned(3)).toBe(true);
    expect(world.audited()).toEqual(expect.arrayContaining(['Seat Adopted 3 manual', 'Seat Revoked 3 group-leave']));
  });

  it('are adopted under the brake', async () => {
    const world = await openOthers({ brake: { percent: 0, atLeast: 0 } });
    await world.admin({ adopt: ENTITLEMENT, subscriptions: 'all' });
    await world.play();
    await world.ticking(130);
    expect([subscribedIn(world), await world.having('held')]).toEqual([[1, 2, 3], [3]]);
  });

  it('are adopted as far as slots are free', async () => {
    const world = await openOthers({ entitlement: { seats: { max: 2 } } });
    await world.admin({ adopt: ENTITLEMENT, subscriptions: 'all' });
    await world.play();
    await world.ticking(130);
    expect(subscribedIn(world)).toEqual([1, 2, 3]);
  });

  it('stay with others without a request', async () => {
    const world = await openOthers();
    await world.admin({ adopt: ENTITLEMENT });
    await world.play();
    await world.leaves(1);
    await world.play();
    expect(subscribedIn(world)).toEqual([1, 2, 3]);
  });
});
