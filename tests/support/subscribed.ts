import type { Entitlements, SubscriptionSettings } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { APPLICATION, OTHER_APPLICATION } from './ids.ts';

/** A role in another account, as subscriber.yml makes it. */
export const SUBSCRIBER_ROLE = 'arn:aws:iam::222233334444:role/usher-subscriber';

/** What both entitlements of {@link subscribed} have in common. */
type Common = Partial<Pick<SubscriptionSettings, 'mode' | 'roleArn'>> & {
  entitled?: Entitlements['entitlements'][0]['mode'];
};

const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'eu-central-1' } as const;
const Q_BUSINESS = { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-west-2' } as const;

/** Returns a configuration with a subscription of each provider. */
export function subscribed({ entitled = 'enforce', mode = 'report', roleArn }: Common = {}): Entitlements {
  const common = { mode, ...(roleArn === undefined ? {} : { roleArn }) };
  return exampleEntitlements({
    entitlements: [
      { name: 'kiro', application: APPLICATION, mode: entitled, subscription: { ...KIRO, ...common } },
      {
        name: 'q-business',
        application: OTHER_APPLICATION,
        mode: entitled,
        subscription: { ...Q_BUSINESS, ...common },
      },
    ],
  });
}
