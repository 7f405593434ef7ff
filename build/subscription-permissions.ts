import { changesSubscriptions, type Entitlement, type Entitlements } from '../domain/entitlements.ts';
import { comparesClaims, profilesOf } from '../domain/profiles.ts';

/** A statement of an IAM policy, as a template has it. */
export interface PolicyStatement {
  Effect: 'Allow';
  Action: string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** The service for which AWS keeps claims, the records of what it bills. */
const CLAIMS = 'user-subscriptions.amazonaws.com';

function allow(action: string[], resource: unknown): PolicyStatement {
  return { Effect: 'Allow', Action: action, Resource: resource };
}

function inTemplate(text: string): object {
  return { 'Fn::Sub': text };
}

/** Returns what `PlanChanges` needs beyond deploy/permissions.yml: it reads the list of each subscription, and changes none. */
export function planChangesStatements({ entitlements }: Entitlements): PolicyStatement[] {
  const { hasKiro, regions, roleArns } = callersOf(entitlements);
  const withClaims = profilesOf(entitlements).filter(comparesClaims);
  const hasClaims = callersOf(withClaims.flatMap((profile) => profile.entitlements)).hasKiro;
  return [
    // AWS knows no resource of these actions.
    ...(hasKiro ? [allow(['user-subscriptions:ListUserSubscriptions'], '*')] : []),
    ...(hasClaims ? [allow(['user-subscriptions:ListApplicationClaims'], '*')] : []),
    ...onApplications(['qbusiness:GetApplication', 'qbusiness:ListSubscriptions'], regions),
    ...assuming(roleArns),
  ];
}

/**
 * Returns what `ApplyChanges` needs beyond deploy/permissions.yml: it subscribes and cancels. Where Usher only observes or
 * reports, it does neither.
 */
export function applyChangesStatements({ identityCenter, entitlements }: Entitlements): PolicyStatement[] {
  const managed = entitlements.filter(changesSubscriptions);
  const { hasKiro, regions, roleArns, applications } = callersOf(managed);
  return [
    // AWS knows no resource of these actions, and its condition keys name users, whom the configuration does not know: they
    // are allowed for every user of the account. Nothing else is known to narrow calls that AWS does not publish.
    ...(hasKiro ? [allow(['q:CreateAssignment', 'q:DeleteAssignment', 'q:UpdateAssignment'], '*')] : []),
    ...onApplications(
      [
        'qbusiness:CancelSubscription',
        'qbusiness:CreateSubscription',
        'qbusiness:GetApplication',
        'qbusiness:UpdateSubscription',
      ],
      regions,
    ),
    ...(regions.length > 0 ? onBehalfOfCaller(identityCenter.instanceArn, applications) : []),
    ...assuming(roleArns),
  ];
}

/** Returns what calls AWS for some entitlements: Usher itself, or the roles that it assumes in other accounts. */
function callersOf(entitlements: readonly Entitlement[]) {
  const all = entitlements.flatMap(({ application, subscription }) =>
    subscription ? { application, ...subscription } : [],
  );
  const own = all.filter(({ roleArn }) => roleArn === undefined);
  const ownQBusiness = own.filter(({ provider }) => provider === 'amazon-q-business');
  return {
    hasKiro: own.some(({ provider }) => provider === 'kiro'),
    /** Of applications of Amazon Q Business. */
    regions: [...new Set(ownQBusiness.map(({ region }) => region))],
    /** The same applications in Identity Center. */
    applications: ownQBusiness.map(({ application }) => application),
    roleArns: [...new Set(all.flatMap(({ roleArn }) => roleArn ?? []))],
  };
}

/**
 * Allows calls on the applications of Amazon Q Business in Usher's own account. Their ids are not configured: Usher lists the
 * applications, for which AWS knows no resource, and looks for the right one. The wildcard includes their subscriptions.
 */
function onApplications(actions: string[], regions: readonly string[]): PolicyStatement[] {
  if (regions.length === 0) return [];
  const applications = regions.map((region) =>
    inTemplate(`arn:\${AWS::Partition}:qbusiness:${region}:\${AWS::AccountId}:application/*`),
  );
  return [allow(['qbusiness:ListApplications'], '*'), allow(actions, applications)];
}

/**
 * Allows what AWS does on behalf of the caller who subscribes and cancels, by its example of such a policy. Groups are left out:
 * Usher subscribes users.
 *
 * @see https://docs.aws.amazon.com/amazonq/latest/qbusiness-ug/setting-up.html
 */
function onBehalfOfCaller(instanceArn: string, applications: readonly string[]): PolicyStatement[] {
  return [
    // The claim, the organization and the user: AWS knows no resource of these actions, or none that is known here.
    allow(
      [
        'organizations:DescribeOrganization',
        'sso-directory:DescribeUser',
        'user-subscriptions:CreateClaim',
        'user-subscriptions:UpdateClaim',
      ],
      '*',
    ),
    allow(['sso:DescribeApplication', 'sso:DescribeInstance'], [instanceArn, ...applications]),
    // The first claim of an account makes the role with which AWS keeps claims up to date.
    {
      ...allow(
        ['iam:CreateServiceLinkedRole'],
        inTemplate(
          `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:role/aws-service-role/${CLAIMS}/AWSServiceRoleForUserSubscriptions`,
        ),
      ),
      Condition: { StringEquals: { 'iam:AWSServiceName': CLAIMS } },
    },
  ];
}

function assuming(roleArns: string[]): PolicyStatement[] {
  return roleArns.length > 0 ? [allow(['sts:AssumeRole'], roleArns)] : [];
}
