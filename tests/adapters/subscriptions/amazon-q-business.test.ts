import { describe, expect, it } from 'vitest';
import { amazonQBusinessSubscriptions } from '../../../adapters/subscriptions/amazon-q-business.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import type { DirectorySeed, SeedSubscription } from '../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import { errorAnswer, jsonAnswer, ServiceError } from '../../../emulator/aws/json-service.ts';
import { Q_BUSINESS_PROVIDER, qBusiness } from '../../../emulator/aws/qbusiness/qbusiness.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { collected } from '../../support/aws.ts';
import { aSeed } from '../../support/directory.ts';
import { APPLICATION, application, GROUP, OTHER_APPLICATION, people, REGION, user } from '../../support/ids.ts';

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

type Answers = Partial<Record<'ListApplications' | 'GetApplication' | 'ListSubscriptions', unknown[]>>;

/** The provider against a service that gives these answers, the last one of each operation again and again. */
function answering(answers: Answers) {
  const inputs: Record<string, unknown[]> = { ListApplications: [], GetApplication: [], ListSubscriptions: [] };
  const usual: Required<Answers> = {
    ListApplications: [{ applications: [{ applicationId: ID }] }],
    GetApplication: [{ applicationId: ID, identityCenterApplicationArn: APPLICATION }],
    ListSubscriptions: [{ subscriptions: [] }],
    ...answers,
  };
  const handle = async (operation: string, body: Uint8Array) => {
    const asked = inputs[operation] ?? [];
    asked.push(JSON.parse(Buffer.from(body).toString()));
    const list = usual[operation as keyof Answers];
    return jsonAnswer('QBusiness', 200, list[Math.min(asked.length, list.length) - 1] as object);
  };
  const { aws } = behindGateway({ QBusiness: { handle } });
  return { provider: amazonQBusinessSubscriptions(aws, APPLICATION, pacer), inputs };
}

async function listed(provider: ReturnType<typeof amazonQBusinessSubscriptions>) {
  return (await collected(provider.subscriptions())).flat();
}

async function failureOf(provider: ReturnType<typeof amazonQBusinessSubscriptions>): Promise<unknown> {
  return listed(provider).then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

const ALL: SeedSubscription[] = [
  { user: user(1), plan: 'Q_BUSINESS' },
  { user: user(2), plan: 'Q_LITE', activePlan: 'Q_BUSINESS' },
  { user: user(3), plan: 'Q_BUSINESS', status: 'CANCELLED' },
  { group: GROUP, plan: 'Q_LITE' },
];

describe('the subscriptions of an Amazon Q Business application', () => {
  it('are those of users and groups, each with the plan of next month', async () => {
    expect(await listed(subscribed(ALL).provider)).toEqual([
      { principal: { user: user(1) }, plan: 'Q_BUSINESS', status: 'active', source: 'individual' },
      { principal: { user: user(2) }, plan: 'Q_LITE', status: 'active', source: 'individual' },
      { principal: { user: user(3) }, plan: 'Q_BUSINESS', status: 'unknown', source: 'individual' },
      { principal: { group: GROUP }, plan: 'Q_LITE', status: 'active', source: 'group' },
    ]);
  });

  it('are the same in short pages', async () => {
    expect(await listed(subscribed(ALL, { pages: 'short' }).provider)).toEqual(await listed(subscribed(ALL).provider));
  });

  it('may lack the cancelled ones', async () => {
    expect(await listed(subscribed(ALL, { cancelledSubscriptions: 'absent' }).provider)).toHaveLength(3);
  });

  it.each<Quirks>([{}, { pages: 'short' }])(
    'come in pages, however many there are, with the quirks %j',
    async (quirks) => {
      const numbers = people(1, 25_001);
      const { provider, gateway } = subscribed(
        numbers.map((number) => ({ user: user(number), plan: 'Q_LITE' })),
        quirks,
      );
      const found = await listed(provider);
      expect(found.map(({ principal }) => principal)).toEqual(numbers.map((number) => ({ user: user(number) })));
      expect(gateway.calls.get('QBusiness.ListSubscriptions')).toBeGreaterThan(250);
    },
  );

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
    const failure = await failureOf(anAccount(applications).provider);
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
      const failure = await failureOf(answering({ ListSubscriptions: [answer] }).provider);
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
    const failure = await failureOf(provider);
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled: true });
    expect(await listed(provider)).toHaveLength(250);
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
    const failure = await failureOf(amazonQBusinessSubscriptions(aws, APPLICATION, pacer));
    expect(failure).toMatchObject({ name: 'RefusedError', reason, message: expect.not.stringContaining('jane') });
  });

  it.each([
    ['ThrottlingException', 429, true],
    ['SomethingNewException', 429, true],
    ['InternalServerException', 500, false],
    ['SomethingNewException', 503, false],
  ])('is transient: %s with HTTP %i', async (exception, statusCode, isThrottled) => {
    const answer = errorAnswer('QBusiness', new ServiceError(exception, 'no', { statusCode }));
    const { aws } = behindGateway({ QBusiness: { handle: async () => answer } });
    const failure = await failureOf(amazonQBusinessSubscriptions(aws, APPLICATION, pacer));
    expect(failure).toBeInstanceOf(TransientAwsError);
    expect(failure).toMatchObject({ isThrottled });
  });
});
