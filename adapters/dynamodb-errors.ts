import type { ErrorRow } from './aws-errors.ts';

/**
 * Exceptions of DynamoDB. Requests are few and small, so that throttling is short.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
export const DYNAMODB_ERRORS: readonly ErrorRow[] = [
  {
    exception: 'ThrottlingException',
    as: 'transient',
    because: 'The rate of requests exceeds the allowed throughput.',
  },
  {
    exception: 'ProvisionedThroughputExceededException',
    as: 'transient',
    because: 'You exceeded your maximum allowed throughput for a table or for one or more indexes. OK to retry.',
  },
  {
    exception: 'RequestLimitExceeded',
    as: 'transient',
    because: 'Throughput exceeds the current limit of the account. OK to retry.',
  },
  {
    exception: 'InternalServerError',
    as: 'transient',
    because: 'DynamoDB could not process your request. OK to retry.',
  },
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: 'The client did not correctly sign the request, or may not make it. Not OK to retry.',
  },
  {
    exception: 'ResourceNotFoundException',
    as: 'ledger-missing',
    because: 'The table that is requested does not exist. Not OK to retry.',
  },
  {
    exception: 'ValidationException',
    as: 'validation',
    because: 'Required parameters are missing or out of range. Not OK to retry.',
  },
];
