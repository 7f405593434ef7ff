import {
  AccessDeniedException,
  AWSOrganizationsNotInUseException,
  DescribeOrganizationCommand,
  ListDelegatedAdministratorsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { awsAccount, configuredRegion } from '../../../adapters/operator/account.ts';
import { awsError } from '../../support/aws.ts';

const MANAGEMENT = '111122223333';

function anAccount() {
  const [sts, organizations] = [
    new STSClient({ region: 'us-east-1' }),
    new OrganizationsClient({ region: 'us-east-1' }),
  ];
  return { sts: mockClient(sts), organizations: mockClient(organizations), account: awsAccount(sts, organizations) };
}

describe('identity', () => {
  it('is account, caller and partition', async () => {
    const { sts, account } = anAccount();
    const arn = 'arn:aws-cn:iam::999999999999:user/x';
    sts.on(GetCallerIdentityCommand).resolves({ Account: '999999999999', Arn: arn });
    expect(await account.identity()).toEqual({ accountId: '999999999999', arn, partition: 'aws-cn' });
  });

  it.each([[{}], [{ Account: '1' }], [{ Account: '1', Arn: 'x' }]])('rejects the answer %j', async (answer) => {
    const { sts, account } = anAccount();
    sts.on(GetCallerIdentityCommand).resolves(answer);
    await expect(account.identity()).rejects.toThrow('GetCallerIdentity: Arn is missing or malformed');
  });

  it.each([
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'CredentialsProviderError',
    'TokenProviderError',
  ])('is refused for the credentials when AWS or the SDK says %s', async (name) => {
    const { sts, account } = anAccount();
    sts.on(GetCallerIdentityCommand).rejects(awsError(name));
    await expect(account.identity()).rejects.toMatchObject({ name: 'RefusedError', reason: 'credentials' });
  });
});

describe('organization', () => {
  it('is the management account and whoever administers Identity Center in its place', async () => {
    const { organizations, account } = anAccount();
    organizations.on(DescribeOrganizationCommand).resolves({ Organization: { MasterAccountId: MANAGEMENT } });
    organizations
      .on(ListDelegatedAdministratorsCommand)
      .resolvesOnce({ DelegatedAdministrators: [{ Id: '1' }, {}], NextToken: 'more' })
      .resolvesOnce({});
    expect(await account.organization()).toEqual({ managementAccountId: MANAGEMENT, delegatedAdministrators: ['1'] });
  });

  it.each([
    ['none for an account that is in none', AWSOrganizationsNotInUseException, undefined],
    ['unknown for who may not ask', AccessDeniedException, 'unknown'],
  ])('is %s', async (_what, Exception, expected) => {
    const { organizations, account } = anAccount();
    organizations.on(DescribeOrganizationCommand).rejects(new Exception({ message: '', $metadata: {} }));
    expect(await account.organization()).toBe(expected);
  });

  it('has administrators unknown to who may not ask for them', async () => {
    const { organizations, account } = anAccount();
    organizations.on(DescribeOrganizationCommand).resolves({ Organization: { MasterAccountId: MANAGEMENT } });
    organizations
      .on(ListDelegatedAdministratorsCommand)
      .rejects(new AccessDeniedException({ message: '', $metadata: {} }));
    expect(await account.organization()).toEqual({
      managementAccountId: MANAGEMENT,
      delegatedAdministrators: undefined,
    });
  });

  it('fails for now when AWS does', async () => {
    const { organizations, account } = anAccount();
    organizations.on(DescribeOrganizationCommand).resolves({ Organization: { MasterAccountId: MANAGEMENT } });
    organizations.on(ListDelegatedAdministratorsCommand).rejects(awsError('TooManyRequestsException'));
    await expect(account.organization()).rejects.toMatchObject({ name: 'TransientAwsError' });
    organizations.on(DescribeOrganizationCommand).rejects(awsError('ServiceException'));
    await expect(account.organization()).rejects.toMatchObject({ name: 'TransientAwsError' });
  });

  it('rejects an answer without a management account', async () => {
    const { organizations, account } = anAccount();
    organizations.on(DescribeOrganizationCommand).resolves({});
    await expect(account.organization()).rejects.toThrow('DescribeOrganization: Organization is missing');
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
