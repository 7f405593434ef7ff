import { expect, it } from 'vitest';
import { RefusedError } from '../../domain/shared/errors.ts';
import { reportOf } from '../../operator/error-report.ts';

const hintOf = (operation: string, reason: string) =>
  reportOf(new RefusedError(reason, `${operation}: ${reason} (Region us-east-1)`)).hint;

it.each(['UnknownOperationException', 'BrandNewException', 'unknown-exception'])(
  '%s of an unpublished call means that AWS has changed or removed it',
  (reason) => {
    expect(hintOf('ListUserSubscriptions', reason)).toMatch(/changed or removed a call.*docs\/subscriptions\.md/);
  },
);

it.each([
  ['ListGroupMemberships', 'UnknownOperationException', 'AD Sync'],
  ['ListSubscriptions', 'BrandNewException', 'does not know this exception'],
  ['ListUserSubscriptions', 'access-denied', 'permissions'],
  ['ListUserSubscriptions', 'account-not-eligible', 'Only AWS Support'],
  ['ListUserSubscriptions', 'UnrecognizedClientException', 'aws sso login'],
  ['ListUserSubscriptions', 'list-too-long', 'docs/runbook.md'],
  ['ListUserSubscriptions', 'profile-missing', 'region and roleArn'],
  ['AssumeRole', 'role-refused', 'must trust this caller'],
  ['CreateAssignment', 'principal-or-profile-missing', 'region and roleArn'],
  ['UpdateSubscription', 'subscription-or-application-missing', 'the next list shows it'],
  ['CancelSubscription', 'subscription-unknown', 'usher subscriptions'],
  ['ListSubscriptions', 'subscriptions-unavailable', 'no revocation is verified'],
])('%s with %s keeps its own hint', (operation, reason, hint) => {
  expect(hintOf(operation, reason)).toContain(hint);
});

it('a refusal of Usher itself needs no hint', () => {
  expect(hintOf('ListUserSubscriptions', 'validation')).toBeUndefined();
});
