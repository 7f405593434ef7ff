import {
  AccessDeniedException,
  AWSOrganizationsNotInUseException,
  DescribeOrganizationCommand,
  ListDelegatedAdministratorsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { awsOrganizations } from '../../../adapters/operator/organizations.ts';
import { awsError } from '../../support/aws.ts';

const MANAGEMENT = '111122223333';

function theOrganizations() {
  const client = new OrganizationsClient({ region: 'us-east-1' });
  return { organizations: mockClient(client), account: awsOrganizations(client) };
}

describe('organization', () => {
  it('is the management account and whoever administers Identity Center in its place', async () => {
    const { organizations, account } = theOrganizations();
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
    const { organizations, account } = theOrganizations();
    organizations.on(DescribeOrganizationCommand).rejects(new Exception({ message: '', $metadata: {} }));
    expect(await account.organization()).toBe(expected);
  });

  it('has administrators unknown to who may not ask for them', async () => {
    const { organizations, account } = theOrganizations();
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
    const { organizations, account } = theOrganizations();
    organizations.on(DescribeOrganizationCommand).resolves({ Organization: { MasterAccountId: MANAGEMENT } });
    organizations.on(ListDelegatedAdministratorsCommand).rejects(awsError('TooManyRequestsException'));
    await expect(account.organization()).rejects.toMatchObject({ name: 'TransientAwsError' });
    organizations.on(DescribeOrganizationCommand).rejects(awsError('ServiceException'));
    await expect(account.organization()).rejects.toMatchObject({ name: 'TransientAwsError' });
  });

  it('rejects an answer without a management account', async () => {
    const { organizations, account } = theOrganizations();
    organizations.on(DescribeOrganizationCommand).resolves({});
    await expect(account.organization()).rejects.toThrow('DescribeOrganization: Organization is missing');
  });
});
