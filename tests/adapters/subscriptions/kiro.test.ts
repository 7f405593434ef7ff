import { describe, expect, it } from 'vitest';
import { kiroSubscriptions } from '../../../adapters/subscriptions/kiro.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import type { SeedSubscription } from '../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import { errorAnswer, jsonAnswer, ServiceError } from '../../../emulator/aws/json-service.ts';
import { userSubscriptions } from '../../../emulator/aws/user-subscriptions/user-subscriptions.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { collected } from '../../support/aws.ts';
import { aSeed } from '../../support/directory.ts';
import { APPLICATION, GROUP, INSTANCE_ARN, people, REGION, user } from '../../support/ids.ts';
import {
  ACCOUNT_REFUSALS,
  failureOf,
  NAMELESS_BODIES,
  TRANSIENT_EXCEPTIONS,
} from '../../support/subscription-failures.ts';

const PROFILE = { instanceArn: INSTANCE_ARN, region: 'eu-central-1' };
const OPERATION = 'UserSubscriptions.ListUserSubscriptions';
const pacer = { pace: async () => undefined };

/** The provider against the emulator, whose one profile has these subscriptions. */
function anAccount(
  subscriptions: SeedSubscription[],
  { quirks = {}, rules = [] }: { quirks?: Quirks; rules?: FaultRule[] } = {},
) {
  const applications = [{ applicationArn: APPLICATION, region: PROFILE.region, subscriptions }];
  const { center, clock } = anIdentityCenter(aSeed({ applications }), quirks);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const services = { UserSubscriptions: userSubscriptions(center, clock, REGION) };
  const { aws, gateway } = behindGateway(services, { faults });
  return { provider: kiroSubscriptions(aws, PROFILE, pacer), gateway };
}

/** The provider against a service that gives these answers, one after another, and the last one again and again. */
function answering(...answers: unknown[]) {
  const inputs: unknown[] = [];
  const handle = async (_operation: string, body: Uint8Array) => {
    inputs.push(JSON.parse(Buffer.from(body).toString()));
    const answer = answers[Math.min(inputs.length, answers.length) - 1];
    return { ...jsonAnswer('UserSubscriptions', 200, {}), body: JSON.stringify(answer) };
  };
  const { aws } = behindGateway({ UserSubscriptions: { handle } });
  return { provider: kiroSubscriptions(aws, PROFILE, pacer), inputs };
}

/** The provider against a service that refuses every request. */
function refusing(exception: string, message: string, statusCode = 400) {
  const answer = errorAnswer('UserSubscriptions', new ServiceError(exception, message, { statusCode }));
  const { aws } = behindGateway({ UserSubscriptions: { handle: async () => answer } });
  return kiroSubscriptions(aws, PROFILE, pacer);
}

async function listed(provider: ReturnType<typeof kiroSubscriptions>) {
  return (await collected(provider.subscriptions())).flat();
}

async function only(entry: object) {
  const { provider } = answering({ subscriptions: [entry] });
  const [found] = await listed(provider);
  return found;
}

const ANNAS = {
  user: user(1),
  plan: 'KIRO_ENTERPRISE_PRO',
  activePlan: 'KIRO_ENTERPRISE_PRO_PLUS',
  source: 'INDIVIDUAL_AND_GROUP',
  activatedAt: '2026-09-03T08:11:52.000Z',
} as const;
const ALL: SeedSubscription[] = [
  ANNAS,
  { user: user(2), plan: 'KIRO_ENTERPRISE_POWER', status: 'PENDING', source: 'GROUP' },
  { user: user(3), plan: 'KIRO_ENTERPRISE_PRO', status: 'CANCELLED', source: 'INDIVIDUAL' },
  { group: GROUP, plan: 'Q_DEVELOPER_STANDALONE_PRO' },
];

describe('the subscriptions of a Kiro profile', () => {
  it('are those of users and groups, each with the plan that was asked for', async () => {
    expect(await listed(anAccount(ALL).provider)).toEqual([
      {
        principal: { user: user(1) },
        plan: 'Q_DEVELOPER_STANDALONE_PRO',
        status: 'active',
        source: 'both',
        activatedAt: '2026-09-03T08:11:52.000Z',
      },
      { principal: { user: user(2) }, plan: 'Q_DEVELOPER_STANDALONE_POWER', status: 'pending', source: 'group' },
      { principal: { user: user(3) }, plan: 'Q_DEVELOPER_STANDALONE_PRO', status: 'cancelled', source: 'individual' },
      { principal: { group: GROUP }, plan: 'Q_DEVELOPER_STANDALONE_PRO', status: 'active', source: 'unknown' },
    ]);
  });

  it.each<Quirks>([
    { subscriptionKeys: 'pascal' },
    { subscriptionIds: 'with-store' },
    { activationDate: 'seconds' },
    { activationDate: 'milliseconds' },
    { cancelledSubscriptions: 'CANCELED' },
    { pages: 'short' },
    { pages: 'short', subscriptionKeys: 'pascal' },
  ])('are the same with the quirks %j', async (quirks) => {
    expect(await listed(anAccount(ALL, { quirks }).provider)).toEqual(await listed(anAccount(ALL).provider));
  });

  it('may lack the cancelled ones', async () => {
    const found = await listed(anAccount(ALL, { quirks: { cancelledSubscriptions: 'absent' } }).provider);
    expect(found.map(({ status }) => status)).toEqual(['active', 'pending', 'active']);
  });

  it.each<[Quirks, number]>([
    [{}, 25_001],
    [{ pages: 'short' }, 2501],
    [{ subscriptionKeys: 'pascal' }, 2501],
  ])('come in pages, however many there are, with the quirks %j: %i', async (quirks, count) => {
    const numbers = people(1, count);
    const { provider, gateway } = anAccount(
      numbers.map((number) => ({ user: user(number), plan: 'KIRO_ENTERPRISE_PRO' })),
      { quirks },
    );
    const found = await listed(provider);
    expect(found.map(({ principal }) => principal)).toEqual(numbers.map((number) => ({ user: user(number) })));
    expect(gateway.calls.get(OPERATION)).toBeGreaterThan(count / 100);
  });

  it('may be none', async () => {
    expect(await collected(anAccount([]).provider.subscriptions())).toEqual([[]]);
  });

  it('are those of its Region', async () => {
    const applications = [{ applicationArn: APPLICATION, subscriptions: [ANNAS] }];
    const { center, clock } = anIdentityCenter(aSeed({ applications }));
    const { aws } = behindGateway({ UserSubscriptions: userSubscriptions(center, clock, REGION) });
    const inRegion = (region: string) => kiroSubscriptions(aws, { ...PROFILE, region }, pacer);
    expect(await listed(inRegion(REGION))).toHaveLength(1);
    expect(await listed(inRegion('eu-west-1'))).toEqual([]);
  });
});

describe('a request for subscriptions', () => {
  it('names the instance, the Region of the profile and the page', async () => {
    const { provider, inputs } = answering({ subscriptions: [], nextToken: 'more' }, { subscriptions: [] });
    await listed(provider);
    const first = { instanceArn: INSTANCE_ARN, subscriptionRegion: 'eu-central-1', maxResults: 100 };
    expect(inputs).toEqual([first, { ...first, nextToken: 'more' }]);
  });

  it('goes to Identity Center, signed for it', async () => {
    const sent: { method: string; protocol: string; hostname: string; headers: Record<string, string> }[] = [];
    const requestHandler = {
      handle: async (request: (typeof sent)[number]) => {
        sent.push(request);
        return { response: { statusCode: 200, headers: {}, body: Buffer.from('{"subscriptions":[]}') } };
      },
    };
    const settings = {
      region: 'us-west-2',
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
      requestHandler: requestHandler as never,
    } as const;
    await listed(kiroSubscriptions(settings, PROFILE, pacer));
    expect(sent).toMatchObject([
      {
        method: 'POST',
        protocol: 'https:',
        hostname: 'service.user-subscriptions.us-west-2.amazonaws.com',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'AWSZornControlPlaneService.ListUserSubscriptions',
          authorization: expect.stringMatching(
            /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/us-west-2\/user-subscriptions\/aws4_request, /,
          ),
        },
      },
    ]);
  });

  it('waits for its turn, each page anew', async () => {
    const steps: unknown[] = [];
    const handle = async () => {
      steps.push('request');
      return jsonAnswer('UserSubscriptions', 200, { subscriptions: [], nextToken: steps.length < 4 ? 'more' : '' });
    };
    const { aws } = behindGateway({ UserSubscriptions: { handle } });
    const pace = async (operation?: string) => {
      steps.push(operation);
    };
    await listed(kiroSubscriptions(aws, PROFILE, { pace }));
    expect(steps).toEqual(['ListUserSubscriptions', 'request', 'ListUserSubscriptions', 'request']);
  });
});

describe('the users whom the claims of an application name', () => {
  const claimed = async ({ provider }: { provider: ReturnType<typeof kiroSubscriptions> }) =>
    (await collected(provider.claimants(APPLICATION))).flat();

  it('are those of all pages, without groups and without what is cancelled', async () => {
    const account = anAccount(ALL);
    expect(await claimed(account)).toEqual([user(1), user(2)]);
    expect(await claimed(anAccount(people(1, 250).map((number) => ({ ...ANNAS, user: user(number) }))))).toHaveLength(
      250,
    );
    expect(account.gateway.calls.get('UserSubscriptions.ListApplicationClaims')).toBe(1);
  });

  it('are asked for by application and Region of the profile, page by page', async () => {
    const claims = (number: number) => [{ identifier: 'one', principal: { user: user(number) }, type: {} }];
    const { provider, inputs } = answering({ claims: claims(1), nextToken: 'more' }, { claims: claims(2) });
    expect(await claimed({ provider })).toEqual([user(1), user(2)]);
    const input = { applicationArn: APPLICATION, subscriptionRegion: 'eu-central-1', maxResults: 100 };
    expect(inputs).toEqual([input, { ...input, nextToken: 'more' }]);
  });

  it.each([
    {},
    { identifier: null },
    { identifier: 7 },
    { identifier: { arn: 'x' }, usage: [{ used: '1e3' }] },
    { identifier: 'one', usage: 0.5 },
  ])('are the same whatever identifies a claim: %j', async (parts) => {
    expect(await claimed(answering({ claims: [{ principal: { user: user(1) }, ...parts }] }))).toEqual([user(1)]);
  });

  it('are none of an entry that names its principal in a new way', async () => {
    expect(await claimed(answering({ claims: [{ principal: { role: 'x' } }, { principal: null }, {}, 7] }))).toEqual(
      [],
    );
  });

  it.each([{}, { claims: null }, { claims: 7 }, { claims: [null] }, { claims: [], nextToken: 7 }, [], null, 'x'])(
    'are not known from an answer without them: %j',
    async (answer) => {
      await expect(claimed(answering(answer))).rejects.toMatchObject({ reason: 'malformed-answer' });
    },
  );

  it.each<[Parameters<typeof anAccount>[1], string]>([
    [{ quirks: { applicationClaims: 'refused' } }, 'access-denied'],
    [
      {
        rules: [
          {
            operation: 'UserSubscriptions.ListApplicationClaims',
            kind: 'exception',
            exception: 'UnknownOperationException',
          },
        ],
      },
      'UnknownOperationException',
    ],
  ])('may be refused: %j', async (options, reason) => {
    await expect(claimed(anAccount(ALL, options))).rejects.toMatchObject({ name: 'RefusedError', reason });
  });
});

describe('an entry of the list', () => {
  const ID = 'A1B2C3D4-1111-70AA-08FA-0123456789AB';

  it.each([
    [{ user: ID }, { user: ID.toLowerCase() }],
    [{ user: `1234567890-${ID}` }, { user: `1234567890-${ID.toLowerCase()}` }],
    [{ user: `d-1234567890.${ID}` }, { user: ID.toLowerCase() }],
    [{ user: `0A1B2C3D-2222-3333-4444-0123456789AB.${ID}` }, { user: ID.toLowerCase() }],
    [{ user: `arn:aws:identitystore:::user/${ID}` }, { user: ID.toLowerCase() }],
    [{ group: `d-1234567890.${ID}` }, { group: ID.toLowerCase() }],
    [{ user: `arn:aws:identitystore:::group/${ID}` }, { unknown: true }],
    [{ user: `jane.doe.${ID}` }, { unknown: true }],
    [{ user: 'jane.doe@example.com' }, { unknown: true }],
    [{ user: '' }, { unknown: true }],
    [{ user: 7 }, { unknown: true }],
    [{ user: null }, { unknown: true }],
    [{ user: ID, group: ID }, { unknown: true }],
    [{ application: ID }, { unknown: true }],
    [{}, { unknown: true }],
    [[], { unknown: true }],
    [null, { unknown: true }],
    [ID, { unknown: true }],
    [undefined, { unknown: true }],
  ])('with the principal %j is of %j', async (principal, expected) => {
    expect((await only({ principal }))?.principal).toEqual(expected);
  });

  it.each([
    ['KIRO_ENTERPRISE_PRO', 'Q_DEVELOPER_STANDALONE_PRO'],
    ['KIRO_ENTERPRISE_PRO_PLUS', 'Q_DEVELOPER_STANDALONE_PRO_PLUS'],
    ['KIRO_ENTERPRISE_PRO_MAX', 'Q_DEVELOPER_STANDALONE_PRO_MAX'],
    ['KIRO_ENTERPRISE_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
    ['KIRO_ENTERPRISE_PRO_POWER', 'Q_DEVELOPER_STANDALONE_POWER'],
    ['Q_DEVELOPER_STANDALONE_FREE', 'Q_DEVELOPER_STANDALONE_FREE'],
    ['KIRO_ENTERPRISE_ULTRA', 'unknown'],
    ['', 'unknown'],
    [7, 'unknown'],
    [null, 'unknown'],
    [{}, 'unknown'],
    [undefined, 'unknown'],
  ])('of the type %j has the plan %s', async (amazonQ, plan) => {
    expect((await only({ type: { amazonQ } }))?.plan).toBe(plan);
  });

  it.each([undefined, null, 'KIRO_ENTERPRISE_PRO', [], { kiro: 'KIRO_ENTERPRISE_PRO' }])(
    'without a readable type (%j) has an unknown plan, also if one is in force',
    async (type) => {
      expect((await only({ type, activatedType: { amazonQ: 'KIRO_ENTERPRISE_PRO' } }))?.plan).toBe('unknown');
    },
  );

  it.each([
    ['ACTIVE', 'active'],
    ['PENDING', 'pending'],
    ['CANCELLED', 'cancelled'],
    ['CANCELED', 'cancelled'],
    ['active', 'unknown'],
    ['SUSPENDED', 'unknown'],
    [1, 'unknown'],
    [null, 'unknown'],
    [undefined, 'unknown'],
  ])('with the status %j is %s', async (status, expected) => {
    expect((await only({ status }))?.status).toBe(expected);
  });

  it.each([
    ['INDIVIDUAL', 'individual'],
    ['GROUP', 'group'],
    ['INDIVIDUAL_AND_GROUP', 'both'],
    ['EVERYBODY', 'unknown'],
    [null, 'unknown'],
    [undefined, 'unknown'],
  ])('that is %j comes from %s', async (aggregatedSubscriptionType, source) => {
    expect((await only({ aggregatedSubscriptionType }))?.source).toBe(source);
  });

  it.each([
    ['2026-09-03T08:11:52Z', '2026-09-03T08:11:52.000Z'],
    ['2026-09-03T08:11:52.123456Z', '2026-09-03T08:11:52.123Z'],
    ['2026-09-03T10:11:52+02:00', '2026-09-03T08:11:52.000Z'],
    ['2026-09-03', '2026-09-03T00:00:00.000Z'],
    [1_788_423_112, '2026-09-03T08:11:52.000Z'],
    [1_788_423_112.5, '2026-09-03T08:11:52.500Z'],
    [1_788_423_112_000, '2026-09-03T08:11:52.000Z'],
    ['2026-09-03T08:11:52', undefined],
    ['2026-13-03T08:11:52Z', undefined],
    ['Thu, 03 Sep 2026 08:11:52 GMT', undefined],
    ['1788423112', undefined],
    ['', undefined],
    [0, undefined],
    [-1, undefined],
    [1e300, undefined],
    [253_402_300_800_000, undefined],
    [{ seconds: 1 }, undefined],
    [null, undefined],
    [undefined, undefined],
  ])('with the activation date %j is active since %s', async (activationDate, activatedAt) => {
    const found = await only({ activationDate });
    expect(found).toEqual({
      principal: { unknown: true },
      plan: 'unknown',
      status: 'unknown',
      source: 'unknown',
      ...(activatedAt === undefined ? {} : { activatedAt }),
    });
  });

  it('may have unknown fields, or be no entry at all', async () => {
    const { provider } = answering({
      subscriptions: [{ principal: { user: ID }, usage: { credits: 12_345_678_901_234_567_890n.toString() } }, 'x', 7],
      summary: {},
    });
    expect((await listed(provider)).map(({ principal }) => principal)).toEqual([
      { user: ID.toLowerCase() },
      { unknown: true },
      { unknown: true },
    ]);
  });
});

describe('an answer without a list', () => {
  it.each([
    {},
    { subscriptions: null },
    { subscriptions: {} },
    { subscriptions: 'none' },
    { subscriptions: [null] },
    { UserSubscriptions: 7 },
    { Subscriptions: [] },
    [],
    null,
    'x',
    7,
  ])('is refused, not taken for an empty one: %j', async (answer) => {
    const failure = await failureOf(listed(answering(answer).provider));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({
      reason: 'malformed-answer',
      message: `ListUserSubscriptions: subscriptions is missing or malformed in the answer (instance ${INSTANCE_ARN}, Region eu-central-1)`,
    });
  });

  it.each([7, {}, true])('is as bad as a token that is none: %j', async (nextToken) => {
    await expect(listed(answering({ subscriptions: [], nextToken }).provider)).rejects.toMatchObject({
      reason: 'malformed-answer',
    });
  });

  it.each([null, ''])('may say with %j that there is no other page', async (nextToken) => {
    expect(await listed(answering({ subscriptions: [], nextToken }).provider)).toEqual([]);
  });
});

describe('a list that does not end well', () => {
  it.each([
    ['nextToken', 'subscriptions'],
    ['NextToken', 'UserSubscriptions'],
  ])('is refused when %s comes twice', async (token, list) => {
    const { provider, inputs } = answering(
      { [list]: [], [token]: 'a' },
      { [list]: [], [token]: 'b' },
      { [list]: [], [token]: 'a' },
    );
    await expect(listed(provider)).rejects.toMatchObject({ name: 'RefusedError', reason: 'malformed-answer' });
    expect(inputs).toHaveLength(3);
  });

  it('fails as a whole when a page fails', async () => {
    const subscriptions = people(1, 250).map((number) => ({ user: user(number), plan: 'KIRO_ENTERPRISE_PRO' }));
    const { provider } = anAccount(subscriptions, { rules: [{ operation: OPERATION, kind: 'internal', skip: 2 }] });
    expect(await failureOf(listed(provider))).toBeInstanceOf(TransientAwsError);
    expect(await listed(provider)).toHaveLength(250);
  });
});

describe('an error of the list', () => {
  it.each(ACCOUNT_REFUSALS)('says that the account is not eligible: %s, %s', async (exception, message) => {
    const failure = await failureOf(listed(refusing(exception, message)));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({
      reason: 'account-not-eligible',
      message: expect.not.stringContaining(' account '),
    });
  });

  it.each([
    ['AccessDeniedException', 'access-denied'],
    ['ConflictException', 'conflict'],
    ['ResourceNotFoundException', 'profile-missing'],
    ['ValidationException', 'validation'],
    ['ServiceQuotaExceededException', 'ServiceQuotaExceededException'],
  ])('is a refusal: %s', async (exception, reason) => {
    const failure = await failureOf(listed(refusing(exception, 'jane.doe may not do this')));
    expect(failure).toMatchObject({ name: 'RefusedError', reason, message: expect.not.stringContaining('jane') });
  });

  it.each(TRANSIENT_EXCEPTIONS)('is transient: %s with HTTP %i', async (exception, status, isThrottled) => {
    const failure = await failureOf(listed(refusing(exception, 'no', status)));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled });
  });

  it.each(NAMELESS_BODIES)('is a throttle with HTTP 429, whatever its body is: %s', async (body) => {
    const handle = async () => ({ statusCode: 429, headers: {}, body });
    const { aws } = behindGateway({ UserSubscriptions: { handle } });
    const failure = await failureOf(listed(kiroSubscriptions(aws, PROFILE, pacer)));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled: true });
  });

  it('is transient when the answer is no JSON, but the page of a proxy', async () => {
    const handle = async () => ({ statusCode: 200, headers: {}, body: '<html>Sign in</html>' });
    const { aws } = behindGateway({ UserSubscriptions: { handle } });
    const failure = await failureOf(listed(kiroSubscriptions(aws, PROFILE, pacer)));
    expect(failure).toBeInstanceOf(TransientAwsError);
  });
});
