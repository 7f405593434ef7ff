import { type FindingKind, PENDING_DAYS } from '../domain/subscription/findings.ts';

/** What each finding about a user's subscription means, and what to do. */
export const FINDING_MEANINGS: Readonly<Record<FindingKind, string>> = {
  missing: 'has no subscription. The assignment alone gives none. Subscribe the user; of a group, AWS may take a day',
  orphan: 'has a subscription that no configured entitlement covers. An active one is billed until someone cancels it',
  'wrong-plan': 'has a subscription of another plan than the entitlement says',
  pending: `has a subscription and has not used it for ${PENDING_DAYS} days. AWS charges it from the first use`,
  'through-group': 'has the subscription, or would have it, through a group: it cannot be changed for this user alone',
  twice: 'has another subscription in another Region or application, and AWS charges both',
};
