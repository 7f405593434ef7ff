import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { accountOf, ResourceId } from '../../../domain/shared/ids.ts';
import { Q_BUSINESS_PLANS } from '../../../domain/subscription/plan.ts';
import type { SeedSubscription } from '../identity-center/directory-seed.ts';
import type { Application, IdentityCenter } from '../identity-center/identity-center.ts';
import { isLive, Q_BUSINESS_PROVIDER } from '../identity-center/subscriptions.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging, pagesOf } from '../paging.ts';

const PagingInput = z.object({
  nextToken: z.optional(z.string().check(z.minLength(1), z.maxLength(800))),
  maxResults: z._default(z.int().check(z.minimum(1), z.maximum(100)), 100),
});
const ApplicationId = z.string().check(z.regex(/^[a-zA-Z0-9][a-zA-Z0-9-]{35}$/, 'expected the id of an application'));
const ApplicationInput = z.object({ applicationId: ApplicationId });
const ListInput = z.extend(PagingInput, { applicationId: ApplicationId });
const Type = z.enum(Q_BUSINESS_PLANS);
const CreateInput = z.object({
  applicationId: ApplicationId,
  principal: z.strictObject({ user: ResourceId }),
  type: Type,
  clientToken: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
});
const SubscriptionInput = z.object({
  applicationId: ApplicationId,
  subscriptionId: z.string().check(z.maxLength(1224)),
});
const UpdateInput = z.extend(SubscriptionInput, { type: Type });

/** Returns the id of the Amazon Q Business application that belongs to an application of Identity Center. */
function idOf({ applicationArn }: Application): string {
  const digits = applicationArn.slice(-16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12)}-0000-000000000000`;
}

function subscriptionIdOf({ user, group }: Pick<SeedSubscription, 'user' | 'group'>): string {
  return `s-${user ?? group}`;
}

function notFound(resourceId: string, resourceType: string): ServiceError {
  const fields = { resourceId, resourceType };
  return new ServiceError('ResourceNotFoundException', `${resourceType} not found.`, { statusCode: 404, fields });
}

/**
 * Returns Amazon Q Business with the operations that find an application, and list and change subscriptions of its users.
 *
 * @param region of Identity Center, and of each application that has no other
 * @see https://docs.aws.amazon.com/amazonq/latest/api-reference/API_Operations_QBusiness.html
 */
export function qBusiness(center: IdentityCenter, clock: Clock, region: string): Service {
  const paging = new Paging(clock, center.quirks);
  const all = (): Application[] => center.applications().filter(({ provider }) => provider === Q_BUSINESS_PROVIDER);
  const arnOf = (application: Application): string => {
    const account = accountOf(application.applicationArn);
    return `arn:aws:qbusiness:${application.region ?? region}:${account}:application/${idOf(application)}`;
  };

  const existing = (applicationId: string): Application => {
    const application = all().find((one) => idOf(one) === applicationId);
    if (application) return application;
    throw notFound(applicationId, 'APPLICATION');
  };

  /** Returns a subscription of the present list. */
  const subscriptionOf = ({ applicationArn }: Application, subscriptionId: string): SeedSubscription => {
    const found = center.shownSubscriptionsOf(applicationArn).find((one) => subscriptionIdOf(one) === subscriptionId);
    if (found) return found;
    throw notFound(subscriptionId, 'SUBSCRIPTION');
  };

  const userSubscriptionOf = (
    application: Application,
    subscriptionId: string,
  ): SeedSubscription & { user: string } => {
    const { user, ...subscription } = subscriptionOf(application, subscriptionId);
    if (user !== undefined) return { ...subscription, user };
    throw new ServiceError('ValidationException', 'The emulator changes only subscriptions of users.');
  };

  const describe = (applicationArn: string, subscription: SeedSubscription) => {
    const { user, group, plan, activePlan = plan } = subscription;
    const subscriptionId = subscriptionIdOf(subscription);
    return {
      subscriptionId,
      subscriptionArn: `${applicationArn}/subscription/${subscriptionId}`,
      principal: user === undefined ? { group } : { user },
      currentSubscription: { type: activePlan },
      // Access ends at the start of next month.
      ...(isLive(subscription) ? { nextSubscription: { type: plan } } : {}),
    };
  };

  const listApplications = operation(PagingInput, ({ maxResults: MaxResults, nextToken: NextToken }) => {
    const { values, token } = paging.page('applications', { MaxResults, NextToken }, pagesOf(all()));
    const applications = values.map((one) => ({ displayName: one.name, applicationId: idOf(one), status: 'ACTIVE' }));
    return { applications, nextToken: token.NextToken };
  });

  const getApplication = operation(ApplicationInput, ({ applicationId }) => {
    const application = existing(applicationId);
    return {
      displayName: application.name,
      applicationId,
      applicationArn: arnOf(application),
      identityCenterApplicationArn: application.applicationArn,
      status: 'ACTIVE',
    };
  });

  const listSubscriptions = operation(ListInput, ({ applicationId, maxResults: MaxResults, nextToken: NextToken }) => {
    const application = existing(applicationId);
    const moment = center.seenBy('QBusiness.ListSubscriptions');
    const listed = center.shownSubscriptionsOf(application.applicationArn, moment);
    const { values, token } = paging.page(applicationId, { MaxResults, NextToken }, pagesOf(listed));
    return {
      subscriptions: values.map((one) => describe(arnOf(application), one)),
      nextToken: token.NextToken,
    };
  });

  /** Returns the answer to a change. */
  const changed = (application: Application, subscription: SeedSubscription) => {
    const { subscriptionId: _id, principal: _principal, ...answer } = describe(arnOf(application), subscription);
    return answer;
  };

  /** Answers to CreateSubscription by its token, which makes a repetition the same request. */
  const answered = new Map<string, object>();

  const createSubscription = operation(CreateInput, ({ applicationId, principal, type, clientToken }) => {
    const application = existing(applicationId);
    const { applicationArn } = application;
    const { user: userId } = principal;
    const before = clientToken === undefined ? undefined : answered.get(clientToken);
    if (before) return before;
    if (center.user(userId) === undefined) throw notFound(userId, 'USER');
    const hasOne = center.subscriptionsOfUser(applicationArn, userId).length > 0;
    if (hasOne && center.quirks.repeatedSubscription === 'conflicts') {
      const fields = { resourceId: userId, resourceType: 'SUBSCRIPTION' };
      throw new ServiceError('ConflictException', 'The subscription exists.', { statusCode: 409, fields });
    }
    if (hasOne) center.subscribeAgain(applicationArn, userId);
    else center.subscribe(applicationArn, { userId, plan: type });
    const subscriptionId = subscriptionIdOf({ user: userId });
    const answer = { subscriptionId, ...changed(application, subscriptionOf(application, subscriptionId)) };
    if (clientToken !== undefined) answered.set(clientToken, answer);
    return answer;
  });

  const updateSubscription = operation(UpdateInput, ({ applicationId, subscriptionId, type }) => {
    const application = existing(applicationId);
    const { user: userId } = userSubscriptionOf(application, subscriptionId);
    center.changePlan(application.applicationArn, { userId, plan: type });
    return changed(application, subscriptionOf(application, subscriptionId));
  });

  const cancelSubscription = operation(SubscriptionInput, ({ applicationId, subscriptionId }) => {
    const application = existing(applicationId);
    const subscription = userSubscriptionOf(application, subscriptionId);
    center.unsubscribe(application.applicationArn, subscription.user);
    return changed(application, { ...subscription, status: 'CANCELLED' });
  });

  return jsonService(
    'QBusiness',
    new Map([
      ['ListApplications', listApplications],
      ['GetApplication', getApplication],
      ['ListSubscriptions', listSubscriptions],
      ['CreateSubscription', createSubscription],
      ['UpdateSubscription', updateSubscription],
      ['CancelSubscription', cancelSubscription],
    ]),
  );
}
