import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { operatorAccess } from '../../../cli/command/access.ts';
import { reportOf } from '../../../operator/error-report.ts';
import { EXIT, MissingPrecondition } from '../../../operator/failures.ts';
import { FakeCloud } from '../../support/cloud.ts';
import { filesOf } from '../../support/folder.ts';
import { aProxy } from '../../support/proxy.ts';

const DEVICE = 'arn:aws:iam::111122223333:mfa/operator';
const REGION = 'us-east-1';

/** AWS, and files of the AWS command line with a profile that needs an MFA code. */
async function anMfaProfile() {
  const aws = new FakeCloud();
  const endpoint = await aws.listen();
  const config = `[profile base]
aws_access_key_id = AKIA
aws_secret_access_key = secret
[profile admin]
role_arn = arn:aws:iam::111122223333:role/admin
source_profile = base
mfa_serial = ${DEVICE}
region = ${REGION}
`;
  // The SDK reads them from the process.
  vi.stubEnv('AWS_CONFIG_FILE', join(filesOf({ config }), 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await aws.close();
  });
  return { aws, endpoint };
}

/** A terminal whose user answers this, or none. */
function aTerminal(answer?: string) {
  const asked: string[] = [];
  const text = async (question: string) => {
    asked.push(question);
    return answer ?? '';
  };
  return { terminal: { isInteractive: answer !== undefined, text }, asked };
}

describe('a profile with an MFA device', () => {
  it('has its code asked for in a terminal, once for all clients', async () => {
    const { aws } = await anMfaProfile();
    const { terminal, asked } = aTerminal(' 123456 ');
    const access = await operatorAccess({ profile: 'admin', env: process.env, terminal });
    for (const client of [new STSClient({ region: REGION, ...access }), new STSClient({ region: REGION, ...access })]) {
      await client.send(new GetCallerIdentityCommand());
    }
    expect(asked).toEqual([`Code of the MFA device ${DEVICE}:`]);
    expect(aws.mfa).toEqual([`${DEVICE} 123456`]);
  });

  it('is a missing precondition without a terminal, and the message says what to do', async () => {
    await anMfaProfile();
    const { terminal } = aTerminal();
    const access = await operatorAccess({ profile: 'admin', env: process.env, terminal });
    const client = new STSClient({ region: REGION, ...access });
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error.message).toContain(DEVICE);
    expect(error.message).toContain('aws configure export-credentials --format env --profile admin');
  });
});

describe('a proxy', () => {
  it('is asked by the credentials, too', async () => {
    await anMfaProfile();
    // Not the endpoint of this machine, for which no proxy is asked.
    vi.stubEnv('AWS_ENDPOINT_URL', '');
    const proxy = await aProxy({ answer: '503 x' });
    const { terminal } = aTerminal('123456');
    const env = { ...process.env, HTTPS_PROXY: `http://${proxy.host}` };
    const access = await operatorAccess({ profile: 'admin', env, terminal });
    const client = new STSClient({ region: REGION, ...access });
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(proxy.asked).toEqual([`CONNECT sts.${REGION}.amazonaws.com:443`]);
  });
});

describe('credentials that cannot be used', () => {
  const SSO = 'sso_account_id = 111122223333\nsso_role_name = admin\nregion = us-east-1\n';
  const CONFIG = `[default]
region = us-east-1
[profile "legacy"]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
${SSO}[profile session]
sso_session = company
${SSO}[sso-session company]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
[profile process]
credential_process = false
[profile orphan]
role_arn = arn:aws:iam::111122223333:role/admin
source_profile = gone
`;

  /** Asks for credentials with files of the AWS command line, and no other source. @returns the error */
  async function failing(profile: string | undefined, env: Record<string, string> = {}) {
    const folder = filesOf({ config: CONFIG, credentials: '[old]\naws_access_key_id = AKIA\n' });
    const settings = {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      // The SDK keeps logins below it.
      HOME: folder,
      AWS_PROFILE: '',
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      ...env,
    };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { terminal } = aTerminal();
    try {
      const access = await operatorAccess({ profile, env: settings, terminal });
      await new STSClient({ region: REGION, ...access }).send(new GetCallerIdentityCommand());
    } catch (error) {
      return { ...reportOf(error), folder };
    }
    throw new Error('There are credentials');
  }

  it.each<[string, string | undefined, Record<string, string>, string]>([
    ['--profile that does not exist', 'nosuch', {}, '--profile: there is no profile nosuch in CONFIG or CREDENTIALS.'],
    ['--profile with a letter too many', 'legacyy', {}, 'CREDENTIALS. Did you mean legacy?'],
    ['a profile of the credentials', 'olt', {}, 'CREDENTIALS. Did you mean old?'],
    [
      'AWS_PROFILE that does not exist',
      undefined,
      { AWS_PROFILE: 'nosuch' },
      'AWS_PROFILE: there is no profile nosuch',
    ],
    ['a name with a line end', 'a\nb', {}, 'there is no profile a\\u000ab in'],
    ['a section that is no profile', 'company', {}, 'there is no profile company'],
    ['a login that has ended', 'legacy', {}, 'The login of profile legacy of CONFIG and CREDENTIALS has expired'],
    ['a login by a session', undefined, { AWS_PROFILE: 'session' }, 'The login of profile session of CONFIG'],
    ['a process that fails', 'process', {}, 'No credentials in profile process of CONFIG and CREDENTIALS'],
    ['no profile', undefined, {}, 'No credentials in the environment and profile default of CONFIG and CREDENTIALS'],
  ])('are named: %s', async (_what, profile, env, message) => {
    const { folder, ...report } = await failing(profile, env);
    const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
    expect(report.message).toContain(message.replace('CONFIG', config).replace('CREDENTIALS', credentials));
    expect(report.code).toBe(EXIT.precondition);
  });
});

describe('credentials of a command that runs for hours', () => {
  const START_URL = 'https://example.awsapps.com/start';

  /** Files of the AWS command line, and a client of STS that uses them through one access. */
  async function aClient(profile: string, files: { config: string; credentials?: string }) {
    const aws = new FakeCloud();
    const folder = filesOf({ credentials: '', ...files });
    const settings = {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      AWS_ENDPOINT_URL: await aws.listen(),
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: folder,
      AWS_PROFILE: '',
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await aws.close();
    });
    const { terminal } = aTerminal();
    const access = await operatorAccess({ profile, env: settings, terminal });
    const client = new STSClient({ region: REGION, ...access });
    return { folder, call: () => client.send(new GetCallerIdentityCommand()) };
  }

  /** Does what `aws sso login` does to the files. */
  function logIn(folder: string, of: string): void {
    const cache = join(folder, '.aws/sso/cache');
    mkdirSync(cache, { recursive: true });
    const login = { accessToken: 'token', expiresAt: new Date(Date.now() + 3_600_000) };
    writeFileSync(join(cache, `${createHash('sha1').update(of).digest('hex')}.json`), JSON.stringify(login));
  }

  it.each([
    ['a session', 'company', `sso_session = company\n`],
    ['a profile', START_URL, `sso_start_url = ${START_URL}\nsso_region = ${REGION}\n`],
  ])('are found after aws sso login of %s, although there were none before', async (_what, of, how) => {
    const config = `[profile p]
sso_account_id = 111122223333
sso_role_name = admin
${how}[sso-session company]
sso_start_url = ${START_URL}
sso_region = ${REGION}
`;
    const { folder, call } = await aClient('p', { config });
    await expect(call()).rejects.toThrow(/^The login of profile p of .* has expired, or there was none$/);
    logIn(folder, of);
    await expect(call()).resolves.toMatchObject({ Account: expect.any(String) });
  });

  it('are found in a file that had none before', async () => {
    const { folder, call } = await aClient('p', { config: '[profile p]\n', credentials: '[p]\n' });
    await expect(call()).rejects.toThrow(/^No credentials in profile p of /);
    const keys = '[p]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n';
    writeFileSync(join(folder, 'credentials'), keys);
    await expect(call()).resolves.toMatchObject({ Account: expect.any(String) });
  });
});
