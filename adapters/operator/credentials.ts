import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { RefusedError } from '../../domain/shared/errors.ts';
import type { ClientSettings } from '../clients.ts';
import { STS_ERRORS } from '../sts-errors.ts';

/** How the operator's credentials are found. */
interface CredentialOptions {
  /** A profile in the configuration files of the AWS CLI; undefined for that of the environment. */
  profile: string | undefined;
  /** How errors call the place where credentials are looked for. */
  place: string;
  /** Sends the requests of the providers, too: they ask STS and the portal of IAM Identity Center. */
  requestHandler: ClientSettings['requestHandler'];
  /** Asks for the code of an MFA device. @param serial of the device */
  mfaCode(serial: string): Promise<string>;
}

/**
 * Returns the credentials that the AWS CLI would use. All clients share them: a code of an MFA device counts only once.
 * After an error, the next call looks for them again, as does one after they have expired.
 */
export function operatorCredentials({
  profile,
  place,
  requestHandler,
  mfaCode,
}: CredentialOptions): NonNullable<ClientSettings['credentials']> {
  const chain = fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile }),
    clientConfig: requestHandler === undefined ? {} : { requestHandler },
    mfaCodeProvider: mfaCode,
    // Otherwise the SDK never reads a file again that had no usable credentials.
    ignoreCache: true,
  });
  return async (properties) => {
    try {
      return await chain(properties);
    } catch (error) {
      throw refusalOf(error, place);
    }
  };
}

/** Names the place in an error of the SDK's providers. Any other error stays as it is. */
function refusalOf(error: unknown, place: string): unknown {
  if (!(error instanceof Error && PROVIDERS.has(error.name))) return error;
  if (IS_LOGIN.test(error.message))
    return new RefusedError('login-expired', `The login of ${place} has expired, or there was none`);
  const [reason = ''] = error.message.split('\n');
  // The end of the chain says only that no provider before it had any.
  const why = reason.endsWith('from any providers') ? '' : `: ${reason}`;
  return new RefusedError('credentials', `No credentials in ${place}${why}`);
}

/** Errors of the SDK's providers, which find credentials or a login. */
const PROVIDERS = new Set(['CredentialsProviderError', 'TokenProviderError']);
/** What they say if a login has ended; each names the command that renews it. */
const IS_LOGIN = /\baws (?:sso )?login\b|\bSSO session\b/i;
const NO_CREDENTIALS = new Set(['credentials', 'login-expired']);

/** Error names of the SDK and of AWS for missing or unusable credentials, and for missing permissions. */
const NO_ACCESS = new Set([
  ...STS_ERRORS.filter(({ as }) => as === 'credentials').map(({ exception }) => exception),
  'AccessDenied',
  'AccessDeniedException',
  // The name that S3 has for an unknown access key.
  'InvalidAccessKeyId',
  'RequestExpired',
]);

/** Whether the caller lacks usable credentials or a permission. */
export function lacksAccess(error: unknown): error is Error {
  if (error instanceof RefusedError) return NO_CREDENTIALS.has(error.reason);
  return error instanceof Error && NO_ACCESS.has(error.name);
}
