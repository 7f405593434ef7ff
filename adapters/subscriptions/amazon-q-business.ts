import {
  type Application,
  CancelSubscriptionCommand,
  CreateSubscriptionCommand,
  GetApplicationCommand,
  ListApplicationsCommand,
  type Subscription as Listed,
  ListSubscriptionsCommand,
  QBusinessClient,
  type SubscriptionType,
  UpdateSubscriptionCommand,
} from '@aws-sdk/client-qbusiness';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { type Plan, planOf, Q_BUSINESS_PLANS } from '../../domain/subscription/plan.ts';
import type { Subscription, SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import { type ClientSettings, type Pacer, withoutRetries } from '../clients.ts';
import { askWith, listIn, malformedAnswer, outcomeOf, pages, undefinedIf } from '../requests.ts';
import { isNotFound, withDetails } from '../translate-error.ts';
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

function withId(id: unknown): { id?: string } {
  return typeof id === 'string' && id !== '' ? { id } : {};
}

/** Returns AWS's type for a plan. @throws RefusedError for one of another provider, which the configuration does not allow */
function typeOf(plan: Plan): SubscriptionType {
  const type = Q_BUSINESS_PLANS.find((one) => one === plan);
  if (type === undefined) throw new RefusedError('validation', `Amazon Q Business has no plan ${plan}`);
  return type;
}

function subscriptionIn(entry: Listed): Subscription {
  const principal = principalIn(entry.principal);
  return {
    ...withId(entry.subscriptionId),
    principal,
    // What was asked for: a downgrade applies next month.
    plan: planOf((entry.nextSubscription ?? entry.currentSubscription)?.type) ?? 'unknown',
    status: statusOf(entry),
    source: 'user' in principal ? 'individual' : 'group' in principal ? 'group' : 'unknown',
  };
}

/**
 * The subscriptions of the Amazon Q Business application behind an application of Identity Center. The pacer spaces all
 * requests: until the application is found, one for each application of the Region, then one for each page or change.
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
  const writer = new QBusinessClient({ ...withoutRetries(settings), requestHandler });
  let foundId: string | undefined;
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

  async function applicationId(): Promise<string> {
    foundId ??= await findApplication();
    return foundId;
  }

  /** Returns the ids of a subscription, and those that an error of a call about it has. */
  async function keyOf({ userId, id: subscriptionId }: { userId: string; id?: string | undefined }) {
    const ids = [`application ${applicationArn}`, `user ${userId}`];
    if (subscriptionId !== undefined) return { key: { applicationId: await applicationId(), subscriptionId }, ids };
    const problem = 'A subscription of Amazon Q Business is changed by its id: its list is read first';
    throw new RefusedError('subscription-unknown', withDetails(problem, ids));
  }

  return {
    async *subscriptions() {
      const operation = 'ListSubscriptions';
      const id = await applicationId();
      for await (const page of pages(operation, (nextToken) =>
        ask(operation, [`application ${applicationArn}`], async () => {
          const list = { applicationId: id, maxResults: MAX_PER_PAGE, nextToken };
          const { subscriptions, nextToken: next } = await client.send(new ListSubscriptionsCommand(list));
          return { subscriptions: listIn(subscriptions, operation, 'subscriptions'), NextToken: next };
        }),
      )) {
        yield page.subscriptions.map(subscriptionIn);
      }
    },

    async subscribe(userId, plan, clientToken) {
      const input = {
        applicationId: await applicationId(),
        principal: { user: userId },
        type: typeOf(plan),
        ...(clientToken === undefined ? {} : { clientToken }),
      };
      return ask('CreateSubscription', [`application ${applicationArn}`, `user ${userId}`], async () => {
        let id: string | undefined;
        const outcome = await outcomeOf('subscribed' as const, async () => {
          id = (await writer.send(new CreateSubscriptionCommand(input))).subscriptionId;
        });
        return { outcome, ...withId(id) };
      });
    },

    async changePlan(subscription, plan) {
      const { key, ids } = await keyOf(subscription);
      const command = new UpdateSubscriptionCommand({ ...key, type: typeOf(plan) });
      return ask('UpdateSubscription', ids, () => outcomeOf('changed', () => writer.send(command)));
    },

    async cancel(subscription) {
      const { key, ids } = await keyOf(subscription);
      const command = new CancelSubscriptionCommand(key);
      return ask('CancelSubscription', ids, () =>
        outcomeOf('cancelled', () => undefinedIf(isNotFound, () => writer.send(command))),
      );
    },
  };
}
