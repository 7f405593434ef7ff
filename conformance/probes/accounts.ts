import { DescribeOrganizationCommand } from '@aws-sdk/client-organizations';
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
  async run({ organizations, owner }) {
    const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
    const management = Organization?.MasterAccountId;
    const seen = owner === management ? 'the management account' : 'another account';
    return [{ belief: 'account-owner', expected: 'the management account', seen, holds: owner === management }];
  },
};
