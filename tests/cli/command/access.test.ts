import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { operatorAccess } from '../../../cli/command/access.ts';
import { MissingPrecondition } from '../../../operator/failures.ts';
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
    const access = await operatorAccess({ profile: 'admin', env: {}, terminal });
    for (const client of [new STSClient({ region: REGION, ...access }), new STSClient({ region: REGION, ...access })]) {
      await client.send(new GetCallerIdentityCommand());
    }
    expect(asked).toEqual([`Code of the MFA device ${DEVICE}:`]);
    expect(aws.mfa).toEqual([`${DEVICE} 123456`]);
  });

  it('is a missing precondition without a terminal, and the message says what to do', async () => {
    await anMfaProfile();
    const { terminal } = aTerminal();
    const access = await operatorAccess({ profile: 'admin', env: {}, terminal });
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
    const env = { HTTPS_PROXY: `http://${proxy.host}` };
    const access = await operatorAccess({ profile: 'admin', env, terminal });
    const client = new STSClient({ region: REGION, ...access });
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(proxy.asked).toEqual([`CONNECT sts.${REGION}.amazonaws.com:443`]);
  });
});
