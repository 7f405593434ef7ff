import type { ErrorRow } from '../aws-errors.ts';

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
export const CLOUDTRAIL_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The rate of lookup requests is two per second.' },
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'You do not have sufficient access.' },
  {
    exception: 'OperationNotPermittedException',
    as: 'access-denied',
    because: 'The requested operation is not permitted.',
  },
  { exception: 'InvalidTimeRangeException', as: 'validation', because: 'The timestamp values are not valid.' },
];
