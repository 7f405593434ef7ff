import { expect, it } from 'vitest';
import { reportOf } from '../../../cli/command/error-report.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';

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
])('%s with %s keeps its own hint', (operation, reason, hint) => {
  expect(hintOf(operation, reason)).toContain(hint);
});

it('a refusal of Usher itself needs no hint', () => {
  expect(hintOf('ListUserSubscriptions', 'validation')).toBeUndefined();
});
