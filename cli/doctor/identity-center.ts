import type { Directory } from '../../adapters/identity-store.ts';
import type { ApplicationDescription } from '../../adapters/operator/instances.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import type { Context } from '../command/context.ts';
import { Unread } from '../command/unread.ts';
import { count, escaped, numberOf } from '../ui/text.ts';
import { about, type Finding, runCheck } from './check.ts';
import type { Listed } from './pace.ts';

/** AWS's limit of groups that are assigned to one application. */
const MOST_ASSIGNED_GROUPS = 100;
/** The share of a limit from which on a check warns. */
const NEARLY = 0.8;

/** Checks credentials, organization, instance and encryption. */
export async function accountFindings(context: Context): Promise<readonly Finding[]> {
  const { identityCenter } = await context.entitlements();
  const services = await context.services();
  const credentials = await runCheck(
    { check: 'credentials', why: 'All other checks show what this caller sees' },
    async (found) => {
      const { accountId, arn } = await services.identity();
      return found.ok(`account ${accountId}, as ${escaped(arn)}`);
    },
  );
  const account = await services.account();
  const instances = await services.instances();
  const organization = await runCheck(
    {
      check: 'organization',
      why: 'Usher must run in the delegated administrator account of Identity Center or in the management account. Other accounts may not change assignments of an organization instance',
    },
    async (found) => {
      const { accountId } = await services.identity();
      const organization = await account.organization();
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
          'Allow organizations:ListDelegatedAdministrators',
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
      const identity = await new Unread(context.terminal).attempt(services.identity);
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

/** Checks the identity store, the configured groups and the caps. @param listed gets the members */
export async function directoryFindings(context: Context, listed: Listed): Promise<readonly Finding[]> {
  const { identityCenter, entitlements } = await context.entitlements();
  const services = await context.services();
  const people = await services.people(identityCenter.identityStoreId);
  const directory = await services.directory(identityCenter.identityStoreId);
  const findings: Finding[] = [];
  findings.push(
    ...(await runCheck(
      {
        check: 'identity-store',
        why: 'Usher reads memberships there. A customer managed key, or a network restriction of the store, can block callers',
      },
      async (found) => {
        for await (const page of people.groups()) {
          // A page may be empty, and a page with groups may follow.
          if (page.length > 0) return found.ok(`${identityCenter.identityStoreId} answers, with groups`);
        }
        return found.ok(`${identityCenter.identityStoreId} answers, with no groups`);
      },
    )),
  );
  const lists = { refused: false };
  for (const entitlement of entitlements) {
    const members = new Set<string>();
    let complete = true;
    for (const groupId of entitlement.groups) {
      let wasListed = false;
      findings.push(
        ...(await runCheck(
          {
            check: `group ${groupId}`,
            why: `Its members get ${entitlement.name}. An empty or missing group makes the brake hold`,
          },
          async (found) => {
            const group = await people.group(groupId);
            if (!group) {
              wasListed = true;
              return found.problem(
                'There is no such group',
                `Correct the groups of ${entitlement.name} in entitlements.yml. Use ids, not names`,
              );
            }
            const name = group.displayName === undefined ? '' : ` (${escaped(group.displayName)})`;
            if (lists.refused) return found.unknown(`It exists${name}, but AWS does not list its members`, NOT_LISTED);
            const all = await membersOf(groupId, directory, lists);
            wasListed = true;
            for (const userId of all) members.add(userId);
            if (all.length === 0)
              return found.warning(
                `It is empty${name}`,
                'Add users to it, or include it in the SCIM provisioning of your identity provider',
              );
            return found.ok(`${count(all.length, 'member')}${name}`);
          },
        )),
      );
      complete &&= wasListed;
    }
    if (complete) listed.members.set(entitlement.name, members);
    findings.push(capFinding(entitlement, complete ? members.size : undefined));
  }
  return findings;
}

const NOT_LISTED = 'See the first group whose members AWS does not list';

/**
 * Returns a group's members. A store that does not know the operation lists no other group either, which is noted in
 * `lists`.
 */
async function membersOf(groupId: string, directory: Directory, lists: { refused: boolean }): Promise<string[]> {
  try {
    const members: string[] = [];
    for await (const page of directory.membersOf(groupId)) members.push(...(page ?? []));
    return members;
  } catch (error) {
    lists.refused = error instanceof RefusedError && error.reason === 'UnknownOperationException';
    throw error;
  }
}

/** @param members undefined if a group could not be listed */
function capFinding({ name, seats }: Entitlement, members: number | undefined): Finding {
  const why = 'Users above the cap join the waitlist';
  const check = `cap ${name}`;
  if (members === undefined) {
    const found = `The members could not be counted, ${count(seats.max, 'seat')} at most`;
    return { check, verdict: 'unknown', found, why };
  }
  const found = `${count(members, 'member')}, ${count(seats.max, 'seat')} at most`;
  if (members > seats.max) {
    return {
      check,
      verdict: 'warning',
      found,
      why,
      mend: `${numberOf(members - seats.max)} will wait. To give them seats, raise seats.max of ${name}`,
    };
  }
  return { check, verdict: 'ok', found, why };
}

/** The provider of Amazon Q Developer and Kiro: the last part of its ARN. */
const PAID_BESIDE_ASSIGNMENT = 'codewhisperer';

/** Says what pays for the seats of an application whose assignments start no subscription. */
function subscriptionFindings(
  name: string,
  described: ApplicationDescription | undefined,
  subscription: Entitlement['subscription'],
): Finding[] {
  const finding = about({
    check: `subscription ${name}`,
    why: 'As far as is known, an assignment starts no paid subscription of Kiro or Amazon Q Developer, and removing it cancels none',
  });
  const provider = described?.provider;
  if (subscription?.provider === 'kiro' && provider !== undefined && provider !== PAID_BESIDE_ASSIGNMENT) {
    return [
      finding.warning(
        `${subscription.plan} of kiro, but the application is of ${escaped(provider)}`,
        `Correct the application or the subscription of ${name} in entitlements.yml`,
      ),
    ];
  }
  if (subscription) return [finding.ok(`${subscription.plan} of ${subscription.provider} in ${subscription.region}`)];
  if (!described) return [finding.unknown('Whether it needs one could not be read', `See application ${name}`)];
  if (described.provider !== PAID_BESIDE_ASSIGNMENT) return [];
  const mend = `Add subscription to ${name} in entitlements.yml (docs/subscriptions.md), and compare: usher subscriptions`;
  return [finding.warning('Usher does not know which subscription its users should have', mend)];
}

/** Checks each configured application. @param listed gets the assignments */
export async function applicationFindings(context: Context, listed: Listed): Promise<readonly Finding[]> {
  const { identityCenter, entitlements } = await context.entitlements();
  const services = await context.services();
  const instances = await services.instances();
  const applications = await services.applications();
  const findings: Finding[] = [];
  const names = new Map<string, number>();
  const listing = await runCheck(
    { check: 'applications', why: 'Two applications with one name are easily confused' },
    async (found) => {
      for await (const page of instances.applications(identityCenter.instanceArn)) {
        for (const { name = '' } of page) names.set(name, (names.get(name) ?? 0) + 1);
      }
      return found.ok(
        count(
          [...names.values()].reduce((sum, number) => sum + number, 0),
          'application',
        ),
      );
    },
  );
  findings.push(...listing);
  for (const { name, application, subscription } of entitlements) {
    const check = `application ${name}`;
    let described: ApplicationDescription | undefined;
    let isMissing = false;
    findings.push(
      ...(await runCheck({ check, why: `Usher assigns members of the groups of ${name} to it` }, async (found) => {
        described = await instances.application(application);
        isMissing = !described;
        if (!described)
          return found.problem(
            `There is no ${application}`,
            'Correct the application in entitlements.yml, or list it under retired',
          );
        const called = [described.name, described.provider]
          .filter((one) => one !== undefined)
          .map(escaped)
          .join(', ');
        if (described.status !== 'ENABLED')
          return found.problem(`It is ${described.status} (${called})`, 'Enable it in the Identity Center console');
        if (!(await applications.requiresAssignment(application))) {
          return found.problem(
            `All users have access, because it requires no assignment (${called})`,
            'Require assignments in its settings. Until then, Usher refuses to change it',
          );
        }
        const twins = names.get(described.name ?? '') ?? 0;
        if (twins > 1) {
          return found.warning(
            `ENABLED, but ${twins} applications have the name ${escaped(described.name ?? '')}`,
            `Make sure that ${application} is the right one`,
          );
        }
        return found.ok(`ENABLED (${called})`);
      })),
      ...(isMissing ? [] : subscriptionFindings(name, described, subscription)),
      ...(await runCheck(
        {
          check: `assigned groups ${name}`,
          why: 'Members of a group that is assigned as a whole have access with or without a seat',
        },
        async (found) => {
          const groups: string[] = [];
          const assigned = new Set<string>();
          for await (const page of applications.assigneesOf(application)) {
            for (const { principalId, principalType } of page) {
              assigned.add(principalId);
              if (principalType === 'GROUP') groups.push(principalId);
            }
          }
          listed.assigned.set(name, assigned);
          if (groups.length === 0) return found.ok('none');
          const near =
            groups.length >= MOST_ASSIGNED_GROUPS * NEARLY ? ` of ${MOST_ASSIGNED_GROUPS} that AWS allows` : '';
          return found.warning(
            `${groups.slice(0, 5).join(', ')}${groups.length > 5 ? ', …' : ''} (${groups.length}${near})`,
            'Remove the assignment of the group, so that Usher assigns its members',
          );
        },
      )),
    );
  }
  return findings;
}
