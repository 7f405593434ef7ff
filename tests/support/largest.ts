import type { Entitlements, SubscriptionSettings } from '../../domain/entitlements.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';

/** The partitions in which Identity Center is, each with a Region. */
export const PARTITIONS = [
  { partition: 'aws', region: 'ap-southeast-1' },
  { partition: 'aws-us-gov', region: 'us-gov-west-1' },
  { partition: 'aws-cn', region: 'cn-northwest-1' },
] as const;

type Place = (typeof PARTITIONS)[number];
type Subscription = Partial<SubscriptionSettings> & Pick<SubscriptionSettings, 'provider'>;

/** Returns the ARN of an application whose owner is an account of its own. */
export function farApplication({ partition }: Place, number: number): string {
  const account = 100_000_000_000 + number;
  return `arn:${partition}:sso::${account}:application/ssoins-1111222233334444/apl-${String(number).padStart(16, '0')}`;
}

/** One in ten of Kiro, the others of Amazon Q Business; half of them with a role of their own. AWS allows one manager of Kiro. */
export function everyProvider({ partition, region }: Place, number: number): Subscription {
  const role = `arn:${partition}:iam::${100_000_000_000 + number}:role/usher-subscriber`;
  const own = number % 2 === 0 ? {} : { roleArn: role };
  if (number % 10 > 1) {
    return {
      provider: 'amazon-q-business',
      plan: 'Q_LITE',
      region: number % 4 === 0 ? region : 'us-west-2',
      mode: 'manage',
      ...own,
    };
  }
  const mode = number === 0 ? 'manage' : 'report';
  return { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region, mode, ...own };
}

/** Returns the largest configuration that the schema takes: 200 applications, half of them retired, of 100 groups. */
export function largestEntitlements(
  place: Place,
  subscriptionOf: (place: Place, number: number) => Subscription | undefined = everyProvider,
): Entitlements {
  const parsed = parseEntitlements({
    identityCenter: {
      region: place.region,
      instanceArn: `arn:${place.partition}:sso:::instance/ssoins-1111222233334444`,
      identityStoreId: '11111111-2222-4333-8444-555566667777',
    },
    entitlements: Array.from({ length: 100 }, (_, number) => ({
      name: `application-${number}`,
      application: farApplication(place, number),
      groups: Array.from(
        { length: 100 },
        (_none, group) => `44f834e8-0081-7055-8000-${String(100 * number + group).padStart(12, '0')}`,
      ),
      seats: { max: 200 },
      subscription: subscriptionOf(place, number),
    })),
    retired: Array.from({ length: 100 }, (_, number) => farApplication(place, 100 + number)),
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.entitlements;
}
