/**
 * What AWS asks for one unit, in US dollars, in us-east-1 without free tier and discounts: a snapshot, to be checked
 * against the pages named before anybody reckons with it.
 */
export const PRICES = {
  transition: { dollars: 0.025 / 1000, unit: 'state transition of a Standard workflow', source: 'step-functions' },
  gigabyteSecond: { dollars: 0.0000133334, unit: 'GB-second of Lambda on arm64', source: 'lambda' },
  invocation: { dollars: 0.2 / 1e6, unit: 'request of Lambda', source: 'lambda' },
  writeUnit: { dollars: 0.625 / 1e6, unit: 'write request unit of DynamoDB on demand', source: 'dynamodb' },
  readUnit: { dollars: 0.125 / 1e6, unit: 'read request unit of DynamoDB on demand', source: 'dynamodb' },
  busEvent: { dollars: 1 / 1e6, unit: 'custom event of EventBridge', source: 'eventbridge' },
  logGigabyte: { dollars: 0.5, unit: 'GB into CloudWatch Logs', source: 'cloudwatch' },
} as const satisfies Record<string, { dollars: number; unit: string; source: string }>;

/** When the prices were written down. */
export const PRICES_AS_OF = '2026-11-25';

/** How much of each priced unit something took. */
export type Used = Record<keyof typeof PRICES, number>;

/** In US dollars. Calls of Identity Center cost nothing. */
export function priceOf(used: Partial<Used>): number {
  return Object.entries(PRICES).reduce((sum, [unit, { dollars }]) => sum + dollars * (unitIn(used, unit) ?? 0), 0);
}

function unitIn(used: Readonly<Record<string, number | undefined>>, unit: string): number | undefined {
  return used[unit];
}
