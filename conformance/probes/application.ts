import {
  DescribeApplicationCommand,
  GetApplicationAssignmentConfigurationCommand,
  ListApplicationsCommand,
  paginateListApplicationAssignmentsForPrincipal,
  paginateListApplications,
} from '@aws-sdk/client-sso-admin';
import { isAssigned } from './assignments.ts';
import { answerOf, type Finding, type Probe } from './probe.ts';
import type { World } from './world.ts';

/** The provider of the applications of Kiro and Amazon Q Developer. */
const KIRO = /:applicationProvider\/codewhisperer$/;

/** How the named application is described. */
export const application: Probe = {
  name: 'application',
  does: 'Reads the named application, and the applications of the instance.',
  beliefs: [
    'application-account',
    'application-filter',
    'application-kiro-sign-in',
    'assignment-through-groups',
    'assignment-direct',
  ],
  needs: ['application', 'user'],
  permissions: [],
  calls: [
    'sso:DescribeApplication',
    'sso:GetApplicationAssignmentConfiguration',
    'sso:ListApplications',
    'sso:ListApplicationAssignmentsForPrincipal',
    'sso:DescribeApplicationAssignment',
  ],
  cost: 'nothing',
  async run(world) {
    const described = await owner(world);
    const groups = await throughGroups(world);
    return [described, await unfiltered(world), await signIn(world), ...groups];
  },
};

async function owner({ ssoAdmin, targets }: World): Promise<Finding> {
  const { ApplicationAccount } = await ssoAdmin.send(
    new DescribeApplicationCommand({ ApplicationArn: targets.application }),
  );
  const holds = targets.application?.split(':')[4] === ApplicationAccount;
  return {
    belief: 'application-account',
    expected: 'the account in the ARN',
    seen: holds ? 'the account in the ARN' : 'another account',
    holds,
  };
}

/** Only a member account without powers over the instance can tell. */
async function unfiltered({ ssoAdmin, instanceArn }: World): Promise<Finding> {
  const seen = await answerOf(() =>
    ssoAdmin.send(new ListApplicationsCommand({ InstanceArn: instanceArn, MaxResults: 1 })),
  );
  return {
    belief: 'application-filter',
    expected: 'refused to a member account',
    seen: seen === 'ok' ? 'listed: this account may list all' : seen,
    holds: seen === 'ok' ? undefined : true,
  };
}

async function signIn({ ssoAdmin, instanceArn, account }: World): Promise<Finding> {
  const input = { InstanceArn: instanceArn, Filter: { ApplicationAccount: account } };
  const pages = await Array.fromAsync(paginateListApplications({ client: ssoAdmin }, input));
  const ofKiro = pages
    .flatMap(({ Applications = [] }) => Applications)
    .filter(({ ApplicationProviderArn = '' }) => KIRO.test(ApplicationProviderArn));
  let open = 0;
  for (const { ApplicationArn } of ofKiro) {
    const { AssignmentRequired } = await ssoAdmin.send(
      new GetApplicationAssignmentConfigurationCommand({ ApplicationArn }),
    );
    if (AssignmentRequired === false) open += 1;
  }
  const seen = `${ofKiro.length} of the provider, ${open} without assignments`;
  return {
    belief: 'application-kiro-sign-in',
    expected: 'one requires no assignment',
    seen,
    holds: ofKiro.length === 0 ? undefined : open > 0,
  };
}

/** Only a user who is assigned through a group, and not directly, shows what the two reads do with that. */
async function throughGroups(world: World): Promise<Finding[]> {
  const { ssoAdmin, instanceArn, targets } = world;
  const input = {
    InstanceArn: instanceArn,
    PrincipalId: targets.user,
    PrincipalType: 'USER' as const,
    Filter: { ApplicationArn: targets.application },
  };
  const pages = await Array.fromAsync(paginateListApplicationAssignmentsForPrincipal({ client: ssoAdmin }, input));
  const types = new Set(
    pages.flatMap(({ ApplicationAssignments = [] }) => ApplicationAssignments.map((one) => String(one.PrincipalType))),
  );
  const seen = types.size === 0 ? 'no assignment of the user' : [...types].sort().join(' and ');
  const isThroughGroup = types.has('GROUP') && !types.has('USER');
  const isDescribed = await isAssigned(world);
  return [
    {
      belief: 'assignment-through-groups',
      expected: 'GROUP',
      seen,
      holds: types.has('GROUP') ? true : undefined,
    },
    {
      belief: 'assignment-direct',
      expected: 'not described, if it is through a group',
      seen: isDescribed ? 'described' : 'not described',
      holds: isThroughGroup ? !isDescribed : undefined,
    },
  ];
}
