import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { accountOf } from '../../../domain/shared/ids.ts';
import type { SeedSubscription } from '../identity-center/directory-seed.ts';
import type { Application, IdentityCenter } from '../identity-center/identity-center.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging, pagesOf } from '../paging.ts';

/** The provider of the applications of Identity Center that belong to Amazon Q Business. AWS's own name is not known. */
export const Q_BUSINESS_PROVIDER = 'qbusiness';

const PagingInput = z.object({
  nextToken: z.optional(z.string().check(z.minLength(1), z.maxLength(800))),
  maxResults: z._default(z.int().check(z.minimum(1), z.maximum(100)), 100),
});
const ApplicationId = z.string().check(z.regex(/^[a-zA-Z0-9][a-zA-Z0-9-]{35}$/, 'expected the id of an application'));
const ApplicationInput = z.object({ applicationId: ApplicationId });
const ListInput = z.extend(PagingInput, { applicationId: ApplicationId });

/** Returns the id of the Amazon Q Business application that belongs to an application of Identity Center. */
function idOf({ applicationArn }: Application): string {
  const digits = applicationArn.slice(-16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12)}-0000-000000000000`;
}

/**
 * Returns Amazon Q Business with the operations that find an application and list its subscriptions.
 *
 * @param region of Identity Center, and of each application that has no other
 * @see https://docs.aws.amazon.com/amazonq/latest/api-reference/API_Operations_QBusiness.html
 */
export function qBusiness(center: IdentityCenter, clock: Clock, region: string): Service {
  const { quirks } = center;
  const paging = new Paging(clock, quirks);
  const all = (): Application[] => center.applications().filter(({ provider }) => provider === Q_BUSINESS_PROVIDER);
  const arnOf = (application: Application): string => {
    const account = accountOf(application.applicationArn);
    return `arn:aws:qbusiness:${application.region ?? region}:${account}:application/${idOf(application)}`;
  };

  const existing = (applicationId: string): Application => {
    const application = all().find((one) => idOf(one) === applicationId);
    if (application) return application;
    const fields = { resourceId: applicationId, resourceType: 'APPLICATION' };
    throw new ServiceError('ResourceNotFoundException', 'Application not found.', { statusCode: 404, fields });
  };

  const describe = (applicationArn: string, { user, group, plan, activePlan = plan, status }: SeedSubscription) => {
    const subscriptionId = `s-${user ?? group}`;
    return {
      subscriptionId,
      subscriptionArn: `${applicationArn}/subscription/${subscriptionId}`,
      principal: user === undefined ? { group } : { user },
      currentSubscription: { type: activePlan },
      // Access ends at the start of next month.
      ...(status === 'CANCELLED' ? {} : { nextSubscription: { type: plan } }),
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
    const listed = application.subscriptions.filter(
      ({ status }) => status !== 'CANCELLED' || quirks.cancelledSubscriptions !== 'absent',
    );
    const { values, token } = paging.page(applicationId, { MaxResults, NextToken }, pagesOf(listed));
    return {
      subscriptions: values.map((one) => describe(arnOf(application), one)),
      nextToken: token.NextToken,
    };
  });

  return jsonService(
    'QBusiness',
    new Map([
      ['ListApplications', listApplications],
      ['GetApplication', getApplication],
      ['ListSubscriptions', listSubscriptions],
    ]),
  );
}
