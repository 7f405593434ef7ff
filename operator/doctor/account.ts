import type { Asker } from '../asker.ts';
import { escaped } from '../text.ts';
import { Unread } from '../unread.ts';
import { type Finding, runCheck } from './check.ts';

/** Checks credentials, organization, instance and encryption. */
export async function accountFindings(asker: Asker): Promise<readonly Finding[]> {
  const { identityCenter } = await asker.entitlements();
  const services = await asker.services();
  const credentials = await runCheck(
    { check: 'credentials', why: 'All other checks show what this caller sees' },
    async (found) => {
      const { accountId, arn } = await services.identity();
      return found.ok(`account ${accountId}, as ${escaped(arn)}`);
    },
  );
  const organizations = await services.organizations();
  const instances = await services.instances();
  const organization = await runCheck(
    {
      check: 'organization',
      why: 'Usher must run in the delegated administrator account of Identity Center or in the management account. Other accounts may not change assignments of an organization instance',
    },
    async (found) => {
      const { accountId } = await services.identity();
      const organization = await organizations.organization();
      if (organization === undefined)
        return found.ok(`${accountId} is in no organization, so Identity Center is an account instance`);
      if (organization === 'unknown')
        return found.unknown('This account may not read the organization', 'Allow organizations:DescribeOrganization');
      const { managementAccountId, delegatedAdministrators } = organization;
      if (accountId === managementAccountId) {
        return found.warning(
          `${accountId} is the management account`,
          'This works, but AWS advises against workloads there. Register a delegated administrator for sso.amazonaws.com and deploy Usher in that account',
        );
      }
      if (delegatedAdministrators === undefined) {
        return found.unknown(
          `${accountId} is a member account of ${managementAccountId}, and may not read whether it is the delegated administrator`,
          'AWS shows it only to the management account and to delegated administrators. Use credentials of the delegated administrator; if these are, allow organizations:ListDelegatedAdministrators',
        );
      }
      if (delegatedAdministrators.includes(accountId)) return found.ok(`${accountId} is the delegated administrator`);
      return found.problem(
        `${accountId} is neither the management account (${managementAccountId}) nor the delegated administrator (${delegatedAdministrators.join(', ') || 'there is none'})`,
        'In the management account, run: aws organizations register-delegated-administrator --service-principal sso.amazonaws.com --account-id …; or use credentials of the right account',
      );
    },
  );
  const instance = await runCheck(
    { check: 'instance', why: 'Usher reads and writes this instance of Identity Center' },
    async (found) => {
      const all = await instances.instances();
      const configured = all.find(({ instanceArn }) => instanceArn === identityCenter.instanceArn);
      if (!configured) {
        const seen = all.map(({ instanceArn }) => instanceArn).join(', ') || 'none';
        return found.problem(
          `This account does not see ${identityCenter.instanceArn} in ${identityCenter.region}. It sees: ${seen}`,
          'Correct identityCenter.instanceArn and region in entitlements.yml, or use credentials of the right account',
        );
      }
      const { status, identityStoreId, ownerAccountId } = configured;
      if (status !== 'ACTIVE')
        return found.problem(`The instance is ${status}`, 'Wait, or check the Identity Center console');
      if (identityStoreId !== identityCenter.identityStoreId) {
        return found.problem(
          `Its identity store is ${identityStoreId}, not ${identityCenter.identityStoreId}`,
          'Correct identityCenter.identityStoreId in entitlements.yml',
        );
      }
      // Whose instance it is, is only said: the check does not depend on it.
      const identity = await new Unread().attempt(services.identity);
      const own = identity?.value.accountId === ownerAccountId;
      return found.ok(`ACTIVE, ${own ? 'owned by this account' : `an organization instance of ${ownerAccountId}`}`);
    },
  );
  const key = await runCheck(
    {
      check: 'encryption',
      why: 'With a customer managed key, every read fails unless the functions may decrypt with it',
    },
    async (found) => {
      const type = await instances.keyType(identityCenter.instanceArn);
      if (type !== 'CUSTOMER_MANAGED_KEY') return found.ok(type === undefined ? 'an AWS key' : `an AWS key (${type})`);
      return found.warning(
        'a customer managed key',
        "Deploy with the parameter for Identity Center's key, and allow the functions' roles kms:Decrypt in the key policy",
      );
    },
  );
  return [...credentials, ...organization, ...instance, ...key];
}
