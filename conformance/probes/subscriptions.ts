import { RefusedError } from '../../domain/shared/errors.ts';
import { PLANS, type Plan } from '../../domain/subscription/plan.ts';
import type { Subscription, SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import { changeAssignment, isAssigned, unassign } from './assignments.ts';
import { answerOf, type Finding, type Probe, pause, undo } from './probe.ts';
import type { World } from './world.ts';

/** Lists are read at most this often: their rate is not known. */
const SETTLE_SECONDS = 60;

/** What the list of subscriptions has. Experimental: unpublished calls. */
export const subscriptionList: Probe = {
  name: 'subscription-list',
  does: 'Lists the subscriptions of the profile (experimental: unpublished calls).',
  beliefs: [
    'subscription-calls',
    'subscription-statuses',
    'subscription-plans',
    'subscription-source',
    'subscription-activation-date',
    'subscription-claims-listed',
  ],
  needs: ['application'],
  permissions: ['subscriptions'],
  calls: ['user-subscriptions:ListUserSubscriptions', 'user-subscriptions:ListApplicationClaims'],
  cost: 'nothing',
  async run(world) {
    const provider = await providerOf(world);
    const all: Subscription[] = [];
    const listed = await answerOf(async () => {
      for await (const page of provider.subscriptions()) all.push(...page);
    });
    const claims = await answerOf(async () => {
      for await (const _ of provider.claimants?.(world.targets.application ?? '') ?? []) break;
    });
    const known = (belief: string, expected: string, of: (one: Subscription) => string | undefined): Finding => {
      const unknown = all.filter((one) => (of(one) ?? 'unknown') === 'unknown').length;
      const seen = `${all.length - unknown} of ${all.length}`;
      return { belief, expected, seen, holds: all.length === 0 ? undefined : unknown === 0 };
    };
    return [
      { belief: 'subscription-calls', expected: 'ok', seen: listed, holds: listed === 'ok' },
      known('subscription-statuses', 'all are known', ({ status }) => status),
      known('subscription-plans', 'all are known', ({ plan }) => plan),
      known('subscription-source', 'all are known', ({ source }) => source),
      known('subscription-activation-date', 'all of active ones are read', ({ status, activatedAt }) =>
        status === 'active' ? activatedAt : 'not active',
      ),
      { belief: 'subscription-claims-listed', expected: 'ok', seen: claims, holds: claims === 'ok' },
    ];
  },
};

/** How assignments and subscriptions depend on each other. Experimental: unpublished calls. */
export const subscriptionWrites: Probe = {
  name: 'subscription-writes',
  does: 'Assigns the named user, subscribes them twice, unassigns and cancels, and reads the list after each (experimental).',
  beliefs: [
    'subscription-not-by-assignment',
    'subscription-repeated-create',
    'subscription-assigns',
    'subscription-outlives-assignment',
    'subscription-cancel-keeps-assignment',
  ],
  needs: ['application', 'user', 'plan'],
  permissions: ['write', 'subscriptions'],
  calls: [
    'sso:CreateApplicationAssignment',
    'sso:DeleteApplicationAssignment',
    'sso:DescribeApplicationAssignment',
    'q:CreateAssignment',
    'q:DeleteAssignment',
    'user-subscriptions:ListUserSubscriptions',
  ],
  cost: 'nothing as long as the user does not sign in meanwhile: a pending subscription is not charged. Otherwise a month of the plan',
  async run(world) {
    const provider = await providerOf(world);
    const plan = PLANS.find((one) => one === world.targets.plan);
    if (plan === undefined) throw new Error(`--plan is none of ${PLANS.join(', ')}`);
    if ((await isAssigned(world)) || (await isSubscribed(provider, world)))
      throw new Error('The user has an assignment or a subscription already. Name a user who has neither');
    const userId = world.targets.user ?? '';
    try {
      return await findingsOf(provider, { userId, plan }, world);
    } finally {
      const subscription = { what: 'The subscription of the user', call: () => cancel(provider, world) };
      await undo([subscription, unassign(world)], world);
    }
  },
};

async function findingsOf(
  provider: SubscriptionProvider,
  { userId, plan }: { userId: string; plan: Plan },
  world: World,
): Promise<Finding[]> {
  const settle = () => pause(SETTLE_SECONDS, world);
  const subscription = (is: boolean) => (is ? 'a subscription' : 'no subscription');
  const assignment = (is: boolean) => (is ? 'an assignment' : 'no assignment');

  await changeAssignment(world, 'create');
  await settle();
  const started = await isSubscribed(provider, world);
  await changeAssignment(world, 'delete');
  await settle();

  const subscribed = await answerOf(() => provider.subscribe(userId, plan));
  await settle();
  const assigned = await isAssigned(world);
  const again = await answerOf(async () => {
    const { outcome } = await provider.subscribe(userId, plan);
    if (outcome === 'conflict') throw new RefusedError('conflict', 'The user is subscribed already');
  });

  if (!assigned) await changeAssignment(world, 'create');
  await changeAssignment(world, 'delete');
  await settle();
  const outlived = await isSubscribed(provider, world);

  await changeAssignment(world, 'create');
  await cancel(provider, world);
  await settle();
  const kept = await isAssigned(world);

  // Without a subscription, the rest says nothing.
  const seenIf = (holds: boolean) => (subscribed === 'ok' ? holds : undefined);
  const none = subscription(false);
  return [
    { belief: 'subscription-not-by-assignment', expected: none, seen: subscription(started), holds: !started },
    {
      belief: 'subscription-assigns',
      expected: assignment(true),
      seen: subscribed === 'ok' ? assignment(assigned) : subscribed,
      holds: seenIf(assigned),
    },
    { belief: 'subscription-repeated-create', expected: 'conflict', seen: again, holds: seenIf(again === 'conflict') },
    {
      belief: 'subscription-outlives-assignment',
      expected: subscription(true),
      seen: subscription(outlived),
      holds: seenIf(outlived),
    },
    {
      belief: 'subscription-cancel-keeps-assignment',
      expected: assignment(true),
      seen: assignment(kept),
      holds: seenIf(kept),
    },
  ];
}

function providerOf({ subscriptions, instanceArn, targets }: World): Promise<SubscriptionProvider> {
  const { application = '', profileRegion = '' } = targets;
  return subscriptions({ provider: 'kiro', region: profileRegion, application, instanceArn });
}

async function isSubscribed(provider: SubscriptionProvider, { targets }: World): Promise<boolean> {
  for await (const page of provider.subscriptions()) {
    const own = page.some(
      ({ principal, status }) => 'user' in principal && principal.user === targets.user && status !== 'cancelled',
    );
    if (own) return true;
  }
  return false;
}

/** @throws RefusedError if the subscription is still there */
async function cancel(provider: SubscriptionProvider, world: World): Promise<void> {
  const outcome = await provider.cancel({ userId: world.targets.user ?? '' });
  if (outcome === 'conflict' && (await isSubscribed(provider, world)))
    throw new RefusedError('conflict', 'The subscription cannot be cancelled');
}
