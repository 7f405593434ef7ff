import { DescribeOrganizationCommand } from '@aws-sdk/client-organizations';
import { paginateListInstances } from '@aws-sdk/client-sso-admin';
import type { Probe } from './probe.ts';

/** Who owns the instance. */
export const accounts: Probe = {
  name: 'accounts',
  does: 'Reads the instance and the organization.',
  beliefs: ['account-owner'],
  needs: [],
  permissions: [],
  calls: ['sso:ListInstances', 'organizations:DescribeOrganization'],
  cost: 'nothing',
  async run({ ssoAdmin, organizations, instanceArn }) {
    const pages = await Array.fromAsync(paginateListInstances({ client: ssoAdmin }, {}));
    const instances = pages.flatMap(({ Instances = [] }) => Instances);
    const owner = instances.find(({ InstanceArn }) => InstanceArn === instanceArn)?.OwnerAccountId;
    const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
    const management = Organization?.MasterAccountId;
    const seen = owner === management ? 'the management account' : 'another account';
    return [{ belief: 'account-owner', expected: 'the management account', seen, holds: owner === management }];
  },
};
