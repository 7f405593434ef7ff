import { describe, expect, it } from 'vitest';
import type { OpenSubscriptions } from '../../../adapters/subscriptions/connect.ts';
import { LeaseLostError, RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { reconcile } from '../../../reconcile/plan/reconcile-application.ts';
import { APPLICATION, GROUP, numberOf, people, REGION } from '../../support/ids.ts';
import { CONTEXT, openReaders, type ReadersOptions, sweepsDue, usersDue } from '../../support/readers.ts';
import { aSubscription, POWER, PRO } from '../../support/subscriptions.ts';

const KIRO = { provider: 'kiro', plan: PRO, region: REGION, mode: 'report' } as const;

type Page = () => Promise<readonly Subscription[]>;
const page =
  (...some: readonly Subscription[]): Page =>
  async () =>
    some;
const failing =
  (error: Error): Page =>
  async () => {
    throw error;
  };

/** A comparison changes nothing. */
const NO_WRITES = {
  subscribe: () => Promise.reject(new Error('A comparison subscribes no user')),
  changePlan: () => Promise.reject(new Error('A comparison changes no plan')),
  cancel: () => Promise.reject(new Error('A comparison cancels nothing')),
};

/** Opens a world that observes, in which the list has these pages. */
async function opened(pages: readonly Page[], options: ReadersOptions = {}) {
  const world = await openReaders({
    members: [1, 2],
    entitlements: [{ mode: 'observe', subscription: KIRO }],
    ...options,
  });
  let left = pages;
  const subscriptions: OpenSubscriptions = async () => ({
    ...NO_WRITES,
    async *subscriptions() {
      for (const read of left) yield await read();
    },
  });
  const { ledger } = world.services;
  const readers = { ...world.readers, subscriptions };
  return {
    ...world,
    /** Sweeps APPLICATION; in another process than before, and long after. */
    async sweep(...now: readonly Page[]) {
      if (now.length > 0) {
        left = now;
        world.clock.advance(600);
      }
      const context = { ...CONTEXT, readAt: world.clock.now() };
      return reconcile(sweepsDue(), context, { ...readers, lists: new Map() });
    },
    sweepWith: (parts: Partial<typeof readers>) => reconcile(sweepsDue(), CONTEXT, { ...readers, ...parts }),
    check: (...numbers: number[]) => reconcile(usersDue(...numbers), CONTEXT, readers),
    async found() {
      const { findings } = await ledger.itemsOf(APPLICATION);
      return findings.flatMap((one) => one.findings.map(({ kind }) => `${kind} ${numberOf(one.userId)}`));
    },
  };
}

const NONE = { missing: 0, orphan: 0, 'wrong-plan': 0, pending: 0, 'through-group': 0, twice: 0, unreadable: 0 };

describe('a comparison', () => {
  it('counts what it found, and has its audit events published', async () => {
    const { sweep, found } = await opened([page(aSubscription(1, { plan: POWER })), page(aSubscription(3))]);
    const result = await sweep();
    expect(await found()).toEqual(['wrong-plan 1', 'missing 2', 'orphan 3']);
    expect(result.subscriptions).toEqual([
      { entitlement: 'amazon-q-developer', ...NONE, missing: 1, orphan: 1, 'wrong-plan': 1 },
    ]);
    const records = result.changes.filter(({ kind, userId }) => kind === 'record' && numberOf(userId) === 3);
    expect(records).toHaveLength(1);
  });

  it('says how many principals it does not know: a missing user may be among them', async () => {
    const unknown = aSubscription(9, { principal: { unknown: true }, plan: 'unknown', status: 'unknown' });
    const { sweep, found } = await opened([page(aSubscription(1), unknown, unknown)]);
    expect((await sweep()).subscriptions).toMatchObject([{ missing: 1, orphan: 0, unreadable: 2 }]);
    expect(await found()).toEqual(['missing 2']);
  });

  it('is made with sweeps alone, never with a check of one user', async () => {
    const { check, found, calls } = await opened([page()]);
    expect((await check(1)).subscriptions).toEqual([]);
    expect([await found(), calls('UserSubscriptions.ListUserSubscriptions')]).toEqual([[], 0]);
  });

  it('waits while the sweep has something to change: its changes come first', async () => {
    const { sweep } = await opened([failing(new Error('must not be read'))], {
      entitlements: [{ subscription: KIRO }],
    });
    const result = await sweep();
    expect(result.changes.map(({ kind }) => kind)).toEqual(['grant', 'grant']);
    expect(result.subscriptions).toEqual([]);
  });

  it.each<[string, Page, string]>([
    ['fails for now', failing(new TransientAwsError('ListUserSubscriptions: ThrottlingException')), 'unavailable'],
    ['is refused', failing(new RefusedError('role-refused', 'AssumeRole: AccessDenied')), 'role-refused'],
    ['ends in a circle', failing(new RefusedError('malformed-answer', 'the same NextToken twice')), 'malformed-answer'],
  ])(
    'of which a later page %s leaves what was found before, and takes no half of a list',
    async (_fact, last, reason) => {
      const { sweep, found } = await opened([page(aSubscription(1))]);
      await sweep();
      const before = await found();
      const result = await sweep(page(aSubscription(1), aSubscription(2)), last);
      expect(result.subscriptions).toMatchObject([{ entitlement: 'amazon-q-developer', unread: { reason } }]);
      expect([await found(), result.failures, result.faulted.size]).toEqual([before, [], 0]);
      expect((await sweep(page(aSubscription(1), aSubscription(2)))).subscriptions).toMatchObject([NONE]);
      expect(await found()).toEqual([]);
    },
  );

  it('that cannot be written fails nothing, and the next one writes what is left', async () => {
    const { sweep, sweepWith, found, readers, clock } = await opened([page()]);
    const ledger = {
      ...readers.ledger,
      saveFindings: async () => Promise.reject(new TransientAwsError('PutItem: throttled')),
    };
    const result = await sweepWith({ ledger });
    expect(result.subscriptions).toMatchObject([{ unread: { reason: 'unavailable' } }]);
    expect(result.failures).toEqual([]);
    clock.advance(600);
    await sweep();
    expect(await found()).toEqual(['missing 1', 'missing 2']);
  });

  it('is left out if another process has read the list a moment ago', async () => {
    const { sweep } = await opened([page()]);
    expect((await sweep()).subscriptions).toHaveLength(1);
    expect((await sweep()).subscriptions).toEqual([]);
  });

  it('is left out while a group is missing, before the list is read', async () => {
    const { sweep, center } = await opened([failing(new Error('must not be read'))]);
    center.deleteGroup(GROUP);
    expect((await sweep()).subscriptions).toMatchObject([{ unread: { reason: 'group-missing' } }]);
  });

  it('says so if there is not the time left for the list', async () => {
    const { readers } = await opened([]);
    let left = 100;
    const result = await reconcile(
      sweepsDue(),
      {
        ...CONTEXT,
        secondsLeft: () => {
          left -= 10;
          return left;
        },
      },
      {
        ...readers,
        subscriptions: async () => ({
          ...NO_WRITES,
          async *subscriptions() {
            left = 5;
            yield [aSubscription(1)];
          },
        }),
      },
    );
    expect(result.subscriptions).toMatchObject([{ unread: { reason: 'list-too-long' } }]);
    expect(result.failures).toEqual([]);
  });

  it('says so if there is not the time left for the statuses, after the list', async () => {
    const { readers } = await opened([], { people: 30, members: people(1, 30) });
    let isOver = false;
    const subscriptions = async () => ({
      ...NO_WRITES,
      async *subscriptions() {
        yield [aSubscription(1)];
        isOver = true;
      },
    });
    const secondsLeft = () => (isOver ? 0 : 780);
    const result = await reconcile(sweepsDue(), { ...CONTEXT, secondsLeft }, { ...readers, subscriptions });
    expect(result.subscriptions).toMatchObject([
      { unread: { reason: 'list-too-long', message: expect.stringContaining('more than 780 s together') } },
    ]);
    expect([result.failures, (await readers.ledger.itemsOf(APPLICATION)).findings]).toEqual([[], []]);
  });

  it.each<[string, Error]>([
    ['without the lease', new LeaseLostError('The execution no longer holds the lease of term 1')],
    ['with a bug', new TypeError('Cannot read properties of undefined')],
  ])('%s ends the plan', async (_fact, error) => {
    const { sweep } = await opened([failing(error)]);
    await expect(sweep()).rejects.toBe(error);
  });
});
