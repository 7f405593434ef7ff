import { createServer, type RequestListener, type Server } from 'node:http';
import { DescribeUserCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { afterEach, describe, expect, it } from 'vitest';
import {
  COMMON_ERRORS,
  type ErrorRow,
  EVENT_BRIDGE_ERRORS,
  IDENTITY_STORE_ERRORS,
  SSO_ADMIN_ERRORS,
  translate,
} from '../../adapters/aws-errors.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';

interface Details {
  Reason?: string;
  ResourceType?: string;
  operation?: string;
}
type Case = readonly [exception: string, details: Details, expected: string];

/** As the SDK throws it, with a message of the kind that must not get out. */
function anSdkError(name: string, details: object = {}): Error {
  return Object.assign(new Error('jane.doe@example.com is not allowed'), { name, $fault: 'client', ...details });
}

function verdictOf(translated: unknown): string {
  if (translated instanceof TransientAwsError) return 'transient';
  return translated instanceof RefusedError ? translated.reason : 'unchanged';
}

const identityStore: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['ThrottlingException', { Reason: 'KMS_THROTTLING' }, 'transient'],
  ['InternalServerException', {}, 'transient'],
  ['ConflictException', { Reason: 'CONCURRENT_MODIFICATION' }, 'transient'],
  ['AccessDeniedException', { Reason: 'KMS_ACCESS_DENIED' }, 'kms-access-denied'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', { Reason: 'KMS_DISABLED' }, 'kms-disabled'],
  ['ValidationException', { Reason: 'KMS_INVALID_ARN' }, 'kms-invalid-arn'],
  ['ValidationException', { Reason: 'KMS_INVALID_KEY_USAGE' }, 'kms-invalid-key-usage'],
  ['ValidationException', { Reason: 'KMS_INVALID_STATE' }, 'kms-invalid-state'],
  ['ValidationException', {}, 'validation'],
  ['ValidationException', { Reason: 'SOMETHING_NEW' }, 'validation'],
  ['ServiceQuotaExceededException', {}, 'quota-exceeded'],
  ['ResourceNotFoundException', { Reason: 'KMS_KEY_NOT_FOUND' }, 'kms-key-not-found'],
  ['ResourceNotFoundException', { ResourceType: 'IDENTITY_STORE' }, 'identity-store-missing'],
  ['ResourceNotFoundException', { ResourceType: 'USER' }, 'unchanged'],
  ['ResourceNotFoundException', { ResourceType: 'GROUP' }, 'unchanged'],
  ['ResourceNotFoundException', {}, 'unchanged'],
];

const ssoAdmin: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['ThrottlingException', { Reason: 'KMS_ThrottlingException' }, 'transient'],
  ['InternalServerException', {}, 'transient'],
  ['ConflictException', {}, 'transient'],
  ['AccessDeniedException', { Reason: 'KMS_AccessDeniedException' }, 'kms-access-denied'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', { Reason: 'KMS_DisabledException' }, 'kms-disabled'],
  ['ValidationException', { Reason: 'KMS_InvalidKeyUsageException' }, 'kms-invalid-key-usage'],
  ['ValidationException', { Reason: 'KMS_InvalidStateException' }, 'kms-invalid-state'],
  ['ValidationException', {}, 'validation'],
  ['ServiceQuotaExceededException', {}, 'quota-exceeded'],
  ['ResourceNotFoundException', { Reason: 'KMS_NotFoundException' }, 'kms-key-not-found'],
  [
    'ResourceNotFoundException',
    { operation: 'CreateApplicationAssignment', Reason: 'KMS_NotFoundException' },
    'kms-key-not-found',
  ],
  ['ResourceNotFoundException', { operation: 'CreateApplicationAssignment' }, 'principal-or-application-missing'],
  ['ResourceNotFoundException', { operation: 'GetApplicationAssignmentConfiguration' }, 'application-missing'],
  ['ResourceNotFoundException', { operation: 'ListApplicationAssignments' }, 'application-missing'],
  ['ResourceNotFoundException', { operation: 'DescribeApplicationAssignment' }, 'unchanged'],
];

const eventBridge: readonly Case[] = [
  ['InternalException', {}, 'transient'],
  ['ThrottlingException', {}, 'transient'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', {}, 'validation'],
  ['ResourceNotFoundException', {}, 'unchanged'],
];

const common: readonly Case[] = [
  ['TooManyRequestsException', {}, 'transient'],
  ['ExpiredTokenException', {}, 'transient'],
  ['RequestExpired', {}, 'transient'],
  ['NotAuthorized', {}, 'access-denied'],
  ['UnrecognizedClientException', {}, 'unchanged'],
  ['InvalidSignatureException', {}, 'unchanged'],
  ['CredentialsProviderError', {}, 'unchanged'],
  ['SomethingNewException', {}, 'unchanged'],
];

describe.each([
  ['Identity Store', IDENTITY_STORE_ERRORS, identityStore],
  ['SSO Admin', SSO_ADMIN_ERRORS, ssoAdmin],
  ['EventBridge', EVENT_BRIDGE_ERRORS, eventBridge],
  ['any service', COMMON_ERRORS, common],
] as const)('the error table of %s', (_service, table, cases) => {
  it.each(cases)('reads %s %j as %s', (exception, { operation = 'AnyOperation', ...details }, expected) => {
    const error = anSdkError(exception, details);
    const translated = translate(error, table, operation, []);
    expect(verdictOf(translated)).toBe(expected);
    if (expected === 'unchanged') expect(translated).toBe(error);
  });

  it('has a case for each row', () => {
    const covers = (row: ErrorRow, [exception, details, expected]: Case) =>
      row.exception === exception &&
      row.as === expected &&
      row.reason === (row.reason && details.Reason) &&
      row.resourceType === (row.resourceType && details.ResourceType) &&
      row.operation === (row.operation && details.operation);
    expect(table.filter((row) => !cases.some((one) => covers(row, one)))).toEqual([]);
  });
});

describe('what AWS refuses for its rate', () => {
  it.each([
    ['ThrottlingException', {}, IDENTITY_STORE_ERRORS, true],
    ['ThrottlingException', {}, SSO_ADMIN_ERRORS, true],
    ['SomethingOfAProxy', { $metadata: { httpStatusCode: 429 } }, SSO_ADMIN_ERRORS, true],
    ['ConflictException', {}, SSO_ADMIN_ERRORS, false],
    ['InternalServerException', {}, SSO_ADMIN_ERRORS, false],
    ['SomethingOfAProxy', { $metadata: { httpStatusCode: 503 } }, SSO_ADMIN_ERRORS, false],
  ] as const)('%s %j has an error of its own', (name, details, table, isThrottled) => {
    expect(translate(anSdkError(name, details), table, 'ListUsers', [])).toMatchObject({ isThrottled });
  });
});

describe('translate', () => {
  it.each([
    ['a broken connection', { name: 'Error', code: 'ECONNRESET', message: 'socket hang up' }, 'ECONNRESET'],
    ['a refused connection', { name: 'AggregateError', code: 'ECONNREFUSED' }, 'ECONNREFUSED'],
    ['a closed pipe', { name: 'Error', code: 'EPIPE' }, 'EPIPE'],
    ['a connection that times out', { name: 'TimeoutError', code: 'ETIMEDOUT' }, 'ETIMEDOUT'],
    ['a host out of reach', { name: 'Error', code: 'EHOSTUNREACH' }, 'EHOSTUNREACH'],
    ['a network out of reach', { name: 'Error', code: 'ENETUNREACH' }, 'ENETUNREACH'],
    ['a name that does not resolve', { name: 'Error', code: 'ENOTFOUND' }, 'ENOTFOUND'],
    ['a resolver that is busy', { name: 'Error', code: 'EAI_AGAIN' }, 'EAI_AGAIN'],
    ['no answer in time', { name: 'TimeoutError' }, 'TimeoutError'],
    ['a request given up', { name: 'AbortError' }, 'AbortError'],
    ['an answer that waited too long', { name: 'RequestTimeout' }, 'RequestTimeout'],
    ['a request that came too slowly', { name: 'RequestTimeoutException' }, 'RequestTimeoutException'],
    ['any 500', { name: 'InternalFailure', $metadata: { httpStatusCode: 500 } }, 'HTTP 500'],
    ['any 503', { name: 'SyntaxError', $metadata: { httpStatusCode: 503 } }, 'HTTP 503'],
    ['an answer that is not JSON', { name: 'SyntaxError', $metadata: { httpStatusCode: 200 } }, 'HTTP 200'],
    ['any 429', { name: 'UnknownError', $metadata: { httpStatusCode: 429 } }, 'HTTP 429'],
  ])('reads %s as transient', (_fact, fields, what) => {
    const translated = translate(Object.assign(new Error(), fields), SSO_ADMIN_ERRORS, 'AnyOperation', []);
    expect(translated).toBeInstanceOf(TransientAwsError);
    expect(translated).toHaveProperty('message', `AnyOperation: ${what}`);
  });

  it.each([
    ['a refusal with a 4xx status', anSdkError('SomethingNewException', { $metadata: { httpStatusCode: 400 } })],
    ['an error of the program', new TypeError('x is not a function')],
    ['a syntax error of the program', new SyntaxError('Unexpected end of JSON input')],
    ['a code of another kind', Object.assign(new Error(), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['fields of the wrong type', { name: 7, code: {}, $metadata: 'no' }],
    ['a string', 'ThrottlingException'],
    ['null', null],
    ['undefined', undefined],
  ])('passes %s through unchanged', (_fact, error) => {
    expect(translate(error, IDENTITY_STORE_ERRORS, 'DescribeUser', [])).toBe(error);
  });

  it.each([
    [
      'the request id of the header',
      { $metadata: { requestId: 'r-1' }, RequestId: 'r-2' },
      'user u, group g, request r-1',
    ],
    ['the request id in the exception', { RequestId: 'r-2' }, 'user u, group g, request r-2'],
    ['no request id', { $metadata: { requestId: '' } }, 'user u, group g'],
  ])('says the operation, the exception, the ids and %s', (_fact, details, ids) => {
    const translated = translate(
      anSdkError('AccessDeniedException', details),
      IDENTITY_STORE_ERRORS,
      'IsMemberInGroups',
      ['user u', 'group g'],
    );
    expect(translated).toHaveProperty('message', `IsMemberInGroups: AccessDeniedException (${ids})`);
  });

  it.each(['ThrottlingException', 'AccessDeniedException'])('keeps no text of AWS in what it makes of %s', (name) => {
    const translated = translate(anSdkError(name), IDENTITY_STORE_ERRORS, 'GetUserId', []);
    expect(translated).not.toHaveProperty('cause');
    expect(JSON.stringify(translated, Object.getOwnPropertyNames(translated))).not.toContain('jane');
  });
});

describe('translate, of what the SDK makes of a real answer', () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((closed) => (server ? server.close(closed) : closed(undefined)));
    server = undefined;
  });

  async function describeUser(answer: RequestListener): Promise<unknown> {
    const listening = createServer(answer);
    server = listening;
    await new Promise<void>((ready) => listening.listen(0, '127.0.0.1', ready));
    const address = listening.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const client = new IdentitystoreClient({
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${address.port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      maxAttempts: 1,
    });
    try {
      return await client.send(new DescribeUserCommand({ IdentityStoreId: 'd-1234567890', UserId: 'u' }));
    } catch (error) {
      return translate(error, IDENTITY_STORE_ERRORS, 'DescribeUser', []);
    } finally {
      client.destroy();
    }
  }

  function answering(status: number, contentType: string, body: string): RequestListener {
    return (_request, response) => {
      response.writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': 'r-1' });
      response.end(body);
    };
  }

  it.each([
    [
      'a modelled exception with a reason',
      answering(400, 'application/x-amz-json-1.1', '{"__type":"AccessDeniedException","Reason":"KMS_ACCESS_DENIED"}'),
      'kms-access-denied',
    ],
    [
      'an exception with a namespace',
      answering(400, 'application/x-amz-json-1.1', '{"__type":"com.amazonaws.identitystore#ThrottlingException"}'),
      'transient',
    ],
    [
      'an exception that is not modelled',
      answering(403, 'application/x-amz-json-1.1', '{"__type":"ExpiredTokenException","message":"expired"}'),
      'transient',
    ],
    ['the HTML page of a load balancer', answering(503, 'text/html', '<html>Service Unavailable</html>'), 'transient'],
    ['an empty answer with status 500', answering(500, 'text/plain', ''), 'transient'],
    ['the HTML page of a proxy', answering(407, 'text/html', '<html>Proxy Authentication</html>'), 'transient'],
    ['a body that breaks off', answering(200, 'application/x-amz-json-1.1', '{"UserName":"jane'), 'transient'],
    ['a connection cut before the answer', (request) => request.socket.destroy(), 'transient'],
    [
      'a connection cut within the answer',
      (request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"UserId":', () => request.socket.destroy());
      },
      'transient',
    ],
  ] satisfies [string, RequestListener, string][])('reads %s', async (_fact, answer, expected) => {
    expect(verdictOf(await describeUser(answer))).toBe(expected);
  });
});
