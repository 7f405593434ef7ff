import {
  type Application,
  GetApplicationCommand,
  ListSubscriptionsCommand,
  paginateListApplications,
  paginateListSubscriptions,
  QBusinessClient,
} from '@aws-sdk/client-qbusiness';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultRule } from '../../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../../emulator/aws/faults.ts';
import type { SeedSubscription } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { Q_BUSINESS_PROVIDER, qBusiness } from '../../../../emulator/aws/qbusiness/qbusiness.ts';
import { anIdentityCenter, behindGateway } from '../../../support/account.ts';
import { aSeed } from '../../../support/directory.ts';
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
  return { client: new QBusinessClient(aws), gateway, aws };
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
