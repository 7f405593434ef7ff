/** The plans of Kiro and Amazon Q Developer by the names that AWS takes. They are not published; these were seen. */
export const KIRO_PLANS = [
  'Q_DEVELOPER_STANDALONE',
  'Q_DEVELOPER_STANDALONE_FREE',
  'Q_DEVELOPER_STANDALONE_STUDENT',
  'Q_DEVELOPER_STANDALONE_PRO',
  'Q_DEVELOPER_STANDALONE_PRO_PLUS',
  'Q_DEVELOPER_STANDALONE_PRO_MAX',
  'Q_DEVELOPER_STANDALONE_POWER',
  'CREDIT_POOL',
] as const;

/** The plans of Amazon Q Business. */
export const Q_BUSINESS_PLANS = ['Q_LITE', 'Q_BUSINESS'] as const;

export const PLANS = [...KIRO_PLANS, ...Q_BUSINESS_PLANS];

/** A plan by the name that AWS takes, and that `entitlements.yml` has. */
export type Plan = (typeof PLANS)[number];

/** Returns who sells a plan. */
export function providerOf(plan: Plan): 'kiro' | 'amazon-q-business' {
  return Q_BUSINESS_PLANS.some((one) => one === plan) ? 'amazon-q-business' : 'kiro';
}

/** From the cheapest on. The order of other plans is not known. */
const ASCENDING: readonly Plan[] = [
  'Q_DEVELOPER_STANDALONE_FREE',
  'Q_DEVELOPER_STANDALONE_PRO',
  'Q_DEVELOPER_STANDALONE_PRO_PLUS',
  'Q_DEVELOPER_STANDALONE_PRO_MAX',
  'Q_DEVELOPER_STANDALONE_POWER',
  'Q_LITE',
  'Q_BUSINESS',
];

/** Whether a plan is known to be more than another of the same provider. */
export function isUpgrade(from: Plan, to: Plan): boolean {
  const [before, after] = [ASCENDING.indexOf(from), ASCENDING.indexOf(to)];
  return before >= 0 && after > before && providerOf(from) === providerOf(to);
}

/** AWS returns other names than it takes, as far as they were seen. */
const BY_NAME: ReadonlyMap<unknown, Plan> = new Map<unknown, Plan>([
  ...PLANS.map((plan) => [plan, plan] as const),
  ['KIRO_ENTERPRISE_PRO', 'Q_DEVELOPER_STANDALONE_PRO'],
  ['KIRO_ENTERPRISE_PRO_PLUS', 'Q_DEVELOPER_STANDALONE_PRO_PLUS'],
  ['KIRO_ENTERPRISE_PRO_MAX', 'Q_DEVELOPER_STANDALONE_PRO_MAX'],
  ['KIRO_ENTERPRISE_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
  ['KIRO_ENTERPRISE_PRO_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
]);

/** Returns the plan that AWS means by a name; undefined for a name that no table has. */
export function planOf(name: unknown): Plan | undefined {
  return BY_NAME.get(name);
}

/** The names that the console of Kiro shows, as far as they were seen, without spaces and in lower case. */
const BY_LABEL: ReadonlyMap<string, Plan> = new Map<string, Plan>([
  ['kiropro', 'Q_DEVELOPER_STANDALONE_PRO'],
  ['kiropro+', 'Q_DEVELOPER_STANDALONE_PRO_PLUS'],
  ['kiropromax', 'Q_DEVELOPER_STANDALONE_PRO_MAX'],
  ['kiropower', 'Q_DEVELOPER_STANDALONE_POWER'],
]);

/** Returns the plan of a name as the console shows it, or as AWS's calls do; undefined for a name that no table has. */
export function planOfLabel(label: string): Plan | undefined {
  return BY_LABEL.get(label.replace(/\s+/g, '').toLowerCase()) ?? planOf(label);
}
