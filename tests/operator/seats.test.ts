import { describe, expect, it } from 'vitest';
import { entitlementLine } from '../../operator/seats.ts';
import { aUserFindings } from '../support/builders.ts';
import { APPLICATION, ENTITLEMENT, START, user } from '../support/ids.ts';

/** What comparisons recorded of a user. */
function recorded(number: number, kinds: readonly ('missing' | 'pending')[]) {
  const since = START.toISOString();
  return aUserFindings({ userId: user(number), findings: kinds.map((kind) => ({ kind, since })) });
}

describe('the numbers of an entitlement', () => {
  const findings = [recorded(1, ['missing']), recorded(2, []), recorded(3, ['missing', 'pending'])];
  const about = {
    entitlement: ENTITLEMENT,
    application: APPLICATION,
    max: 5,
    budget: undefined,
    assignments: undefined,
  };

  it('count users with findings once, not those whose findings have ended', () => {
    const line = entitlementLine({ ...about, isSubscribed: true, items: { seats: [], findings } });
    expect(line).toMatchObject({ seats: 0, subscriptionFindings: 2 });
  });

  it.each([
    ['no subscription is configured', { isSubscribed: false, items: { seats: [], findings } }],
    ['the ledger could not be read', { isSubscribed: true, items: undefined }],
  ])('have no findings if %s', (_what, given) => {
    expect(entitlementLine({ ...about, ...given })).not.toHaveProperty('subscriptionFindings');
  });
});
