import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { ClientSettings } from '../clients.ts';
import { STS_ERRORS } from '../sts-errors.ts';

/** How the operator's credentials are found. */
interface CredentialOptions {
  /** A profile in the configuration files of the AWS CLI; undefined for that of the environment. */
  profile: string | undefined;
  /** Sends the requests of the providers, too: they ask STS and the portal of IAM Identity Center. */
  requestHandler: ClientSettings['requestHandler'];
  /** Asks for the code of an MFA device. @param serial of the device */
  mfaCode(serial: string): Promise<string>;
}

/**
 * Returns the credentials that the AWS CLI would use. All clients share them: a code of an MFA device counts only once.
 */
export function operatorCredentials({
  profile,
  requestHandler,
  mfaCode,
}: CredentialOptions): NonNullable<ClientSettings['credentials']> {
  return fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile }),
    clientConfig: requestHandler === undefined ? {} : { requestHandler },
    mfaCodeProvider: mfaCode,
  });
}

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
  return error instanceof Error && NO_ACCESS.has(error.name);
}
