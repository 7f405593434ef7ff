import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { SeedSubscription } from '../identity-center/directory-seed.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import type { Quirks } from '../identity-center/quirks.ts';
import { Q_BUSINESS_PROVIDER } from '../identity-center/subscriptions.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging, pagesOf } from '../paging.ts';

const ListInput = z.object({
  instanceArn: z.string(),
  subscriptionRegion: z.string(),
  /** 1000 is the most that was seen. */
  maxResults: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 100),
  nextToken: z.optional(z.string()),
});

function dateOf(activatedAt: string, form: Quirks['activationDate']): string | number {
  const milliseconds = Date.parse(activatedAt);
  if (form === 'milliseconds') return milliseconds;
  return form === 'seconds' ? milliseconds / 1000 : activatedAt;
}

/**
 * Returns the service behind the subscriptions of Kiro and Amazon Q Developer, with the operation that lists them. AWS does
 * not publish it: shapes and errors are those that were seen, and the quirks are what was seen in two ways, or not at all.
 */
export function userSubscriptions(center: IdentityCenter, clock: Clock, region: string): Service {
  const { quirks } = center;
  const paging = new Paging(clock, quirks);

  const describe = ({ user, group, plan, activePlan = plan, status = 'ACTIVE', ...rest }: SeedSubscription): object => {
    const { activatedAt, source } = rest;
    const id = `${quirks.subscriptionIds === 'with-store' ? `${center.identityStoreId}.` : ''}${user ?? group}`;
    return {
      principal: user === undefined ? { group: id } : { user: id },
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
      .flatMap(({ applicationArn }) => center.subscriptionsOf(applicationArn, moment))
      .filter(({ status }) => status !== 'CANCELLED' || quirks.cancelledSubscriptions !== 'absent');
    const request = { MaxResults: maxResults, NextToken: nextToken };
    const { values, token } = paging.page(subscriptionRegion, request, pagesOf(all));
    const subscriptions = values.map(describe);
    return quirks.subscriptionKeys === 'pascal'
      ? { UserSubscriptions: subscriptions, ...token }
      : { subscriptions, nextToken: token.NextToken };
  });

  return jsonService('UserSubscriptions', new Map([['ListUserSubscriptions', list]]));
}
