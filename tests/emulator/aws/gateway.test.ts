import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { json } from 'node:stream/consumers';
import { DescribeUserCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { CreateApplicationAssignmentCommand, SSOAdminClient } from '@aws-sdk/client-sso-admin';
import { afterEach, describe, expect, it } from 'vitest';
import { accountServices } from '../../../emulator/aws/account/account.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import { Gateway, INVOCATION_HEADER } from '../../../emulator/aws/gateway.ts';
import { identityStore } from '../../../emulator/aws/identity-store/identity-store.ts';
import { jsonAnswer, type Service } from '../../../emulator/aws/json-service.ts';
import { ssoAdmin } from '../../../emulator/aws/sso-admin/sso-admin.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { APPLICATION, REGION, STORE_ID, user } from '../../support/ids.ts';

const ANNA = user(1);
const DESCRIBE_USER = 'AWSIdentityStore.DescribeUser';

/** What a service that is not there would take. */
const START = '{"stateMachineArn":"a"}';

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

function aGateway({ rules = [], sfn }: { rules?: FaultRule[]; sfn?: Service } = {}) {
  const seed = {
    identityStoreId: STORE_ID,
    users: [{ userId: ANNA, userName: 'anna' }],
    groups: [],
    applications: [{ applicationArn: APPLICATION }],
  };
  const { center: world, clock } = anIdentityCenter(seed);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const terminations: string[][] = [];
  const gateway = new Gateway({
    services: {
      SSOAdmin: ssoAdmin(world, clock),
      IdentityStore: identityStore(world, clock),
      ...(sfn && { SFN: sfn }),
    },
    faults,
    onCrash: (...termination) => terminations.push(termination),
  });
  return { gateway, world, terminations };
}

async function listening(gateway: Gateway): Promise<string> {
  const server = await gateway.listen();
  open.push(server);
  return server.endpoint;
}

async function post(endpoint: string, target: string | undefined, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { ...(target !== undefined && { 'x-amz-target': target }), ...JSON_TYPE, ...headers },
    body,
  });
  const content = (await response.json()) as { __type?: string };
  return { status: response.status, type: content.__type, headers: response.headers };
}

const CONFIG = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
  maxAttempts: 1,
};

describe('the gateway', () => {
  it.each(['http', 'in process'])('answers the SDK in the same way: %s', async (transport) => {
    const { gateway, world } = aGateway();
    const access =
      transport === 'http' ? { endpoint: await listening(gateway) } : { requestHandler: gateway.requestHandler() };
    const sso = new SSOAdminClient({ ...CONFIG, ...access });
    const store = new IdentitystoreClient({ ...CONFIG, ...access });
    const assignment = { ApplicationArn: APPLICATION, PrincipalId: ANNA, PrincipalType: 'USER' as const };
    const created = await sso.send(new CreateApplicationAssignmentCommand(assignment));
    const described = await store.send(new DescribeUserCommand({ IdentityStoreId: STORE_ID, UserId: ANNA }));
    const unknown = store.send(new DescribeUserCommand({ IdentityStoreId: 'd-0000000000', UserId: ANNA }));
    await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'IDENTITY_STORE' });
    expect(created.$metadata).toMatchObject({ httpStatusCode: 200, requestId: '1' });
    expect(described.UserName).toBe('anna');
    expect(world.isAssigned({ applicationArn: APPLICATION, principalId: ANNA, principalType: 'USER' })).toBe(true);
    expect(Object.fromEntries(gateway.calls)).toEqual({
      'SSOAdmin.CreateApplicationAssignment': 1,
      'IdentityStore.DescribeUser': 2,
    });
    sso.destroy();
    store.destroy();
  });
});

describe('the HTTP gateway', () => {
  it('listens on the loopback interface only', async () => {
    expect(await listening(aGateway().gateway)).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('does not listen after it was closed', async () => {
    const server = await aGateway().gateway.listen();
    await server.close();
    await expect(fetch(server.endpoint)).rejects.toThrow();
  });

  it.each([
    ['no target', undefined, '{}', 400, 'UnknownOperationException'],
    ['an unknown target', 'AWSOrganizations.ListAccounts', '{}', 400, 'UnknownOperationException'],
    ['a service that the gateway does not have', 'AWSEvents.PutEvents', '{}', 400, 'UnknownOperationException'],
    ['an unknown operation', 'AWSIdentityStore.CreateGroup', '{}', 400, 'UnknownOperationException'],
    ['an operation of the prototype', 'AWSIdentityStore.constructor', '{}', 400, 'UnknownOperationException'],
    ['no body', DESCRIBE_USER, '', 400, 'SerializationException'],
    ['a body that is not JSON', DESCRIBE_USER, '{"IdentityStoreId":', 400, 'SerializationException'],
    ['a body that is not an object', DESCRIBE_USER, '[]', 400, 'SerializationException'],
    ['a body nested deeply', DESCRIBE_USER, '['.repeat(100_000), 400, 'SerializationException'],
    ['keys of the prototype', DESCRIBE_USER, '{"__proto__":{"UserId":"x"}}', 400, 'ValidationException'],
    ['a body of more than 1 MiB', DESCRIBE_USER, ' '.repeat(1024 * 1024 + 1), 413, 'RequestEntityTooLargeException'],
    ['a body of 1 MiB', DESCRIBE_USER, ' '.repeat(1024 * 1024), 400, 'SerializationException'],
  ])('refuses %s', async (_fact, target, body, status, type) => {
    const endpoint = await listening(aGateway().gateway);
    expect(await post(endpoint, target, body)).toMatchObject({ status, type });
    expect(await post(endpoint, DESCRIBE_USER, '{}')).toMatchObject({ status: 400, type: 'ValidationException' });
  });

  it('counts refused requests of its services', async () => {
    const { gateway } = aGateway();
    const endpoint = await listening(gateway);
    await post(endpoint, DESCRIBE_USER, ' '.repeat(1024 * 1024 + 1));
    await post(endpoint, DESCRIBE_USER, '{}');
    await post(endpoint, 'AWSOrganizations.ListAccounts', '{}');
    expect([...gateway.calls]).toEqual([['IdentityStore.DescribeUser', 2]]);
  });

  it('survives a client that closes its connection in the middle of a request', async () => {
    const { gateway } = aGateway();
    const endpoint = await listening(gateway);
    await new Promise((resolve) => {
      const request = httpRequest(endpoint, {
        method: 'POST',
        headers: { 'content-length': '1000', ...JSON_TYPE },
      });
      request.on('error', resolve);
      request.write('{', () => request.destroy(new Error('gone')));
    });
    expect(await post(endpoint, DESCRIBE_USER, '{}')).toMatchObject({ status: 400 });
    expect(gateway.calls.get('IdentityStore.DescribeUser')).toBe(1);
  });

  it('reports the end of a function', async () => {
    const { gateway, terminations } = aGateway({
      rules: [{ operation: 'IdentityStore.DescribeUser', kind: 'timeout-before' }],
    });
    const body = JSON.stringify({ IdentityStoreId: STORE_ID, UserId: ANNA });
    const answer = await post(await listening(gateway), DESCRIBE_USER, body, { [INVOCATION_HEADER]: 'i-1' });
    expect(answer).toMatchObject({ status: 500, type: 'InternalServerException' });
    expect(terminations).toEqual([['i-1', 'timeout']]);
  });

  it('returns the answer of a service unchanged', async () => {
    const seen: string[] = [];
    const sfn: Service = {
      handle: (operation, body) => {
        seen.push(operation, Buffer.from(body).toString());
        return Promise.resolve({ ...jsonAnswer('SFN', 200, {}), body: Buffer.from('{"executionArn":"ü"}') });
      },
    };
    const endpoint = await listening(aGateway({ sfn }).gateway);
    const headers = { 'x-amz-target': 'AWSStepFunctions.StartExecution', ...JSON_TYPE };
    const response = await fetch(endpoint, { method: 'POST', headers, body: START });
    expect(seen).toEqual(['StartExecution', START]);
    expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.0');
    expect(await response.json()).toEqual({ executionArn: 'ü' });
  });
});

describe('the HTTP gateway, asked by web pages', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

  /** Sends a request as it is: `fetch` chooses the host itself. */
  function send(endpoint: string, headers: OutgoingHttpHeaders, { method = 'POST', path = '/' } = {}) {
    const { port } = new URL(endpoint);
    return new Promise<{ status: number | undefined; type: unknown }>((resolve, reject) => {
      const request = httpRequest({ port, host: '127.0.0.1', method, path, headers }, async (response) => {
        const { __type } = (await json(response)) as { __type?: string };
        resolve({ status: response.statusCode, type: __type });
      });
      request.on('error', reject);
      request.end(method === 'POST' ? '{}' : undefined);
    });
  }

  it.each<[string, OutgoingHttpHeaders, number, string]>([
    ['another host', { host: 'page.example:80' }, 421, 'MisdirectedRequestException'],
    ['another origin', { origin: 'http://page.example' }, 403, 'AccessDeniedException'],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }, 403, 'AccessDeniedException'],
    ['text', { 'content-type': 'text/plain' }, 415, 'UnsupportedMediaTypeException'],
    ['a form', FORM, 415, 'UnsupportedMediaTypeException'],
  ])('refuses %s, and neither answers nor counts the call', async (_fact, headers, status, type) => {
    const { gateway } = aGateway();
    const endpoint = await listening(gateway);
    const answer = await send(endpoint, { 'x-amz-target': DESCRIBE_USER, ...JSON_TYPE, ...headers });
    expect(answer).toEqual({ status, type });
    expect([...gateway.calls]).toEqual([]);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]'])('answers at %s', async (host) => {
    const endpoint = await listening(aGateway().gateway);
    const headers = { host: `${host}:${new URL(endpoint).port}`, 'x-amz-target': DESCRIBE_USER, ...JSON_TYPE };
    expect(await send(endpoint, headers)).toEqual({ status: 400, type: 'ValidationException' });
  });

  it('takes a form for a call of STS, and for nothing else', async () => {
    const { gateway } = behindGateway(accountServices(REGION));
    const endpoint = await listening(gateway);
    const body = new URLSearchParams({ Action: 'GetCallerIdentity' });
    expect((await fetch(endpoint, { method: 'POST', body })).status).toBe(200);
    expect((await fetch(`${endpoint}/faults`, { method: 'POST', body })).status).toBe(415);
    const target = { 'x-amz-target': 'AWSOrganizationsV20161128.DescribeOrganization' };
    expect((await fetch(endpoint, { method: 'POST', headers: target, body })).status).toBe(415);
  });

  it.each(['CreateTable', 'DeleteTable', 'UpdateTable', 'TagResource', 'UntagResource'])(
    'refuses %s, also of a caller that passes for a function',
    async (operation) => {
      const handled: string[] = [];
      const database: Service = {
        handle: async (name) => {
          handled.push(name);
          return jsonAnswer('DynamoDB', 200, {});
        },
      };
      const { gateway, aws } = behindGateway({ DynamoDB: database });
      const endpoint = await listening(gateway);
      for (const headers of [{}, { [INVOCATION_HEADER]: 'i-1' }]) {
        const answer = await post(endpoint, `DynamoDB_20120810.${operation}`, '{"TableName":"ledger"}', headers);
        expect(answer).toMatchObject({ status: 400, type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException' });
      }
      expect(handled).toEqual([]);
      await aws.requestHandler.handle({ headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` }, body: '{}' });
      expect(handled).toEqual([operation]);
    },
  );

  it('answers the bug of a service with 500 in the form of its errors, and the next request as usual', async () => {
    const bugs: unknown[] = [];
    const sfn: Service = { handle: () => Promise.reject(new TypeError('a bug')) };
    const { gateway } = behindGateway({ SFN: sfn }, { onBug: (error, call) => bugs.push(`${call}: ${error}`) });
    const endpoint = await listening(gateway);
    for (let again = 0; again < 2; again += 1) {
      const answer = await post(endpoint, 'AWSStepFunctions.StartExecution', START);
      expect(answer).toMatchObject({ status: 500, type: 'InternalFailure' });
    }
    expect(bugs).toEqual(Array(2).fill('SFN.StartExecution: TypeError: a bug'));
  });
});

describe('the in-process gateway', () => {
  it('refuses an invalid input before the service and any fault, and says so', async () => {
    const seen: string[] = [];
    const { gateway, aws } = behindGateway(
      { SFN: { handle: () => Promise.reject(new Error('never asked')) } },
      { onInvalid: ({ call, invocation }, { code }) => seen.push(`${call} of ${invocation}: ${code}`) },
    );
    const headers = { 'x-amz-target': 'AWSStepFunctions.StartExecution', [INVOCATION_HEADER]: 'i-1' };
    const { response } = await aws.requestHandler.handle({ headers, body: '{}' });
    expect(response).toMatchObject({ statusCode: 400 });
    expect(seen).toEqual(['SFN.StartExecution of i-1: ValidationException']);
    expect(gateway.calls.get('SFN.StartExecution')).toBe(1);
  });

  it('throws the bug of a service to the caller', async () => {
    const sfn: Service = { handle: () => Promise.reject(new TypeError('a bug')) };
    const { handle } = aGateway({ sfn }).gateway.requestHandler();
    const request = { headers: { 'x-amz-target': 'AWSStepFunctions.StartExecution' }, body: START };
    await expect(handle(request)).rejects.toThrow('a bug');
  });
});
