import {
  ConflictException,
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  DescribeApplicationAssignmentCommand,
  GetApplicationAssignmentConfigurationCommand,
  ListApplicationAssignmentsCommand,
  ResourceNotFoundException,
  SSOAdminClient,
  ThrottlingException,
} from '@aws-sdk/client-sso-admin';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { ssoAdminApplications } from '../../adapters/sso-admin.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { collected } from '../support/aws.ts';
import { APPLICATION, GROUP } from '../support/ids.ts';

const USER = '93670dc30f-6d321996-0ac8-4d2a-9c8a-1f0d3f1c2b4e';
const ASSIGNMENT = { ApplicationArn: APPLICATION, PrincipalId: USER, PrincipalType: 'USER' } as const;

function theApplications() {
  const client = new SSOAdminClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  let turns = 0;
  const applications = ssoAdminApplications(client, {
    pace: async () => {
      turns += 1;
    },
  });
  const inputs = () => aws.calls().map(({ args: [command] }) => command.input);
  return { aws, applications, inputs, turns: () => turns };
}

type Applications = ReturnType<typeof theApplications>['applications'];

const notFound = () => new ResourceNotFoundException({ message: 'jane.doe not found', $metadata: {} });
const conflict = () => new ConflictException({ message: 'conflict', $metadata: {} });

describe('requiresAssignment', () => {
  it.each([true, false])('is %s when AWS says so', async (AssignmentRequired) => {
    const { aws, applications, inputs, turns } = theApplications();
    aws.on(GetApplicationAssignmentConfigurationCommand).resolves({ AssignmentRequired });
    expect(await applications.requiresAssignment(APPLICATION)).toBe(AssignmentRequired);
    expect(inputs()).toEqual([{ ApplicationArn: APPLICATION }]);
    expect(turns()).toBe(1);
  });

  it.each([[{}], [{ AssignmentRequired: 'true' }]])('rejects the answer %j', async (answer) => {
    const { aws, applications } = theApplications();
    aws.on(GetApplicationAssignmentConfigurationCommand).callsFake(() => answer);
    await expect(applications.requiresAssignment(APPLICATION)).rejects.toThrow(
      'GetApplicationAssignmentConfiguration: AssignmentRequired is missing or malformed',
    );
  });

  it('is refused for an application that is missing', async () => {
    const { aws, applications } = theApplications();
    aws.on(GetApplicationAssignmentConfigurationCommand).rejects(notFound());
    await expect(applications.requiresAssignment(APPLICATION)).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'application-missing',
    });
  });
});

describe('assigneesOf', () => {
  it('yields the assignees page by page, following the tokens', async () => {
    const { aws, applications, inputs, turns } = theApplications();
    aws
      .on(ListApplicationAssignmentsCommand)
      .resolvesOnce({ ApplicationAssignments: [ASSIGNMENT], NextToken: 'one' })
      .resolvesOnce({ ApplicationAssignments: [], NextToken: 'two' })
      .resolvesOnce({ ApplicationAssignments: [{ ...ASSIGNMENT, PrincipalId: GROUP, PrincipalType: 'GROUP' }] });
    expect(await collected(applications.assigneesOf(APPLICATION))).toEqual([
      [{ principalId: USER, principalType: 'USER' }],
      [],
      [{ principalId: GROUP, principalType: 'GROUP' }],
    ]);
    const request = { ApplicationArn: APPLICATION, MaxResults: 100 };
    expect(inputs()).toEqual([
      { ...request, NextToken: undefined },
      { ...request, NextToken: 'one' },
      { ...request, NextToken: 'two' },
    ]);
    expect(turns()).toBe(3);
  });

  it('reads ids that come as ARNs or in upper case', async () => {
    const { aws, applications } = theApplications();
    aws.on(ListApplicationAssignmentsCommand).resolves({
      ApplicationAssignments: [
        { ...ASSIGNMENT, PrincipalId: `arn:aws:identitystore:::user/${USER}` },
        { ...ASSIGNMENT, PrincipalId: GROUP.toUpperCase(), PrincipalType: 'GROUP' },
      ],
    });
    expect(await collected(applications.assigneesOf(APPLICATION))).toEqual([
      [
        { principalId: USER, principalType: 'USER' },
        { principalId: GROUP, principalType: 'GROUP' },
      ],
    ]);
  });

  it.each([[{}], [{ ApplicationAssignments: [] }]])('yields one empty page for %j', async (answer) => {
    const { aws, applications } = theApplications();
    aws.on(ListApplicationAssignmentsCommand).resolves(answer);
    expect(await collected(applications.assigneesOf(APPLICATION))).toEqual([[]]);
  });

  it('fails when a page fails', async () => {
    const { aws, applications } = theApplications();
    aws
      .on(ListApplicationAssignmentsCommand)
      .resolvesOnce({ ApplicationAssignments: [ASSIGNMENT], NextToken: 'one' })
      .rejects(new ThrottlingException({ message: 'Rate exceeded', $metadata: { requestId: 'r-1' } }));
    await expect(collected(applications.assigneesOf(APPLICATION))).rejects.toThrow(
      new TransientAwsError(
        `ListApplicationAssignments: ThrottlingException (application ${APPLICATION}, request r-1)`,
      ),
    );
  });

  it('fails when a token comes back', async () => {
    const { aws, applications } = theApplications();
    aws.on(ListApplicationAssignmentsCommand).resolves({ ApplicationAssignments: [], NextToken: 'one' });
    await expect(collected(applications.assigneesOf(APPLICATION))).rejects.toThrow(
      'AWS returned the same NextToken twice',
    );
  });

  it('is refused for an application that is missing', async () => {
    const { aws, applications } = theApplications();
    aws.on(ListApplicationAssignmentsCommand).rejects(notFound());
    await expect(collected(applications.assigneesOf(APPLICATION))).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'application-missing',
    });
  });

  it.each([
    ['with a list that is none', { ApplicationAssignments: 'none' }, 'ApplicationAssignments'],
    ['with a hole', { ApplicationAssignments: [null] }, 'ApplicationAssignments'],
    [
      'with an entry without id',
      { ApplicationAssignments: [{ PrincipalType: 'USER' }] },
      'ApplicationAssignments.PrincipalId',
    ],
    [
      'with an entry without type',
      { ApplicationAssignments: [{ PrincipalId: USER }] },
      'ApplicationAssignments.PrincipalType',
    ],
    [
      'with a type that it does not know',
      { ApplicationAssignments: [{ PrincipalId: USER, PrincipalType: 'ROLE' }] },
      'ApplicationAssignments.PrincipalType',
    ],
    [
      'with a user that is a group',
      { ApplicationAssignments: [{ ...ASSIGNMENT, PrincipalId: `arn:aws:identitystore:::group/${GROUP}` }] },
      'ApplicationAssignments.PrincipalId',
    ],
  ])('rejects a page %s', async (_fact, page, field) => {
    const { aws, applications } = theApplications();
    aws.on(ListApplicationAssignmentsCommand).callsFake(() => page);
    await expect(collected(applications.assigneesOf(APPLICATION))).rejects.toThrow(
      new RefusedError(
        'malformed-answer',
        `ListApplicationAssignments: ${field} is missing or malformed in the answer (application ${APPLICATION})`,
      ),
    );
  });
});

const single: [string, (applications: Applications) => Promise<unknown>][] = [
  ['isAssigned', (applications) => applications.isAssigned(APPLICATION, USER)],
  ['assign', (applications) => applications.assign(APPLICATION, USER)],
  ['unassign', (applications) => applications.unassign(APPLICATION, USER)],
];

describe.each(single)('%s', (_name, run) => {
  it('names the application and the user, never a group', async () => {
    const { aws, applications, inputs, turns } = theApplications();
    aws.onAnyCommand().resolves({});
    await run(applications);
    expect(inputs()).toEqual([ASSIGNMENT]);
    expect(turns()).toBe(1);
  });

  it('does not take a missing KMS key for an answer', async () => {
    const { aws, applications } = theApplications();
    aws.onAnyCommand().rejects(Object.assign(notFound(), { Reason: 'KMS_NotFoundException' }));
    await expect(run(applications)).rejects.toMatchObject({ name: 'RefusedError', reason: 'kms-key-not-found' });
  });

  it('fails with the ids in question when it is throttled', async () => {
    const { aws, applications } = theApplications();
    aws.onAnyCommand().rejects(new ThrottlingException({ message: 'jane.doe', $metadata: {} }));
    const ids = `application ${APPLICATION}, user ${USER}`;
    const failure = await run(applications).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toHaveProperty('message', expect.stringMatching(`ThrottlingException \\(${ids}\\)$`));
  });
});

describe('isAssigned', () => {
  it('is true for an assignment that AWS describes', async () => {
    const { aws, applications } = theApplications();
    aws.on(DescribeApplicationAssignmentCommand).resolves(ASSIGNMENT);
    expect(await applications.isAssigned(APPLICATION, USER)).toBe(true);
  });

  it('is false for one that AWS does not find', async () => {
    const { aws, applications } = theApplications();
    aws.on(DescribeApplicationAssignmentCommand).rejects(notFound());
    expect(await applications.isAssigned(APPLICATION, USER)).toBe(false);
  });

  it('takes a conflict for a read that comes too early', async () => {
    const { aws, applications } = theApplications();
    aws.on(DescribeApplicationAssignmentCommand).rejects(conflict());
    await expect(applications.isAssigned(APPLICATION, USER)).rejects.toThrow(TransientAwsError);
  });
});

describe('assign', () => {
  it('reports that AWS accepted the change', async () => {
    const { aws, applications } = theApplications();
    aws.on(CreateApplicationAssignmentCommand).resolves({});
    expect(await applications.assign(APPLICATION, USER)).toBe('assigned');
  });

  it('reports a conflict with an earlier write', async () => {
    const { aws, applications } = theApplications();
    aws.on(CreateApplicationAssignmentCommand).rejects(conflict());
    expect(await applications.assign(APPLICATION, USER)).toBe('conflict');
  });

  it('is refused when user or application is missing', async () => {
    const { aws, applications } = theApplications();
    aws.on(CreateApplicationAssignmentCommand).rejects(notFound());
    await expect(applications.assign(APPLICATION, USER)).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'principal-or-application-missing',
    });
  });
});

describe('unassign', () => {
  it('reports that AWS accepted the change', async () => {
    const { aws, applications } = theApplications();
    aws.on(DeleteApplicationAssignmentCommand).resolves({});
    expect(await applications.unassign(APPLICATION, USER)).toBe('removed');
  });

  it('takes an assignment that is not there for removed', async () => {
    const { aws, applications } = theApplications();
    aws.on(DeleteApplicationAssignmentCommand).rejects(notFound());
    expect(await applications.unassign(APPLICATION, USER)).toBe('removed');
  });

  it('reports a conflict with an earlier write', async () => {
    const { aws, applications } = theApplications();
    aws.on(DeleteApplicationAssignmentCommand).rejects(conflict());
    expect(await applications.unassign(APPLICATION, USER)).toBe('conflict');
  });
});
