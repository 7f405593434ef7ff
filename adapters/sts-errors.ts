import type { ErrorRow } from './aws-errors.ts';

/**
 * Credential errors of STS and of the SDK's own providers.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
export const STS_ERRORS: readonly ErrorRow[] = [
  ...['ExpiredToken', 'ExpiredTokenException'].map(
    (exception): ErrorRow => ({
      exception,
      as: 'credentials',
      because: 'The security token included in the request is expired.',
    }),
  ),
  ...['InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch', 'IncompleteSignature'].map(
    (exception): ErrorRow => ({
      exception,
      as: 'credentials',
      because: 'The access key or its signature is not known to AWS.',
    }),
  ),
  {
    exception: 'CredentialsProviderError',
    as: 'credentials',
    because: 'The SDK found no credentials where the AWS CLI would look for them.',
  },
  { exception: 'TokenProviderError', as: 'credentials', because: 'The SDK found no valid session of aws sso login.' },
  {
    exception: 'AccessDenied',
    operation: 'AssumeRole',
    as: 'role-refused',
    because:
      'The trust policy of the role, or a policy of the caller, does not allow sts:AssumeRole; or there is no role.',
  },
];
