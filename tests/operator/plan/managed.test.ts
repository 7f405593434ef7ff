// @module-tag long

import { describe, expect, it } from 'vitest';
import type { SubscriptionSettings } from '../../../domain/entitlements.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { planConfiguration } from '../../../operator/plan/configuration-plan.ts';
import { planFileOf } from '../../../operator/plan/plan-lines.ts';
import { anAsker } from '../../support/asker.ts';
import { APPLICATION, GROUP, numberOf, people, user } from '../../support/ids.ts';
import { openManaged, subscribedIn } from '../../support/managed.ts';
import { KIRO, Q_BUSINESS } from '../../support/subscriptions.ts';
import type { World } from '../../support/world.ts';

const PROVIDERS: [string, SubscriptionSettings, string][] = [
  ['Kiro', KIRO, 'KIRO_ENTERPRISE_PRO'],
  ['Amazon Q Business', Q_BUSINESS, 'Q_BUSINESS'],
];

/** Plans a configuration with this subscription. @returns what changes, as `1 gains group-join`, and what could not be read */
async function planned(world: World, subscription: SubscriptionSettings) {
  const configuration = exampleEntitlements({ entitlements: [{ subscription }] });
  const asker = anAsker(world, configuration);
  const plan = await planConfiguration({ configuration, groupNames: new Map() }, asker);
  const file = planFileOf(plan, { currency: 'USD', hundredths: new Map([[subscription.plan, 1900]]) });
  const changes = file.changes.map(({ userId, change, reason }) => [numberOf(userId), change, reason].join(' '));
  return { changes, file, unread: asker.unread.report().map(({ message }) => message) };
}

/** Members 1 to 4 have seats and subscriptions; more than an hour later, a list shows all of it. */
async function aSettledWorld(settings: SubscriptionSettings): Promise<World> {
  const world = await openManaged({ settings, people: 8, members: people(1, 4) });
  await world.start({ scope: 'tick' });
  world.after(2 * 3600, () => undefined);
  await world.play();
  expect(subscribedIn(world)).toEqual([1, 2, 3, 4]);
  world.forgetAudit();
  return world;
}

describe.each(PROVIDERS)('the plan of managed subscriptions of %s', (_name, settings, plan) => {
  it('says what the sweep then does to both parts of each seat', async () => {
    const world = await aSettledWorld(settings);
    world.center.unsubscribe(APPLICATION, user(1));
    world.center.leave(GROUP, user(2));
    for (const number of [5, 6, 7]) world.center.join(GROUP, user(number));
    world.center.subscribe(APPLICATION, { userId: user(6), plan });
    world.center.assignByHand(APPLICATION, user(7));
    const { changes, file, unread } = await planned(world, settings);
    expect(unread).toEqual([]);
    await world.start({ scope: 'tick' });
    await world.play();
    const happened = world.audited().flatMap((event) => {
      const [, number = '', reason = ''] = /^Seat \w+ (\d+) (\S+)$/.exec(event) ?? [];
      const [is, change] = [event.startsWith('Seat Assigned'), number === '1' ? 'repaired' : 'gains'];
      return number === '' ? [] : [`${number} ${is ? change : 'revoked'} ${reason}`];
    });
    expect(changes.toSorted()).toEqual(happened.toSorted());
    expect(changes.map((change) => change.split(' ').slice(0, 2).join(' ')).toSorted()).toEqual(
      settings.provider === 'kiro'
        ? // Whom someone subscribes to Kiro is assigned, too.
          ['1 repaired', '2 revoked', '5 gains', '7 gains']
        : // Amazon Q Business lists what is cancelled until the end of the month.
          ['2 revoked', '5 gains', '6 gains', '7 gains'],
    );
    const [seatsAfter, adoptable] = settings.provider === 'kiro' ? [5, 1] : [6, 0];
    expect(file.plans[0]).toMatchObject({ seats: 4, seatsAfter, adoptable });
    expect(file.total).toMatchObject({ pricePerMonthBefore: 4 * 19, pricePerMonth: seatsAfter * 19 });
  });

  it('takes the assigned as subscribed where AWS does not show the list, and says so', async () => {
    const world = await aSettledWorld(settings);
    world.center.unsubscribe(APPLICATION, user(1));
    world.faults.add({ operation: settings.provider === 'kiro' ? LISTS.kiro : LISTS.business, kind: 'refuse' });
    const { changes, unread } = await planned(world, settings);
    expect(changes).toEqual([]);
    expect(unread).toEqual([expect.stringMatching(/Subscriptions/)]);
  });
});

const LISTS = { kiro: 'UserSubscriptions.ListUserSubscriptions', business: 'QBusiness.ListSubscriptions' };

describe('another plan of a subscription', () => {
  it('is a change of each seat', async () => {
    const world = await aSettledWorld(KIRO);
    const { changes } = await planned(world, { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_PRO_PLUS' });
    expect(changes).toEqual(people(1, 4).map((number) => `${number} repaired plan-changed`));
    expect((await planned(world, KIRO)).changes).toEqual([]);
  });
});

describe('an account to which AWS refuses new subscriptions', () => {
  it('gains no seat once AWS has refused one, and the plan says so', async () => {
    const world = await openManaged({ people: 3, quirks: { accountRefusal: 'not-eligible' } });
    // A profile that was made a moment ago refuses calls with the same words.
    await world.ticking(65);
    for (const number of [1, 2]) world.center.join(GROUP, user(number));
    expect((await planned(world, KIRO)).changes).toEqual(['1 gains reconciled', '2 gains reconciled']);
    await world.start({ scope: 'everything' });
    await world.play();
    const { changes, file } = await planned(world, KIRO);
    expect(changes).toEqual([]);
    expect(file.plans[0]).toMatchObject({ subscriptionsStopped: true, gains: 0 });
  });
});
