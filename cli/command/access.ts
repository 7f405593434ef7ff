import type { ClientSettings } from '../../adapters/clients.ts';
import { operatorCredentials } from '../../adapters/operator/credentials.ts';
import { MissingPrecondition } from '../../operator/failures.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { escaped } from '../../operator/text.ts';
import { proxyHandler } from '../shared/proxy.ts';
import type { Terminal } from '../ui/terminal.ts';
import { awsProfiles } from './aws-profiles.ts';

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
 * @throws UsageError if the environment names an impossible proxy · MissingPrecondition if there is no such profile
 */
export async function operatorAccess({
  profile,
  env,
  terminal,
}: AccessOptions): Promise<Pick<ClientSettings, 'credentials' | 'profile' | 'requestHandler'>> {
  const place = await placeOf(profile, env);
  const requestHandler = await proxyHandler(env);
  const mfaCode = async (serial: string) => {
    if (terminal.isInteractive) return (await terminal.text(`Code of the MFA device ${serial}:`)).trim();
    throw new MissingPrecondition(
      `The profile needs a code of the MFA device ${serial}, and there is no terminal to ask in. Take credentials that have one: aws configure export-credentials --format env${profile === undefined ? '' : ` --profile ${profile}`}`,
    );
  };
  const credentials = operatorCredentials({ profile, place, requestHandler, mfaCode });
  return {
    credentials,
    ...(profile === undefined ? {} : { profile }),
    ...(requestHandler === undefined ? {} : { requestHandler }),
  };
}

/** Returns where credentials are looked for, in words. @throws MissingPrecondition if it is a profile that does not exist */
async function placeOf(profile: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const name = profile ?? (env['AWS_PROFILE'] || undefined);
  const { names, files } = await awsProfiles(env);
  const where = files.map(escaped);
  if (name === undefined) {
    const own = names.includes('default') ? 'profile default' : 'no profile (AWS_PROFILE and --profile are not set)';
    return `the environment and ${own} of ${where.join(' and ')}`;
  }
  if (names.includes(name)) return `profile ${escaped(name)} of ${where.join(' and ')}`;
  const source = profile === undefined ? 'AWS_PROFILE' : '--profile';
  throw new MissingPrecondition(
    `${source}: there is no profile ${escaped(name)} in ${where.join(' or ')}${suggestion(name, names)}`,
  );
}
