import type { Entitlements } from '../domain/entitlements.ts';
import type { PolicyStatement } from './subscription-permissions.ts';

/** What a function may do with some resources. Several policies can share the resources. */
export interface Grant<Resource = unknown> {
  resources: readonly Resource[];
  /** Returns the statement for some of the resources, at least one. */
  allow(resources: readonly Resource[]): PolicyStatement;
}

/** Returns what `PlanChanges` may do with applications: it reads assignments and settings. */
export function readingApplications(configuration: Entitlements): Grant<string> {
  return onApplications(configuration, [
    'sso:DescribeApplicationAssignment',
    'sso:GetApplicationAssignmentConfiguration',
    'sso:ListApplicationAssignments',
  ]);
}

/** Returns what `ApplyChanges` may do with applications: it creates and deletes assignments, and reads each again. */
export function changingApplications(configuration: Entitlements): Grant<string> {
  return onApplications(configuration, [
    'sso:CreateApplicationAssignment',
    'sso:DeleteApplicationAssignment',
    'sso:DescribeApplicationAssignment',
  ]);
}

/** Allows actions on the applications of entitlements.yml, retired ones too, and on no others. */
function onApplications({ entitlements, retired }: Entitlements, Action: string[]): Grant<string> {
  return {
    resources: [...entitlements.map(({ application }) => application), ...retired],
    // Without sso:ApplicationAccount: whether that is the account in the ARN is not documented, and the ARNs say more.
    allow: (arns) => ({ Effect: 'Allow', Action, Resource: arns }),
  };
}
