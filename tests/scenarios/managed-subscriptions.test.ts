import { describe, expect, it } from 'vitest';
import type { Entitlement, SubscriptionSettings } from '../../domain/entitlements.ts';
import type { SubscriptionQuirks } from '../../emulator/aws/identity-center/quirks.ts';
import { APPLICATION, numberOf, people, user } from '../support/ids.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const KIRO: SubscriptionSettings = {
  provider: 'kiro',
  plan: 'Q_DEVELOPER_STANDALONE_PRO',
  region: 'us-east-1',
  mode: 'manage',
};
const Q_BUSINESS: SubscriptionSettings = {
  provider: 'amazon-q-business',
  plan: 'Q_BUSINESS',
  region: 'us-east-1',
  mode: 'manage',
};

interface ManagedOptions extends WorldOptions {
  settings?: SubscriptionSettings;
  entitlement?: Partial<Entitlement>;
}

/** A world in which Usher manages the subscriptions of APPLICATION. */
function openManaged({ settings = KIRO, entitlement = {}, ...options }: ManagedOptions = {}): Promise<World> {
  return openWorld({
    entitlements: [{ subscription: settings, ...entitlement }],
    ...options,
  });
}

/** Who has a subscription of their own that is not cancelled, by number. */
function subscribed({ center }: World): number[] {
  return center
    .subscriptionsOf(APPLICATION)
    .flatMap(({ user: userId, status, source }) =>
      userId === undefined || status === 'CANCELLED' || source === 'GROUP' ? [] : numberOf(userId),
    )
    .sort((a, b) => a - b);
}

const PROVIDERS: [string, SubscriptionSettings][] = [
  ['Kiro', KIRO],
  ['Amazon Q Business', Q_BUSINESS],
];

describe.each(PROVIDERS)('a managed subscription of %s', (_name, settings) => {
  it('begins with the seat, and ends with it', async () => {
    const world = await openManaged({ settings });
    const joined = await world.joins(1);
    await world.play();
    for (const l of world.logs) if (/rror/.test(l)) console.log(l.slice(0, 1500));
    expect(world.stack.endOf(joined)?.outcome).toBe('converged');
    expect([world.assigned(), subscribed(world), await world.seats()]).toEqual([[1], [1], { 1: 'confirmed' }]);
    const left = await world.leaves(1);
    await world.play();
    expect(world.stack.endOf(left)?.outcome).toBe('converged');
    expect([world.assigned(), subscribed(world), await world.seats()]).toEqual([[], [], { 1: 'revoked' }]);
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Seat Revoked 1 group-leave']);
  });
});
