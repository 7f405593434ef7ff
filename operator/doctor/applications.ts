import type { ApplicationDescription } from '../../adapters/operator/instances.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { Asker } from '../asker.ts';
import { count, escaped } from '../text.ts';
import { about, type Finding, runCheck } from './check.ts';
import type { Listed } from './pace.ts';

/** AWS's limit of groups that are assigned to one application. */
const MOST_ASSIGNED_GROUPS = 100;
/** The share of a limit from which on a check warns. */
const NEARLY = 0.8;

/** The provider of Amazon Q Developer and Kiro, whose assignments start no subscription: the last part of its ARN. */
const SUBSCRIBED_APART = 'codewhisperer';

/** Checks the subscription setting of an application whose assignments start no subscription. */
function settingFindings(
  name: string,
  described: ApplicationDescription | undefined,
  subscription: Entitlement['subscription'],
): Finding[] {
  const finding = about({
    check: `subscription ${name}`,
    why: 'As far as is known, an assignment starts no paid subscription of Kiro or Amazon Q Developer, and removing it cancels none',
  });
  const provider = described?.provider;
  if (subscription?.provider === 'kiro' && provider !== undefined && provider !== SUBSCRIBED_APART) {
    return [
      finding.warning(
        `${subscription.plan} of kiro, but the application is of ${escaped(provider)}`,
        `Correct the application or the subscription of ${name} in entitlements.yml`,
      ),
    ];
  }
  if (subscription) {
    const experimental = subscription.provider === 'kiro' ? ', experimental: AWS does not publish the calls' : '';
    return [finding.ok(`${subscription.plan} of ${subscription.provider} in ${subscription.region}${experimental}`)];
  }
  if (!described) return [finding.unknown('Whether it needs one could not be read', `See application ${name}`)];
  if (described.provider !== SUBSCRIBED_APART) return [];
  return [
    finding.warning(
      'The entitlement does not name the subscription that its users should have',
      `Add "subscription" to ${name} in entitlements.yml (docs/subscriptions.md), then run: usher subscriptions`,
    ),
  ];
}

/** Checks each configured application. @param listed gets the assignments */
export async function applicationFindings(asker: Asker, listed: Listed): Promise<readonly Finding[]> {
  const { identityCenter, entitlements } = await asker.entitlements();
  const services = await asker.services();
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
      ...(isMissing ? [] : settingFindings(name, described, subscription)),
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
