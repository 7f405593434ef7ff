import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeUserCommand,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
} from '@aws-sdk/client-identitystore';
import { CreateApplicationAssignmentCommand, SSOAdminClient } from '@aws-sdk/client-sso-admin';
import { describe, expect, it } from 'vitest';
import { type BusEntry, eventBus } from '../../../emulator/aws/eventbridge/event-bus.ts';
import { type FaultRule, FaultRuleSchema } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import { INVOCATION_HEADER } from '../../../emulator/aws/gateway.ts';
import { identityStore } from '../../../emulator/aws/identity-store/identity-store.ts';
import { jsonService } from '../../../emulator/aws/json-service.ts';
import { ssoAdmin } from '../../../emulator/aws/sso-admin/sso-admin.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, STORE_ID, user } from '../../support/ids.ts';

const ANNA = user(1);
const BEN = user(2);
const CREATE = 'SSOAdmin.CreateApplicationAssignment';

function anEmulator(...rules: FaultRule[]) {
  const seed = {
    identityStoreId: STORE_ID,
    users: [
      { userId: ANNA, userName: 'anna' },
      { userId: BEN, userName: 'ben' },
    ],
    groups: [{ groupId: GROUP }],
    applications: [{ applicationArn: APPLICATION }],
  };
  const { center: world, clock } = anIdentityCenter(seed);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const taken: BusEntry[] = [];
  const terminations: [string, string][] = [];
  const { gateway, aws: config } = behindGateway(
    {
      SSOAdmin: ssoAdmin(world, clock),
      IdentityStore: identityStore(world, clock),
      EventBridge: eventBus({ buses: ['default'], clock, onEntry: (entry) => taken.push(entry) }),
      DynamoDB: jsonService('DynamoDB', new Map([['GetItem', () => ({})]])),
    },
    { faults, onCrash: (...termination) => terminations.push(termination) },
  );
  const sso = new SSOAdminClient(config);
  /** Assigns these users one after another. @returns `ok` or the name of the error, for each */
  const assign = async (...userIds: string[]) => {
    const outcomes: string[] = [];
    for (const PrincipalId of userIds) {
      const input = { ApplicationArn: APPLICATION, PrincipalId, PrincipalType: 'USER' as const };
      const sent = sso.send(new CreateApplicationAssignmentCommand(input));
      outcomes.push(
        await sent.then(
          () => 'ok',
          (error: Error) => error.name,
        ),
      );
    }
    return outcomes;
  };
  const assigned = () => world.assignments().map(({ principalId }) => principalId);
  return { config, sso, assign, assigned, faults, taken, terminations, calls: gateway.calls, pass: clock.sleep };
}

describe('a fault of an assignment', () => {
  it.each<[FaultRule['kind'], string, string[]]>([
    ['throttle', 'ThrottlingException', []],
    ['conflict', 'ConflictException', []],
    ['internal', 'InternalServerException', []],
    ['internal-after', 'InternalServerException', [ANNA]],
    ['lost', 'ok', []],
    ['not-found', 'ResourceNotFoundException', []],
    ['refuse', 'AccessDeniedException', []],
    ['quota', 'ServiceQuotaExceededException', []],
    ['crash-before', 'InternalServerException', []],
    ['crash-after', 'InternalServerException', [ANNA]],
    ['timeout-before', 'InternalServerException', []],
    ['timeout-after', 'InternalServerException', [ANNA]],
  ])('%s answers %s once, and the next request succeeds', async (kind, answer, effect) => {
    const { assign, assigned, calls } = anEmulator({ operation: CREATE, kind });
    expect(await assign(ANNA)).toEqual([answer]);
    expect(assigned()).toEqual(effect);
    expect(await assign(ANNA)).toEqual(['ok']);
    expect(assigned()).toEqual([ANNA]);
    expect(calls.get(CREATE)).toBe(2);
  });

  it('has its reason in the answer', async () => {
    const { sso } = anEmulator({ operation: CREATE, kind: 'refuse', reason: 'KMS_AccessDeniedException' });
    const input = { ApplicationArn: APPLICATION, PrincipalId: ANNA, PrincipalType: 'USER' as const };
    await expect(sso.send(new CreateApplicationAssignmentCommand(input))).rejects.toMatchObject({
      Reason: 'KMS_AccessDeniedException',
    });
  });
});

describe('fault rules', () => {
  it('apply `times` times, after `skip` requests that pass', async () => {
    const { assign } = anEmulator({ operation: CREATE, kind: 'throttle', skip: 1, times: 2 });
    const outcomes = await assign(ANNA, ANNA, ANNA, ANNA);
    expect(outcomes).toEqual(['ok', 'ThrottlingException', 'ThrottlingException', 'ok']);
  });

  it('apply in their order, one per request', async () => {
    const { assign } = anEmulator({ operation: CREATE, kind: 'throttle' }, { operation: CREATE, kind: 'conflict' });
    expect(await assign(ANNA, ANNA, ANNA)).toEqual(['ThrottlingException', 'ConflictException', 'ok']);
  });

  it('apply only to requests that name their principal', async () => {
    const { assign } = anEmulator({ operation: CREATE, kind: 'throttle', principalId: BEN });
    expect(await assign(ANNA, BEN)).toEqual(['ok', 'ThrottlingException']);
  });

  it('apply only to their operation', async () => {
    const { assign } = anEmulator({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'throttle' });
    expect(await assign(ANNA)).toEqual(['ok']);
  });

  it('apply to every request for as long as they last', async () => {
    const { assign, pass } = anEmulator({ operation: CREATE, kind: 'conflict', for: '1h30m' });
    expect(await assign(ANNA, ANNA, ANNA)).toEqual(['ConflictException', 'ConflictException', 'ConflictException']);
    await pass(90 * 60 - 1);
    expect(await assign(ANNA)).toEqual(['ConflictException']);
    await pass(1);
    expect(await assign(ANNA)).toEqual(['ok']);
  });

  it('apply for good with `for: ever`', async () => {
    const { assign, pass } = anEmulator({ operation: CREATE, kind: 'conflict', for: 'ever' });
    await pass(365 * 24 * 3600);
    expect(await assign(ANNA, ANNA)).toEqual(['ConflictException', 'ConflictException']);
  });

  it('end with the number of requests or with the time, whichever comes first', async () => {
    const { assign, pass } = anEmulator(
      { operation: CREATE, kind: 'conflict', for: '1h', times: 1 },
      { operation: CREATE, kind: 'throttle', for: '1h', times: 2 },
    );
    expect(await assign(ANNA, ANNA)).toEqual(['ConflictException', 'ThrottlingException']);
    await pass(3600);
    expect(await assign(ANNA)).toEqual(['ok']);
  });

  it('apply only to requests that name their application', async () => {
    const { assign } = anEmulator({
      operation: CREATE,
      kind: 'throttle',
      applicationArn: OTHER_APPLICATION,
      for: 'ever',
    });
    expect(await assign(ANNA)).toEqual(['ok']);
    const other = anEmulator({ operation: CREATE, kind: 'throttle', applicationArn: APPLICATION, for: 'ever' });
    expect(await other.assign(ANNA)).toEqual(['ThrottlingException']);
  });

  it('apply only to requests that name everything of the rule', async () => {
    const { config } = anEmulator({
      operation: 'IdentityStore.IsMemberInGroups',
      kind: 'refuse',
      groupId: GROUP,
      principalId: BEN,
      for: 'ever',
    });
    const client = new IdentitystoreClient(config);
    const ask = (UserId: string) =>
      client.send(new IsMemberInGroupsCommand({ IdentityStoreId: STORE_ID, MemberId: { UserId }, GroupIds: [GROUP] }));
    await expect(ask(ANNA)).resolves.toHaveProperty('Results');
    await expect(ask(BEN)).rejects.toHaveProperty('name', 'AccessDeniedException');
  });

  it('do not apply after they were cleared', async () => {
    const { assign, faults } = anEmulator({ operation: CREATE, kind: 'throttle' });
    faults.clear();
    expect(await assign(ANNA)).toEqual(['ok']);
  });

  it.each<[string, FaultRule | object, string]>([
    [
      'an operation that the emulator does not have',
      { operation: 'SSOAdmin.CreateAssignment', kind: 'throttle' },
      'operation',
    ],
    ['an unknown kind', { operation: CREATE, kind: 'slow' }, 'kind'],
    ['partial with another operation than PutEvents', { operation: CREATE, kind: 'partial' }, 'kind'],
    ['0 times', { operation: CREATE, kind: 'throttle', times: 0 }, 'times'],
    [
      'a reason for a service without reasons',
      { operation: 'DynamoDB.GetItem', kind: 'refuse', reason: 'KMS_X' },
      'reason',
    ],
    ['a reason for a crash', { operation: CREATE, kind: 'crash-after', reason: 'KMS_X' }, 'reason'],
    ['a reason that is not of KMS', { operation: CREATE, kind: 'refuse', reason: 'OTHER' }, 'reason'],
    ['an exception without its name', { operation: CREATE, kind: 'exception' }, 'exception'],
    ['the name of an exception with another kind', { operation: CREATE, kind: 'refuse', exception: 'X' }, 'exception'],
    ['a name that a header cannot have', { operation: CREATE, kind: 'exception', exception: 'X\r\nY: 1' }, 'exception'],
    ['a duration that is none', { operation: CREATE, kind: 'throttle', for: 'long' }, 'for'],
    ['a time of day', { operation: CREATE, kind: 'throttle', for: '10:00' }, 'for'],
    ['a group that is none', { operation: CREATE, kind: 'throttle', groupId: 'staff' }, 'groupId'],
    ['an application that is none', { operation: CREATE, kind: 'throttle', applicationArn: 'app' }, 'applicationArn'],
    ['a function with a call of AWS', { operation: CREATE, kind: 'throttle', function: 'planChanges' }, 'function'],
    ['an unknown function', { operation: 'Lambda.Invoke', kind: 'throttle', function: 'plan' }, 'function'],
    ['another call of Lambda', { operation: 'Lambda.GetFunction', kind: 'throttle' }, 'operation'],
    ['a crash of an invocation', { operation: 'Lambda.Invoke', kind: 'crash-before' }, 'kind'],
    ['an unknown field', { operation: CREATE, kind: 'throttle', count: 1 }, ''],
  ])('cannot have %s', (_fact, rule, path) => {
    const { error } = FaultRuleSchema.safeParse(rule);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('are refused if they could never apply', () => {
    expect(() => anEmulator().faults.add({ operation: 'SSOAdmin.X', kind: 'throttle' })).toThrow();
  });
});

describe('the early end of a function', () => {
  it.each<[FaultRule['kind'], string]>([
    ['crash-before', 'crash'],
    ['timeout-after', 'timeout'],
  ])('is reported once, with the invocation: %s', async (kind, termination) => {
    const { sso, terminations, assign } = anEmulator({ operation: CREATE, kind });
    sso.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { [INVOCATION_HEADER]: 'invocation-1' });
        return next(args);
      },
      { step: 'build' },
    );
    await assign(ANNA, ANNA);
    expect(terminations).toEqual([['invocation-1', termination]]);
  });

  it('is not reported for a caller that is not a function', async () => {
    const { terminations, assign } = anEmulator({ operation: CREATE, kind: 'crash-before' });
    await assign(ANNA);
    expect(terminations).toEqual([]);
  });
});

describe('an exception of any name', () => {
  it.each(['UnknownOperationException', 'BrandNewException', 'jane doe <jane@example.com>'])(
    'has that name, and no effect: %s',
    async (exception) => {
      const { assign, assigned } = anEmulator({ operation: CREATE, kind: 'exception', exception });
      expect(await assign(ANNA)).toEqual([exception]);
      expect(assigned()).toEqual([]);
      expect(await assign(ANNA)).toEqual(['ok']);
    },
  );

  it('has its reason in the answer, whatever that is', async () => {
    const { sso } = anEmulator({ operation: CREATE, kind: 'exception', exception: 'NewException', reason: 'NEW' });
    const input = { ApplicationArn: APPLICATION, PrincipalId: ANNA, PrincipalType: 'USER' as const };
    await expect(sso.send(new CreateApplicationAssignmentCommand(input))).rejects.toMatchObject({
      name: 'NewException',
      Reason: 'NEW',
      $metadata: { httpStatusCode: 400 },
    });
  });
});

describe('a fault of an invocation', () => {
  it.each<[Pick<FaultRule, 'kind' | 'exception'>, string]>([
    [{ kind: 'throttle' }, 'Lambda.TooManyRequestsException'],
    [{ kind: 'internal' }, 'Lambda.ServiceException'],
    [{ kind: 'exception', exception: 'AWSLambdaException' }, 'Lambda.AWSLambdaException'],
  ])('%j is the error %s of Lambda', (rule, error) => {
    const { faults } = anEmulator({ operation: 'Lambda.Invoke', ...rule });
    expect(faults.invocationError('planChanges', '{}')).toBe(error);
    expect(faults.invocationError('planChanges', '{}')).toBeUndefined();
  });

  it('can concern one function, and one user', () => {
    const { faults } = anEmulator(
      { operation: 'Lambda.Invoke', kind: 'throttle', function: 'applyChanges', for: 'ever' },
      { operation: 'Lambda.Invoke', kind: 'internal', principalId: BEN, for: 'ever' },
    );
    const payloads = ['{}', JSON.stringify({ userId: BEN })];
    const errors = ['applyChanges', 'planChanges'].map((name) =>
      payloads.map((payload) => faults.invocationError(name, payload)),
    );
    expect(errors).toEqual([
      ['Lambda.TooManyRequestsException', 'Lambda.TooManyRequestsException'],
      [undefined, 'Lambda.ServiceException'],
    ]);
  });
});

describe('error names', () => {
  it('are those of the Identity Store API reference', async () => {
    const { config } = anEmulator(
      { operation: 'IdentityStore.DescribeUser', kind: 'throttle' },
      { operation: 'IdentityStore.DescribeUser', kind: 'not-found' },
      { operation: 'IdentityStore.DescribeUser', kind: 'refuse', reason: 'KMS_ACCESS_DENIED' },
      { operation: 'IdentityStore.ListGroupMemberships', kind: 'not-found' },
    );
    const client = new IdentitystoreClient(config);
    const describeUser = () => client.send(new DescribeUserCommand({ IdentityStoreId: STORE_ID, UserId: ANNA }));
    await expect(describeUser()).rejects.toMatchObject({ name: 'ThrottlingException', RetryAfterSeconds: 1 });
    await expect(describeUser()).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'USER' });
    await expect(describeUser()).rejects.toMatchObject({ name: 'AccessDeniedException', Reason: 'KMS_ACCESS_DENIED' });
    const list = client.send(new ListGroupMembershipsCommand({ IdentityStoreId: STORE_ID, GroupId: GROUP }));
    await expect(list).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'GROUP' });
  });

  it.each<[FaultRule['kind'], string, number]>([
    ['throttle', 'ThrottlingException', 400],
    ['conflict', 'TransactionConflictException', 400],
    ['internal', 'InternalServerError', 500],
    ['not-found', 'ResourceNotFoundException', 400],
    ['refuse', 'AccessDeniedException', 400],
    ['quota', 'RequestLimitExceeded', 400],
  ])('are those of DynamoDB for %s', async (kind, name, httpStatusCode) => {
    const { config } = anEmulator({ operation: 'DynamoDB.GetItem', kind });
    const answer = new DynamoDBClient(config).send(
      new GetItemCommand({ TableName: 'ledger', Key: { id: { S: 'a' } } }),
    );
    await expect(answer).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  });
});

describe('a partial failure of PutEvents', () => {
  const put = async (config: ConstructorParameters<typeof EventBridgeClient>[0] & object, entries: object[]) => {
    const Entries = entries.map((entry) => ({ Source: 'usher', DetailType: 'A', Detail: '{}', ...entry }));
    const answer = await new EventBridgeClient(config).send(new PutEventsCommand({ Entries }));
    return [answer.FailedEntryCount, answer.Entries?.map(({ ErrorCode }) => ErrorCode)];
  };
  const rule: FaultRule = { operation: 'EventBridge.PutEvents', kind: 'partial' };

  it('fails only the first entry', async () => {
    const { config, taken } = anEmulator(rule);
    const entries = [{ DetailType: 'A' }, { DetailType: 'B' }, { DetailType: 'C' }];
    expect(await put(config, entries)).toEqual([1, ['InternalFailure', undefined, undefined]]);
    expect(taken.map(({ DetailType }) => DetailType)).toEqual(['B', 'C']);
  });

  it('fails the only entry', async () => {
    const { config, taken } = anEmulator(rule);
    expect(await put(config, [{}])).toEqual([1, ['InternalFailure']]);
    expect(taken).toEqual([]);
  });

  it('counts entries that fail for another reason, too', async () => {
    const { config } = anEmulator(rule);
    expect(await put(config, [{}, { Detail: '{' }, {}])).toEqual([
      2,
      ['InternalFailure', 'MalformedDetail', undefined],
    ]);
  });

  it('leaves an invalid call to the service, which refuses it', async () => {
    const { config } = anEmulator(rule);
    await expect(put(config, Array(12).fill({}))).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
