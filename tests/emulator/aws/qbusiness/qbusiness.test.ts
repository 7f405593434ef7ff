import {
  type Application,
  CancelSubscriptionCommand,
  CreateSubscriptionCommand,
  GetApplicationCommand,
  ListSubscriptionsCommand,
  paginateListApplications,
  paginateListSubscriptions,
  QBusinessClient,
  UpdateSubscriptionCommand,
} from '@aws-sdk/client-qbusiness';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, describe, expect, it } from 'vitest';
import { amazonQBusinessSubscriptions } from '../../../../adapters/subscriptions/amazon-q-business.ts';
import { TransientAwsError } from '../../../../domain/shared/errors.ts';
import type { FaultRule } from '../../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../../emulator/aws/faults.ts';
import type { SeedSubscription } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { Q_BUSINESS_PROVIDER } from '../../../../emulator/aws/identity-center/subscriptions.ts';
import { qBusiness } from '../../../../emulator/aws/qbusiness/qbusiness.ts';
import { anIdentityCenter, behindGateway, losingAnswers } from '../../../support/account.ts';
import { collected } from '../../../support/aws.ts';
import { ANNA, aSeed, BEN } from '../../../support/directory.ts';
import { APPLICATION, application, GROUP, people, REGION, user } from '../../../support/ids.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function anAccount(subscriptions: SeedSubscription[], quirks: Quirks = {}, rules: FaultRule[] = []) {
  const applications = [
    { applicationArn: APPLICATION, name: 'Q', provider: Q_BUSINESS_PROVIDER, region: 'eu-west-1', subscriptions },
    { applicationArn: application(2), provider: 'codewhisperer' },
    ...people(3, 7).map((number) => ({ applicationArn: application(number), provider: Q_BUSINESS_PROVIDER })),
  ];
  const { center, clock } = anIdentityCenter(aSeed({ applications }), quirks);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const { aws, gateway } = behindGateway({ QBusiness: qBusiness(center, clock, REGION) }, { faults });
  return { client: new QBusinessClient(aws), gateway, aws, center, clock };
}

type Client = Pick<ReturnType<typeof anAccount>, 'client'>;

async function applicationIds({ client }: Client, pageSize = 100): Promise<string[]> {
  const found: Application[] = [];
  for await (const { applications = [] } of paginateListApplications({ client, pageSize }, {}))
    found.push(...applications);
  return found.map(({ applicationId = '' }) => applicationId);
}

describe('Amazon Q Business', () => {
  it('has the applications of its provider, with ids of their own', async () => {
    const ids = await applicationIds(anAccount([]));
    expect(ids).toHaveLength(6);
    expect(ids.filter((id) => !/^[a-zA-Z0-9][a-zA-Z0-9-]{35}$/.test(id))).toEqual([]);
  });

  it.each<Quirks>([{}, { pages: 'short' }])('lists them in pages with the quirks %j', async (quirks) => {
    const ids = await applicationIds(anAccount([], quirks), 2);
    expect(new Set(ids).size).toBe(6);
  });

  it('describes an application, with the one of Identity Center to which it belongs', async () => {
    const account = anAccount([]);
    const [applicationId = ''] = await applicationIds(account);
    const { $metadata: _, ...found } = await account.client.send(new GetApplicationCommand({ applicationId }));
    expect(found).toEqual({
      displayName: 'Q',
      applicationId,
      applicationArn: `arn:aws:qbusiness:eu-west-1:111122223333:application/${applicationId}`,
      identityCenterApplicationArn: APPLICATION,
      status: 'ACTIVE',
    });
  });

  it.each(['in process', 'http'])('lists subscriptions of this month and the next: %s', async (transport) => {
    const { aws, gateway } = anAccount([
      { user: user(1), plan: 'Q_LITE', activePlan: 'Q_BUSINESS' },
      { group: GROUP, plan: 'Q_LITE', status: 'CANCELLED' },
    ]);
    const requestHandler = transport === 'http' ? new NodeHttpHandler() : aws.requestHandler;
    const server = await gateway.listen();
    const client = new QBusinessClient({ ...aws, endpoint: server.endpoint, requestHandler });
    open.push(() => client.destroy(), server.close);
    const [applicationId = ''] = await applicationIds({ client });
    const { subscriptions } = await client.send(new ListSubscriptionsCommand({ applicationId }));
    const arn = `arn:aws:qbusiness:eu-west-1:111122223333:application/${applicationId}/subscription/`;
    expect(subscriptions).toEqual([
      {
        subscriptionId: `s-${user(1)}`,
        subscriptionArn: `${arn}s-${user(1)}`,
        principal: { user: user(1) },
        currentSubscription: { type: 'Q_BUSINESS' },
        nextSubscription: { type: 'Q_LITE' },
      },
      {
        subscriptionId: `s-${GROUP}`,
        subscriptionArn: `${arn}s-${GROUP}`,
        principal: { group: GROUP },
        currentSubscription: { type: 'Q_LITE' },
      },
    ]);
  });

  it.each<[Quirks, number[]]>([
    [{}, [3, 2]],
    [{ pages: 'short' }, [0, 2, 0, 2, 0, 1]],
    [{ cancelledSubscriptions: 'absent' }, [3, 1]],
  ])('lists subscriptions with the quirks %j in pages of %j', async (quirks, expected) => {
    const account = anAccount(
      people(1, 5).map((number) => ({
        user: user(number),
        plan: 'Q_LITE',
        status: number === 1 ? 'CANCELLED' : 'ACTIVE',
      })),
      quirks,
    );
    const [applicationId = ''] = await applicationIds(account);
    const sizes: number[] = [];
    for await (const { subscriptions = [] } of paginateListSubscriptions(
      { client: account.client, pageSize: 3 },
      { applicationId },
    ))
      sizes.push(subscriptions.length);
    expect(sizes).toEqual(expected);
  });

  it('does not find an application that is none of its own', async () => {
    const { client } = anAccount([]);
    const applicationId = '0a1b2c3d-1111-2222-3333-444455556666';
    for (const command of [
      new GetApplicationCommand({ applicationId }),
      new ListSubscriptionsCommand({ applicationId }),
    ])
      await expect(client.send(command as GetApplicationCommand)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        resourceId: applicationId,
        resourceType: 'APPLICATION',
        $metadata: { httpStatusCode: 404 },
      });
  });

  it.each([
    [{ applicationId: 'q' }],
    [{ applicationId: '0a1b2c3d-1111-2222-3333-444455556666', maxResults: 101 }],
    [{ applicationId: '0a1b2c3d-1111-2222-3333-444455556666', nextToken: '' }],
  ])('refuses the input %j', async (input) => {
    const { client } = anAccount([]);
    await expect(client.send(new ListSubscriptionsCommand(input))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it.each<[FaultRule['kind'], string, number]>([
    ['throttle', 'ThrottlingException', 429],
    ['refuse', 'AccessDeniedException', 403],
    ['not-found', 'ResourceNotFoundException', 404],
    ['conflict', 'ConflictException', 409],
    ['internal', 'InternalServerException', 500],
  ])('fails with the fault %s as %s', async (kind, name, httpStatusCode) => {
    const account = anAccount([], {}, [{ operation: 'QBusiness.ListSubscriptions', kind }]);
    const [applicationId = ''] = await applicationIds(account);
    const list = () => account.client.send(new ListSubscriptionsCommand({ applicationId }));
    await expect(list()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    expect((await list()).subscriptions).toEqual([]);
  });
});

/** The provider against the first application. */
function aProvider(...account: Parameters<typeof anAccount>) {
  const { aws, center, clock } = anAccount(...account);
  const provider = amazonQBusinessSubscriptions(aws, APPLICATION, { pace: async () => undefined });
  const list = async () => (await collected(provider.subscriptions())).flat();
  return { provider, center, clock, list };
}

const ID = `s-${ANNA}`;
const KEY = { userId: ANNA, id: ID };
const LITE: SeedSubscription = { user: ANNA, plan: 'Q_LITE' };

describe('a change of a subscription', () => {
  it.each(['http', 'in process'])('answers in the shape of the API reference: %s', async (transport) => {
    const account = anAccount([]);
    const server = await account.gateway.listen();
    const http = { requestHandler: new NodeHttpHandler(), endpoint: server.endpoint };
    const client = new QBusinessClient({ ...account.aws, ...(transport === 'http' ? http : {}) });
    open.push(() => client.destroy(), server.close);
    const [applicationId = ''] = await applicationIds({ client });
    const subscriptionArn = `arn:aws:qbusiness:eu-west-1:111122223333:application/${applicationId}/subscription/${ID}`;
    const { $metadata: _1, ...created } = await client.send(
      new CreateSubscriptionCommand({ applicationId, principal: { user: ANNA }, type: 'Q_LITE' }),
    );
    const [lite, business] = [{ type: 'Q_LITE' }, { type: 'Q_BUSINESS' }];
    const answer = { subscriptionArn, currentSubscription: lite, nextSubscription: lite };
    expect(created).toEqual({ subscriptionId: ID, ...answer });
    const key = { applicationId, subscriptionId: ID };
    const { $metadata: _2, ...updated } = await client.send(
      new UpdateSubscriptionCommand({ ...key, type: 'Q_BUSINESS' }),
    );
    expect(updated).toEqual({ subscriptionArn, currentSubscription: business, nextSubscription: business });
    const { $metadata: _3, ...cancelled } = await client.send(new CancelSubscriptionCommand(key));
    expect(cancelled).toEqual({ subscriptionArn, currentSubscription: business });
  });

  it('subscribes a user, whether assigned or not, and makes no assignment', async () => {
    const { provider, center, list } = aProvider([]);
    center.assignByHand(APPLICATION, BEN);
    expect(await provider.subscribe(ANNA, 'Q_LITE')).toEqual({ outcome: 'subscribed', id: ID });
    expect(await provider.subscribe(BEN, 'Q_BUSINESS')).toEqual({ outcome: 'subscribed', id: `s-${BEN}` });
    expect(await list()).toMatchObject([
      { principal: { user: ANNA }, plan: 'Q_LITE', status: 'active' },
      { principal: { user: BEN }, plan: 'Q_BUSINESS', status: 'active' },
    ]);
    expect(center.assignments().map(({ principalId }) => principalId)).toEqual([BEN]);
  });

  it('conflicts with a subscription that exists, and not with one that is cancelled', async () => {
    const { provider, list } = aProvider([LITE, { user: BEN, plan: 'Q_LITE', status: 'CANCELLED' }]);
    expect(await provider.subscribe(ANNA, 'Q_BUSINESS')).toEqual({ outcome: 'conflict' });
    expect(await provider.subscribe(BEN, 'Q_BUSINESS')).toEqual({ outcome: 'subscribed', id: `s-${BEN}` });
    expect(await list()).toMatchObject([{ plan: 'Q_LITE' }, { plan: 'Q_BUSINESS', status: 'active' }]);
  });

  it('is the same request with the same token', async () => {
    const { client, center } = anAccount([]);
    const [applicationId = ''] = await applicationIds({ client });
    const input = { applicationId, principal: { user: ANNA }, type: 'Q_LITE', clientToken: 'one' } as const;
    const first = await client.send(new CreateSubscriptionCommand(input));
    const second = await client.send(new CreateSubscriptionCommand(input));
    expect(second.subscriptionId).toBe(first.subscriptionId);
    expect(center.subscriptionChanges).toHaveLength(1);
    const other = client.send(new CreateSubscriptionCommand({ ...input, clientToken: 'two' }));
    await expect(other).rejects.toMatchObject({ name: 'ConflictException', $metadata: { httpStatusCode: 409 } });
  });

  it('upgrades at once, and downgrades next month', async () => {
    const { provider, center } = aProvider([LITE]);
    expect(await provider.changePlan(KEY, 'Q_BUSINESS')).toBe('changed');
    expect(center.subscriptionsOf(APPLICATION)).toEqual([{ user: ANNA, plan: 'Q_BUSINESS' }]);
    expect(await provider.changePlan(KEY, 'Q_LITE')).toBe('changed');
    expect(center.subscriptionsOf(APPLICATION)).toEqual([{ user: ANNA, plan: 'Q_LITE', activePlan: 'Q_BUSINESS' }]);
  });

  it.each([
    ['CANCELLED', [{ status: 'unknown', id: ID }]],
    ['absent', []],
  ] as const)('cancels with cancelledSubscriptions: %s', async (cancelledSubscriptions, left) => {
    const { provider, center, list } = aProvider([LITE], { cancelledSubscriptions });
    expect(await provider.cancel(KEY)).toBe('cancelled');
    expect(await provider.cancel(KEY)).toBe('cancelled');
    expect(await list()).toMatchObject(left);
    expect(center.subscriptionsOfUser(APPLICATION, ANNA)).toEqual([]);
    expect(center.subscriptionChanges).toHaveLength(1);
  });

  it('keeps the assignment, whatever the quirk cancellingUnassigns says of Kiro', async () => {
    const { provider, center } = aProvider([LITE], { cancellingUnassigns: true });
    center.assignByHand(APPLICATION, ANNA);
    await provider.cancel(KEY);
    expect(center.assignments()).toHaveLength(1);
  });

  it.each([true, false])(
    'may come with the end of the assignment: unassigningCancels %s',
    async (unassigningCancels) => {
      const { provider, center } = aProvider([], { unassigningCancels });
      center.assignByHand(APPLICATION, ANNA);
      await provider.subscribe(ANNA, 'Q_LITE');
      center.unassignByHand(APPLICATION, ANNA);
      expect(center.subscriptionsOfUser(APPLICATION, ANNA)).toHaveLength(unassigningCancels ? 0 : 1);
    },
  );

  it('shows later while the list lags', async () => {
    const { provider, center, clock, list } = aProvider([]);
    center.setLag('QBusiness.ListSubscriptions', 60);
    await provider.subscribe(ANNA, 'Q_LITE');
    expect(await list()).toEqual([]);
    await clock.sleep(60);
    expect(await list()).toHaveLength(1);
  });

  it('finds no user and no subscription that does not exist', async () => {
    const { provider } = aProvider([]);
    const failures = [provider.subscribe(user(9), 'Q_LITE'), provider.changePlan({ userId: ANNA, id: 'x' }, 'Q_LITE')];
    const [subscribed, changed] = await Promise.all(failures.map((one) => one.catch((error: unknown) => error)));
    expect(subscribed).toMatchObject({ reason: 'principal-or-application-missing' });
    expect(changed).toMatchObject({ reason: 'subscription-or-application-missing' });
    expect(await provider.cancel({ userId: ANNA, id: 'x' })).toBe('cancelled');
  });

  it('leaves the subscription of a group to the console', async () => {
    const { provider, list } = aProvider([{ group: GROUP, plan: 'Q_LITE' }]);
    const cancel = provider.cancel({ userId: ANNA, id: `s-${GROUP}` });
    await expect(cancel).rejects.toMatchObject({ reason: 'validation' });
    expect(await list()).toMatchObject([{ status: 'active' }]);
  });

  it('is not lost with its answer, when the connection closes after the effect', async () => {
    const { aws, center } = anAccount([]);
    const isWrite = ({ method }: { method?: string }) => method !== 'GET';
    const lost = { ...aws, requestHandler: losingAnswers(aws.requestHandler, isWrite) };
    const provider = amazonQBusinessSubscriptions(lost, APPLICATION, { pace: async () => undefined });
    await expect(provider.subscribe(ANNA, 'Q_LITE')).rejects.toBeInstanceOf(TransientAwsError);
    expect(center.subscriptionsOf(APPLICATION)).toMatchObject([{ plan: 'Q_LITE' }]);
    await expect(provider.changePlan(KEY, 'Q_BUSINESS')).rejects.toBeInstanceOf(TransientAwsError);
    expect(center.subscriptionsOf(APPLICATION)).toMatchObject([{ plan: 'Q_BUSINESS' }]);
    await expect(provider.cancel(KEY)).rejects.toBeInstanceOf(TransientAwsError);
    expect(center.subscriptionsOfUser(APPLICATION, ANNA)).toEqual([]);
  });

  it.each<[FaultRule['kind'], number]>([
    ['throttle', 0],
    ['internal', 0],
    ['internal-after', 1],
    ['crash-after', 1],
  ])('may fail with the fault %s, which leaves %i subscriptions', async (kind, left) => {
    const { provider, center } = aProvider([], {}, [{ operation: 'QBusiness.CreateSubscription', kind }]);
    await expect(provider.subscribe(ANNA, 'Q_LITE')).rejects.toBeInstanceOf(TransientAwsError);
    expect(center.subscriptionsOf(APPLICATION)).toHaveLength(left);
  });

  it.each([
    [{ principal: { group: GROUP }, type: 'Q_LITE' }],
    [{ principal: { user: 'jane' }, type: 'Q_LITE' }],
    [{ principal: { user: ANNA }, type: 'Q_ULTRA' }],
    [{ principal: { user: ANNA } }],
    [{}],
  ])('refuses the input %j', async (input) => {
    const { center, clock } = anIdentityCenter(aSeed());
    const service = qBusiness(center, clock, REGION);
    const applicationId = '0a1b2c3d-1111-2222-3333-444455556666';
    const body = Buffer.from(JSON.stringify({ applicationId, ...input }));
    const { statusCode, headers } = await service.handle('CreateSubscription', body);
    expect([statusCode, headers['x-amzn-errortype']]).toEqual([400, 'ValidationException']);
  });
});
