import {
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  DescribeApplicationAssignmentCommand,
  DescribeApplicationCommand,
  GetApplicationAssignmentConfigurationCommand,
  ListApplicationAssignmentsCommand,
  ListApplicationsCommand,
  paginateListApplicationAssignments,
  paginateListApplications,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { describe, expect, it } from 'vitest';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { ssoAdmin } from '../../../../emulator/aws/sso-admin/sso-admin.ts';
import { anIdentityCenter, behindGateway } from '../../../support/account.ts';
import {
  APPLICATION,
  application,
  GROUP,
  INSTANCE_ARN,
  OTHER_APPLICATION,
  STORE_ID,
  user,
} from '../../../support/ids.ts';

const ANNA = user(0);
const BEN = user(1);
const UNKNOWN_USER = user(999_999);
const OPEN_APPLICATION = OTHER_APPLICATION;
const NO_APPLICATION = application(9);

function anSsoAdmin({
  assigned = 0,
  quirks = {},
  othersPerSecond = 0,
  memberAccountId,
}: {
  assigned?: number;
  quirks?: Quirks;
  othersPerSecond?: number;
  memberAccountId?: string;
} = {}) {
  const seed = {
    identityStoreId: STORE_ID,
    users: [
      { userId: ANNA, userName: 'anna' },
      { userId: BEN, userName: 'ben' },
    ],
    groups: [{ groupId: GROUP }],
    applications: [
      {
        applicationArn: APPLICATION,
        name: 'chat',
        provider: 'codewhisperer',
        assigned: Array.from({ length: assigned }, (_, number) => user(number)),
      },
      { applicationArn: OPEN_APPLICATION, assignmentRequired: false, status: 'DISABLED' as const },
    ],
  };
  const { center: world, clock } = anIdentityCenter(seed, quirks);
  const { gateway, aws } = behindGateway({ SSOAdmin: ssoAdmin(world, clock, { othersPerSecond, memberAccountId }) });
  const client = new SSOAdminClient(aws);
  return { client, world, sleep: clock.sleep, calls: gateway.calls };
}

function ofUser(PrincipalId: string, ApplicationArn = APPLICATION) {
  return { ApplicationArn, PrincipalId, PrincipalType: 'USER' as const };
}

describe('CreateApplicationAssignment', () => {
  it('assigns a user', async () => {
    const { client, world } = anSsoAdmin();
    await client.send(new CreateApplicationAssignmentCommand(ofUser(ANNA)));
    await client.send(new CreateApplicationAssignmentCommand({ ...ofUser(GROUP), PrincipalType: 'GROUP' }));
    expect(world.assignments()).toEqual([
      { applicationArn: APPLICATION, principalId: GROUP, principalType: 'GROUP' },
      { applicationArn: APPLICATION, principalId: ANNA, principalType: 'USER' },
    ]);
  });

  it('accepts a repeated call, or answers ConflictException', async () => {
    const command = new CreateApplicationAssignmentCommand(ofUser(ANNA));
    await expect(anSsoAdmin({ assigned: 1 }).client.send(command)).resolves.toBeDefined();
    const strict = anSsoAdmin({ assigned: 1, quirks: { repeatedCreate: 'conflict' } });
    await expect(strict.client.send(command)).rejects.toMatchObject({ name: 'ConflictException' });
  });

  it.each([
    ['an unknown user', ofUser(UNKNOWN_USER), 'ResourceNotFoundException'],
    ['an unknown group', { ...ofUser(ANNA), PrincipalType: 'GROUP' as const }, 'ResourceNotFoundException'],
    ['an unknown application', ofUser(ANNA, NO_APPLICATION), 'ResourceNotFoundException'],
    ['an ARN of something else', ofUser(ANNA, INSTANCE_ARN), 'ValidationException'],
    ['a principal id that is none', ofUser('anna'), 'ValidationException'],
  ])('refuses %s', async (_fact, input, name) => {
    const { client, world } = anSsoAdmin();
    await expect(client.send(new CreateApplicationAssignmentCommand(input))).rejects.toMatchObject({ name });
    expect(world.assignments()).toEqual([]);
  });

  it('names the invalid field with its value, as AWS does', async () => {
    const { client } = anSsoAdmin();
    const answer = client.send(new CreateApplicationAssignmentCommand(ofUser('anna@example.com')));
    await expect(answer).rejects.toThrow(
      /^1 validation error detected: Value 'anna@example.com' at 'principalId' failed/,
    );
  });
});

describe('DeleteApplicationAssignment', () => {
  it('removes an assignment', async () => {
    const { client, world } = anSsoAdmin({ assigned: 2 });
    await client.send(new DeleteApplicationAssignmentCommand(ofUser(ANNA)));
    expect(world.assignments().map(({ principalId }) => principalId)).toEqual([BEN]);
  });

  it('accepts a repeated call, or answers ResourceNotFoundException', async () => {
    const command = new DeleteApplicationAssignmentCommand(ofUser(ANNA));
    await expect(anSsoAdmin().client.send(command)).resolves.toBeDefined();
    const strict = anSsoAdmin({ quirks: { deleteMissing: 'not-found' } });
    await expect(strict.client.send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('DescribeApplicationAssignment', () => {
  it('finds an assignment that exists, and no other', async () => {
    const { client } = anSsoAdmin({ assigned: 1 });
    const described = await client.send(new DescribeApplicationAssignmentCommand(ofUser(ANNA)));
    expect(described).toMatchObject(ofUser(ANNA));
    const missing = client.send(new DescribeApplicationAssignmentCommand(ofUser(BEN)));
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('sees a write only after its lag', async () => {
    const { client, world, sleep } = anSsoAdmin();
    world.setLag('SSOAdmin.DescribeApplicationAssignment', 10);
    await client.send(new CreateApplicationAssignmentCommand(ofUser(ANNA)));
    const describeOne = () => client.send(new DescribeApplicationAssignmentCommand(ofUser(ANNA)));
    await expect(describeOne()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(
      (await client.send(new ListApplicationAssignmentsCommand(ofUser(ANNA)))).ApplicationAssignments,
    ).toHaveLength(1);
    await sleep(10);
    await expect(describeOne()).resolves.toBeDefined();
  });
});

describe('ListApplicationAssignments', () => {
  it('returns 100 assignments per page, and each once over all pages', async () => {
    const { client } = anSsoAdmin({ assigned: 201 });
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListApplicationAssignments({ client }, { ApplicationArn: APPLICATION })) {
      pages.push(page.ApplicationAssignments?.map(({ PrincipalId }) => PrincipalId) ?? []);
    }
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 1]);
    expect(pages.flat()).toEqual(Array.from({ length: 201 }, (_, number) => user(number)));
  });

  it.each([
    ['MaxResults 0', { MaxResults: 0 }, 'ValidationException'],
    ['MaxResults 101', { MaxResults: 101 }, 'ValidationException'],
    ['a token that no list returned', { NextToken: 'abc' }, 'ValidationException'],
    ['an unknown application', { ApplicationArn: NO_APPLICATION }, 'ResourceNotFoundException'],
  ])('refuses %s', async (_fact, changes, name) => {
    const { client } = anSsoAdmin();
    const answer = client.send(new ListApplicationAssignmentsCommand({ ApplicationArn: APPLICATION, ...changes }));
    await expect(answer).rejects.toMatchObject({ name });
  });
});

describe('ListApplications', () => {
  const OF_INSTANCE = { InstanceArn: INSTANCE_ARN };
  const OWNER = APPLICATION.split(':')[4] ?? '';
  const MEMBER = OWNER.replace(/.$/, '9');
  const PROVIDER = 'arn:aws:sso::aws:applicationProvider/codewhisperer';

  async function listed({ client }: Pick<ReturnType<typeof anSsoAdmin>, 'client'>, Filter = {}) {
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListApplications({ client, pageSize: 1 }, { ...OF_INSTANCE, Filter }))
      pages.push((page.Applications ?? []).map(({ ApplicationArn }) => ApplicationArn));
    return pages;
  }

  it.each([
    ['no filter', {}, [[APPLICATION], [OPEN_APPLICATION]]],
    ['the account that owns them', { ApplicationAccount: OWNER }, [[APPLICATION], [OPEN_APPLICATION]]],
    ['another account', { ApplicationAccount: MEMBER }, [[]]],
    ['a provider', { ApplicationProvider: PROVIDER }, [[APPLICATION]]],
    ['account and provider', { ApplicationAccount: OWNER, ApplicationProvider: PROVIDER }, [[APPLICATION]]],
  ])('returns page by page what matches %s', async (_fact, filter, expected) => {
    expect(await listed(anSsoAdmin(), filter)).toEqual(expected);
  });

  it('does not take the token of a list with another filter', async () => {
    const { client } = anSsoAdmin();
    const { NextToken } = await client.send(new ListApplicationsCommand({ ...OF_INSTANCE, MaxResults: 1 }));
    const other = { ...OF_INSTANCE, NextToken, Filter: { ApplicationAccount: OWNER } };
    await expect(client.send(new ListApplicationsCommand(other))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it.each(['AccessDeniedException', 'ValidationException'] as const)(
    'refuses a member account that does not filter by its own account: %s',
    async (unfilteredList) => {
      const member = anSsoAdmin({ memberAccountId: MEMBER, quirks: { unfilteredList } });
      for (const filter of [{}, { ApplicationProvider: PROVIDER }, { ApplicationAccount: OWNER }])
        await expect(listed(member, filter)).rejects.toMatchObject({ name: unfilteredList });
      expect(await listed(member, { ApplicationAccount: MEMBER })).toEqual([[]]);
    },
  );
});

describe('the settings of an application', () => {
  it.each([
    [APPLICATION, true],
    [OPEN_APPLICATION, false],
  ])('say whether %s requires an assignment', async (ApplicationArn, required) => {
    const { client } = anSsoAdmin();
    const answer = await client.send(new GetApplicationAssignmentConfigurationCommand({ ApplicationArn }));
    expect(answer.AssignmentRequired).toBe(required);
  });

  it('are described', async () => {
    const { client } = anSsoAdmin();
    expect(await client.send(new DescribeApplicationCommand({ ApplicationArn: APPLICATION }))).toMatchObject({
      ApplicationArn: APPLICATION,
      ApplicationAccount: '111122223333',
      InstanceArn: INSTANCE_ARN,
      Name: 'chat',
      Status: 'ENABLED',
    });
    const other = await client.send(new DescribeApplicationCommand({ ApplicationArn: OPEN_APPLICATION }));
    expect(other.Status).toBe('DISABLED');
  });
});

describe('the rate limit', () => {
  it('counts all operations together, and counts refused requests as calls', async () => {
    const { client, calls, sleep } = anSsoAdmin();
    const create = () => client.send(new CreateApplicationAssignmentCommand(ofUser(ANNA)));
    for (let call = 0; call < 19; call += 1) await create();
    await client.send(new GetApplicationAssignmentConfigurationCommand({ ApplicationArn: APPLICATION }));
    await expect(create()).rejects.toMatchObject({ name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } });
    expect(calls.get('SSOAdmin.CreateApplicationAssignment')).toBe(20);
    await sleep(0.05);
    await expect(create()).resolves.toBeDefined();
  });

  it('is shared with other callers', async () => {
    const { client, sleep } = anSsoAdmin({ othersPerSecond: 15 });
    const describe = () => client.send(new DescribeApplicationCommand({ ApplicationArn: APPLICATION }));
    const admitted = async (calls: number) => {
      const answers = await Promise.allSettled(Array.from({ length: calls }, describe));
      return answers.filter(({ status }) => status === 'fulfilled').length;
    };
    expect(await admitted(25)).toBe(20);
    await sleep(1);
    expect(await admitted(25)).toBe(5);
  });
});

describe('a deleted application', () => {
  it('is not found by any request', async () => {
    const { client, world } = anSsoAdmin({ assigned: 2 });
    world.deleteApplication(APPLICATION);
    const requests = [
      client.send(new CreateApplicationAssignmentCommand(ofUser(ANNA))),
      client.send(new DeleteApplicationAssignmentCommand(ofUser(ANNA))),
      client.send(new DescribeApplicationAssignmentCommand(ofUser(ANNA))),
      client.send(new ListApplicationAssignmentsCommand({ ApplicationArn: APPLICATION })),
      client.send(new DescribeApplicationCommand({ ApplicationArn: APPLICATION })),
    ];
    for (const request of requests) await expect(request).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
