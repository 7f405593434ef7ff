import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ClientSettings } from '../../adapters/clients.ts';
import { connectEventBus } from '../../adapters/event-bus.ts';
import { connectOwnExecutions } from '../../adapters/executions.ts';
import { connectDirectory } from '../../adapters/identity-store.ts';
import { connectLedger } from '../../adapters/ledger.ts';
import { connectAuditLog, connectFunctionLog } from '../../adapters/operator/audit-log.ts';
import { readIdentity } from '../../adapters/operator/caller.ts';
import { connectDeployment } from '../../adapters/operator/deployment.ts';
import { connectExecutions } from '../../adapters/operator/executions.ts';
import { connectInstances } from '../../adapters/operator/instances.ts';
import { connectOrganizations } from '../../adapters/operator/organizations.ts';
import { connectPeople } from '../../adapters/operator/people.ts';
import { connectQueues } from '../../adapters/operator/queues.ts';
import { connectReplays } from '../../adapters/operator/replays.ts';
import { connectTables } from '../../adapters/operator/tables.ts';
import { connectTrails } from '../../adapters/operator/trails.ts';
import { connectApplications } from '../../adapters/sso-admin.ts';
import { amazonQBusinessSubscriptions } from '../../adapters/subscriptions/amazon-q-business.ts';
import { kiroSubscriptions } from '../../adapters/subscriptions/kiro.ts';
import { emptyQueue } from '../../domain/queue/work-queue.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { errorAnswer, SERVICES, ServiceError } from '../../emulator/aws/json-service.ts';
import { behindGateway } from '../support/account.ts';
import { aSeat } from '../support/builders.ts';
import { ADMIN, APPLICATION, GROUP, INSTANCE_ARN, REGION, STATE_MACHINE, STORE_ID, user } from '../support/ids.ts';

const NAME = 'jane.doe@example.com';
const ARCHIVE = 'arn:aws:events:us-east-1:111122223333:archive/usher';
const ARN = 'arn:aws:states:us-east-1:111122223333:stateMachine:usher';
const NOW = new Date('2026-01-01T00:00:00Z');
const pacer = { pace: async () => undefined };

/** Settings of clients that every service answers with this exception. */
function answering(exception: string, { statusCode = 400, ...fields }: { statusCode?: number; Reason?: string } = {}) {
  const error = new ServiceError(exception, `${NAME} may not do this`, { statusCode, fields });
  const services = SERVICES.map((name) => [name, { handle: async () => errorAnswer(name, error) }] as const);
  return behindGateway(Object.fromEntries(services)).aws;
}

async function drain(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const _page of pages);
}

const keys = [{ applicationArn: APPLICATION, userId: user(1) }];
const event = { uid: 'u', detailType: 'Seat Assigned', time: NOW.toISOString(), resources: [], detail: {} } as const;

type Call = readonly [operation: string, call: (settings: ClientSettings) => Promise<unknown>];

/** Every call of AWS that the functions make. */
const OF_FUNCTIONS: readonly Call[] = [
  ['IsMemberInGroups', (aws) => connectDirectory(aws, STORE_ID, pacer).groupsOf(user(1), [GROUP])],
  ['ListGroupMemberships', (aws) => drain(connectDirectory(aws, STORE_ID, pacer).membersOf(GROUP))],
  ['DescribeUser', (aws) => connectDirectory(aws, STORE_ID, pacer).statusOf(user(1))],
  ['ListUsers', (aws) => drain(connectDirectory(aws, STORE_ID, pacer).users())],
  ['GetUserId', (aws) => connectDirectory(aws, STORE_ID, pacer).findUser({ userName: NAME })],
  ['GetApplicationAssignmentConfiguration', (aws) => connectApplications(aws, pacer).requiresAssignment(APPLICATION)],
  ['ListApplicationAssignments', (aws) => drain(connectApplications(aws, pacer).assigneesOf(APPLICATION))],
  ['DescribeApplicationAssignment', (aws) => connectApplications(aws, pacer).isAssigned(APPLICATION, user(1))],
  ['CreateApplicationAssignment', (aws) => connectApplications(aws, pacer).assign(APPLICATION, user(1))],
  ['DeleteApplicationAssignment', (aws) => connectApplications(aws, pacer).unassign(APPLICATION, user(1))],
  ['DescribeExecution', (aws) => connectOwnExecutions(aws, STATE_MACHINE).describe(ADMIN)],
  ['GetItem', (aws) => connectLedger(aws, 'ledger').queue()],
  ['GetItem', (aws) => connectLedger(aws, 'ledger').hold(APPLICATION)],
  ['PutItem', (aws) => connectLedger(aws, 'ledger').saveQueue(emptyQueue())],
  ['PutItem', (aws) => connectLedger(aws, 'ledger').saveSeat(aSeat(1))],
  ['BatchGetItem', (aws) => connectLedger(aws, 'ledger').seats(keys)],
  ['BatchGetItem', (aws) => connectLedger(aws, 'ledger').observations(keys)],
  ['Query', (aws) => connectLedger(aws, 'ledger').holdings(APPLICATION)],
  ['Query', (aws) => connectLedger(aws, 'ledger').itemsOf(APPLICATION)],
  ['Query', (aws) => connectLedger(aws, 'ledger').needAttention(NOW, () => true)],
  ['PutEvents', (aws) => connectEventBus(aws, 'audit').publish([event])],
];

/** Every call of AWS that only the operator's command makes. */
const OF_OPERATORS: readonly Call[] = [
  ['DescribeUser', (aws) => connectPeople(aws, STORE_ID, pacer).person(user(1))],
  ['ListUsers', (aws) => drain(connectPeople(aws, STORE_ID, pacer).users())],
  ['DescribeGroup', (aws) => connectPeople(aws, STORE_ID, pacer).group(GROUP)],
  ['GetGroupId', (aws) => connectPeople(aws, STORE_ID, pacer).findGroup(NAME)],
  ['ListGroups', (aws) => drain(connectPeople(aws, STORE_ID, pacer).groups())],
  ['ListInstances', (aws) => connectInstances(aws, pacer).instances()],
  ['DescribeInstance', (aws) => connectInstances(aws, pacer).keyType(INSTANCE_ARN)],
  ['ListApplications', (aws) => drain(connectInstances(aws, pacer).applications(INSTANCE_ARN))],
  ['DescribeApplication', (aws) => connectInstances(aws, pacer).application(APPLICATION)],
  ['StartExecution', (aws) => connectExecutions(aws).start(ARN, {}, 'one')],
  ['DescribeExecution', (aws) => connectExecutions(aws).describe(ARN)],
  ['ListExecutions', (aws) => drain(connectExecutions(aws).list(ARN))],
  ['GetExecutionHistory', (aws) => drain(connectExecutions(aws).history(ARN))],
  ['RedriveExecution', (aws) => connectExecutions(aws).redrive(ARN)],
  ['FilterLogEvents', (aws) => drain(connectAuditLog(aws, 'log').events({}))],
  ['FilterLogEvents', (aws) => connectFunctionLog(aws, 'log').hasEventOf('111122223333', NOW)],
  ['DescribeRule', (aws) => connectDeployment(aws).rule('rule')],
  ['GetSchedule', (aws) => connectDeployment(aws).schedule('schedule', 'group')],
  ['DescribeTable', (aws) => connectTables(aws).describe('ledger')],
  ['DescribeEventBus', (aws) => connectDeployment(aws).bus('audit')],
  ['DescribeArchive', (aws) => connectDeployment(aws).archive('archive')],
  ['DescribeTrails', (aws) => connectTrails(aws).trails()],
  ['GetQueueUrl', (aws) => connectQueues(aws).size('queue')],
  ['GetQueueUrl', (aws) => connectQueues(aws).receiveAll('queue', 30)],
  ['DescribeReplay', (aws) => connectReplays(aws).state('replay')],
  [
    'StartReplay',
    (aws) => connectReplays(aws).start({ name: 'a', archiveArn: ARCHIVE, busArn: ARN, from: NOW, to: NOW }),
  ],
  ['GetCallerIdentity', (aws) => readIdentity(aws)],
  ['DescribeOrganization', (aws) => connectOrganizations(aws).organization()],
];

const kiro = (aws: ClientSettings) => kiroSubscriptions(aws, { instanceArn: INSTANCE_ARN, region: REGION }, pacer);
const PLAN = 'Q_DEVELOPER_STANDALONE_PRO';

/** Every call of AWS on subscriptions; amazon-q-business.test.ts has those that need an application. */
const ON_SUBSCRIPTIONS: readonly Call[] = [
  ['ListUserSubscriptions', (aws) => drain(kiro(aws).subscriptions())],
  ['ListApplicationClaims', (aws) => drain(kiro(aws).claimants(APPLICATION))],
  ['CreateAssignment', (aws) => kiro(aws).subscribe(user(1), PLAN)],
  ['UpdateAssignment', (aws) => kiro(aws).changePlan({ userId: user(1) }, PLAN)],
  ['DeleteAssignment', (aws) => kiro(aws).cancel({ userId: user(1) })],
  ['ListApplications', (aws) => drain(amazonQBusinessSubscriptions(aws, APPLICATION, pacer).subscriptions())],
];

async function failureOf(call: Call[1], settings: ClientSettings): Promise<unknown> {
  return call(settings).then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

describe.each([
  ['of the functions', OF_FUNCTIONS],
  ['of the operator', OF_OPERATORS],
  ['on subscriptions', ON_SUBSCRIPTIONS],
])('an exception without a row, in the calls %s', (_whose, calls) => {
  it.each(calls)('%s is a refusal with its name', async (operation, call) => {
    const failure = await failureOf(call, answering('UnknownOperationException'));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({
      reason: 'UnknownOperationException',
      message: expect.stringMatching(new RegExp(`^${operation}: UnknownOperationException\\b`)),
    });
  });

  it.each(calls)('%s is a refusal with its name, whatever its Reason is', async (operation, call) => {
    const failure = await failureOf(call, answering('SomethingNewException', { statusCode: 409, Reason: 'KMS_NEW' }));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({ reason: 'SomethingNewException' });
    expect(failure).toHaveProperty('message', expect.stringContaining(`${operation}: `));
  });

  it.each(calls)('%s is a refusal without its name, if that is no name', async (_operation, call) => {
    const failure = await failureOf(call, answering(`Denied to ${NAME}`));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'unknown-exception' });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('jane');
  });

  it.each(calls)('%s is transient with a status of 500 and more', async (_operation, call) => {
    expect(await failureOf(call, answering('SomethingNewException', { statusCode: 503 }))).toBeInstanceOf(
      TransientAwsError,
    );
  });
});

describe('the calls of the functions', () => {
  it('are all in this table', () => {
    const folder = new URL('../../adapters/', import.meta.url);
    const sources = readdirSync(folder).filter((file) => file.endsWith('.ts'));
    const sent = sources.flatMap((file) => [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(/new (\w+)Command\(/g),
    ]);
    const called = new Set(sent.map(([, name]) => name));
    // An operation that the store does not offer has other answers instead: identity-store.test.ts has their exceptions.
    for (const operation of ['GetGroupMembershipId', 'ListGroupMembershipsForMember']) {
      expect(called.delete(operation)).toBe(true);
    }
    expect(new Set(OF_FUNCTIONS.map(([operation]) => operation))).toEqual(called);
  });
});

describe('an error of the program', () => {
  it.each([...OF_FUNCTIONS, ...OF_OPERATORS, ...ON_SUBSCRIPTIONS])(
    'of %s stays what it is',
    async (_operation, call) => {
      const bug = new TypeError('x is not a function');
      const requestHandler = {
        handle: async () => {
          throw bug;
        },
      };
      const failure = await failureOf(call, { ...answering('Any'), requestHandler: requestHandler as never });
      expect(failure).toBe(bug);
    },
  );
});
