import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { configuredRegion, identityOf } from '../../../adapters/operator/caller.ts';
import { awsError } from '../../support/aws.ts';

function aCaller() {
  const client = new STSClient({ region: 'us-east-1' });
  return { client, sts: mockClient(client) };
}

describe('identity', () => {
  it('is account, caller and partition', async () => {
    const { client, sts } = aCaller();
    const arn = 'arn:aws-cn:iam::999999999999:user/x';
    sts.on(GetCallerIdentityCommand).resolves({ Account: '999999999999', Arn: arn });
    expect(await identityOf(client)).toEqual({ accountId: '999999999999', arn, partition: 'aws-cn' });
  });

  it.each([[{}], [{ Account: '1' }], [{ Account: '1', Arn: 'x' }]])('rejects the answer %j', async (answer) => {
    const { client, sts } = aCaller();
    sts.on(GetCallerIdentityCommand).resolves(answer);
    await expect(identityOf(client)).rejects.toThrow('GetCallerIdentity: Arn is missing or malformed');
  });

  it.each([
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'CredentialsProviderError',
    'TokenProviderError',
  ])('is refused for the credentials when AWS or the SDK says %s', async (name) => {
    const { client, sts } = aCaller();
    sts.on(GetCallerIdentityCommand).rejects(awsError(name));
    await expect(identityOf(client)).rejects.toMatchObject({ name: 'RefusedError', reason: 'credentials' });
  });
});

describe('configuredRegion', () => {
  it('is that of the environment, as for the AWS CLI', async () => {
    const before = process.env['AWS_REGION'];
    process.env['AWS_REGION'] = 'eu-central-1';
    try {
      expect(await configuredRegion(undefined)).toBe('eu-central-1');
      expect(await configuredRegion('somebody')).toBe('eu-central-1');
    } finally {
      if (before === undefined) delete process.env['AWS_REGION'];
      else process.env['AWS_REGION'] = before;
    }
  });
});
