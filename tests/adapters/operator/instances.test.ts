import {
  DescribeApplicationCommand,
  DescribeInstanceCommand,
  ListApplicationsCommand,
  ListInstancesCommand,
  ResourceNotFoundException,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { ssoAdminInstances } from '../../../adapters/operator/instances.ts';
import { awsError, collected } from '../../support/aws.ts';
import { APPLICATION, INSTANCE_ARN } from '../../support/ids.ts';

function theInstances() {
  const client = new SSOAdminClient({ region: 'us-east-1' });
  return { aws: mockClient(client), instances: ssoAdminInstances(client, { pace: async () => undefined }) };
}

describe('instances', () => {
  it('are all that are to be seen, also one that is being created', async () => {
    const { aws, instances } = theInstances();
    aws
      .on(ListInstancesCommand)
      .resolvesOnce({
        Instances: [{ InstanceArn: INSTANCE_ARN, IdentityStoreId: 'd-1', OwnerAccountId: '1', Status: 'ACTIVE' }],
        NextToken: 'more',
      })
      .resolvesOnce({
        Instances: [{ InstanceArn: INSTANCE_ARN, Status: 'CREATE_IN_PROGRESS' }, { InstanceArn: INSTANCE_ARN }],
      });
    expect(await instances.instances()).toEqual([
      { instanceArn: INSTANCE_ARN, identityStoreId: 'd-1', ownerAccountId: '1', status: 'ACTIVE' },
      { instanceArn: INSTANCE_ARN, identityStoreId: '', ownerAccountId: '', status: 'CREATE_IN_PROGRESS' },
      { instanceArn: INSTANCE_ARN, identityStoreId: '', ownerAccountId: '', status: 'ACTIVE' },
    ]);
  });

  it('may be none, and one without an ARN is none', async () => {
    const { aws, instances } = theInstances();
    aws
      .on(ListInstancesCommand)
      .resolvesOnce({})
      .resolves({ Instances: [{}] });
    expect(await instances.instances()).toEqual([]);
    await expect(instances.instances()).rejects.toThrow('Instances.InstanceArn is missing');
  });

  it.each([
    [{ EncryptionConfigurationDetails: { KeyType: 'CUSTOMER_MANAGED_KEY' as const } }, 'CUSTOMER_MANAGED_KEY'],
    [{}, undefined],
  ])('are encrypted as %j says', async (answer, expected) => {
    const { aws, instances } = theInstances();
    aws.on(DescribeInstanceCommand).resolves(answer);
    expect(await instances.keyType(INSTANCE_ARN)).toBe(expected);
  });
});

describe('applications', () => {
  it('are described with what AWS tells', async () => {
    const { aws, instances } = theInstances();
    aws
      .on(ListApplicationsCommand)
      .resolvesOnce({
        Applications: [
          {
            ApplicationArn: APPLICATION,
            Name: 'Q',
            Status: 'DISABLED',
            ApplicationProviderArn: 'arn:aws:sso::aws:applicationProvider/codewhisperer',
            InstanceArn: INSTANCE_ARN,
          },
        ],
        NextToken: 'more',
      })
      .resolvesOnce({});
    expect(await collected(instances.applications(INSTANCE_ARN))).toEqual([
      [
        {
          applicationArn: APPLICATION,
          name: 'Q',
          status: 'DISABLED',
          provider: 'codewhisperer',
          instanceArn: INSTANCE_ARN,
        },
      ],
      [],
    ]);
  });

  it('are undefined when they are not there, unless a key is what is not there', async () => {
    const { aws, instances } = theInstances();
    aws
      .on(DescribeApplicationCommand)
      .rejectsOnce(new ResourceNotFoundException({ message: '', $metadata: {} }))
      .rejectsOnce(awsError('AccessDeniedException'))
      .rejectsOnce(new ResourceNotFoundException({ message: '', Reason: 'KMS_NotFoundException', $metadata: {} }))
      .resolvesOnce({ ApplicationArn: APPLICATION })
      .resolves({});
    expect(await instances.application(APPLICATION)).toBeUndefined();
    await expect(instances.application(APPLICATION)).rejects.toMatchObject({ reason: 'access-denied' });
    await expect(instances.application(APPLICATION)).rejects.toMatchObject({ reason: 'kms-key-not-found' });
    expect(await instances.application(APPLICATION)).toMatchObject({
      status: 'ENABLED',
      name: undefined,
      provider: undefined,
    });
    await expect(instances.application(APPLICATION)).rejects.toThrow('ApplicationArn is missing');
  });
});
