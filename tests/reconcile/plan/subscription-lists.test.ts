import { describe, expect, it } from 'vitest';
import type { SubscriptionSettings } from '../../../domain/entitlements.ts';
import { profilesOf } from '../../../domain/profiles.ts';
import { acquireLease } from '../../../domain/queue/lease.ts';
import { emptyQueue } from '../../../domain/queue/work-queue.ts';
import { LeaseLostError, RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { SeedSubscription } from '../../../emulator/aws/identity-center/directory-seed.ts';
import { openLease } from '../../../reconcile/lease.ts';
import { listReaderOf } from '../../../reconcile/plan/list-evidence.ts';
import { type ListReading, readList } from '../../../reconcile/plan/subscription-lists.ts';
import { anEntitlement } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, numberOf, OTHER, people, REGION, user } from '../../support/ids.ts';
import { PRO } from '../../support/subscriptions.ts';
import { openWorld } from '../../support/world.ts';

const KIRO = { provider: 'kiro', plan: PRO, region: REGION, mode: 'report' } as const;
const BUSINESS = { provider: 'amazon-q-business', plan: 'Q_LITE', region: REGION, mode: 'report' } as const;
const LIST = 'UserSubscriptions.ListUserSubscriptions';

interface Options {
  subscription?: SubscriptionSettings;
  subscriptions?: readonly SeedSubscription[];
  provider?: string;
  members?: readonly number[];
}

/** Opens a world in which this execution has the lease, and these subscriptions exist. */
async function opened({ subscription = KIRO, subscriptions = [], provider, members = [] }: Options = {}) {
  const application = {
    applicationArn: APPLICATION,
    ...(provider === undefined ? {} : { provider }),
    subscriptions: [...subscriptions],
  };
  const world = await openWorld({
    entitlements: [{ subscription }],
    directory: { applications: [application] },
    members,
  });
  const { ledger, clock } = world.services;
  const queue = acquireLease(emptyQueue(), ME, clock.now());
  if (!queue) throw new Error('the lease of an empty work queue is free');
  await ledger.saveQueue(queue);
  const lease = await openLease(ledger, clock, { execution: ME, term: 1 });
  const [profile] = profilesOf(world.services.entitlements.entitlements);
  if (!profile) throw new Error('the entitlement has a subscription');
  world.forget();
  const readers = { ...world.services, lease };
  let left = () => 780;
  return {
    ...world,
    readers,
    limit: (secondsLeft: () => number) => {
      left = secondsLeft;
    },
    /** Lets time pass, in which the execution keeps the lease. */
    async wait(seconds: number) {
      for (let left = seconds; left > 0; left -= 60) {
        clock.advance(Math.min(left, 60));
        await lease.renewLease();
      }
    },
    /** Reads the list, in another process than before if `fresh`. */
    read: (fresh = false) =>
      readList(
        profile,
        { members: new Map(), secondsLeft: () => left() },
        fresh ? { ...readers, lists: new Map() } : readers,
      ),
    /** What a decision gets of the list. */
    evidence: async () => {
      const [entitlement] = world.services.entitlements.entitlements;
      if (!entitlement) throw new Error('there is an entitlement');
      const context = { members: new Map(), secondsLeft: () => left() };
      return listReaderOf(context, { ...readers, lists: new Map() })(entitlement);
    },
    profiles: async () => (await ledger.queue()).profiles,
  };
}

const usersIn = (reading: ListReading) =>
  'until' in reading
    ? reading.until
    : reading.all.map(({ principal }) => ('user' in principal ? numberOf(principal.user) : 'other'));

const subscribed = (numbers: readonly number[]) => numbers.map((number) => ({ user: user(number), plan: PRO }));

describe('a list of subscriptions', () => {
  it('is noted in the work queue before it is read, and its first success after', async () => {
    const world = await opened({ subscriptions: subscribed([1]) });
    world.faults.add({ operation: LIST, kind: 'exception', exception: 'ValidationException', times: 1 });
    const at = world.now().toISOString();
    await expect(world.read()).rejects.toThrow(RefusedError);
    expect(await world.profiles()).toEqual({ 'kiro us-east-1': { readAt: at, failures: 1 } });
    await world.wait(300);
    await world.read();
    const [profile] = Object.values((await world.profiles()) ?? {});
    expect(profile?.firstReadAt).toBe(profile?.readAt);
    expect(Date.parse(profile?.readAt ?? '')).toBeGreaterThanOrEqual(Date.parse(at) + 300_000);
  });

  it('is read once in five minutes, and given again by the process that has read it', async () => {
    const world = await opened({ subscriptions: subscribed([1, 2]) });
    const first = await world.read();
    await world.wait(240);
    expect(await world.read()).toBe(first);
    expect(usersIn(first)).toEqual([1, 2]);
    expect(world.calls(LIST)).toBe(1);
    const elsewhere = await world.read(true);
    if (!('readAt' in first)) throw new Error('the list was read');
    expect(elsewhere).toEqual({ until: new Date(first.readAt.getTime() + 300_000).toISOString() });
    await world.wait(61);
    expect(await world.read()).not.toBe(first);
    expect(world.calls(LIST)).toBe(2);
  });

  it('that fails is not read again for five minutes either', async () => {
    const world = await opened({ subscriptions: subscribed([1]) });
    world.faults.add({ operation: LIST, kind: 'throttle', times: 1 });
    await expect(world.read()).rejects.toThrow(TransientAwsError);
    expect(usersIn(await world.read())).toMatch(/^2026-/);
    expect(world.calls(LIST)).toBe(1);
    await world.wait(300);
    expect(usersIn(await world.read())).toEqual([1]);
  });

  it('is read whole, and the lease is renewed between its pages', async () => {
    const world = await opened({ subscriptions: subscribed(people(1, 250)) });
    const { ledger, clock } = world.services;
    const before = (await ledger.queue()).lease?.until ?? '';
    const slow = { ...world.readers, lists: new Map() };
    const [profile] = profilesOf(world.services.entitlements.entitlements);
    if (!profile) throw new Error('the entitlement has a subscription');
    const secondsLeft = () => {
      clock.advance(100);
      return 780;
    };
    const reading = await readList(profile, { members: new Map(), secondsLeft }, slow);
    expect(usersIn(reading)).toHaveLength(250);
    expect(Date.parse((await ledger.queue()).lease?.until ?? '')).toBeGreaterThan(Date.parse(before) + 100_000);
  });

  it('that takes longer than the plan has time for is refused, with what it had', async () => {
    const world = await opened({ subscriptions: subscribed(people(1, 250)) });
    let left = 150;
    world.limit(() => {
      left -= 50;
      return left;
    });
    const refused = await world.read().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      reason: 'list-too-long',
      message:
        'Reading the subscriptions of kiro us-east-1 takes more than the 100 s that the plan had left: 200 were read',
    });
  });

  it('is not read on by an execution that has lost the lease', async () => {
    const world = await opened({ subscriptions: subscribed(people(1, 250)) });
    const { ledger, clock } = world.services;
    world.limit(() => {
      clock.advance(400);
      return 780;
    });
    const queue = await ledger.queue();
    await ledger.saveQueue({ ...queue, term: 2, lease: { holder: OTHER, term: 2, until: '2026-11-02T00:00:00.000Z' } });
    await expect(world.read()).rejects.toThrow(LeaseLostError);
  });

  it('of Amazon Q Business gives what a group has to its members', async () => {
    const world = await opened({
      subscription: BUSINESS,
      provider: 'qbusiness',
      members: [1, 3],
      subscriptions: [
        { group: GROUP, plan: 'Q_LITE' },
        { user: user(2), plan: 'Q_LITE' },
      ],
    });
    expect(usersIn(await world.read())).toEqual(['other', 2, 1, 3]);
  });

  it.each<[string, string, string]>([
    ['throttled', 'ThrottlingException', 'TransientAwsError'],
    ['refused', 'AccessDeniedException', 'RefusedError'],
    ['refused for a reason that no table has', 'SomethingNewException', 'RefusedError'],
  ])('that is %s fails as that', async (_fact, exception, name) => {
    const world = await opened();
    world.faults.add({ operation: LIST, kind: 'exception', exception, times: 1 });
    await expect(world.read()).rejects.toMatchObject({ name });
  });
});

describe('a list of subscriptions, as evidence of a decision,', () => {
  it('has the subscriptions of each user, and says when it may be read again', async () => {
    const world = await opened({ subscriptions: subscribed([1, 2]) });
    const evidence = await world.evidence();
    if (typeof evidence !== 'object' || !('byUser' in evidence)) throw new Error('the list was read');
    expect([...evidence.byUser.keys()].map(numberOf)).toEqual([1, 2]);
    expect(Date.parse(evidence.againAt) - Date.parse(evidence.readAt)).toBe(301_000);
    expect(await world.evidence()).toEqual({ until: new Date(Date.parse(evidence.readAt) + 300_000).toISOString() });
  });

  it('is the refusal of AWS', async () => {
    const world = await opened();
    world.faults.add({ operation: LIST, kind: 'refuse' });
    expect(await world.evidence()).toBeInstanceOf(RefusedError);
  });

  it('is awaited while it fails for now, and refused from the third failure in a row until a read succeeds', async () => {
    const world = await opened();
    world.faults.add({ operation: LIST, kind: 'internal', times: 3 });
    expect(await world.evidence()).toHaveProperty('until');
    await world.wait(301);
    expect(await world.evidence()).toHaveProperty('until');
    await world.wait(301);
    const third = await world.evidence();
    expect(third).toMatchObject({ reason: 'subscriptions-unavailable' });
    expect(await world.evidence()).toMatchObject({ reason: 'subscriptions-unavailable' });
    await world.wait(301);
    expect(await world.evidence()).toHaveProperty('byUser');
    expect((await world.profiles())?.['kiro us-east-1']).not.toHaveProperty('failures');
  });

  it('needs an entitlement with a subscription', async () => {
    const world = await opened();
    const context = { members: new Map(), secondsLeft: () => 780 };
    await expect(listReaderOf(context, world.readers)(anEntitlement(2))).rejects.toThrow('has no subscription');
  });

  it('passes a bug on', async () => {
    const world = await opened();
    const broken = { ...world.readers, lists: new Map(), subscriptions: () => Promise.reject(new TypeError('a bug')) };
    const [entitlement] = world.readers.entitlements.entitlements;
    if (!entitlement) throw new Error('there is an entitlement');
    const context = { members: new Map(), secondsLeft: () => 780 };
    await expect(listReaderOf(context, broken)(entitlement)).rejects.toThrow('a bug');
  });
});
