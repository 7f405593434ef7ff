// @module-tag long

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, GROUP, OTHER_APPLICATION, OTHER_GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf, resultsOf } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

const NEW = 'BrandNewException';
const NAME = 'alex';
const operator = anOperator({
  people: 12,
  members: 10,
  others: [11],
  directory: (seed) => ({
    ...seed,
    users: seed.users.map((one, index) => (index === 0 ? { ...one, userName: NAME } : one)),
  }),
});

/** Makes this operation answer with an exception that no version of Usher knows, until the test has ended. */
const refuse = (operation: string, only: object = {}) =>
  operator.fault({ operation, kind: 'exception', exception: NEW, for: 'ever', ...only });

/** What a command prints of an exception without a row. */
function expectReported(error: string, operation: string): void {
  expect(error).toContain(`${operation.split('.').at(-1)}: ${NEW}`);
  expect(error).toContain('This version of Usher does not know this exception');
  expect(error).not.toMatch(/unexpected/i);
}

beforeAll(async () => {
  await operator.run('start', '--all', '--wait');
});
afterEach(() => operator.clearFaults());

describe('usher doctor', () => {
  const findings = async () => {
    const { code, out, error } = await operator.run('doctor', '--json');
    return { code, error, found: new Map(resultsOf(out).map((one) => [one['check'], one])) };
  };

  it.each([
    ['STS.GetCallerIdentity', 'credentials'],
    ['Organizations.DescribeOrganization', 'organization'],
    ['Organizations.ListDelegatedAdministrators', 'organization'],
    ['SSOAdmin.ListInstances', 'instance'],
    ['SSOAdmin.DescribeInstance', 'encryption'],
    ['SSOAdmin.ListApplications', 'applications'],
    ['SSOAdmin.DescribeApplication', `application ${ENTITLEMENT}`],
    ['SSOAdmin.GetApplicationAssignmentConfiguration', `application ${ENTITLEMENT}`],
    ['SSOAdmin.ListApplicationAssignments', `assigned groups ${ENTITLEMENT}`],
    ['IdentityStore.ListGroups', 'identity-store'],
    ['IdentityStore.DescribeGroup', `group ${GROUP}`],
    ['IdentityStore.ListGroupMemberships', `group ${GROUP}`],
    ['CloudTrail.DescribeTrails', 'trail'],
    ['EventBridge.DescribeRule', 'rule'],
    ['Scheduler.GetSchedule', 'schedule'],
    ['DynamoDB.DescribeTable', 'ledger'],
    ['EventBridge.DescribeEventBus', 'audit bus'],
    ['EventBridge.DescribeArchive', 'archive'],
    ['SQS.GetQueueUrl', 'dead letters events'],
    ['CloudWatchLogs.FilterLogEvents', 'forwarder'],
    ['DynamoDB.GetItem', 'reconciliation'],
  ])('reports an exception without a row as a problem, and checks everything else: %s', async (operation, check) => {
    const before = (await findings()).found;
    await refuse(operation);
    const { code, error, found } = await findings();
    expect(code).toBe(1);
    expect(error).not.toMatch(/unexpected/i);
    expect(found.get(check)).toMatchObject({
      verdict: 'problem',
      found: expect.stringContaining(`${operation.split('.').at(-1)}: ${NEW}`),
      fix: expect.stringContaining('This version of Usher does not know this exception'),
    });
    expect([...found.keys()]).toEqual([...before.keys()]);
  });

  it('says what does not work with an identity store that AD Sync feeds', async () => {
    for (const operation of ['ListGroupMemberships', 'GetUserId', 'GetGroupId']) {
      await operator.fault({
        operation: `IdentityStore.${operation}`,
        kind: 'exception',
        exception: 'UnknownOperationException',
        for: 'ever',
      });
    }
    const { code, found } = await findings();
    expect(code).toBe(1);
    expect(found.get(`group ${GROUP}`)).toMatchObject({
      verdict: 'problem',
      found: `ListGroupMemberships: UnknownOperationException (group ${GROUP}, request ${requestIn(found.get(`group ${GROUP}`))})`,
      fix: expect.stringMatching(
        /AD Sync feeds has no ListGroupMemberships, ListGroupMembershipsForMember, GetUserId and GetGroupId.*docs\/deploy\.md/,
      ),
    });
    expect(found.get(`group ${OTHER_GROUP}`)).toMatchObject({ verdict: 'unknown' });
    expect(found.get(`cap ${ENTITLEMENT}`)).toMatchObject({ verdict: 'unknown' });
    expect(found.get('identity-store')).toMatchObject({ verdict: 'ok' });
  });

  const requestIn = (finding: Record<string, unknown> | undefined) =>
    /request (\S+)\)/.exec(String(finding?.['found']))?.[1];
});

describe('usher start', () => {
  const startOf = (out: string) => resultsOf(out).find(({ type }) => type === 'start');

  it.each([
    ['GetUserId', ['--user', NAME], { userId: user(1) }],
    ['GetUserId', ['--user', `userName:${NAME.toUpperCase()}`], { userId: user(1) }],
    ['GetUserId', ['--user', `${SECRET}-2@example.com`], { userId: user(2) }],
    ['GetGroupId', ['--group', 'Developers'], { groupId: GROUP }],
  ])('searches the list if AWS does not answer %s: %j', async (operation, args, input) => {
    await refuse(`IdentityStore.${operation}`);
    const { code, out, error } = await operator.run('start', ...args, '--json');
    expect(code).toBe(0);
    expect(startOf(out)).toMatchObject({ input });
    expect(error).toMatch(new RegExp(`${operation}: ${NEW} .*Searching the list instead`));
  });

  it.each([
    ['GetUserId', ['--user', 'nobody'], 2, /has no user nobody/],
    ['GetUserId', ['--user', 'externalId:1', '--issuer', 'idp'], 1, new RegExp(`GetUserId: ${NEW}`)],
    ['GetGroupId', ['--group', 'nothing'], 2, /has no group nothing/],
  ])('starts nothing if the list does not say either: %s %j', async (operation, args, exit, message) => {
    await refuse(`IdentityStore.${operation}`);
    const { code, error } = await operator.run('start', ...args);
    expect(error).toMatch(message);
    expect(error).not.toMatch(/unexpected/i);
    expect(code).toBe(exit);
  });

  it('starts a user named by id, whom AWS does not describe', async () => {
    await refuse('IdentityStore.DescribeUser');
    const { code, out, error } = await operator.run('start', '--user', user(3), '--json');
    expect(code).toBe(0);
    expect(startOf(out)).toMatchObject({ input: { userId: user(3) } });
    expectReported(error, 'DescribeUser');
  });

  it('follows an execution to its end without its history', async () => {
    await refuse('SFN.GetExecutionHistory');
    const { code, out, error } = await operator.run('start', '--user', user(3), '--wait', '--json');
    expect(resultsOf(out).at(-1)).toMatchObject({
      type: 'end',
      outcome: expect.stringMatching(/^(?:converged|handedOver)$/),
    });
    expectReported(error, 'GetExecutionHistory');
    expect(error.match(/not read/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('says that an execution continues which AWS does not describe', async () => {
    await refuse('SFN.DescribeExecution');
    const { code, out, error } = await operator.run('start', '--user', user(3), '--wait', '--json');
    expect(code).toBe(1);
    expect(startOf(out)).toBeDefined();
    expect(error).toMatch(new RegExp(`DescribeExecution: ${NEW} .*The execution continues: usher status `));
  });

  it('fails if AWS starts nothing', async () => {
    await refuse('SFN.StartExecution');
    const { code, error } = await operator.run('start', '--user', user(3));
    expect(code).toBe(1);
    expectReported(error, 'StartExecution');
  });
});

describe('usher status', () => {
  it('lists the executions of the other state machine', async () => {
    await refuse('SFN.ListExecutions', { times: 1 });
    const { code, error } = await operator.run('status', '--executions');
    expectReported(error, 'ListExecutions');
    expect(code).toBe(1);
  });

  it.each([
    ['DynamoDB.GetItem', /^amazon-q-developer\t\?\t200\t\?\t\?\t\?$/m],
    ['SFN.ListExecutions', /^Ticks: ENABLED/m],
    ['SQS.GetQueueAttributes', /^Running: 0 executions/m],
    ['Scheduler.GetSchedule', /^Running: 0 executions/m],
    ['EventBridge.DescribeRule', /^Running: 0 executions/m],
  ])('answers without what %s would say, and says so first', async (operation, shown) => {
    await refuse(operation);
    const { code, out, error } = await operator.run('status');
    // An execution of an earlier test failed, which only ListExecutions says.
    const verdict =
      operation === 'SFN.ListExecutions' ? 'Nothing that could be read needs you' : 'At least 1 thing needs you';
    expect(out).toMatch(new RegExp(`^${verdict}`));
    expect(out).toMatch(shown);
    expectReported(error, operation);
    expect(code).toBe(1);
    const status = resultsOf((await operator.run('status', '--json')).out).at(-1);
    expect(status).toMatchObject({ type: 'status' });
    expect(status?.['unread']).toBeGreaterThan(0);
  });

  it.each([
    ['SFN.GetExecutionHistory', { states: undefined, audit: expect.any(Array) }],
    ['CloudWatchLogs.FilterLogEvents', { states: expect.any(Array), audit: undefined }],
  ])('shows an execution without what %s would show', async (operation, shown) => {
    await refuse(operation);
    const { code, out, error } = await operator.run('status', 'execution-1', '--json');
    const [one] = resultsOf(out);
    expect(one).toMatchObject({ execution: expect.stringMatching(/:execution-1$/), outcome: 'converged' });
    expect({ states: one?.['states'], audit: one?.['audit'] }).toEqual(shown);
    expectReported(error, operation);
    expect(code).toBe(1);
    const words = await operator.run('status', 'execution-1');
    expect(words.out).toContain('converged');
  });

  it('does not say that there is no execution if AWS does not tell', async () => {
    await refuse('SFN.DescribeExecution');
    const { code, error } = await operator.run('status', 'execution-1');
    expectReported(error, 'DescribeExecution');
    expect(error).not.toMatch(/There is no execution/);
    expect(code).toBe(1);
  });
});

describe('usher seats', () => {
  it('counts everything but the assignments that AWS does not list', async () => {
    await refuse('SSOAdmin.ListApplicationAssignments', { applicationArn: APPLICATION });
    const { code, out, error } = await operator.run('seats', '--json');
    const [first, second] = resultsOf(out);
    expect(first).toMatchObject({ entitlement: ENTITLEMENT, seats: 10, failed: 0 });
    expect(first).not.toHaveProperty('unmanaged');
    expect(second).toMatchObject({ entitlement: 'kiro', seats: 1, unmanaged: 0 });
    expectReported(error, 'ListApplicationAssignments');
    expect(code).toBe(1);
    expect((await operator.run('seats')).out).toMatch(new RegExp(`^${ENTITLEMENT}\t10\t200\t0\t0\t0\t0\t\\?$`, 'm'));
  });

  it('counts no seats and no unmanaged assignments of an application that the ledger does not show', async () => {
    await refuse('DynamoDB.Query', { applicationArn: APPLICATION });
    const { code, out, error } = await operator.run('seats', '--json');
    const [first, second] = resultsOf(out);
    expect(first).toEqual({ type: 'entitlement', entitlement: ENTITLEMENT, application: APPLICATION, max: 200 });
    expect(second).toMatchObject({ entitlement: 'kiro', seats: 1, unmanaged: 0 });
    expectReported(error, 'Query');
    expect(code).toBe(1);
  });

  it('never says that there is no seat if the ledger cannot be read', async () => {
    await refuse('DynamoDB.Query');
    const { code, out, error } = await operator.run('seats', '--people', '--json');
    expect(new Set(linesOf(out).map(({ type }) => type))).toEqual(new Set(['unread', 'error']));
    expectReported(error, 'Query');
    expect(code).toBe(1);
  });

  it.each(['DynamoDB.GetItem', 'IdentityStore.DescribeUser'])('lists users all the same: %s', async (operation) => {
    await refuse(operation);
    const { code, out, error } = await operator.run('seats', '--people', '--names', '--json');
    expect(resultsOf(out)).toHaveLength(11);
    expectReported(error, operation);
    expect(code).toBe(1);
  });
});

describe('usher why', () => {
  it.each([
    ['IdentityStore.IsMemberInGroups', { status: 'enabled', groups: undefined }, false],
    ['IdentityStore.DescribeUser', { status: undefined, groups: [{ groupId: GROUP }] }, false],
    ['DynamoDB.GetItem', { status: 'enabled', groups: [{ groupId: GROUP }], checks: undefined }, true],
    ['CloudWatchLogs.FilterLogEvents', { status: 'enabled', groups: [{ groupId: GROUP }], events: undefined }, true],
    ['DynamoDB.Query', { status: 'enabled', groups: [{ groupId: GROUP }] }, false],
    ['SSOAdmin.DescribeApplicationAssignment', { status: 'enabled', groups: [{ groupId: GROUP }] }, false],
  ])('explains everything that does not depend on %s', async (operation, shown, isChecked) => {
    await refuse(operation);
    const { code, out, error } = await operator.run('why', user(2), '--json');
    const [one = {}] = resultsOf(out);
    for (const [key, value] of Object.entries(shown)) expect(one[key]).toEqual(value);
    const [entitlement] = one['entitlements'] as Record<string, unknown>[];
    expect(entitlement).toMatchObject({ entitlement: ENTITLEMENT, seat: { status: 'confirmed' } });
    expect(entitlement).toHaveProperty(
      'words.0',
      expect.stringContaining(isChecked ? 'has a seat' : 'a seat in the ledger (confirmed '),
    );
    expectReported(error, operation);
    expect(code).toBe(1);
    const words = await operator.run('why', user(2));
    expect(words.out).toContain(ENTITLEMENT);
    expect(words.code).toBe(1);
  });

  it('checks the other application', async () => {
    await refuse('SSOAdmin.DescribeApplicationAssignment', { applicationArn: OTHER_APPLICATION });
    const { code, out, error } = await operator.run('why', user(2), '--json');
    const entitlements = resultsOf(out)[0]?.['entitlements'] as Record<string, unknown>[];
    expect(entitlements).toEqual([
      expect.objectContaining({ entitlement: ENTITLEMENT, entitled: true, assigned: true }),
      expect.objectContaining({
        entitlement: 'kiro',
        words: expect.arrayContaining([expect.stringMatching(/^no seat in the ledger/)]),
      }),
    ]);
    expectReported(error, 'DescribeApplicationAssignment');
    expect(code).toBe(1);
  });

  it('finds a user by name in the list', async () => {
    await refuse('IdentityStore.GetUserId');
    const { code, out } = await operator.run('why', NAME, '--json');
    expect(resultsOf(out)[0]).toMatchObject({ userId: user(1) });
    expect(code).toBe(0);
  });
});

describe('usher backfill', () => {
  it('plans for the entitlements whose groups AWS lists', async () => {
    await refuse('IdentityStore.ListGroupMemberships', { groupId: GROUP });
    const { code, out, error } = await operator.run('backfill', '--dry-run', '--json');
    expect(resultsOf(out)).toEqual([expect.objectContaining({ type: 'plan', entitlement: 'kiro', entitled: 1 })]);
    expectReported(error, 'ListGroupMemberships');
    expect(code).toBe(1);
  });

  it.each(['SFN.ListExecutions', 'SSOAdmin.ListApplicationAssignments', 'DynamoDB.Query'])(
    'ends without a bug for %s',
    async (operation) => {
      await refuse(operation);
      const { code, error } = await operator.run('backfill', '--dry-run');
      expectReported(error, operation);
      expect(code).toBe(1);
    },
  );
});

describe('credentials that AWS refuses', () => {
  it.each(['UnrecognizedClientException', 'InvalidSignatureException', 'ExpiredTokenException'])(
    'are a missing precondition, and nothing else is read: %s',
    async (exception) => {
      for (const operation of ['DynamoDB.Query', 'DynamoDB.GetItem'])
        await operator.fault({ operation, kind: 'exception', exception, for: 'ever' });
      for (const args of [['seats'], ['held'], ['why', user(2)], ['backfill', '--dry-run']]) {
        const { code, out, error } = await operator.run(...args);
        expect(error).toMatch(/aws sso login/);
        expect(out).toBe('');
        expect(code).toBe(3);
      }
    },
  );
});

// The last of the file: from here on revocations are held.
describe('usher held', () => {
  beforeAll(async () => {
    const list = await operator.call('AWSIdentityStore.ListGroupMemberships', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
    });
    const memberships = list['GroupMemberships'] as { MembershipId: string; MemberId: { UserId: string } }[];
    for (const { MembershipId } of memberships.slice(0, 6)) {
      await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
    }
    await operator.run('start', '--all', '--wait');
    for (let tries = 0; tries < 50; tries += 1) {
      if ((await operator.run('held')).out.includes('held since')) return;
    }
  });

  it('shows who is held although AWS does not say why', async () => {
    await refuse('IdentityStore.IsMemberInGroups');
    const { code, out, error } = await operator.run('held', '--json');
    const [hold] = resultsOf(out);
    const users = hold?.['users'] as Record<string, unknown>[];
    expect(users.length).toBeGreaterThan(2);
    expect(users.filter((one) => 'reason' in one || 'entitled' in one)).toEqual([]);
    expectReported(error, 'IsMemberInGroups');
    expect(code).toBe(1);
  });

  it('does not say that nothing is held if the ledger does not tell', async () => {
    await refuse('DynamoDB.Query', { applicationArn: APPLICATION });
    const { code, out, error } = await operator.run('held');
    expect(out).not.toContain('Nothing is held');
    expectReported(error, 'Query');
    expect(code).toBe(1);
  });

  it('shows the hold of another application', async () => {
    await refuse('DynamoDB.GetItem', { applicationArn: OTHER_APPLICATION });
    const { code, out } = await operator.run('held');
    expect(out).toContain('held since');
    expect(code).toBe(1);
  });
});
