/** Why AWS refuses a call: `reason` of a {@link RefusedError}. */
type Refusal =
  | 'access-denied'
  | 'account-not-eligible'
  | 'account-suspended'
  | 'address-not-verified'
  | 'application-missing'
  | 'bucket-missing'
  | 'conflict'
  | 'credentials'
  | 'identity-store-missing'
  | 'kms-access-denied'
  | 'kms-disabled'
  | 'kms-invalid-arn'
  | 'kms-invalid-key-usage'
  | 'kms-invalid-state'
  | 'kms-key-not-found'
  | 'ledger-missing'
  | 'message-rejected'
  | 'not-deployed'
  | 'principal-or-application-missing'
  | 'principal-or-profile-missing'
  | 'profile-missing'
  | 'quota-exceeded'
  | 'role-refused'
  | 'sender-missing'
  | 'sending-paused'
  | 'subscription-or-application-missing'
  | 'validation';

/**
 * What an exception of AWS means to Usher. The first matching row counts; a row with a Reason, a resource type, an
 * operation or a text matches only that one. An exception without a row is a refusal, too: see `translate`.
 */
export interface ErrorRow {
  exception: string;
  reason?: string;
  resourceType?: string;
  operation?: string;
  /** A part of AWS's message, where the name of the exception says too little. */
  text?: string;
  as: 'transient' | Refusal;
  /** What the API reference says, in substance: the reason for the row. */
  because: string;
}

const DENIED = 'You do not have sufficient access to perform this action.';
const INTERNAL = 'The request failed because of an unknown error, exception or failure with an internal server.';
const KEY_UNUSABLE = 'The service cannot use the customer managed KMS key: an operator must fix the key or its policy.';
const SYNTAX = 'The request failed because it contains a syntax error.';
const THROTTLED =
  'The principal has crossed the throttling limits of the API operations; with a KMS reason, those of KMS.';

/**
 * Exceptions of the Identity Store, of which Usher calls only read operations. ResourceNotFoundException for a user or a
 * group is an answer, which the adapter returns as a value.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_Operations.html
 */
export const IDENTITY_STORE_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: THROTTLED },
  { exception: 'InternalServerException', as: 'transient', because: INTERNAL },
  {
    exception: 'ConflictException',
    as: 'transient',
    because: 'The requested resource was being concurrently modified by another request.',
  },
  {
    exception: 'AccessDeniedException',
    reason: 'KMS_ACCESS_DENIED',
    as: 'kms-access-denied',
    because: 'Reason is returned by KMS while accessing a customer managed key.',
  },
  { exception: 'AccessDeniedException', as: 'access-denied', because: DENIED },
  { exception: 'ValidationException', reason: 'KMS_DISABLED', as: 'kms-disabled', because: KEY_UNUSABLE },
  { exception: 'ValidationException', reason: 'KMS_INVALID_ARN', as: 'kms-invalid-arn', because: KEY_UNUSABLE },
  {
    exception: 'ValidationException',
    reason: 'KMS_INVALID_KEY_USAGE',
    as: 'kms-invalid-key-usage',
    because: KEY_UNUSABLE,
  },
  { exception: 'ValidationException', reason: 'KMS_INVALID_STATE', as: 'kms-invalid-state', because: KEY_UNUSABLE },
  { exception: 'ValidationException', as: 'validation', because: SYNTAX },
  {
    exception: 'ServiceQuotaExceededException',
    as: 'quota-exceeded',
    because: 'The request would cause the number of users or groups to exceed the maximum allowed.',
  },
  {
    exception: 'ResourceNotFoundException',
    reason: 'KMS_KEY_NOT_FOUND',
    as: 'kms-key-not-found',
    because:
      'Reason is given when the service is unable to access a customer managed key: no user or group is missing.',
  },
  {
    exception: 'ResourceNotFoundException',
    resourceType: 'IDENTITY_STORE',
    as: 'identity-store-missing',
    because: 'ResourceType says what is not found: USER, GROUP or IDENTITY_STORE.',
  },
];

/**
 * Exceptions of SSO Admin. Some are answers, which the adapter returns as values: ConflictException of the two writes, and
 * ResourceNotFoundException where it only says that there is no assignment.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_Operations.html
 */
export const SSO_ADMIN_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: THROTTLED },
  { exception: 'InternalServerException', as: 'transient', because: INTERNAL },
  {
    exception: 'ConflictException',
    as: 'transient',
    because: 'The previous write did not have time to propagate; a retry with backoff is the recommended response.',
  },
  {
    exception: 'AccessDeniedException',
    reason: 'KMS_AccessDeniedException',
    as: 'kms-access-denied',
    because: KEY_UNUSABLE,
  },
  { exception: 'AccessDeniedException', as: 'access-denied', because: DENIED },
  { exception: 'ValidationException', reason: 'KMS_DisabledException', as: 'kms-disabled', because: KEY_UNUSABLE },
  {
    exception: 'ValidationException',
    reason: 'KMS_InvalidKeyUsageException',
    as: 'kms-invalid-key-usage',
    because: KEY_UNUSABLE,
  },
  {
    exception: 'ValidationException',
    reason: 'KMS_InvalidStateException',
    as: 'kms-invalid-state',
    because: KEY_UNUSABLE,
  },
  { exception: 'ValidationException', as: 'validation', because: SYNTAX },
  {
    exception: 'ServiceQuotaExceededException',
    as: 'quota-exceeded',
    because: 'The principal has crossed the permitted number of resources that can be created.',
  },
  {
    exception: 'ResourceNotFoundException',
    reason: 'KMS_NotFoundException',
    as: 'kms-key-not-found',
    because: KEY_UNUSABLE,
  },
  {
    exception: 'ResourceNotFoundException',
    operation: 'CreateApplicationAssignment',
    as: 'principal-or-application-missing',
    because: 'A requested resource is not found; the exception does not say which of the two.',
  },
  {
    exception: 'ResourceNotFoundException',
    operation: 'GetApplicationAssignmentConfiguration',
    as: 'application-missing',
    because: 'A requested resource is not found; the application is the only one named.',
  },
  {
    exception: 'ResourceNotFoundException',
    operation: 'ListApplicationAssignments',
    as: 'application-missing',
    because: 'A requested resource is not found; the application is the only one named.',
  },
];

/**
 * Exceptions of EventBridge's PutEvents for the whole call; each entry of the answer has its own ErrorCode.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export const EVENT_BRIDGE_ERRORS: readonly ErrorRow[] = [
  { exception: 'InternalException', as: 'transient', because: 'This exception occurs due to unexpected causes.' },
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'AccessDeniedException', as: 'access-denied', because: DENIED },
  {
    exception: 'ValidationException',
    as: 'validation',
    because: 'The input does not satisfy the constraints, e.g. the size of all entries together.',
  },
];

/** Exceptions that say that calls come too fast, and not that something is broken. */
export const THROTTLES: readonly string[] = [
  'BandwidthLimitExceeded',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
];

/**
 * Exceptions that every AWS service may throw. Other errors of credentials or signatures (UnrecognizedClientException,
 * InvalidSignatureException, …) have no row. Like every exception without a row they are refusals that carry the
 * exception's name: the deployment looks as broken as it is, and the lease goes back. A function that finds no credentials
 * at all (CredentialsProviderError) has made no call and holds no lease; that error passes through.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/CommonErrors.html
 */
export const COMMON_ERRORS: readonly ErrorRow[] = [
  ...THROTTLES.map(
    (exception): ErrorRow => ({
      exception,
      as: 'transient',
      because: 'A name that AWS front ends give to throttling, as in the list of the SDK.',
    }),
  ),
  {
    exception: 'ExpiredTokenException',
    as: 'transient',
    because: 'The security token has expired. Request a new one and try again: Lambda renews it.',
  },
  {
    exception: 'RequestExpired',
    as: 'transient',
    because: 'The request arrived more than 15 minutes after its date stamp, as after a freeze of the sandbox.',
  },
  { exception: 'NotAuthorized', as: 'access-denied', because: 'You do not have permission to perform this action.' },
];
