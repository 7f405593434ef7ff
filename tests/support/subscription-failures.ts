/** The failure of a call, or `no failure`. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

/** Exceptions that a later call may not meet, with their HTTP status, and whether they throttle. */
export const TRANSIENT_EXCEPTIONS = [
  ['InternalServerException', 500, false],
  ['SomethingNewException', 503, false],
  ['ThrottlingException', 400, true],
  ['ThrottlingException', 429, true],
  ['TooManyRequestsException', 429, true],
  ['SomethingNewException', 429, true],
] as const;

/** Bodies of an answer with HTTP 429 that name no exception. */
export const NAMELESS_BODIES = ['', '{}', '[]', 'null', '<html>Too many requests</html>'] as const;

/** The exceptions and messages with which AWS's own check of an account refuses it. */
export const ACCOUNT_REFUSALS = [
  ['AccessDeniedException', 'Account does not meet requirements for this operation'],
  ['AccessDeniedException', 'Your account is not authorized to make this call.'],
  [
    'AccessDeniedException',
    'Your account is not currently eligible to create new subscriptions. Please contact AWS Support to request a review: https://example.com',
  ],
  ['UnknownError', ''],
] as const;
