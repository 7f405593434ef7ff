import { describe, expect, it } from 'vitest';
import type { SeedSubscription } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { Q_BUSINESS_PROVIDER } from '../../../../emulator/aws/identity-center/subscriptions.ts';
import { userSubscriptions } from '../../../../emulator/aws/user-subscriptions/user-subscriptions.ts';
import { anIdentityCenter } from '../../../support/account.ts';
import { aSeed } from '../../../support/directory.ts';
import {
  APPLICATION,
  application,
  GROUP,
  INSTANCE_ARN,
  OTHER_APPLICATION,
  people,
  REGION,
  STORE_ID,
  user,
} from '../../../support/ids.ts';

const INPUT = { instanceArn: INSTANCE_ARN, subscriptionRegion: REGION };

function aService(subscriptions: SeedSubscription[], quirks: Quirks = {}) {
  const applications = [
    { applicationArn: APPLICATION, subscriptions },
    { applicationArn: OTHER_APPLICATION, region: 'eu-west-1', subscriptions: [{ group: GROUP, plan: 'ELSEWHERE' }] },
    {
      applicationArn: application(3),
      provider: Q_BUSINESS_PROVIDER,
      subscriptions: [{ group: GROUP, plan: 'Q_LITE' }],
    },
  ];
  const { center, clock } = anIdentityCenter(aSeed({ applications }), quirks);
  const service = userSubscriptions(center, clock, REGION);
  const answerTo = async (operation: string, input: object) => {
    const { statusCode, body } = await service.handle(operation, Buffer.from(JSON.stringify(input)));
    return { statusCode, body: JSON.parse(body.toString()) };
  };
  return {
    clock,
    claims: (input: object) =>
      answerTo('ListApplicationClaims', { applicationArn: APPLICATION, subscriptionRegion: REGION, ...input }),
    async list(input: object) {
      const { statusCode, headers, body } = await service.handle(
        'ListUserSubscriptions',
        Buffer.from(JSON.stringify({ ...INPUT, ...input })),
      );
      return { statusCode, contentType: headers['content-type'], body: JSON.parse(body.toString()) };
    },
  };
}

const USED = {
  user: user(1),
  plan: 'KIRO_ENTERPRISE_PRO',
  activePlan: 'KIRO_ENTERPRISE_PRO_PLUS',
  source: 'INDIVIDUAL_AND_GROUP',
  activatedAt: '2026-09-03T08:11:52Z',
} as const;

describe('ListUserSubscriptions', () => {
  it('answers in the shape that was seen', async () => {
    const { list } = aService([USED, { user: user(2), plan: 'KIRO_ENTERPRISE_PRO', status: 'PENDING' }]);
    expect(await list({})).toEqual({
      statusCode: 200,
      contentType: 'application/x-amz-json-1.0',
      body: {
        subscriptions: [
          {
            principal: { user: user(1) },
            type: { amazonQ: 'KIRO_ENTERPRISE_PRO' },
            activatedType: { amazonQ: 'KIRO_ENTERPRISE_PRO_PLUS' },
            status: 'ACTIVE',
            activationDate: '2026-09-03T08:11:52Z',
            aggregatedSubscriptionType: 'INDIVIDUAL_AND_GROUP',
          },
          { principal: { user: user(2) }, type: { amazonQ: 'KIRO_ENTERPRISE_PRO' }, status: 'PENDING' },
        ],
      },
    });
  });

  it('lists the profiles of one Region', async () => {
    const { body } = await aService([USED]).list({ subscriptionRegion: 'eu-west-1' });
    expect(body).toEqual({
      subscriptions: [{ principal: { group: GROUP }, type: { amazonQ: 'ELSEWHERE' }, status: 'ACTIVE' }],
    });
  });

  it.each<[Quirks, object]>([
    [{ activationDate: 'seconds' }, { activationDate: 1_788_423_112 }],
    [{ activationDate: 'milliseconds' }, { activationDate: 1_788_423_112_000 }],
    [{ subscriptionIds: 'with-store' }, { principal: { user: `${STORE_ID}.${user(1)}` } }],
  ])('has with the quirk %j entries with %j', async (quirks, expected) => {
    expect((await aService([USED], quirks).list({})).body.subscriptions).toMatchObject([expected]);
  });

  it('has with the quirk subscriptionKeys other keys', async () => {
    const { list } = aService([USED, USED], { subscriptionKeys: 'pascal' });
    expect((await list({ maxResults: 1 })).body).toEqual({
      UserSubscriptions: [expect.anything()],
      NextToken: expect.any(String),
    });
  });

  it.each<[NonNullable<Quirks['cancelledSubscriptions']>, string[]]>([
    ['CANCELLED', ['ACTIVE', 'CANCELLED']],
    ['CANCELED', ['ACTIVE', 'CANCELED']],
    ['absent', ['ACTIVE']],
  ])('has with the quirk cancelledSubscriptions %s the statuses %j', async (cancelledSubscriptions, expected) => {
    const { list } = aService([USED, { ...USED, status: 'CANCELLED' }], { cancelledSubscriptions });
    const { body } = await list({});
    expect(body.subscriptions.map(({ status }: { status: string }) => status)).toEqual(expected);
  });

  it('comes in pages of the size that is asked for, or of half of it after an empty one', async () => {
    const all = people(1, 5).map((number) => ({ user: user(number), plan: 'KIRO_ENTERPRISE_PRO' }));
    const sizes = async (quirks: Quirks) => {
      const { list } = aService(all, quirks);
      const found: number[] = [];
      for (let nextToken: string | undefined, more = true; more; more = nextToken !== undefined) {
        const { body } = await list({ maxResults: 4, nextToken });
        found.push(body.subscriptions.length);
        nextToken = body.nextToken;
      }
      return found;
    };
    expect(await sizes({})).toEqual([4, 1]);
    expect(await sizes({ pages: 'short' })).toEqual([0, 2, 0, 2, 0, 1]);
  });

  it.each([
    [{ nextToken: 'x' }, 'ValidationException'],
    [{ maxResults: 0 }, 'ValidationException'],
    [{ subscriptionRegion: undefined }, 'ValidationException'],
    [{ instanceArn: 'arn:aws:sso:::instance/ssoins-0000000000000000' }, 'ResourceNotFoundException'],
  ])('refuses %j', async (input, exception) => {
    expect(await aService([USED]).list(input)).toMatchObject({
      statusCode: 400,
      body: { __type: `com.amazon.kiro.controlplane#${exception}` },
    });
  });

  it('refuses with the quirk pageTokens an old token', async () => {
    const { list, clock } = aService([USED, USED], { pageTokens: 'expire' });
    const { body } = await list({ maxResults: 1 });
    await clock.sleep(600);
    expect(await list({ nextToken: body.nextToken })).toMatchObject({ statusCode: 400 });
  });
});

describe('ListApplicationClaims', () => {
  const ALL: SeedSubscription[] = [
    USED,
    { group: GROUP, plan: 'KIRO_ENTERPRISE_PRO' },
    { ...USED, user: user(2), status: 'CANCELLED' },
  ];

  it('answers in the shape that was seen, with what is billed', async () => {
    const type = { amazonQ: 'KIRO_ENTERPRISE_PRO' };
    const identifier = expect.stringMatching(/^arn:aws:user-subscriptions:/);
    expect(await aService(ALL).claims({})).toEqual({
      statusCode: 200,
      body: {
        claims: [
          { identifier, principal: { user: user(1) }, type },
          { identifier, principal: { group: GROUP }, type },
        ],
      },
    });
  });

  it('has pages, and claims of the Region alone', async () => {
    const { claims } = aService([USED, USED]);
    const { body } = await claims({ maxResults: 1 });
    expect((await claims({ maxResults: 1, nextToken: body.nextToken })).body).toMatchObject({ claims: [{}] });
    expect((await claims({ subscriptionRegion: 'eu-west-1' })).body).toEqual({ claims: [] });
  });

  it.each<[object, Quirks, string]>([
    [{ applicationArn: application(9) }, {}, 'ResourceNotFoundException'],
    [{ subscriptionRegion: undefined }, {}, 'ValidationException'],
    [{}, { applicationClaims: 'refused' }, 'AccessDeniedException'],
  ])('refuses %j with the quirks %j', async (input, quirks, exception) => {
    expect(await aService(ALL, quirks).claims(input)).toMatchObject({
      statusCode: 400,
      body: { __type: `com.amazon.kiro.controlplane#${exception}` },
    });
  });
});
