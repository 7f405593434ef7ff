import { describe, expect, it } from 'vitest';
import { type AssumedRole, assumingRole } from '../../adapters/assume-role.ts';
import type { ClientSettings } from '../../adapters/clients.ts';
import { amazonQBusinessSubscriptions } from '../../adapters/subscriptions/amazon-q-business.ts';
import { kiroSubscriptions } from '../../adapters/subscriptions/kiro.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { accountServices } from '../../emulator/aws/account/account.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { Faults } from '../../emulator/aws/faults.ts';
import { Q_BUSINESS_PROVIDER } from '../../emulator/aws/identity-center/subscriptions.ts';
import { qBusiness } from '../../emulator/aws/qbusiness/qbusiness.ts';
import { userSubscriptions } from '../../emulator/aws/user-subscriptions/user-subscriptions.ts';
import { anIdentityCenter, behindGateway } from '../support/account.ts';
import { collected } from '../support/aws.ts';
import { aSeed } from '../support/directory.ts';
import { APPLICATION, INSTANCE_ARN, REGION, START } from '../support/ids.ts';

const ROLE = 'arn:aws:iam::111122223333:role/usher-subscriptions';
const pacer = { pace: async () => undefined };

function anAccount(rules: FaultRule[] = [], role: AssumedRole = { roleArn: ROLE }) {
  const applications = [{ applicationArn: APPLICATION, provider: Q_BUSINESS_PROVIDER }];
  const { center, clock } = anIdentityCenter(aSeed({ applications }), {}, START.getTime());
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const requests: { call: string; body: string; token: string | undefined }[] = [];
  let token: string | undefined;
  const services = {
    STS: accountServices(REGION).STS,
    UserSubscriptions: userSubscriptions(center, clock, REGION),
    QBusiness: qBusiness(center, clock, REGION),
  };
  const { aws } = behindGateway(services, {
    faults,
    onRequest: ({ call, body }) => {
      requests.push({ call, body: Buffer.from(body).toString(), token });
      return undefined;
    },
  });
  const requestHandler = {
    ...aws.requestHandler,
    handle(request: Parameters<typeof aws.requestHandler.handle>[0]) {
      token = request.headers['x-amz-security-token'];
      return aws.requestHandler.handle(request);
    },
  };
  return { settings: assumingRole({ ...aws, requestHandler }, role), requests };
}

const LISTS: [string, (settings: ClientSettings) => AsyncIterable<unknown>][] = [
  [
    'kiro',
    (settings) => kiroSubscriptions(settings, { instanceArn: INSTANCE_ARN, region: REGION }, pacer).subscriptions(),
  ],
  ['amazon-q-business', (settings) => amazonQBusinessSubscriptions(settings, APPLICATION, pacer).subscriptions()],
];

describe.each(LISTS)('a list of %s that another account has', (_provider, list) => {
  it('is read with credentials of the role, which is assumed once', async () => {
    const { settings, requests } = anAccount();
    expect(requests).toEqual([]);
    await collected(list(settings));
    const [first, ...others] = requests;
    const input = { RoleArn: ROLE, RoleSessionName: 'usher' };
    expect(first).toMatchObject({ call: 'STS.AssumeRole', token: undefined });
    expect(JSON.parse(first?.body ?? '')).toMatchObject(input);
    expect(new Set(others.map(({ token }) => token))).toEqual(new Set(['local']));
    expect(others.map(({ call }) => call)).not.toContain('STS.AssumeRole');
  });

  it.each([
    ['the external id that its trust policy asks for', { roleArn: ROLE, externalId: 'usher/prod:1' }, 'usher/prod:1'],
    ['no external id without one', { roleArn: ROLE }, undefined],
  ])('is read as a role that is assumed with %s', async (_fact, role, externalId) => {
    const { settings, requests } = anAccount([], role);
    await collected(list(settings));
    expect(JSON.parse(requests[0]?.body ?? '')['ExternalId']).toBe(externalId);
  });

  it.each<[FaultRule['kind'], string]>([
    ['refuse', 'role-refused'],
    ['expired', 'credentials'],
  ])('is refused, with the role, if AWS answers with %s', async (kind, reason) => {
    const { settings, requests } = anAccount([{ operation: 'STS.AssumeRole', kind, for: 'ever' }]);
    const failure = await collected(list(settings)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(`^AssumeRole: .*role ${ROLE}`) });
    expect(requests).toEqual([]);
  });

  it('is refused without credentials of the caller', async () => {
    const { settings } = anAccount();
    const error = Object.assign(new Error('no credentials'), { name: 'CredentialsProviderError' });
    const credentials = async () => Promise.reject(error);
    const failure = await collected(list(assumingRole({ ...settings, credentials }, { roleArn: ROLE }))).catch(
      (one) => one,
    );
    expect(failure).toMatchObject({ name: 'RefusedError', reason: 'credentials' });
  });

  it('fails for now if AWS does', async () => {
    const { settings } = anAccount([{ operation: 'STS.AssumeRole', kind: 'internal' }]);
    await expect(collected(list(settings))).rejects.toBeInstanceOf(TransientAwsError);
    await collected(list(settings));
  });
});
