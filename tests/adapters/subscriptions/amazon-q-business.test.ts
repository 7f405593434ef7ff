import { describe, expect, it } from 'vitest';
import { amazonQBusinessSubscriptions } from '../../../adapters/subscriptions/amazon-q-business.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { SubscriptionProvider } from '../../../domain/subscription/subscription.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import type { DirectorySeed, SeedSubscription } from '../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import { Q_BUSINESS_PROVIDER } from '../../../emulator/aws/identity-center/subscriptions.ts';
import { errorAnswer, jsonAnswer, ServiceError } from '../../../emulator/aws/json-service.ts';
import { qBusiness } from '../../../emulator/aws/qbusiness/qbusiness.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { collected } from '../../support/aws.ts';
import { aSeed } from '../../support/directory.ts';
import { APPLICATION, application, GROUP, OTHER_APPLICATION, people, REGION, user } from '../../support/ids.ts';
import { failureOf, TRANSIENT_EXCEPTIONS } from '../../support/subscription-failures.ts';

const ID = '0a1b2c3d-1111-2222-3333-444455556666';
const pacer = { pace: async () => undefined };

/** The provider against the emulator, whose applications are all of Amazon Q Business. */
function anAccount(
  applications: DirectorySeed['applications'],
  { quirks = {}, rules = [] }: { quirks?: Quirks; rules?: FaultRule[] } = {},
) {
  const provided = applications.map((one) => ({ provider: Q_BUSINESS_PROVIDER, ...one }));
  const { center, clock } = anIdentityCenter(aSeed({ applications: provided }), quirks);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const { aws, gateway } = behindGateway({ QBusiness: qBusiness(center, clock, REGION) }, { faults });
  return { provider: amazonQBusinessSubscriptions(aws, APPLICATION, pacer), gateway };
}

function subscribed(subscriptions: SeedSubscription[], quirks: Quirks = {}) {
  return anAccount([{ applicationArn: APPLICATION, subscriptions }], { quirks });
}

const OPERATIONS = [
  'ListApplications',
  'GetApplication',
  'ListSubscriptions',
  'CreateSubscription',
  'UpdateSubscription',
  'CancelSubscription',
] as const;
type Answers = Partial<Record<(typeof OPERATIONS)[number], unknown[]>>;

/** The provider against a service that gives these answers, the last one of each operation again and again. */
function answering(answers: Answers) {
  const inputs: Record<string, unknown[]> = Object.fromEntries(OPERATIONS.map((operation) => [operation, []]));
  const usual: Required<Answers> = {
    ListApplications: [{ applications: [{ applicationId: ID }] }],
    GetApplication: [{ applicationId: ID, identityCenterApplicationArn: APPLICATION }],
    ListSubscriptions: [{ subscriptions: [] }],
    CreateSubscription: [{}],
    UpdateSubscription: [{}],
    CancelSubscription: [{}],
    ...answers,
  };
  const handle = async (operation: string, body: Uint8Array) => {
    const asked = inputs[operation] ?? [];
    asked.push(JSON.parse(Buffer.from(body).toString()));
    const list = usual[operation as keyof Answers];
    const answer = list[Math.min(asked.length, list.length) - 1];
    if (answer instanceof ServiceError) return errorAnswer('QBusiness', answer);
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    return { ...jsonAnswer('QBusiness', 200, {}), body: text };
  };
  const { aws } = behindGateway({ QBusiness: { handle } });
  return { provider: amazonQBusinessSubscriptions(aws, APPLICATION, pacer), inputs };
}

/** An exception of the service, with the fields that the API reference has. */
function anError(exception: string, statusCode: number) {
  const fields = { resourceId: 'jane.doe', resourceType: 'SUBSCRIPTION', reason: 'FIELD_VALIDATION_FAILED' };
  return new ServiceError(exception, 'jane.doe may not do this', { statusCode, fields });
}

async function listed(provider: ReturnType<typeof amazonQBusinessSubscriptions>) {
  return (await collected(provider.subscriptions())).flat();
}

/** The id that the emulator gives to the subscription of a user or group. */
const idOf = (principalId: string) => `s-${principalId}`;

const ALL: SeedSubscription[] = [
  { user: user(1), plan: 'Q_BUSINESS' },
  { user: user(2), plan: 'Q_LITE', activePlan: 'Q_BUSINESS' },
  { user: user(3), plan: 'Q_BUSINESS', status: 'CANCELLED' },
  { group: GROUP, plan: 'Q_LITE' },
];

describe('the subscriptions of an Amazon Q Business application', () => {
  it('are those of users and groups, each with the plan of next month', async () => {
    expect(await listed(subscribed(ALL).provider)).toEqual([
      { id: idOf(user(1)), principal: { user: user(1) }, plan: 'Q_BUSINESS', status: 'active', source: 'individual' },
      { id: idOf(user(2)), principal: { user: user(2) }, plan: 'Q_LITE', status: 'active', source: 'individual' },
      { id: idOf(user(3)), principal: { user: user(3) }, plan: 'Q_BUSINESS', status: 'unknown', source: 'individual' },
      { id: idOf(GROUP), principal: { group: GROUP }, plan: 'Q_LITE', status: 'active', source: 'group' },
    ]);
  });

  it('are the same in short pages', async () => {
    expect(await listed(subscribed(ALL, { pages: 'short' }).provider)).toEqual(await listed(subscribed(ALL).provider));
  });

  it('may lack the cancelled ones', async () => {
    expect(await listed(subscribed(ALL, { cancelledSubscriptions: 'absent' }).provider)).toHaveLength(3);
  });

  it.each<[Quirks, number]>([
    [{}, 25_001],
    [{ pages: 'short' }, 2501],
  ])('come in pages, however many there are, with the quirks %j: %i', async (quirks, count) => {
    const numbers = people(1, count);
    const { provider, gateway } = subscribed(
      numbers.map((number) => ({ user: user(number), plan: 'Q_LITE' })),
      quirks,
    );
    const found = await listed(provider);
    expect(found.map(({ principal }) => principal)).toEqual(numbers.map((number) => ({ user: user(number) })));
    expect(gateway.calls.get('QBusiness.ListSubscriptions')).toBeGreaterThan(count / 100);
  });

  it.each([
    ['active', { currentSubscription: { type: 'Q_LITE' }, nextSubscription: { type: 'Q_LITE' } }],
    ['active', { nextSubscription: { type: 'Q_LITE' } }],
    // AWS does not document what a missing field means: one that is still paid must not count as gone.
    ['unknown', { currentSubscription: { type: 'Q_LITE' } }],
    ['unknown', { currentSubscription: { type: 'Q_LITE' }, nextSubscription: null }],
    ['unknown', {}],
  ])('are %s with %j', async (status, fields) => {
    const entry = { principal: { user: user(1) }, ...fields };
    const [found] = await listed(answering({ ListSubscriptions: [{ subscriptions: [entry] }] }).provider);
    expect(found?.status).toBe(status);
  });

  it.each([
    [{ subscriptionId: '8f1c2d34' }, '8f1c2d34'],
    [{ subscriptionId: '' }, undefined],
    [{ subscriptionId: null }, undefined],
    [{}, undefined],
  ])('have the id of the list, if it has one: %j', async (entry, id) => {
    const [found] = await listed(answering({ ListSubscriptions: [{ subscriptions: [entry] }] }).provider);
    expect(found?.id).toBe(id);
    expect(Object.keys(found ?? {}).includes('id')).toBe(id !== undefined);
  });

  it.each([
    [{ nextSubscription: { type: 'Q_ULTRA' }, currentSubscription: { type: 'Q_LITE' } }],
    [{ nextSubscription: {} }],
    [{}],
  ])('have an unknown plan with %j', async (entry) => {
    const [found] = await listed(answering({ ListSubscriptions: [{ subscriptions: [entry] }] }).provider);
    expect(found?.plan).toBe('unknown');
  });

  it.each([
    [{ user: `1234567890-${user(1)}` }, { user: `1234567890-${user(1)}` }],
    [{ user: `d-1234567890.${user(1)}` }, { user: user(1) }],
    [{ user: `${GROUP}.${user(1)}` }, { user: user(1) }],
    [{ user: 'jane.doe' }, { unknown: true }],
    [{ role: GROUP }, { unknown: true }],
    [{}, { unknown: true }],
    [undefined, { unknown: true }],
  ])('with the principal %j are of %j', async (principal, expected) => {
    const [found] = await listed(answering({ ListSubscriptions: [{ subscriptions: [{ principal }] }] }).provider);
    expect(found?.principal).toEqual(expected);
    expect(found?.source).toBe('user' in expected ? 'individual' : 'unknown');
  });
});

describe('the application', () => {
  it('is found among others, on whatever page', async () => {
    const numbers = people(2, 130);
    const applications = [...numbers.map(application), APPLICATION].map((applicationArn) => ({
      applicationArn,
      subscriptions: applicationArn === APPLICATION ? ALL : [],
    }));
    for (const quirks of [{}, { pages: 'short' }] as const)
      expect(await listed(anAccount(applications, { quirks }).provider)).toHaveLength(ALL.length);
  });

  it('is asked for until it is found, and not further', async () => {
    const { provider, gateway } = anAccount([{ applicationArn: APPLICATION }, { applicationArn: OTHER_APPLICATION }]);
    await listed(provider);
    expect(Object.fromEntries(gateway.calls)).toEqual({
      'QBusiness.ListApplications': 1,
      'QBusiness.GetApplication': 1,
      'QBusiness.ListSubscriptions': 1,
    });
  });

  it('is not one that is deleted meanwhile', async () => {
    const { provider } = anAccount([{ applicationArn: application(0) }, { applicationArn: APPLICATION }], {
      rules: [{ operation: 'QBusiness.GetApplication', kind: 'not-found' }],
    });
    expect(await listed(provider)).toEqual([]);
  });

  it.each([
    ['there is none', []],
    ['there are only others', [{ applicationArn: OTHER_APPLICATION }]],
    ['it belongs to another product', [{ applicationArn: APPLICATION, provider: 'codewhisperer' }]],
  ])('is missing, with its ARN, if %s', async (_fact, applications) => {
    const failure = await failureOf(listed(anAccount(applications).provider));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({ reason: 'application-missing', message: expect.stringContaining(APPLICATION) });
  });

  it.each([{}, { applications: null }, { applications: [{}] }, { applications: [{ applicationId: '' }] }])(
    'is not missing in the answer %j, which is malformed',
    async (answer) => {
      await expect(listed(answering({ ListApplications: [answer] }).provider)).rejects.toMatchObject({
        reason: 'malformed-answer',
        message: expect.stringContaining('ListApplications: '),
      });
    },
  );
});

describe('a request for subscriptions', () => {
  it('names the application and the page', async () => {
    const { provider, inputs } = answering({
      ListSubscriptions: [{ subscriptions: [], nextToken: 'more+/=' }, { subscriptions: [] }],
    });
    await listed(provider);
    expect(inputs['ListSubscriptions']).toEqual([
      { applicationId: ID, maxResults: 100 },
      { applicationId: ID, maxResults: 100, nextToken: 'more+/=' },
    ]);
  });

  it('waits for its turn, whatever it asks for', async () => {
    const paced: unknown[] = [];
    const { center, clock } = anIdentityCenter(
      aSeed({ applications: [{ applicationArn: APPLICATION, provider: Q_BUSINESS_PROVIDER }] }),
    );
    const { aws } = behindGateway({ QBusiness: qBusiness(center, clock, REGION) });
    const pace = async (operation?: string) => {
      paced.push(operation);
    };
    await listed(amazonQBusinessSubscriptions(aws, APPLICATION, { pace }));
    expect(paced).toEqual(['ListApplications', 'GetApplication', 'ListSubscriptions']);
  });
});

describe('a list that does not end well', () => {
  it.each([{}, { subscriptions: null }, { subscriptions: [null] }, { subscriptions: 'none' }])(
    'is refused without its entries: %j',
    async (answer) => {
      const failure = await failureOf(listed(answering({ ListSubscriptions: [answer] }).provider));
      expect(failure).toBeInstanceOf(RefusedError);
      expect(failure).toMatchObject({ reason: 'malformed-answer' });
    },
  );

  it.each([
    ['ListSubscriptions', { subscriptions: [], nextToken: 'a' }],
    ['ListApplications', { applications: [], nextToken: 'a' }],
  ])('is refused when the token of %s comes twice', async (operation, answer) => {
    const { provider, inputs } = answering({ [operation]: [answer] });
    await expect(listed(provider)).rejects.toMatchObject({ name: 'RefusedError', reason: 'malformed-answer' });
    expect(inputs[operation]).toHaveLength(2);
  });

  it('fails as a whole when a page fails', async () => {
    const subscriptions = people(1, 250).map((number) => ({ user: user(number), plan: 'Q_LITE' }));
    const { provider } = anAccount([{ applicationArn: APPLICATION, subscriptions }], {
      rules: [{ operation: 'QBusiness.ListSubscriptions', kind: 'throttle', skip: 2 }],
    });
    const failure = await failureOf(listed(provider));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled: true });
    expect(await listed(provider)).toHaveLength(250);
  });
});

type Write = readonly [operation: string, write: (provider: SubscriptionProvider) => Promise<unknown>];

const KEY = { userId: user(1), id: '8f1c2d34' };
const SUBSCRIBE: Write = ['CreateSubscription', (provider) => provider.subscribe(user(1), 'Q_BUSINESS')];
const CHANGE: Write = ['UpdateSubscription', (provider) => provider.changePlan(KEY, 'Q_LITE')];
const CANCEL: Write = ['CancelSubscription', (provider) => provider.cancel(KEY)];
const WRITES = [SUBSCRIBE, CHANGE, CANCEL];

describe('a change of a subscription', () => {
  it('subscribes a user, and returns the id of the subscription', async () => {
    const { provider, inputs } = answering({ CreateSubscription: [{ subscriptionId: '8f1c2d34', status: 'new' }] });
    expect(await provider.subscribe(user(1), 'Q_BUSINESS')).toEqual({ outcome: 'subscribed', id: '8f1c2d34' });
    expect(inputs['CreateSubscription']).toEqual([
      {
        applicationId: ID,
        principal: { user: user(1) },
        type: 'Q_BUSINESS',
        clientToken: expect.stringMatching(/^.{1,100}$/),
      },
    ]);
  });

  it('changes the plan of a subscription', async () => {
    const { provider, inputs } = answering({});
    expect(await provider.changePlan(KEY, 'Q_LITE')).toBe('changed');
    expect(inputs['UpdateSubscription']).toEqual([{ applicationId: ID, subscriptionId: KEY.id, type: 'Q_LITE' }]);
  });

  it('cancels a subscription', async () => {
    const { provider, inputs } = answering({});
    expect(await provider.cancel(KEY)).toBe('cancelled');
    expect(inputs['CancelSubscription']).toEqual([{ applicationId: ID, subscriptionId: KEY.id }]);
  });

  it.each(['', '{}', '{"subscriptionId":null}', '{"subscriptionId":""}', '{"subscriptionId":7}'])(
    'is made whatever the answer says: %s',
    async (answer) => {
      const answers = { CreateSubscription: [answer], UpdateSubscription: [answer], CancelSubscription: [answer] };
      const { provider } = answering(answers);
      expect(await SUBSCRIBE[1](provider)).toEqual({ outcome: 'subscribed' });
      expect(await CHANGE[1](provider)).toBe('changed');
      expect(await CANCEL[1](provider)).toBe('cancelled');
    },
  );

  it.each(WRITES)('may have been made when the answer to %s is malformed', async (operation, write) => {
    const failure = await failureOf(write(answering({ [operation]: ['null'] }).provider));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'malformed-answer' });
  });

  it('needs the application once', async () => {
    const { provider, inputs } = answering({});
    await listed(provider);
    for (const [, write] of WRITES) await write(provider);
    await listed(provider);
    expect(Object.values(inputs).map(({ length }) => length)).toEqual([1, 1, 2, 1, 1, 1]);
  });

  it.each(WRITES)('is refused in %s without the application', async (_operation, write) => {
    const failure = await failureOf(write(answering({ ListApplications: [{ applications: [] }] }).provider));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'application-missing' });
  });

  it('looks for the application again after it was missing', async () => {
    const { provider } = answering({
      ListApplications: [{ applications: [] }, { applications: [{ applicationId: ID }] }],
    });
    await failureOf(CANCEL[1](provider));
    expect(await CANCEL[1](provider)).toBe('cancelled');
  });

  it.each<Write>([
    ['UpdateSubscription', (provider) => provider.changePlan({ userId: user(1) }, 'Q_LITE')],
    ['CancelSubscription', (provider) => provider.cancel({ userId: user(1), id: undefined })],
  ])('is refused without the id of the subscription, and %s is not called', async (operation, write) => {
    const { provider, inputs } = answering({});
    const failure = await failureOf(write(provider));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({ reason: 'subscription-unknown', message: expect.stringContaining(user(1)) });
    expect(inputs[operation]).toEqual([]);
  });

  it('is refused for the plan of another provider', async () => {
    const { provider, inputs } = answering({});
    const failure = await failureOf(provider.subscribe(user(1), 'Q_DEVELOPER_STANDALONE_PRO'));
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'validation' });
    expect(inputs['CreateSubscription']).toEqual([]);
  });

  it.each([
    [SUBSCRIBE, { outcome: 'conflict' }],
    [CHANGE, 'conflict'],
    [CANCEL, 'conflict'],
  ])('may conflict with what there is: %s', async ([operation, write], outcome) => {
    const { provider, inputs } = answering({ [operation]: [anError('ConflictException', 409)] });
    expect(await write(provider)).toEqual(outcome);
    expect(inputs[operation]).toHaveLength(1);
  });

  it.each([
    [SUBSCRIBE, 'principal-or-application-missing'],
    [CHANGE, 'subscription-or-application-missing'],
  ])('is refused when AWS does not find what it names: %s', async ([operation, write], reason) => {
    const { provider } = answering({ [operation]: [anError('ResourceNotFoundException', 404)] });
    expect(await failureOf(write(provider))).toMatchObject({ name: 'RefusedError', reason });
  });

  it('counts as cancelled when there is nothing to cancel', async () => {
    const { provider } = answering({ CancelSubscription: [anError('ResourceNotFoundException', 404)] });
    expect(await CANCEL[1](provider)).toBe('cancelled');
  });
});

describe.each(WRITES)('an error of %s', (operation, write) => {
  it.each([
    ['AccessDeniedException', 403, 'access-denied'],
    ['ValidationException', 400, 'validation'],
    ['LicenseNotFoundException', 400, 'LicenseNotFoundException'],
  ])('is a refusal with the ids: %s', async (exception, statusCode, reason) => {
    const { provider } = answering({ [operation]: [anError(exception, statusCode)] });
    const failure = await failureOf(write(provider));
    expect(failure).toMatchObject({
      name: 'RefusedError',
      reason,
      message: expect.stringMatching(new RegExp(`^${operation}: ${exception} .*${APPLICATION}, user ${user(1)}`)),
    });
    expect(failure).toHaveProperty('message', expect.not.stringContaining('jane'));
  });

  it.each(TRANSIENT_EXCEPTIONS)(
    'is transient, and does not repeat the call: %s with HTTP %i',
    async (exception, statusCode, isThrottled) => {
      const { provider, inputs } = answering({ [operation]: [anError(exception, statusCode)] });
      const failure = await failureOf(write(provider));
      expect(failure).toBeInstanceOf(TransientAwsError);
      expect(failure).toMatchObject({ isThrottled });
      expect(inputs[operation]).toHaveLength(1);
    },
  );

  it('is transient when the answer is the page of a proxy', async () => {
    const { provider } = answering({ [operation]: ['<html>Sign in</html>'] });
    expect(await failureOf(write(provider))).toBeInstanceOf(TransientAwsError);
  });
});

describe('an error', () => {
  it.each([
    ['AccessDeniedException', 403, 'access-denied'],
    ['ConflictException', 409, 'conflict'],
    ['ResourceNotFoundException', 404, 'application-missing'],
    ['ValidationException', 400, 'validation'],
    ['LicenseNotFoundException', 400, 'LicenseNotFoundException'],
  ])('of the list is a refusal: %s', async (exception, statusCode, reason) => {
    const fields = { resourceId: 'jane.doe', resourceType: 'APPLICATION', reason: 'FIELD_VALIDATION_FAILED' };
    const error = new ServiceError(exception, 'jane.doe may not do this', { statusCode, fields });
    const { aws } = behindGateway({ QBusiness: { handle: async () => errorAnswer('QBusiness', error) } });
    const failure = await failureOf(listed(amazonQBusinessSubscriptions(aws, APPLICATION, pacer)));
    expect(failure).toMatchObject({ name: 'RefusedError', reason, message: expect.not.stringContaining('jane') });
  });

  it.each(TRANSIENT_EXCEPTIONS)('is transient: %s with HTTP %i', async (exception, statusCode, isThrottled) => {
    const answer = errorAnswer('QBusiness', new ServiceError(exception, 'no', { statusCode }));
    const { aws } = behindGateway({ QBusiness: { handle: async () => answer } });
    const failure = await failureOf(listed(amazonQBusinessSubscriptions(aws, APPLICATION, pacer)));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled });
  });
});
