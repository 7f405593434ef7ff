import { describe, expect, it } from 'vitest';
import type { ClientSettings } from '../../../adapters/clients.ts';
import { type KiroProfile, kiroSubscriptions } from '../../../adapters/subscriptions/kiro.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { SubscriptionProvider } from '../../../domain/subscription/subscription.ts';
import { errorAnswer, jsonAnswer, ServiceError } from '../../../emulator/aws/json-service.ts';
import { behindGateway } from '../../support/account.ts';
import { INSTANCE_ARN, user } from '../../support/ids.ts';
import {
  ACCOUNT_REFUSALS,
  failureOf,
  NAMELESS_BODIES,
  TRANSIENT_EXCEPTIONS,
} from '../../support/subscription-failures.ts';

const PROFILE = { instanceArn: INSTANCE_ARN, region: 'eu-central-1' };
const PLAN = 'Q_DEVELOPER_STANDALONE_PRO';
const pacer = { pace: async () => undefined };

type Write = readonly [operation: string, write: (provider: SubscriptionProvider) => Promise<unknown>];

const SUBSCRIBE: Write = ['CreateAssignment', (provider) => provider.subscribe(user(1), PLAN)];
const CHANGE: Write = ['UpdateAssignment', (provider) => provider.changePlan({ userId: user(1) }, PLAN)];
const CANCEL: Write = ['DeleteAssignment', (provider) => provider.cancel({ userId: user(1), id: 'any' })];
const WRITES = [SUBSCRIBE, CHANGE, CANCEL];

/** The provider against a service that gives this answer again and again. */
function answering(answer: { statusCode?: number; body: string }) {
  const calls: [operation: string, input: unknown][] = [];
  const handle = async (operation: string, body: Uint8Array) => {
    calls.push([operation, JSON.parse(Buffer.from(body).toString())]);
    return { ...jsonAnswer('Q', 200, {}), ...answer };
  };
  const { aws } = behindGateway({ Q: { handle } });
  return { provider: kiroSubscriptions(aws, PROFILE, pacer), calls };
}

function refusing(exception: string, message: string, statusCode = 400) {
  const { body } = errorAnswer('Q', new ServiceError(exception, message, { statusCode }));
  return answering({ statusCode, body: String(body) });
}

describe('a change of a subscription', () => {
  it.each([
    [SUBSCRIBE, { outcome: 'subscribed' }],
    [CHANGE, 'changed'],
    [CANCEL, 'cancelled'],
  ])('is made by %s', async ([operation, write], outcome) => {
    const { provider, calls } = answering({ body: '' });
    expect(await write(provider)).toEqual(outcome);
    const assignment = { region: PROFILE.region, principalId: user(1), principalType: 'USER' };
    const input = operation === 'DeleteAssignment' ? assignment : { ...assignment, subscriptionType: PLAN };
    expect(calls).toEqual([[operation, input]]);
  });

  it.each(['', '{}', 'null', '[]', '{"assignment":{"jane.doe":7}}'])(
    'is made whatever the answer says: %s',
    async (body) => {
      const { provider } = answering({ body });
      expect(await SUBSCRIBE[1](provider)).toEqual({ outcome: 'subscribed' });
      expect(await CHANGE[1](provider)).toBe('changed');
      expect(await CANCEL[1](provider)).toBe('cancelled');
    },
  );

  it.each([
    [SUBSCRIBE, { outcome: 'conflict' }],
    [CHANGE, 'conflict'],
    [CANCEL, 'conflict'],
  ])('may conflict with what there is: %s', async ([, write], outcome) => {
    const { provider, calls } = refusing('ConflictException', 'Resource is in an invalid state.');
    expect(await write(provider)).toEqual(outcome);
    expect(calls).toHaveLength(1);
  });

  it('counts as cancelled when there is nothing to cancel', async () => {
    expect(await CANCEL[1](refusing('ResourceNotFoundException', 'jane.doe not found').provider)).toBe('cancelled');
    expect(await CANCEL[1](refusing('ResourceNotFoundException', 'not found', 404).provider)).toBe('cancelled');
  });

  it.each([SUBSCRIBE, CHANGE])('is refused when %s does not find what it names', async (_operation, write) => {
    const failure = await failureOf(write(refusing('ResourceNotFoundException', 'jane.doe not found').provider));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'principal-or-profile-missing' });
  });

  it.each(WRITES)('has the ids in the error of %s, and nothing else', async (operation, write) => {
    const failure = await failureOf(write(refusing('ValidationException', 'jane.doe may not').provider));
    expect(failure).toMatchObject({
      reason: 'validation',
      message: expect.stringContaining(
        `${operation}: ValidationException (user ${user(1)}, Region eu-central-1, request `,
      ),
    });
  });
});

describe.each(WRITES)('an error of %s', (_operation, write) => {
  it.each(ACCOUNT_REFUSALS)('says that the account is not eligible: %s, %s', async (exception, message) => {
    const failure = await failureOf(write(refusing(exception, message).provider));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({
      reason: 'account-not-eligible',
      message: expect.not.stringContaining(' account '),
    });
  });

  it.each([
    ['AccessDeniedException', 'access-denied'],
    ['ValidationException', 'validation'],
    ['ServiceQuotaExceededException', 'ServiceQuotaExceededException'],
    ['jane.doe is no exception', 'unknown-exception'],
  ])('is a refusal: %s', async (exception, reason) => {
    const failure = await failureOf(write(refusing(exception, 'jane.doe may not do this').provider));
    expect(failure).toMatchObject({ name: 'RefusedError', reason, message: expect.not.stringContaining('jane') });
  });

  it.each(TRANSIENT_EXCEPTIONS)(
    'is transient, and does not repeat the call: %s with HTTP %i',
    async (exception, status, isThrottled) => {
      const { provider, calls } = refusing(exception, 'no', status);
      const failure = await failureOf(write(provider));
      expect(failure).toBeInstanceOf(TransientAwsError);
      expect(failure).toMatchObject({ isThrottled });
      expect(calls).toHaveLength(1);
    },
  );

  it.each(NAMELESS_BODIES)('is a throttle with HTTP 429, whatever its body is: %s', async (body) => {
    const failure = await failureOf(write(answering({ statusCode: 429, body }).provider));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled: true });
  });

  it.each(['', '{}', 'null'])('is a refusal without a name when AWS names none: %s', async (body) => {
    const failure = await failureOf(write(answering({ statusCode: 400, body }).provider));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'unknown-exception' });
  });

  it.each([200, 400, 404])('is transient when the answer is the page of a proxy, with HTTP %i', async (statusCode) => {
    const failure = await failureOf(write(answering({ statusCode, body: '<html>Sign in</html>' }).provider));
    expect(failure).toBeInstanceOf(TransientAwsError);
  });
});

describe('a request for a change', () => {
  const settings = {
    region: 'us-west-2',
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
  } as const;

  /** The requests of all three calls, which AWS answers or whose connection it closes. */
  async function sent(profile: KiroProfile, more: Partial<ClientSettings> = {}, isLost = false) {
    const requests: { method: string; protocol: string; hostname: string; path: string; headers: object }[] = [];
    const requestHandler = {
      handle: async (request: (typeof requests)[number]) => {
        requests.push(request);
        if (isLost) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        return { response: { statusCode: 200, headers: {}, body: Buffer.from('') } };
      },
    };
    const given = { ...settings, ...more, requestHandler: requestHandler as never };
    const provider = kiroSubscriptions(given, profile, pacer);
    const failures = await Promise.all(WRITES.map(([, write]) => failureOf(write(provider))));
    return { requests, failures };
  }

  it.each([
    [undefined, 'codewhisperer.eu-central-1.amazonaws.com', 'AmazonQDeveloperService'],
    ['amazonaws.com', 'codewhisperer.eu-central-1.amazonaws.com', 'AmazonQDeveloperService'],
    ['kiro.dev', 'management.eu-central-1.kiro.dev', 'KiroControlPlaneQDeveloperService'],
  ] as const)(
    'goes to the Region of the profile, signed for q there, with the endpoint %s',
    async (endpoint, hostname, target) => {
      const { requests, failures } = await sent({ ...PROFILE, endpoint });
      expect(failures).toEqual(['no failure', 'no failure', 'no failure']);
      expect(requests).toMatchObject(
        WRITES.map(([operation]) => ({
          method: 'POST',
          protocol: 'https:',
          hostname,
          path: '/',
          headers: {
            'content-type': 'application/x-amz-json-1.0',
            'x-amz-target': `${target}.${operation}`,
            authorization: expect.stringMatching(
              /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/eu-central-1\/q\/aws4_request, /,
            ),
          },
        })),
      );
    },
  );

  it('is sent once when its answer is lost, also with the retries of operators', async () => {
    const retrying = {
      acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
      refreshRetryTokenForRetry: async () => ({ getRetryCount: () => 1, getRetryDelay: () => 0 }),
      recordSuccess: () => undefined,
    };
    const { requests, failures } = await sent(PROFILE, { retryStrategy: retrying }, true);
    expect(requests).toHaveLength(3);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(TransientAwsError);
      expect(failure).toHaveProperty('message', expect.stringContaining('ECONNRESET'));
    }
  });

  it('waits for its turn', async () => {
    const paced: unknown[] = [];
    const { aws } = behindGateway({ Q: { handle: async () => jsonAnswer('Q', 200, {}) } });
    const pace = async (operation?: string) => {
      paced.push(operation);
    };
    const provider = kiroSubscriptions(aws, PROFILE, { pace });
    for (const [, write] of WRITES) await write(provider);
    expect(paced).toEqual(['CreateAssignment', 'UpdateAssignment', 'DeleteAssignment']);
  });
});
