import { createServer, type RequestListener, type Server } from 'node:http';
import { DescribeUserCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { afterEach, describe, expect, it } from 'vitest';
import { IDENTITY_STORE_ERRORS, SSO_ADMIN_ERRORS } from '../../adapters/aws-errors.ts';
import { translate } from '../../adapters/translate-error.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { anSdkError, verdictOf } from '../support/sdk-errors.ts';

describe('what AWS refuses for its rate', () => {
  it.each([
    ['ThrottlingException', {}, IDENTITY_STORE_ERRORS, true],
    ['ThrottlingException', {}, SSO_ADMIN_ERRORS, true],
    ['SomethingOfAProxy', { $metadata: { httpStatusCode: 429 } }, SSO_ADMIN_ERRORS, true],
    ['SlowDown', {}, SSO_ADMIN_ERRORS, true],
    ['ThrottledException', { $metadata: { httpStatusCode: 400 } }, IDENTITY_STORE_ERRORS, true],
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
    ['a request that took too long', { name: 'Unknown', $metadata: { httpStatusCode: 408 } }, 'HTTP 408'],
    ['what a service says to try again', { name: 'NewException', $fault: 'client', $retryable: {} }, 'NewException'],
    ['any 429', { name: 'UnknownError', $metadata: { httpStatusCode: 429 } }, 'HTTP 429'],
  ])('reads %s as transient', (_fact, fields, what) => {
    const translated = translate(Object.assign(new Error(), fields), SSO_ADMIN_ERRORS, 'AnyOperation', []);
    expect(translated).toBeInstanceOf(TransientAwsError);
    expect(translated).toHaveProperty('message', `AnyOperation: ${what}`);
  });

  it.each([
    ['missing credentials', Object.assign(new Error(), { name: 'CredentialsProviderError', tryNextLink: false })],
    ['a fault of another kind', { name: 'SomethingNewException', $fault: 'mine', $metadata: {} }],
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
    ['an exception that AWS may invent', 'SomethingNewException', {}, 'SomethingNewException'],
    ['one with a reason', 'SomethingNewException', { Reason: 'KMS_NEW' }, 'SomethingNewException'],
    [
      'a fault of the server without its status',
      'SomethingNewException',
      { $fault: 'server' },
      'SomethingNewException',
    ],
    ['the longest name', 'E'.repeat(64), {}, 'E'.repeat(64)],
    ['a name that is too long', 'E'.repeat(65), {}, 'unknown-exception'],
    ['a name with an address', 'jane.doe@example.com', {}, 'unknown-exception'],
    ['a name with a line end', 'Some\nException', {}, 'unknown-exception'],
    ['a name in another script', 'Αusnahme', {}, 'unknown-exception'],
    ['an empty name', '', {}, 'unknown-exception'],
    ['a name that is no text', 7 as unknown as string, {}, 'unknown-exception'],
    ['a name that is a word of this program', 'transient', {}, 'transient'],
  ])('refuses for %s', (_fact, name, details, reason) => {
    const error = anSdkError(name, { $metadata: { httpStatusCode: 400 }, ...details });
    const translated = translate(error, IDENTITY_STORE_ERRORS, 'ListGroupMemberships', ['group g']);
    expect(translated).toBeInstanceOf(RefusedError);
    expect(translated).toMatchObject({ reason, message: `ListGroupMemberships: ${reason} (group g)` });
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

  it.each(['ThrottlingException', 'AccessDeniedException', 'SomethingNewException', 'jane.doe@example.com'])(
    'keeps no text of AWS in what it makes of %s',
    (name) => {
      const translated = translate(anSdkError(name), IDENTITY_STORE_ERRORS, 'GetUserId', []);
      expect(translated).not.toHaveProperty('cause');
      expect(JSON.stringify(translated, Object.getOwnPropertyNames(translated))).not.toContain('jane');
    },
  );
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
    [
      'an exception that AWS may invent',
      answering(400, 'application/x-amz-json-1.1', '{"__type":"UnknownOperationException"}'),
      'UnknownOperationException',
    ],
    [
      'an exception with a reason that AWS may invent',
      answering(409, 'application/x-amz-json-1.1', '{"__type":"com.amazon.new#NewException","Reason":"NEW"}'),
      'NewException',
    ],
    [
      'an exception with a hostile name',
      answering(400, 'application/x-amz-json-1.1', '{"__type":"jane doe <jane@example.com>"}'),
      'unknown-exception',
    ],
    ['a refusal without a name', answering(403, 'application/x-amz-json-1.1', '{}'), 'unknown-exception'],
    ['a refusal without content', answering(403, 'text/plain', ''), 'unknown-exception'],
    [
      'a time that is none',
      answering(200, 'application/x-amz-json-1.1', '{"UserId":"u","CreatedAt":"soon"}'),
      'malformed-answer',
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
