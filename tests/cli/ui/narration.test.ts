import { describe, expect, it } from 'vitest';
import { isChange, listOf, resultOf, shortPlanOf, subscriptionOf, waitOf } from '../../../cli/ui/narration.ts';
import { APPLICATION, GROUP, people, user } from '../../support/ids.ts';

const AT = '2026-11-01T10:00:00.000Z';
const NAMES = new Map([
  [user(1), 'Ana'],
  [user(2), 'Ben'],
  [GROUP, 'Engineers'],
  [APPLICATION, 'Q'],
]);
const nameOf = (id: string) => NAMES.get(id) ?? id;

const request = (parts: object) => ({
  version: 1,
  trigger: 'event',
  cause: '0e0e0e0e-1111-4222-8333-444455556666',
  at: AT,
  startedAt: AT,
  users: [],
  groups: [],
  ...parts,
});
const named = (membership: string) => ({ users: [{ userId: user(1), expected: { groupId: GROUP, membership } }] });
const invisible = (parts: object = {}) => ({ visible: false, checkAfterSeconds: 5, ...parts });
const some = (kind: string, ...numbers: number[]) => ({ kind, users: numbers.length, userIds: numbers.map(user) });
const applying = (...changes: object[]) => ({ plan: { outcome: 'apply', batch: 0, batches: 1, changes } });

describe('the result of NormalizeRequest', () => {
  it.each<[string, object, object | undefined]>([
    ['checks everything', { sweep: 'everything' }, undefined],
    ['checks what is due', { trigger: 'tick', sweep: 'due' }, undefined],
    ['checks Ana', named('member'), undefined],
    ['checks the members of Engineers', { groups: [GROUP] }, undefined],
    ['checks Q', { applications: [APPLICATION] }, undefined],
    ['checks the hold with this digest', { release: '0'.repeat(64) }, undefined],
    ['checks the unmanaged assignments of Q', { adopt: APPLICATION }, undefined],
    [
      'checks the unmanaged assignments of Q, subscriptions that others started',
      { adopt: APPLICATION, adoptSubscriptions: 'entitled' },
      undefined,
    ],
    [
      'checks the unmanaged assignments of Q, subscriptions that others started, those that no entitlement covers',
      { adopt: APPLICATION, adoptSubscriptions: 'all' },
      undefined,
    ],
    ['checks Ben', {}, invisible({ userId: user(2) })],
    ['checks the user with this user name', {}, invisible({ selector: { userName: 'secret' } })],
    ['checks the user with this external id', {}, invisible({ selector: { externalId: { issuer: 'x', id: 'y' } } })],
    ['checks nothing', {}, undefined],
  ])('%s', (text, parts, propagation = invisible()) => {
    expect(resultOf('NormalizeRequest', { request: request(parts), propagation }, nameOf)).toBe(text);
  });

  it('is nothing for an ignored event', () => {
    expect(resultOf('NormalizeRequest', { ignored: 'read-only' }, nameOf)).toBeUndefined();
  });
});

describe('the result of CheckPropagation', () => {
  it.each<[string, object, object]>([
    ['nothing to wait for', named('member'), { visible: true, checkAfterSeconds: 0 }],
    ['too early to trust reads', { groups: [GROUP] }, invisible()],
    ['Ana is not in Engineers yet', named('member'), invisible()],
    ['Ana is still in Engineers', named('absent'), invisible()],
    ['Ben does not exist yet', {}, invisible({ userId: user(2) })],
    ['no such user yet', {}, invisible({ selector: { userName: 'secret' } })],
  ])('is: %s', (text, parts, propagation) => {
    expect(resultOf('CheckPropagation', { request: request(parts), propagation }, nameOf)).toBe(text);
  });
});

describe('the result of PlanChanges', () => {
  it.each<[string, string | undefined, object]>([
    [
      'plans to revoke the seat of Ana and plans a seat for Ben',
      'plans 1 revocation and 1 grant',
      applying(some('revoke', 1), some('grant', 2)),
    ],
    ['plans a seat for 9 users', 'plans 9 grants', applying({ kind: 'grant', users: 9 })],
    ['has audit events about Ana to publish', 'plans no change in AWS', applying(some('record', 1))],
    [
      'holds revocations of Q',
      'plans no change in AWS',
      applying({ kind: 'hold', users: 0, applications: [APPLICATION] }),
    ],
    [
      'continues with batch 3 of 10',
      'continues with batch 3 of 10',
      { plan: { outcome: 'apply', batch: 2, batches: 10 } },
    ],
    ['plans no change', 'plans no change', { plan: { outcome: 'settle' } }],
    ['finds nothing to change', undefined, { plan: { outcome: 'converged' } }],
    ['finds nothing to change but what the brake holds', undefined, { plan: { outcome: 'held' } }],
  ])('is: %s', (long, short, output) => {
    expect(resultOf('PlanChanges', output, nameOf)).toBe(long);
    expect(shortPlanOf(output)).toBe(short);
  });

  it('is nothing when another execution does the work', () => {
    expect(resultOf('PlanChanges', { plan: { outcome: 'handedOver' } }, nameOf)).toBeUndefined();
  });
});

describe('the result of ApplyChanges', () => {
  it.each<[string, object]>([
    ['no call to AWS needed', {}],
    ['AWS accepts 1 grant, has no time left for 2 changes', { granted: 1, left: 2 }],
    ['AWS accepts 1 revocation, AWS accepts 2 grants', { granted: 2, revoked: 1 }],
    [
      'AWS refuses 1 change, leaves 2 changes to the next plan, 1 change made before',
      { refused: 1, later: 2, done: 1 },
    ],
  ])('is: %s', (text, counts) => {
    expect(resultOf('ApplyChanges', { plan: { made: counts } }, nameOf)).toBe(text);
  });
});

describe('a batch', () => {
  it.each<[string, boolean, unknown]>([
    ['makes a change', true, { granted: 1 }],
    ['makes a change', true, { revoked: 1, refused: 1 }],
    ['has been made before', true, { done: 1 }],
    ['is refused', false, { refused: 1 }],
    ['has no change in AWS', false, {}],
  ])('%s: %s', (_fact, changed, output) => {
    expect(isChange({ plan: { made: output } })).toBe(changed);
  });
});

describe('a wait', () => {
  const settled = (waitSeconds: number, plan: object = {}, parts: object = { groups: [GROUP] }) => ({
    request: request(parts),
    propagation: { visible: true, checkAfterSeconds: 0 },
    plan: { outcome: 'settle', settle: { waitSeconds }, ...plan },
  });

  it.each<[string, object, number, boolean?]>([
    ['waits 110 s for the second check, 2 min after the event', settled(110), 10],
    ['waits 90 s for the second check, 2 min after the event', settled(90), 30, true],
    ['waits 30 s for reads to show it', settled(30), 120, true],
    ['waits 30 s before a plan verifies it', settled(30, { progress: { proving: [user(1)] } }), 120],
    ['waits 30 s for its next check', settled(30, {}, named('member')), 90],
    ['plans again at once: more is due', settled(0), 120, true],
  ])('is: %s', (text, output, seconds, changed = false) => {
    const at = new Date(Date.parse(AT) + seconds * 1000);
    expect(waitOf('WaitToSettle', output, { at, nameOf, changed })).toBe(text);
  });

  it('says what Identity Center does not show yet', () => {
    const output = { request: request(named('absent')), propagation: invisible() };
    expect(waitOf('WaitForPropagation', output, { at: new Date(AT), nameOf, changed: false })).toBe(
      'waits 5 s: Ana is still in Engineers',
    );
  });

  it('says no more than its length where the output is of an unknown form', () => {
    expect(waitOf('WaitForPropagation', { request: 7 }, { at: new Date(AT), nameOf, changed: false })).toBe(
      'waits 0 s: not visible yet',
    );
  });
});

describe('a request that changes a subscription', () => {
  it.each<[string, string, object]>([
    ['AWS starts the subscription of Ana', 'Q.CreateAssignment', { principalId: user(1), subscriptionType: 'PRO' }],
    [
      'AWS changes the subscription of Ana to PRO',
      'Q.UpdateAssignment',
      { principalId: user(1), subscriptionType: 'PRO' },
    ],
    ['AWS cancels the subscription of Ana', 'Q.DeleteAssignment', { principalId: user(1) }],
    [
      'AWS starts the subscription of Ben',
      'QBusiness.CreateSubscription',
      { principal: { user: user(2) }, type: 'Q_LITE' },
    ],
    ['AWS changes a subscription to Q_LITE', 'QBusiness.UpdateSubscription', { type: 'Q_LITE' }],
  ])('is: %s', (text, call, body) => {
    expect(subscriptionOf({ call, body: Buffer.from(JSON.stringify(body)) }, nameOf)).toBe(text);
  });

  it('names its user only where its body does', () => {
    const body = new Uint8Array();
    expect(subscriptionOf({ call: 'QBusiness.CancelSubscription', body }, nameOf)).toBe('AWS cancels a subscription');
    expect(subscriptionOf({ call: 'SSOAdmin.CreateApplicationAssignment', body }, nameOf)).toBeUndefined();
  });
});

describe('a list of users', () => {
  it.each<[string, string[]]>([
    ['Ana, Ben', [user(1), user(2)]],
    ['9 users', people(1, 9).map(user)],
  ])('is: %s', (text, userIds) => {
    expect(listOf(userIds, nameOf)).toBe(text);
  });
});
