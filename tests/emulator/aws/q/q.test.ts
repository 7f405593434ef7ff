import { describe, expect, it } from 'vitest';
import { type KiroProfile, kiroSubscriptions } from '../../../../adapters/subscriptions/kiro.ts';
import { RefusedError, TransientAwsError } from '../../../../domain/shared/errors.ts';
import { KIRO_PLANS } from '../../../../domain/subscription/plan.ts';
import type { SubscriptionProvider } from '../../../../domain/subscription/subscription.ts';
import type { FaultRule } from '../../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../../emulator/aws/faults.ts';
import type { SeedSubscription } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { q } from '../../../../emulator/aws/q/q.ts';
import { userSubscriptions } from '../../../../emulator/aws/user-subscriptions/user-subscriptions.ts';
import { anIdentityCenter, behindGateway, losingAnswers } from '../../../support/account.ts';
import { collected } from '../../../support/aws.ts';
import { ANNA, aSeed, BEN } from '../../../support/directory.ts';
import { APPLICATION, application, INSTANCE_ARN, OTHER_APPLICATION, REGION, user } from '../../../support/ids.ts';

const START = Date.parse('2026-09-03T08:00:00Z');
const PRO = 'Q_DEVELOPER_STANDALONE_PRO';
const POWER = 'Q_DEVELOPER_STANDALONE_POWER';
const pacer = { pace: async () => undefined };
const PROFILE = { instanceArn: INSTANCE_ARN, region: 'eu-central-1' };

interface Options {
  subscriptions?: SeedSubscription[];
  assigned?: string[];
  quirks?: Quirks;
  rules?: FaultRule[];
  profile?: Partial<KiroProfile>;
}

/** The provider against an account with one profile, in another Region than Identity Center. */
function anAccount({ subscriptions = [], assigned = [], quirks = {}, rules = [], profile = {} }: Options = {}) {
  const { region } = PROFILE;
  const applications = [
    { applicationArn: APPLICATION, provider: 'codewhisperer', region, subscriptions, assigned },
    { applicationArn: OTHER_APPLICATION, provider: 'codewhisperer' },
    { applicationArn: application(3), region },
  ];
  const { center, clock } = anIdentityCenter(aSeed({ applications }), quirks, START);
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const services = { UserSubscriptions: userSubscriptions(center, clock, REGION), Q: q(center, REGION) };
  const { aws, gateway } = behindGateway(services, { faults });
  const provider = kiroSubscriptions(aws, { ...PROFILE, ...profile }, pacer);
  return { center, clock, provider, gateway, aws };
}

async function listed(provider: SubscriptionProvider) {
  return (await collected(provider.subscriptions())).flat();
}

const isAssigned = ({ center }: Pick<ReturnType<typeof anAccount>, 'center'>, userId: string) =>
  center.isAssigned({ applicationArn: APPLICATION, principalId: userId, principalType: 'USER' });

const own = (status: 'ACTIVE' | 'PENDING' | 'CANCELLED' = 'ACTIVE'): SeedSubscription => ({
  user: ANNA,
  plan: 'KIRO_ENTERPRISE_PRO',
  status,
  source: 'INDIVIDUAL',
});
const ofGroup: SeedSubscription = { ...own(), source: 'GROUP' };
const ofBoth: SeedSubscription = { ...own(), source: 'INDIVIDUAL_AND_GROUP' };

describe('CreateAssignment', () => {
  it.each(['amazonaws.com', 'kiro.dev'] as const)(
    'subscribes a user of the profile of the Region, at %s',
    async (endpoint) => {
      const { center, provider } = anAccount({ profile: { endpoint } });
      expect(await provider.subscribe(ANNA, PRO)).toEqual({ outcome: 'subscribed' });
      expect(await listed(provider)).toEqual([
        { principal: { user: ANNA }, plan: PRO, status: 'pending', source: 'individual' },
      ]);
      expect(center.subscriptionsOf(APPLICATION)).toMatchObject([{ user: ANNA, plan: 'KIRO_ENTERPRISE_PRO' }]);
      expect(center.subscriptionsOf(OTHER_APPLICATION)).toEqual([]);
      expect(center.subscriptionsOf(application(3))).toEqual([]);
    },
  );

  it('is about the profile that names no Region in that of Identity Center', async () => {
    const { center, provider } = anAccount({ profile: { region: REGION } });
    await provider.subscribe(ANNA, PRO);
    expect(center.subscriptionsOf(OTHER_APPLICATION)).toHaveLength(1);
  });

  it('makes an active subscription with the quirk newSubscriptions', async () => {
    const { provider } = anAccount({ quirks: { newSubscriptions: 'ACTIVE' } });
    await provider.subscribe(ANNA, PRO);
    expect(await listed(provider)).toMatchObject([{ status: 'active', activatedAt: '2026-09-03T08:00:00.000Z' }]);
  });

  it.each(KIRO_PLANS)('takes the plan %s, which the list then has', async (plan) => {
    const { provider } = anAccount();
    await provider.subscribe(ANNA, plan);
    expect(await listed(provider)).toMatchObject([{ plan }]);
  });

  it.each([true, false])('makes the assignment, too, with subscribingAssigns: %s', async (subscribingAssigns) => {
    const account = anAccount({ quirks: { subscribingAssigns } });
    await account.provider.subscribe(ANNA, PRO);
    expect(isAssigned(account, ANNA)).toBe(subscribingAssigns);
  });

  it.each([
    ['succeeds', 'subscribed', 1],
    ['conflicts', 'conflict', 0],
  ] as const)('%s for a user who has the assignment', async (subscribingAssigned, outcome, subscriptions) => {
    const { provider } = anAccount({ assigned: [ANNA], quirks: { subscribingAssigned } });
    expect(await provider.subscribe(ANNA, PRO)).toEqual({ outcome });
    expect(await listed(provider)).toHaveLength(subscriptions);
  });

  it.each([
    ['that is active', own()],
    ['that is pending', own('PENDING')],
    ['from a group', ofGroup],
    ['from both', ofBoth],
  ])('conflicts with a subscription %s', async (_fact, subscription) => {
    const { provider } = anAccount({ subscriptions: [subscription] });
    const before = await listed(provider);
    expect(await provider.subscribe(ANNA, POWER)).toEqual({ outcome: 'conflict' });
    expect(await listed(provider)).toEqual(before);
  });

  it('replaces a subscription that is cancelled', async () => {
    const { provider } = anAccount({ subscriptions: [own('CANCELLED')] });
    expect(await provider.subscribe(ANNA, POWER)).toEqual({ outcome: 'subscribed' });
    expect(await listed(provider)).toMatchObject([{ plan: POWER, status: 'pending' }]);
  });

  it.each([
    ['user', user(9), {}],
    ['profile', ANNA, { region: 'ap-south-1' }],
  ])('finds no %s that does not exist', async (_what, userId, profile) => {
    const { provider } = anAccount({ profile });
    await expect(provider.subscribe(userId, PRO)).rejects.toMatchObject({ reason: 'principal-or-profile-missing' });
  });

  it.each([
    ['the name that AWS returns', { subscriptionType: 'KIRO_ENTERPRISE_PRO' }],
    ['no plan', { subscriptionType: undefined }],
    ['a group', { principalType: 'GROUP' }],
    ['no id', { principalId: 'jane' }],
    ['no Region', { region: undefined }],
  ])('refuses %s', async (_what, change) => {
    const service = q(anIdentityCenter(aSeed({ applications: [] })).center, REGION);
    const input = { region: REGION, principalId: ANNA, principalType: 'USER', subscriptionType: PRO, ...change };
    const { statusCode, body } = await service.handle('CreateAssignment', Buffer.from(JSON.stringify(input)));
    expect(statusCode).toBe(400);
    expect(JSON.parse(String(body))).toMatchObject({ __type: 'com.amazon.kiro.controlplane#ValidationException' });
  });
});

describe('UpdateAssignment', () => {
  it.each([
    ['a higher plan at once', POWER, undefined],
    ['a lower one next month', 'Q_DEVELOPER_STANDALONE_FREE', 'KIRO_ENTERPRISE_PRO'],
  ] as const)('gives %s', async (_fact, plan, activePlan) => {
    const { center, provider } = anAccount({ subscriptions: [own()] });
    expect(await provider.changePlan({ userId: ANNA }, plan)).toBe('changed');
    expect(await listed(provider)).toMatchObject([{ plan, status: 'active' }]);
    expect(center.subscriptionsOf(APPLICATION)[0]?.activePlan).toBe(activePlan);
  });

  it('changes the plan of a pending subscription, which has none in force', async () => {
    const { center, provider } = anAccount({ subscriptions: [own('PENDING')] });
    await provider.changePlan({ userId: ANNA }, 'Q_DEVELOPER_STANDALONE_FREE');
    expect(center.subscriptionsOf(APPLICATION)[0]).not.toHaveProperty('activePlan');
  });

  it('conflicts with a subscription from a group', async () => {
    const { provider } = anAccount({ subscriptions: [ofGroup] });
    expect(await provider.changePlan({ userId: ANNA }, POWER)).toBe('conflict');
  });

  it.each([[[]], [[own('CANCELLED')]]])('finds nothing to change in %j', async (subscriptions) => {
    const { provider } = anAccount({ subscriptions });
    const change = provider.changePlan({ userId: ANNA }, POWER);
    await expect(change).rejects.toMatchObject({ reason: 'principal-or-profile-missing' });
  });
});

describe('DeleteAssignment', () => {
  it.each(['CANCELLED', 'CANCELED'] as const)(
    'leaves a subscription that is listed as %s',
    async (cancelledSubscriptions) => {
      const { provider } = anAccount({ subscriptions: [own()], quirks: { cancelledSubscriptions } });
      expect(await provider.cancel({ userId: ANNA })).toBe('cancelled');
      expect(await listed(provider)).toMatchObject([{ status: 'cancelled' }]);
    },
  );

  it('leaves nothing with cancelledSubscriptions: absent', async () => {
    const { provider } = anAccount({ subscriptions: [own()], quirks: { cancelledSubscriptions: 'absent' } });
    await provider.cancel({ userId: ANNA });
    expect(await listed(provider)).toEqual([]);
  });

  it('leaves what a group gives', async () => {
    const { provider } = anAccount({ subscriptions: [ofBoth] });
    expect(await provider.cancel({ userId: ANNA })).toBe('cancelled');
    expect(await listed(provider)).toMatchObject([{ status: 'active', source: 'group' }]);
    expect(await provider.cancel({ userId: ANNA })).toBe('conflict');
  });

  it('counts as done when there is nothing to cancel', async () => {
    const { center, provider } = anAccount({ subscriptions: [own('CANCELLED')] });
    expect(await provider.cancel({ userId: ANNA })).toBe('cancelled');
    expect(await provider.cancel({ userId: BEN })).toBe('cancelled');
    expect(center.subscriptionChanges).toEqual([]);
  });

  it.each([true, false])('removes the assignment, too, with cancellingUnassigns: %s', async (cancellingUnassigns) => {
    const account = anAccount({ subscriptions: [own()], assigned: [ANNA, BEN], quirks: { cancellingUnassigns } });
    await account.provider.cancel({ userId: ANNA });
    await account.provider.cancel({ userId: BEN });
    expect(isAssigned(account, ANNA)).toBe(!cancellingUnassigns);
    expect(isAssigned(account, BEN)).toBe(true);
  });

  it('keeps the assignment of a user who has the subscription through a group', async () => {
    const account = anAccount({ subscriptions: [ofBoth], assigned: [ANNA], quirks: { cancellingUnassigns: true } });
    await account.provider.cancel({ userId: ANNA });
    expect(isAssigned(account, ANNA)).toBe(true);
  });
});

describe('the end of an assignment', () => {
  it.each([true, false])('cancels the subscription with unassigningCancels: %s', async (unassigningCancels) => {
    const subscriptions = [own(), { ...ofGroup, user: BEN }];
    const { center, provider } = anAccount({ subscriptions, assigned: [ANNA, BEN], quirks: { unassigningCancels } });
    center.unassignByHand(APPLICATION, ANNA);
    center.deleteUser(BEN);
    expect((await listed(provider)).map(({ status }) => status)).toEqual([
      unassigningCancels ? 'cancelled' : 'active',
      'active',
    ]);
  });
});

describe('a refusal of the account', () => {
  it.each([
    ['does-not-meet', 'account-not-eligible'],
    ['unknown-error', 'account-not-eligible'],
    ['not-authorized', 'account-not-eligible'],
    ['not-eligible', 'account-not-eligible'],
  ] as const)('is of each purchase, and of no cancellation: %s', async (accountRefusal, reason) => {
    const { center, provider } = anAccount({ subscriptions: [own()], quirks: { accountRefusal } });
    for (const call of [provider.subscribe(BEN, PRO), provider.changePlan({ userId: ANNA }, POWER)]) {
      const failure = await call.catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RefusedError);
      expect(failure).toMatchObject({ reason });
    }
    expect(await provider.cancel({ userId: ANNA })).toBe('cancelled');
    center.changeQuirks({ accountRefusal: 'none' });
    expect(await provider.subscribe(BEN, PRO)).toEqual({ outcome: 'subscribed' });
  });

  it('is of every call while a profile is new', async () => {
    const { center, provider } = anAccount({ quirks: { newProfile: 'not-authorized' } });
    await expect(provider.subscribe(ANNA, PRO)).rejects.toMatchObject({ reason: 'access-denied' });
    await expect(provider.cancel({ userId: ANNA })).rejects.toMatchObject({ reason: 'access-denied' });
    expect(await listed(provider)).toEqual([]);
    center.changeQuirks({ newProfile: 'ready' });
    expect(await provider.subscribe(ANNA, PRO)).toEqual({ outcome: 'subscribed' });
  });
});

describe('a list that lags', () => {
  it('shows each change later than it takes effect', async () => {
    const { center, clock, provider } = anAccount();
    center.setLag('UserSubscriptions.ListUserSubscriptions', 90);
    await provider.subscribe(ANNA, PRO);
    expect(center.subscriptionsOf(APPLICATION)).toHaveLength(1);
    expect(await listed(provider)).toEqual([]);
    await clock.sleep(90);
    expect(await listed(provider)).toHaveLength(1);
    await provider.cancel({ userId: ANNA });
    expect(await listed(provider)).toMatchObject([{ status: 'pending' }]);
    expect(center.subscriptionsOfUser(APPLICATION, ANNA)).toEqual([]);
    expect(center.subscriptionsOfUser(APPLICATION, ANNA, START)).toHaveLength(1);
  });
});

describe('the changes that took effect', () => {
  it('are recorded once each, with their time', async () => {
    const { center, clock, provider } = anAccount();
    await provider.subscribe(ANNA, PRO);
    await provider.subscribe(ANNA, PRO);
    await clock.sleep(1);
    await provider.changePlan({ userId: ANNA }, POWER);
    await provider.cancel({ userId: ANNA });
    await provider.cancel({ userId: ANNA });
    const about = { applicationArn: APPLICATION, userId: ANNA };
    expect(center.subscriptionChanges).toEqual([
      { ...about, at: START, change: 'subscribed' },
      { ...about, at: START + 1000, change: 'changed' },
      { ...about, at: START + 1000, change: 'cancelled' },
    ]);
  });
});

describe('a fault of a change', () => {
  it('is transient when the connection closes after the effect, which the list shows', async () => {
    const { aws, provider } = anAccount();
    const losing = kiroSubscriptions({ ...aws, requestHandler: losingAnswers(aws.requestHandler) }, PROFILE, pacer);
    await expect(losing.subscribe(ANNA, PRO)).rejects.toBeInstanceOf(TransientAwsError);
    expect(await listed(provider)).toMatchObject([{ status: 'pending' }]);
    await expect(losing.changePlan({ userId: ANNA }, POWER)).rejects.toBeInstanceOf(TransientAwsError);
    expect(await listed(provider)).toMatchObject([{ plan: POWER }]);
    await expect(losing.cancel({ userId: ANNA })).rejects.toBeInstanceOf(TransientAwsError);
    expect(await listed(provider)).toMatchObject([{ status: 'cancelled' }]);
  });

  it.each<[FaultRule['kind'], number]>([
    ['throttle', 0],
    ['internal', 0],
    ['internal-after', 1],
    ['crash-before', 0],
    ['crash-after', 1],
    ['timeout-after', 1],
  ])('is transient: %s, which leaves %i subscriptions', async (kind, left) => {
    const rules = [{ operation: 'Q.CreateAssignment', kind, principalId: ANNA }];
    const { center, provider } = anAccount({ rules });
    await expect(provider.subscribe(ANNA, PRO)).rejects.toBeInstanceOf(TransientAwsError);
    expect(center.subscriptionsOf(APPLICATION)).toHaveLength(left);
    expect(await provider.subscribe(BEN, PRO)).toEqual({ outcome: 'subscribed' });
  });

  it.each<[FaultRule, unknown]>([
    [{ operation: 'Q.CreateAssignment', kind: 'lost' }, { outcome: 'subscribed' }],
    [{ operation: 'Q.CreateAssignment', kind: 'conflict' }, { outcome: 'conflict' }],
  ])('may look like an answer: %j', async (rule, answer) => {
    const { provider } = anAccount({ rules: [rule] });
    expect(await provider.subscribe(ANNA, PRO)).toEqual(answer);
    expect(await listed(provider)).toEqual([]);
  });

  it.each<[FaultRule, string]>([
    [{ operation: 'Q.DeleteAssignment', kind: 'refuse' }, 'access-denied'],
    [{ operation: 'Q.DeleteAssignment', kind: 'exception', exception: 'UnknownError' }, 'account-not-eligible'],
    [{ operation: 'Q.DeleteAssignment', kind: 'exception', exception: 'NewException' }, 'NewException'],
  ])('may be a refusal: %j', async (rule, reason) => {
    const { provider } = anAccount({ subscriptions: [own()], rules: [rule] });
    await expect(provider.cancel({ userId: ANNA })).rejects.toMatchObject({ name: 'RefusedError', reason });
    expect(await listed(provider)).toMatchObject([{ status: 'active' }]);
  });
});
