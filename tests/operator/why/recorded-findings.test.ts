import { describe, expect, it } from 'vitest';
import type { RecordedFinding } from '../../../domain/findings/recorded-findings.ts';
import { findingsInWords } from '../../../operator/why/recorded-findings.ts';
import { at, iso } from '../../support/builders.ts';
import { PRO } from '../../support/subscriptions.ts';

const DAY = 86_400;

describe('what the service has found about a user', () => {
  it.each<[RecordedFinding, string]>([
    [
      { kind: 'missing', expected: PRO, since: iso(-2 * DAY) },
      `has no subscription. The assignment alone gives none. Subscribe the user; of a group, AWS may take a day (missing, expected ${PRO}, found 2 d ago).`,
    ],
    [
      { kind: 'pending', plan: PRO, expected: PRO, since: iso(-15 * DAY) },
      `has a subscription and has not used it for 14 days. AWS charges it from the first use (pending, plan ${PRO}, expected ${PRO}, first seen 15 d ago).`,
    ],
    [
      { kind: 'twice', plan: PRO, since: iso(-DAY) },
      `has another subscription in another Region or application, and AWS charges both (twice, plan ${PRO}, found 1 d ago).`,
    ],
  ])('is a sentence: %j', (finding, sentence) => {
    const about = { entitlement: 'kiro', asOf: undefined, findings: [finding] };
    expect(findingsInWords(about, at(0))).toEqual([`Subscription: the user ${sentence}`]);
  });

  it('says as of when', () => {
    const about = { entitlement: 'kiro', asOf: iso(-3600), findings: [{ kind: 'orphan' as const, since: iso(-3600) }] };
    expect(findingsInWords(about, at(0))[0]).toMatch(/^Subscription, as of the comparison 1 h ago: the user /);
  });
});
