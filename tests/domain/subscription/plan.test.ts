import { expect, it } from 'vitest';
import { KIRO_PLANS, planOf, Q_BUSINESS_PLANS } from '../../../domain/subscription/plan.ts';

it.each([
  ['KIRO_ENTERPRISE_PRO', 'Q_DEVELOPER_STANDALONE_PRO'],
  ['KIRO_ENTERPRISE_PRO_PLUS', 'Q_DEVELOPER_STANDALONE_PRO_PLUS'],
  ['KIRO_ENTERPRISE_PRO_MAX', 'Q_DEVELOPER_STANDALONE_PRO_MAX'],
  ['KIRO_ENTERPRISE_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
  ['KIRO_ENTERPRISE_PRO_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
])('AWS returns %s for the plan that it takes as %s', (returned, plan) => {
  expect(planOf(returned)).toBe(plan);
});

it.each([...KIRO_PLANS, ...Q_BUSINESS_PLANS])('%s is the same plan where AWS returns it as it takes it', (plan) => {
  expect(planOf(plan)).toBe(plan);
});

it.each(['KIRO_ENTERPRISE_ULTRA', 'kiro_enterprise_pro', '', undefined, null, 1, {}])(
  'a name that no table has is no plan: %j',
  (name) => {
    expect(planOf(name)).toBeUndefined();
  },
);
