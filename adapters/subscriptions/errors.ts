import type { ErrorRow } from '../aws-errors.ts';

const NOT_ELIGIBLE =
  "AWS's own check of the account refuses it. It changed its text over time; only AWS Support lifts the refusal.";

const ACCOUNT_ERRORS: readonly ErrorRow[] = [
  ...[
    'Account does not meet requirements for this operation',
    'Your account is not authorized to make this call.',
    'Your account is not currently eligible to create new subscriptions.',
  ].map(
    (text): ErrorRow => ({
      exception: 'AccessDeniedException',
      text,
      as: 'account-not-eligible',
      because: NOT_ELIGIBLE,
    }),
  ),
  { exception: 'UnknownError', as: 'account-not-eligible', because: `${NOT_ELIGIBLE} CloudTrail had this code.` },
];

const THROTTLED: ErrorRow = {
  exception: 'ThrottlingException',
  as: 'transient',
  because: 'Seen on bursts, with HTTP 429.',
};
const FAILED: ErrorRow = { exception: 'InternalServerException', as: 'transient', because: 'The service failed.' };
const INVALID: ErrorRow = {
  exception: 'ValidationException',
  as: 'validation',
  because: 'The request has a value that is not allowed.',
};

/**
 * Exceptions of `user-subscriptions`, and of the calls behind the consoles of Kiro and Amazon Q Developer. None of them is
 * published. These are those of the client that AWS generated for its own command line, and those that were seen.
 *
 * @see https://github.com/kirodotdev/Kiro/issues/10313
 */
export const USER_SUBSCRIPTIONS_ERRORS: readonly ErrorRow[] = [
  THROTTLED,
  FAILED,
  ...ACCOUNT_ERRORS,
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: 'The caller lacks a permission of user-subscriptions.',
  },
  {
    exception: 'ConflictException',
    as: 'conflict',
    because: 'Resource is in an invalid state. A repeated request gets the same answer.',
  },
  {
    exception: 'ResourceNotFoundException',
    as: 'profile-missing',
    because: 'A request names the instance, and the Region of a profile: it does not find one of them.',
  },
  INVALID,
];

/**
 * Exceptions of the calls on assignments. They are no more published than those above. Some are answers, which the adapter
 * returns as values: ConflictException, and ResourceNotFoundException of DeleteAssignment.
 *
 * @see https://github.com/kirodotdev/Kiro/issues/10166
 */
export const ASSIGNMENT_ERRORS: readonly ErrorRow[] = [
  THROTTLED,
  FAILED,
  ...ACCOUNT_ERRORS,
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'The caller lacks a permission of q.' },
  {
    exception: 'ResourceNotFoundException',
    as: 'principal-or-profile-missing',
    because: 'A request names the user, and goes to the Region of a profile: it does not find one of them.',
  },
  INVALID,
];

/**
 * Exceptions of Amazon Q Business. Some are answers, which the adapter returns as values: ConflictException of the writes,
 * and ResourceNotFoundException of CancelSubscription.
 *
 * @see https://docs.aws.amazon.com/amazonq/latest/api-reference/API_ListSubscriptions.html
 */
export const Q_BUSINESS_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  {
    exception: 'InternalServerException',
    as: 'transient',
    because: 'An issue occurred with the internal server. Wait some minutes and try again.',
  },
  { exception: 'AccessDeniedException', as: 'access-denied', because: "You don't have access to perform this action." },
  {
    exception: 'ConflictException',
    as: 'conflict',
    because: 'The action conflicts with the status of the resource. Fix any inconsistencies and try again.',
  },
  {
    exception: 'ResourceNotFoundException',
    operation: 'CreateSubscription',
    as: 'principal-or-application-missing',
    because: "The application or the user doesn't exist.",
  },
  {
    exception: 'ResourceNotFoundException',
    operation: 'UpdateSubscription',
    as: 'subscription-or-application-missing',
    because: "The application or the subscription doesn't exist.",
  },
  {
    exception: 'ResourceNotFoundException',
    as: 'application-missing',
    because: "The application resource doesn't exist; no other is named.",
  },
  { exception: 'ValidationException', as: 'validation', because: "The input doesn't meet the constraints." },
];
