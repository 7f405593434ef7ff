import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { ClientSettings } from './clients.ts';
import { askWith } from './requests.ts';
import { STS_ERRORS } from './sts-errors.ts';

/** Names the sessions of Usher in CloudTrail. */
const SESSION = 'usher';

/** A role, with what its trust policy asks of a caller. */
export interface AssumedRole {
  roleArn: string;
  externalId?: string | undefined;
}

/**
 * Returns the settings of clients that act as a role. Each client assumes it at its first request, and again when the
 * credentials expire; both may be refused.
 *
 * @throws TransientAwsError worth a retry · RefusedError not, `role-refused` if the caller may not assume the role
 */
export function assumingRole(settings: ClientSettings, { roleArn, externalId }: AssumedRole): ClientSettings {
  const ask = askWith(STS_ERRORS);
  const provide = fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: SESSION, ExternalId: externalId },
    clientConfig: settings,
  });
  return { ...settings, credentials: () => ask('AssumeRole', [`role ${roleArn}`], () => provide()) };
}
