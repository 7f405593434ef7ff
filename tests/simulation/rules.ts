import { type Action, APPLICATIONS, GROUPS, MORE_GROUPS } from './cast.ts';
import type { RuleChoice } from './deeds.ts';
import { type SubscriptionChoices, settingsOf } from './subscriptions.ts';

type Rules = NonNullable<Action['deploy']>;

/** Returns a configuration as a file has it. */
export function rulesOf(
  { max, graceDays, mode, brake, requestsPerSecond, without, manyGroups }: RuleChoice,
  subscriptions: SubscriptionChoices = [],
): Rules {
  const subscriptionOf = (index: number) => {
    const choice = subscriptions[index];
    return choice ? { subscription: settingsOf(choice, index) } : {};
  };
  const [first, second] = APPLICATIONS;
  const [a, b, c] = GROUPS;
  if (!first || !second || !a || !b || !c) throw new Error('two applications and three groups');
  const entitlements = [
    {
      name: 'first',
      application: first,
      groups: [a, b, ...(manyGroups ? MORE_GROUPS : [])],
      seats: { max: max[0] ?? 50 },
      onLeave: { revokeAfterDays: graceDays },
      ...subscriptionOf(0),
    },
    ...(without === 'entitlement'
      ? []
      : [
          {
            name: 'second',
            application: second,
            groups: without === 'group' ? [c] : [b, c],
            seats: { max: max[1] ?? 50 },
            mode,
            ...subscriptionOf(1),
          },
        ]),
  ];
  return {
    entitlements,
    retired: without === 'entitlement' ? [second] : [],
    brake,
    requestsPerSecond: manyGroups ? 1 : requestsPerSecond,
  };
}
