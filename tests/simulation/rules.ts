import { type Action, APPLICATIONS, GROUPS, MORE_GROUPS } from './cast.ts';
import type { RuleChoice } from './deeds.ts';

type Rules = NonNullable<Action['deploy']>;

/** Returns a configuration as a file has it. */
export function rulesOf({ max, graceDays, mode, brake, requestsPerSecond, without, manyGroups }: RuleChoice): Rules {
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
