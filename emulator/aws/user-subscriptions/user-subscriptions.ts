import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { ACCOUNT } from '../account/account.ts';
import type { SeedSubscription } from '../identity-center/directory-seed.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import type { Quirks } from '../identity-center/quirks.ts';
import { isLive, Q_BUSINESS_PROVIDER } from '../identity-center/subscriptions.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging, pagesOf } from '../paging.ts';

const ListInput = z.object({
  instanceArn: z.string(),
  subscriptionRegion: z.string(),
  /** 1000 is the most that was seen. */
  maxResults: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 100),
  nextToken: z.optional(z.string()),
});

const ClaimsInput = z.object({
  applicationArn: z.string(),
  subscriptionRegion: z.string(),
  maxResults: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 100),
  nextToken: z.optional(z.string()),
});

function dateOf(activatedAt: string, form: Quirks['activationDate']): string | number {
  const milliseconds = Date.parse(activatedAt);
  if (form === 'milliseconds') return milliseconds;
  return form === 'seconds' ? milliseconds / 1000 : activatedAt;
}

/**
 * Returns the service behind the subscriptions of Kiro and Amazon Q Developer, with the operations that list them. AWS does
 * not publish it: shapes and errors are those that were seen, and the quirks are what was seen in two ways, or not at all.
 */
export function userSubscriptions(center: IdentityCenter, clock: Clock, region: string): Service {
  const { quirks } = center;
  const paging = new Paging(clock, quirks);

  const principalOf = ({ user, group }: SeedSubscription) => {
    const id = `${quirks.subscriptionIds === 'with-store' ? `${center.identityStoreId}.` : ''}${user ?? group}`;
    return user === undefined ? { group: id } : { user: id };
  };
  const describe = (subscription: SeedSubscription): object => {
    const { plan, activePlan = plan, status = 'ACTIVE', activatedAt, source } = subscription;
    return {
      principal: principalOf(subscription),
      type: { amazonQ: plan },
      status: status === 'CANCELLED' ? quirks.cancelledSubscriptions : status,
      ...(activatedAt && {
        activatedType: { amazonQ: activePlan },
        activationDate: dateOf(activatedAt, quirks.activationDate),
      }),
      ...(source && { aggregatedSubscriptionType: source }),
    };
  };

  const list = operation(ListInput, ({ instanceArn, subscriptionRegion, maxResults, nextToken }) => {
    if (instanceArn !== center.instanceArn) throw new ServiceError('ResourceNotFoundException', 'Instance not found.');
    const moment = center.seenBy('UserSubscriptions.ListUserSubscriptions');
    const all = center
      .applications()
      .filter((one) => one.provider !== Q_BUSINESS_PROVIDER && (one.region ?? region) === subscriptionRegion)
      .flatMap(({ applicationArn }) => center.shownSubscriptionsOf(applicationArn, moment));
    const request = { MaxResults: maxResults, NextToken: nextToken };
    const { values, token } = paging.page(subscriptionRegion, request, pagesOf(all));
    const subscriptions = values.map(describe);
    return quirks.subscriptionKeys === 'pascal'
      ? { UserSubscriptions: subscriptions, ...token }
      : { subscriptions, nextToken: token.NextToken };
  });

  const claims = operation(ClaimsInput, ({ applicationArn, subscriptionRegion, maxResults, nextToken }) => {
    if (quirks.applicationClaims === 'refused') throw new ServiceError('AccessDeniedException', 'Access denied.');
    const application = center.application(applicationArn);
    if (!application) throw new ServiceError('ResourceNotFoundException', 'Application not found.');
    const moment = center.seenBy('UserSubscriptions.ListApplicationClaims');
    const isHere = (application.region ?? region) === subscriptionRegion;
    const all = isHere ? center.subscriptionsOf(applicationArn, moment).filter(isLive) : [];
    const request = { MaxResults: maxResults, NextToken: nextToken };
    const { values, token } = paging.page(`${applicationArn} ${subscriptionRegion}`, request, pagesOf(all));
    return {
      claims: values.map((one, index) => ({
        identifier: `arn:aws:user-subscriptions:${subscriptionRegion}:${ACCOUNT}:subscription/${index}`,
        principal: principalOf(one),
        type: { amazonQ: one.plan },
      })),
      nextToken: token.NextToken,
    };
  });

  return jsonService(
    'UserSubscriptions',
    new Map([
      ['ListUserSubscriptions', list],
      ['ListApplicationClaims', claims],
    ]),
  );
}
