// @module-tag long
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { CALLS, joinAlone, openManaged, partsOf, seatEvents, subscribedIn } from '../support/managed.ts';
import { KIRO, Q_BUSINESS } from '../support/subscriptions.ts';
import type { World } from '../support/world.ts';

const OTHER = { name: 'other', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };

describe('a change of plan', () => {
  const POWER = { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_POWER' } as const;
  const update = 'Q.UpdateAssignment';

  /** User 1 has a seat, and its plan is to be changed while the call for it fails. */
  async function openFailing(fault: Omit<FaultRule, 'operation'>): Promise<World> {
    const world = await openManaged();
    await joinAlone(world, 1);
    world.deploy({ entitlements: [{ subscription: POWER }] });
    world.faults.add({ operation: update, ...fault });
    await world.ticking(180);
    return world;
  }

  it('that AWS refuses is tried once an hour, and audited once', async () => {
    const world = await openFailing({ kind: 'exception', exception: 'ValidationException', for: 'ever' });
    expect(world.calls(update)).toBeLessThanOrEqual(3);
    expect(seatEvents(world)).toEqual(['Seat Assigned 1 group-join', 'Seat Refused 1 validation']);
    expect((await world.seat(1))?.subscription?.plan).toBe(KIRO.plan);
    world.faults.clear();
    await world.ticking(130);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    expect((await world.seat(1))?.subscription?.plan).toBe(POWER.plan);
  });

  it.each<FaultRule['kind']>(['internal', 'internal-after', 'conflict', 'crash-before', 'crash-after'])(
    'is made although its first call fails: %s',
    async (kind) => {
      const world = await openFailing({ kind });
      expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
      expect(world.center.subscriptionsOf(APPLICATION)[0]?.plan).toBe('KIRO_ENTERPRISE_POWER');
    },
  );

  it('that conflicts for good is not audited as made, and its user can leave', async () => {
    const world = await openFailing({ kind: 'conflict', for: 'ever' });
    expect(seatEvents(world)).toEqual(['Seat Assigned 1 group-join']);
    await world.leaves(1);
    await world.play();
    await world.ticking(70);
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });
});

describe('a subscription of Usher’s', () => {
  const assign = 'SSOAdmin.CreateApplicationAssignment';

  it('is cancelled with its user although AWS refuses to make the assignment again', async () => {
    const world = await openManaged();
    await joinAlone(world, 1);
    world.after(7200, () => world.center.unassignByHand(APPLICATION, user(1)));
    await world.play();
    world.faults.add({ operation: assign, kind: 'refuse', for: 'ever' });
    await world.ticking(130);
    expect(await partsOf(world, 1)).toEqual(['creating', false, true]);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });

  it('is cancelled with its user although AWS refuses it another plan, next to the assignment of another', async () => {
    const world = await openManaged({ assigned: [1] });
    await joinAlone(world, 1);
    world.after(7200, () =>
      world.deploy({ entitlements: [{ subscription: { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_POWER' } }] }),
    );
    await world.play();
    world.faults.add({ operation: 'Q.UpdateAssignment', kind: 'refuse', for: 'ever' });
    await world.ticking(70);
    expect(await partsOf(world, 1)).toEqual(['creating', true, true]);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', true, false]);
  });

  it('is cancelled with its user who came back while it could not be cancelled', async () => {
    const world = await openManaged();
    await joinAlone(world, 1);
    world.after(7200, () => world.leaves(1));
    world.faults.add({ operation: 'Q.DeleteAssignment', kind: 'internal', for: '150m' });
    world.after(7800, () => world.center.unassignByHand(APPLICATION, user(1)));
    world.after(9600, () => world.joins(1));
    await world.ticking(240);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });
});

describe.each([
  ['Kiro', KIRO, 'Q.DeleteAssignment'],
  ['Amazon Q Business', Q_BUSINESS, 'QBusiness.CancelSubscription'],
] as const)('a subscription of %s that cannot be cancelled', (_name, settings, cancel) => {
  it.each<FaultRule['kind']>(['refuse', 'internal', 'conflict'])(
    'keeps no user assigned who has left, and is cancelled once it can be: %s',
    async (kind) => {
      const world = await openManaged({ settings });
      await joinAlone(world, 1);
      world.faults.add({ operation: cancel, kind, for: '3h' });
      await world.leaves(1);
      await world.ticking(60);
      expect(await partsOf(world, 1)).toEqual(['revoking', false, true]);
      await world.ticking(260);
      expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
    },
  );
});

describe('a subscription of Kiro that AWS does not make', () => {
  it.each<[string, FaultRule]>([
    ['a conflict', { operation: CALLS.kiro.subscribe, kind: 'conflict', for: '2h' }],
    ['a refusal', { operation: CALLS.kiro.subscribe, kind: 'refuse', for: '2h' }],
  ])('makes no assignment Usher’s that someone else makes after %s', async (_, fault) => {
    const world = await openManaged();
    world.faults.add(fault);
    await world.joins(1);
    world.after(600, () => world.center.assignByHand(APPLICATION, user(1)));
    world.after(605, () => world.leaves(1));
    await world.ticking(300);
    expect((await partsOf(world, 1)).slice(1)).toEqual([true, false]);
    expect(world.calls('SSOAdmin.DeleteApplicationAssignment')).toBe(0);
  });

  it('makes no assignment Usher’s that someone else makes while a new profile is refused', async () => {
    const world = await openManaged({ quirks: { accountRefusal: 'does-not-meet' } });
    await world.joins(1);
    world.after(10, () => world.center.assignByHand(APPLICATION, user(1)));
    world.after(15, () => world.leaves(1));
    await world.ticking(300);
    expect((await partsOf(world, 1)).slice(1)).toEqual([true, false]);
    expect(world.calls('SSOAdmin.DeleteApplicationAssignment')).toBe(0);
  });
});

describe.each([KIRO, Q_BUSINESS])(
  'a user of $provider who is assigned by hand right after a revocation',
  (settings) => {
    it('stays assigned while the end of the subscription is awaited', async () => {
      const world = await openManaged({ settings });
      await joinAlone(world, 1);
      await world.leaves(1);
      world.after(8, () => world.center.assignByHand(APPLICATION, user(1)));
      await world.ticking(70);
      expect(await partsOf(world, 1)).toEqual(['revoked', true, false]);
      expect(world.calls('SSOAdmin.DeleteApplicationAssignment')).toBe(1);
    });
  },
);

describe('a user who comes back while the list still shows the assignment that Usher has revoked', () => {
  it('gets an assignment of Usher’s again, which ends with the seat', async () => {
    const world = await openManaged({ settled: [2], quirks: { subscribingAssigns: true } });
    world.center.setLag('SSOAdmin.ListApplicationAssignments', 900);
    await joinAlone(world, 1);
    world.after(3600, () => world.leaves(1));
    world.after(4000, () => world.center.join(GROUP, user(1)));
    world.after(4010, () => world.start({ scope: 'everything' }));
    world.after(9000, () => world.leaves(1));
    await world.ticking(240);
    const ofUser = seatEvents(world).filter((event) => event.split(' ')[2] === '1');
    expect(ofUser).toHaveLength(4);
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });
});

describe('a user of Kiro who comes back after the subscription was cancelled', () => {
  it('gets another one once AWS no longer refuses it', async () => {
    const world = await openManaged();
    await joinAlone(world, 1);
    await world.leaves(1);
    await world.play();
    world.faults.add({ operation: CALLS.kiro.subscribe, kind: 'refuse', for: '5h' });
    await world.joins(1);
    await world.ticking(60);
    expect(subscribedIn(world)).toEqual([]);
    await world.ticking(360);
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
  });
});

describe.each([KIRO, Q_BUSINESS])('a user of $provider who leaves while AWS refuses the list', (settings) => {
  const { cancel, list } = CALLS[settings.provider];

  it.each([cancel, 'SSOAdmin.DeleteApplicationAssignment'])(
    'loses both parts although %s fails for a time, and the seat ends with the next list',
    async (operation) => {
      const world = await openManaged({ settings });
      await joinAlone(world, 1);
      world.faults.add({ operation: list, kind: 'refuse', for: 'ever' });
      world.faults.add({ operation, kind: 'internal', for: '30m' });
      await world.leaves(1);
      await world.ticking(180);
      expect(await partsOf(world, 1)).toEqual(['revoking', false, false]);
      const calls = world.calls(cancel);
      await world.ticking(120);
      expect(world.calls(cancel)).toBe(calls);
      expect(world.audited().some((event) => event.startsWith('Onboarding Failed'))).toBe(true);
      world.faults.clear();
      await world.ticking(70);
      expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
    },
  );
});

describe('an application above its cap', () => {
  it('starts no subscription for seats beyond it, and each of its executions ends', async () => {
    const world = await openManaged({ settled: [1, 2, 3], entitlement: { seats: { max: 1 } } });
    await world.ticking(70);
    expect([await partsOf(world, 1), await partsOf(world, 2)]).toEqual([
      ['confirmed', true, true],
      ['confirmed', true, false],
    ]);
    expect(world.calls('SSOAdmin.ListApplicationAssignments')).toBeLessThan(20);
    world.deploy({ entitlements: [{ subscription: KIRO, seats: { max: 3 } }] });
    await world.ticking(70);
    expect(await partsOf(world, 3)).toEqual(['confirmed', true, true]);
  });
});

describe('an application to which AWS refuses new subscriptions', () => {
  it('gets none in the later batches of a round either', async () => {
    const world = await openManaged({ people: 8, batchUsers: 2, quirks: { accountRefusal: 'not-eligible' } });
    // The profile is not new any more.
    world.after(3600, () => world.tick());
    world.after(4300, () => world.scim({ join: people(1, 8) }));
    await world.play();
    expect(world.calls('Q.CreateAssignment')).toBe(2);
    expect(seatEvents(world)).toEqual(['Seat Refused 1 account-not-eligible', 'Seat Refused 2 account-not-eligible']);
  });
});

describe('an application without an entitlement', () => {
  it('is not given up while its seats have subscriptions that nothing else would cancel', async () => {
    const world = await openManaged({ people: 3 });
    await joinAlone(world, 1);
    world.deploy({ entitlements: [OTHER], retired: [APPLICATION] });
    world.center.setStatus(user(1), 'DISABLED');
    const refused = await world.start({ application: APPLICATION });
    await world.play();
    world.center.setStatus(user(1), 'ENABLED');
    expect(world.stack.endOf(refused)?.cause).toContain('1 seats of');
    expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
    world.deploy({ entitlements: [{ subscription: KIRO }, OTHER], retired: [] });
    await world.leaves(1);
    await world.play();
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
    world.deploy({ entitlements: [OTHER], retired: [APPLICATION] });
    const after = await world.start({ application: APPLICATION });
    await world.play();
    expect(world.stack.endOf(after)?.outcome).toBe('converged');
  });
});

describe.each([KIRO, Q_BUSINESS])('a subscription of $provider', (settings) => {
  const { subscribe, cancel } = CALLS[settings.provider];

  it.each<FaultRule['kind']>(['internal', 'internal-after', 'lost', 'throttle', 'crash-before', 'crash-after'])(
    'is made, and charged once, although its first call fails: %s',
    async (kind) => {
      const world = await openManaged({ settings, quirks: { repeatedSubscription: 'succeeds' } });
      world.faults.add({ operation: subscribe, kind });
      await joinAlone(world, 1);
      await world.ticking(20);
      expect(await partsOf(world, 1)).toEqual(['confirmed', true, true]);
      const charges = world.center.subscriptionChanges.filter(({ change }) => change === 'subscribed');
      expect(charges).toHaveLength(1);
      expect(seatEvents(world)).toEqual(['Seat Assigned 1 group-join']);
      await world.leaves(1);
      await world.play();
      await world.ticking(20);
      expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
    },
  );

  it.each<FaultRule['kind']>(['internal', 'internal-after', 'lost', 'throttle', 'crash-before', 'crash-after'])(
    'is cancelled although the first call fails: %s',
    async (kind) => {
      const world = await openManaged({ settings });
      await joinAlone(world, 1);
      world.faults.add({ operation: cancel, kind });
      await world.leaves(1);
      await world.play();
      await world.ticking(20);
      expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
      expect(seatEvents(world)).toEqual(['Seat Assigned 1 group-join', 'Seat Revoked 1 group-leave']);
    },
  );
});

describe('a subscription of Amazon Q Business whose answer was lost', () => {
  it.each([30, 150, 1200])('is cancelled of a user who leaves %s s later, before a list shows it', async (seconds) => {
    const { subscribe, list } = CALLS['amazon-q-business'];
    const world = await openManaged({ settings: Q_BUSINESS, quirks: { repeatedSubscription: 'succeeds' } });
    world.center.setLag(list, 2400);
    world.faults.add({ operation: subscribe, kind: 'internal-after', times: 100 });
    await world.joins(1);
    world.after(seconds, () => {
      world.faults.clear();
      return world.leaves(1);
    });
    await world.play();
    await world.ticking(240);
    expect(await partsOf(world, 1)).toEqual(['revoked', false, false]);
  });
});
