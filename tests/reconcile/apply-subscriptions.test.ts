import { describe, expect, it } from 'vitest';
import type { Seat } from '../../domain/seat/seat.ts';
import { Stops } from '../../reconcile/subscribe.ts';
import { type ApplyingOptions, applying } from '../support/applying.ts';
import { aBatch, aSeat, iso } from '../support/builders.ts';
import { APPLICATION, user } from '../support/ids.ts';
import { subscribedIn } from '../support/managed.ts';
import { KIRO, POWER, Q_BUSINESS } from '../support/subscriptions.ts';

const SUBSCRIBE = 'Q.CreateAssignment';
const CANCEL = 'Q.DeleteAssignment';
const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A lease holder whose plan changes subscriptions of Kiro. */
const managing = (options: ApplyingOptions = {}) => applying({ entitlements: [{ subscription: KIRO }], ...options });

/** A verified seat with the subscription that Usher has started. */
const withSubscription = (parts: Partial<Seat> = {}) =>
  aSeat(1, { subscription: { plan: KIRO.plan, askedAt: iso(-86_400) }, ...parts });

describe('a subscription of a grant', () => {
  it('is not asked for after a deployment that no longer manages it', async () => {
    const { apply, calls } = await applying({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await apply(aBatch('grant', [1], { part: 'subscription' }))).toEqual({ later: 1 });
    expect(calls(SUBSCRIBE)).toBe(0);
  });

  it('is not asked for, and makes no assignment, while AWS refuses subscriptions to its application', async () => {
    const stopped = { [APPLICATION]: { since: iso(-3600), probeAt: iso(3600) } };
    const { apply, calls, seat } = await managing({ members: [1], queue: (queue) => ({ ...queue, stopped }) });
    expect(await apply(aBatch('grant', [1]))).toEqual({ later: 1 });
    expect([calls(SUBSCRIBE), calls(CREATE), await seat(1)]).toEqual([0, 0, undefined]);
  });

  it.each<[string, number, readonly number[], number]>([
    ['makes the assignment again that Usher has just revoked and a list still shows', -60, [], 1],
    ['makes none if a read shows the assignment', -60, [1], 0],
    ['takes the assignment for that of someone else if the revocation is long over', -90_000, [], 0],
  ])('that is to be made alone %s', async (_fact, revokedAt, assigned, creates) => {
    const { apply, calls, center, seat } = await managing({
      members: [1],
      seats: [aSeat(1, { status: 'revoked', changedAt: iso(revokedAt) })],
      assigned,
      quirks: { subscribingAssigns: false },
    });
    expect(await apply(aBatch('grant', [1], { part: 'subscription' }))).toEqual({ granted: 1 });
    expect([calls(CREATE), subscribedIn({ center })]).toEqual([creates, [1]]);
    expect((await seat(1))?.access).toBe(creates > 0 ? undefined : 'foreign');
  });

  it.each<[string, Seat[], 'foreign' | undefined]>([
    ['an assignment that shows later is someone else’s', [], 'foreign'],
    ['the assignment of the seat before stays Usher’s', [aSeat(1, { status: 'creating' })], undefined],
  ])('that conflicts is tried again, and %s', async (_fact, seats, access) => {
    const { apply, seat, faults, calls } = await managing({ members: [1], seats });
    faults.add({ operation: SUBSCRIBE, kind: 'conflict', times: 100 });
    expect(await apply(aBatch('grant', [1]))).toEqual({ aside: 1 });
    expect(await seat(1)).toMatchObject({ status: 'creating', refusal: { reason: 'conflict' } });
    expect([(await seat(1))?.access, calls(CREATE)]).toEqual([access, 0]);
  });

  it('keeps its plan at AWS if the change of the plan conflicts, and is asked again', async () => {
    const { apply, seat, faults, center } = await managing({
      entitlements: [{ subscription: { ...KIRO, plan: POWER } }],
      members: [1],
      seats: [withSubscription()],
      assigned: [1],
    });
    center.subscribe(APPLICATION, { userId: user(1), plan: 'KIRO_ENTERPRISE_PRO' });
    faults.add({ operation: 'Q.UpdateAssignment', kind: 'conflict', times: 100 });
    expect(await apply(aBatch('grant', [1], { part: 'plan', reason: 'plan-changed' }))).toEqual({ aside: 1 });
    expect(await seat(1)).toMatchObject({ refusal: { reason: 'conflict' } });
    expect(center.subscriptionsOf(APPLICATION).map(({ plan }) => plan)).toEqual(['KIRO_ENTERPRISE_PRO']);
  });
});

describe('a stop of new subscriptions', () => {
  it('ends with a change of plan that AWS accepts', async () => {
    const { apply, services, center } = await managing({
      entitlements: [{ subscription: { ...KIRO, plan: POWER } }],
      members: [1],
      seats: [withSubscription()],
      assigned: [1],
      queue: (queue) => ({ ...queue, stopped: { [APPLICATION]: { since: iso(-90_000), probeAt: iso(-3600) } } }),
    });
    center.subscribe(APPLICATION, { userId: user(1), plan: 'KIRO_ENTERPRISE_PRO' });
    expect(await apply(aBatch('grant', [1], { part: 'plan', reason: 'plan-changed' }))).toEqual({ granted: 1 });
    expect((await services.ledger.queue()).stopped).toBeUndefined();
  });

  it.each([
    ['no change of plan', true, []],
    ['a subscription', false, [APPLICATION]],
  ])('that began in a batch ends with %s that AWS accepted in it', (_fact, isChange, resumed) => {
    for (const order of ['before', 'after']) {
      const stops = new Stops(new Set());
      if (order === 'after') stops.stop(APPLICATION);
      stops.accept(APPLICATION, { isChange });
      stops.stop(APPLICATION);
      expect([...stops.resumed]).toEqual(resumed);
    }
  });
});

describe('a revocation of access alone', () => {
  it.each([
    ['has not been listed so far', undefined],
    ['a later list has shown', 's-1'],
  ])('leaves the seat until the subscription is cancelled, which %s', async (_fact, id) => {
    const subscription = { plan: 'Q_LITE' as const, askedAt: iso(-1800), ...(id ? { id } : {}) };
    const { apply, seat, calls } = await applying({
      entitlements: [{ subscription: Q_BUSINESS }],
      seats: [aSeat(1, { status: 'revoking', subscription })],
      assigned: [1],
    });
    expect(await apply(aBatch('revoke', [1], { part: 'access' }))).toEqual({ later: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking', access: 'foreign', subscription });
    expect([calls('SSOAdmin.DeleteApplicationAssignment'), calls('QBusiness.CancelSubscription')]).toEqual([1, 0]);
  });
});

describe('a revocation whose cancellation conflicts', () => {
  it('takes the access all the same, and leaves the seat until the subscription is cancelled', async () => {
    const { apply, seat, faults, isAssigned } = await managing({ seats: [withSubscription()], assigned: [1] });
    faults.add({ operation: CANCEL, kind: 'conflict', times: 100 });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ aside: 1 });
    expect(isAssigned(1)).toBe(false);
    expect(await seat(1)).toMatchObject({
      status: 'revoking',
      removedAt: expect.any(String),
      subscription: { plan: KIRO.plan },
      refusal: { reason: 'conflict' },
    });
  });

  it('passes a bug on instead of counting it against the user', async () => {
    const { apply, services } = await managing({ seats: [withSubscription()], assigned: [1] });
    services.subscriptions = () => Promise.reject(new TypeError('a bug'));
    await expect(apply(aBatch('revoke', [1]))).rejects.toThrow('a bug');
  });
});
