/**
 * Prices of AWS per unit, in US dollars, in us-east-1 without free tier and discounts. They are a snapshot: check them on the
 * pages named before you use them.
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

/** Date of the prices. */
export const PRICES_AS_OF = '2026-11-25';

/** Number of used units, by kind. */
export type Used = Record<keyof typeof PRICES, number>;

/** Returns the price of used units in US dollars. Calls of Identity Center cost nothing. */
export function priceOf(used: Partial<Used>): number {
  return Object.entries(PRICES).reduce((sum, [unit, { dollars }]) => sum + dollars * (unitIn(used, unit) ?? 0), 0);
}

function unitIn(used: Readonly<Record<string, number | undefined>>, unit: string): number | undefined {
  return used[unit];
}
