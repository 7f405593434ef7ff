import {
  type Application,
  GetApplicationCommand,
  ListApplicationsCommand,
  type Subscription as Listed,
  ListSubscriptionsCommand,
  QBusinessClient,
} from '@aws-sdk/client-qbusiness';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { planOf } from '../../domain/subscription/plan.ts';
import type { Subscription, SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';
import { isNotFound } from '../translate-error.ts';
import { Q_BUSINESS_ERRORS } from './errors.ts';
import { principalIn } from './principal.ts';

/**
 * Reads the status, which the API does not have. After a cancel, access ends at the start of next month: there may be a
 * subscription of this month, and none for the next. But both fields are optional, and AWS does not document what it means
 * if one is missing: a subscription that is still paid must not count as gone.
 */
function statusOf({ nextSubscription }: Listed): Subscription['status'] {
  return nextSubscription ? 'active' : 'unknown';
}

function subscriptionIn(entry: Listed): Subscription {
  const principal = principalIn(entry.principal);
  return {
    principal,
    // What was asked for: a downgrade applies next month.
    plan: planOf((entry.nextSubscription ?? entry.currentSubscription)?.type) ?? 'unknown',
    status: statusOf(entry),
    source: 'user' in principal ? 'individual' : 'group' in principal ? 'group' : 'unknown',
  };
}

/**
 * The subscriptions of the Amazon Q Business application behind an application of Identity Center. The pacer spaces all
 * requests: one for each application of the Region, then one for each page.
 *
 * @param settings in the Region of the Amazon Q Business application
 * @throws RefusedError `application-missing` if there is none
 */
export function amazonQBusinessSubscriptions(
  settings: ClientSettings,
  applicationArn: string,
  pacer: Pacer,
): SubscriptionProvider {
  // By default this client speaks HTTP/2, which only its conversations need, and the emulator does not understand.
  const { requestHandler: given } = settings;
  const requestHandler = given !== undefined && 'handle' in given ? given : new NodeHttpHandler(given);
  const client = new QBusinessClient({ ...settings, requestHandler });
  const ask = askWith(Q_BUSINESS_ERRORS, pacer);

  async function* applicationIds(): AsyncGenerator<string> {
    const operation = 'ListApplications';
    const idOf = ({ applicationId }: Application) => {
      if (!applicationId) throw malformedAnswer(operation, 'applications.applicationId');
      return applicationId;
    };
    for await (const page of pages(operation, (nextToken) =>
      ask(operation, [], async () => {
        const { applications, nextToken: next } = await client.send(new ListApplicationsCommand({ nextToken }));
        return { ids: listIn(applications, operation, 'applications').map(idOf), NextToken: next };
      }),
    )) {
      yield* page.ids;
    }
  }

  async function findApplication(): Promise<string> {
    for await (const applicationId of applicationIds()) {
      const found = await ask('GetApplication', [`Amazon Q Business application ${applicationId}`], () =>
        // One that is deleted in between is not the one.
        undefinedIf(isNotFound, () => client.send(new GetApplicationCommand({ applicationId }))),
      );
      if (found?.identityCenterApplicationArn === applicationArn) return applicationId;
    }
    throw new RefusedError(
      'application-missing',
      `No Amazon Q Business application of this account and Region belongs to ${applicationArn}. Check the Region and the role of its subscription`,
    );
  }

  return {
    async *subscriptions() {
      const operation = 'ListSubscriptions';
      const applicationId = await findApplication();
      for await (const page of pages(operation, (nextToken) =>
        ask(operation, [`application ${applicationArn}`], async () => {
          const list = { applicationId, maxResults: MAX_PER_PAGE, nextToken };
          const { subscriptions, nextToken: next } = await client.send(new ListSubscriptionsCommand(list));
          return { subscriptions: listIn(subscriptions, operation, 'subscriptions'), NextToken: next };
        }),
      )) {
        yield page.subscriptions.map(subscriptionIn);
      }
    },
  };
}
