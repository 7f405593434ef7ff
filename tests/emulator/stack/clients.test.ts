import { describe, expect, it } from 'vitest';
import { connectSubscriptions } from '../../../adapters/subscriptions/connect.ts';
import type { SubscriptionSettings } from '../../../domain/entitlements.ts';
import type { SubscriptionProvider } from '../../../domain/subscription/subscription.ts';
import { exampleDirectory } from '../../../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { openStack } from '../../../emulator/stack/stack.ts';
import { collected } from '../../support/aws.ts';
import { APPLICATION, INSTANCE_ARN, OTHER_APPLICATION, START, user } from '../../support/ids.ts';

const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'eu-central-1', mode: 'report' } as const;
const Q_BUSINESS = { ...KIRO, provider: 'amazon-q-business', plan: 'Q_BUSINESS' } as const;

/** An account with two entitlements, whose second application has a subscription in another Region than the first. */
async function anAccount(subscription: SubscriptionSettings, transport: 'http' | 'in-process') {
  const entitlements = exampleEntitlements({
    entitlements: [{}, { name: 'other', application: OTHER_APPLICATION, subscription }],
  });
  const stack = await openStack({
    entitlements,
    directory: exampleDirectory(entitlements, 1),
    start: START,
    transport,
  });
  const open = connectSubscriptions(stack.settings, { pace: async () => undefined });
  const provider = await open({ ...subscription, application: OTHER_APPLICATION, instanceArn: INSTANCE_ARN });
  return { stack, provider };
}

async function listed(provider: SubscriptionProvider) {
  return (await collected(provider.subscriptions())).flat();
}

describe('the settings of a stack', () => {
  it.each([
    [KIRO, 'http'],
    [KIRO, 'in-process'],
    [Q_BUSINESS, 'http'],
    [Q_BUSINESS, 'in-process'],
  ] as const)('change the subscriptions of the right application: %j over %s', async (settings, transport) => {
    const { stack, provider } = await anAccount(settings, transport);
    const { id } = await provider.subscribe(user(1), settings.plan);
    const [found] = await listed(provider);
    expect(found).toMatchObject({ principal: { user: user(1) }, plan: settings.plan });
    expect(found?.id).toBe(id);
    expect(stack.identityCenter.subscriptionsOf(APPLICATION)).toEqual([]);
    expect(stack.identityCenter.subscriptionsOf(OTHER_APPLICATION)).toHaveLength(1);
    const saved = await stack.save();
    expect(saved.directory.applications[1]?.subscriptions).toMatchObject([{ user: user(1) }]);
    expect(await provider.changePlan({ userId: user(1), id }, settings.plan)).toBe('changed');
    expect(await provider.cancel({ userId: user(1), id })).toBe('cancelled');
    expect(stack.identityCenter.subscriptionsOfUser(OTHER_APPLICATION, user(1))).toEqual([]);
    await stack.close();
  });
});
