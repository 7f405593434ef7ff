import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { planOf } from '../../domain/subscription/plan.ts';
import type { Subscription, SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { askWith, listIn, malformedAnswer, outcomeOf, pages, undefinedIf } from '../requests.ts';
import { isNotFound, property } from '../translate-error.ts';
import {
  assignmentsClient,
  CreateAssignmentCommand,
  DeleteAssignmentCommand,
  type KiroEndpoint,
  UpdateAssignmentCommand,
} from './assignments.ts';
import { ASSIGNMENT_ERRORS, USER_SUBSCRIPTIONS_ERRORS } from './errors.ts';
import { principalIn } from './principal.ts';
import {
  ListApplicationClaimsCommand,
  type ListApplicationClaimsOutput,
  ListUserSubscriptionsCommand,
  type ListUserSubscriptionsOutput,
  type PageInput,
  userSubscriptionsClient,
} from './user-subscriptions.ts';

/** A profile of Kiro or Amazon Q Developer. */
export interface KiroProfile {
  instanceArn: string;
  /** Region of the profile, which need not be that of Identity Center. */
  region: string;
  /** Seven public sources saw calls succeed at `amazonaws.com`, the default; of `kiro.dev` only refusals are published. */
  endpoint?: KiroEndpoint | undefined;
}

const STATUSES: ReadonlyMap<unknown, Subscription['status']> = new Map<unknown, Subscription['status']>([
  ['ACTIVE', 'active'],
  ['PENDING', 'pending'],
  ['CANCELLED', 'cancelled'],
  ['CANCELED', 'cancelled'],
]);

const SOURCES: ReadonlyMap<unknown, Subscription['source']> = new Map<unknown, Subscription['source']>([
  ['INDIVIDUAL', 'individual'],
  ['GROUP', 'group'],
  ['INDIVIDUAL_AND_GROUP', 'both'],
]);

/** As milliseconds this is in 1973, as seconds in 5138. */
const FIRST_MILLISECONDS = 1e11;
/** The end of the year 9999. */
const LAST_MILLISECONDS = 253_402_300_799_999;
const ISO_TEXT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Returns a time in any of the forms that AWS uses elsewhere: that of this call is not known. */
function timeIn(value: unknown): string | undefined {
  const time =
    typeof value === 'number'
      ? value * (value < FIRST_MILLISECONDS ? 1000 : 1)
      : Date.parse(typeof value === 'string' && ISO_TEXT.test(value) ? value : '');
  return time > 0 && time <= LAST_MILLISECONDS ? new Date(time).toISOString() : undefined;
}

function subscriptionIn(entry: unknown): Subscription {
  const activatedAt = timeIn(property(entry, 'activationDate'));
  return {
    principal: principalIn(property(entry, 'principal')),
    // What was asked for. Until a downgrade begins next month, activatedType has the plan before it.
    plan: planOf(property(property(entry, 'type'), 'amazonQ')) ?? 'unknown',
    status: STATUSES.get(property(entry, 'status')) ?? 'unknown',
    source: SOURCES.get(property(entry, 'aggregatedSubscriptionType')) ?? 'unknown',
    ...(activatedAt === undefined ? {} : { activatedAt }),
  };
}

function tokenIn(answer: { nextToken?: unknown; NextToken?: unknown }, operation: string): string | undefined {
  const nextToken = answer.nextToken ?? answer.NextToken ?? undefined;
  if (nextToken !== undefined && typeof nextToken !== 'string') throw malformedAnswer(operation, 'nextToken');
  return nextToken;
}

/** One page of a list. */
interface Page<T> {
  entries: T[];
  NextToken: string | undefined;
}

function subscriptionsIn(answer: ListUserSubscriptionsOutput, operation: string): Page<Subscription> {
  const NextToken = tokenIn(answer, operation);
  const entries = listIn(answer.subscriptions ?? answer.UserSubscriptions, operation, 'subscriptions');
  return { entries: entries.map(subscriptionIn), NextToken };
}

/** A claim of a group names none of its users: each has one of their own. */
function claimantsIn(answer: ListApplicationClaimsOutput, operation: string): Page<string> {
  const NextToken = tokenIn(answer, operation);
  const entries = listIn(answer.claims, operation, 'claims').flatMap((entry) => {
    const principal = principalIn(property(entry, 'principal'));
    return 'user' in principal ? principal.user : [];
  });
  return { entries, NextToken };
}

/**
 * The subscriptions of one profile, over ListUserSubscriptions, ListApplicationClaims and the calls on assignments. The
 * pacer spaces the requests.
 *
 * Experimental: unpublished. AWS may change the calls without notice: what the list lacks, or says in a new way, is
 * `unknown`, and only an answer without a list is an error. The answer to a write is not read.
 *
 * @param settings in the Region of Identity Center
 */
export function kiroSubscriptions(
  settings: ClientSettings,
  { instanceArn, region, endpoint = 'amazonaws.com' }: KiroProfile,
  pacer: Pacer,
): Required<SubscriptionProvider> {
  const client = userSubscriptionsClient(settings);
  const assignments = assignmentsClient(settings, region, endpoint);
  const ask = askWith(USER_SUBSCRIPTIONS_ERRORS, pacer);
  const askToChange = askWith(ASSIGNMENT_ERRORS, pacer);
  const idsOf = (userId: string) => [`user ${userId}`, `Region ${region}`];
  const assignmentOf = (userId: string) => ({ principalId: userId, principalType: 'USER' as const });

  async function* list<T>(operation: string, of: string, read: (input: PageInput) => Promise<Page<T>>) {
    const input = { subscriptionRegion: region, maxResults: MAX_PER_PAGE };
    for await (const { entries } of pages(operation, (nextToken) =>
      ask(operation, [of, `Region ${region}`], () => read({ ...input, nextToken })),
    )) {
      yield entries;
    }
  }

  return {
    subscriptions() {
      const operation = 'ListUserSubscriptions';
      return list(operation, `instance ${instanceArn}`, async (page) =>
        subscriptionsIn(await client.send(new ListUserSubscriptionsCommand({ instanceArn, ...page })), operation),
      );
    },

    claimants(applicationArn) {
      const operation = 'ListApplicationClaims';
      return list(operation, `application ${applicationArn}`, async (page) =>
        claimantsIn(await client.send(new ListApplicationClaimsCommand({ applicationArn, ...page })), operation),
      );
    },

    subscribe: (userId, plan) =>
      askToChange('CreateAssignment', idsOf(userId), async () => {
        const command = new CreateAssignmentCommand({ ...assignmentOf(userId), subscriptionType: plan });
        return { outcome: await outcomeOf('subscribed' as const, () => assignments.send(command)) };
      }),

    changePlan: ({ userId }, plan) =>
      askToChange('UpdateAssignment', idsOf(userId), () => {
        const command = new UpdateAssignmentCommand({ ...assignmentOf(userId), subscriptionType: plan });
        return outcomeOf('changed', () => assignments.send(command));
      }),

    cancel: ({ userId }) =>
      askToChange('DeleteAssignment', idsOf(userId), () => {
        const command = new DeleteAssignmentCommand(assignmentOf(userId));
        return outcomeOf('cancelled', () => undefinedIf(isNotFound, () => assignments.send(command)));
      }),
  };
}
