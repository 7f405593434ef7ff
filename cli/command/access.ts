import type { ClientSettings } from '../../adapters/clients.ts';
import { operatorCredentials } from '../../adapters/operator/credentials.ts';
import { MissingPrecondition } from '../../operator/failures.ts';
import { proxyHandler } from '../shared/proxy.ts';
import type { Terminal } from '../ui/terminal.ts';

/** Whose access it is. */
interface AccessOptions {
  /** `--profile`; undefined for that of the environment. */
  profile: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Asks for codes of MFA devices. */
  terminal: Pick<Terminal, 'isInteractive' | 'text'>;
}

/**
 * Returns how the commands of operators reach AWS: through the proxy of the environment, and with the credentials that the
 * AWS command line would use.
 *
 * @throws UsageError if the environment names an impossible proxy
 */
export async function operatorAccess({
  profile,
  env,
  terminal,
}: AccessOptions): Promise<Pick<ClientSettings, 'credentials' | 'profile' | 'requestHandler'>> {
  const requestHandler = await proxyHandler(env);
  const mfaCode = async (serial: string) => {
    if (terminal.isInteractive) return (await terminal.text(`Code of the MFA device ${serial}:`)).trim();
    throw new MissingPrecondition(
      `The profile needs a code of the MFA device ${serial}, and there is no terminal to ask in. Take credentials that have one: aws configure export-credentials --format env${profile === undefined ? '' : ` --profile ${profile}`}`,
    );
  };
  const credentials = operatorCredentials({ profile, requestHandler, mfaCode });
  return {
    credentials,
    ...(profile === undefined ? {} : { profile }),
    ...(requestHandler === undefined ? {} : { requestHandler }),
  };
}
