import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Propagation, Request } from '../../domain/request/request.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { handler } from '../../functions/check-propagation.ts';
import { aMembershipRequest, aRequest } from '../support/builders.ts';
import { GROUP, ME, OTHER_GROUP, START, user } from '../support/ids.ts';
import { aPlatform } from '../support/platform.ts';
import { openWorld } from '../support/world.ts';

const NOT_YET: Propagation = { visible: false, checkAfterSeconds: 0 };
const GONE = user(99);

async function checking() {
  const world = await openWorld({ members: [1], directory: { users: [{ userId: user(1), userName: 'name-1' }] } });
  const { platform, logged, counted } = aPlatform(world);
  const on = handler.on(() => platform);
  const check = (request: Request, propagation: Partial<Propagation> = {}) =>
    on({ request, propagation: { ...NOT_YET, ...propagation }, execution: ME }, {} as Context);
  return { ...world, check, on, logged, counted };
}

const joining = aMembershipRequest('member', 1);
const manual = aRequest({ trigger: 'manual' });

describe('CheckPropagation', () => {
  it.each<[string, Request, Partial<Propagation>]>([
    ['a membership', joining, {}],
    [
      'the absence of a membership',
      aRequest({ users: [{ userId: user(1), expected: { groupId: OTHER_GROUP, membership: 'absent' } }] }),
      {},
    ],
    [
      'the absence of a user who does not exist',
      aRequest({ users: [{ userId: GONE, expected: { groupId: GROUP, membership: 'absent' } }] }),
      {},
    ],
    ['a user whom a manual start names', manual, { userId: user(1) }],
    ['a membership that a manual start requests', manual, { userId: user(1), groupId: GROUP }],
    ['a request without a user to wait for', aRequest({ trigger: 'tick', sweep: 'due' }), {}],
  ])('sees %s', async (_fact, request, propagation) => {
    const { check } = await checking();
    expect(await check(request, propagation)).toMatchObject({ visible: true, checkAfterSeconds: 0 });
  });

  it.each<[string, Request, Partial<Propagation>]>([
    ['a membership', aMembershipRequest('member', 2), {}],
    ['the absence of a membership', aMembershipRequest('absent', 1), {}],
    ['a user who does not exist', manual, { userId: GONE }],
    ['a name that SCIM has not created', manual, { selector: { userName: 'nobody-yet' } }],
  ])('does not see %s, and says when to check again', async (_fact, request, propagation) => {
    const { check } = await checking();
    expect(await check(request, propagation)).toMatchObject({ visible: false, checkAfterSeconds: 5 });
  });

  it('resolves a name to a user id, and drops the name', async () => {
    const { check, logged } = await checking();
    const found = await check(manual, { selector: { userName: 'name-1' } });
    expect(found).toEqual({ visible: true, checkAfterSeconds: 0, userId: user(1) });
    expect(JSON.stringify(logged())).not.toContain('name-1');
    expect(logged().at(-1)).toMatchObject({ visible: true, checkAfterSeconds: 0 });
  });

  it('waits ten seconds for an event that names no user', async () => {
    const { check, clock } = await checking();
    const hint = aRequest({ groups: [GROUP] });
    expect(await check(hint)).toMatchObject({ visible: false, checkAfterSeconds: 10 });
    clock.advance(10);
    expect(await check(hint)).toMatchObject({ visible: true });
  });

  it('continues after fifteen minutes, because the event was superseded', async () => {
    const { check, clock } = await checking();
    clock.advance(15 * 60);
    expect(await check(aMembershipRequest('member', 2))).toMatchObject({ visible: true });
  });

  it('fails when a manual start has waited until its deadline', async () => {
    const { check, clock } = await checking();
    clock.advance(60);
    const waiting = check(manual, { selector: { userName: 'nobody-yet' }, deadline: plusSeconds(START, 60) });
    await expect(waiting).rejects.toMatchObject({ name: 'PropagationTimeoutError' });
  });

  describe.each([
    ['throttle', 'TransientAwsError'],
    ['internal', 'TransientAwsError'],
    ['refuse', 'RefusedError'],
  ] as const)('when Identity Center answers with %s', (kind, name) => {
    it('continues with an event, because the plan checks again', async () => {
      const { check, faults } = await checking();
      faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind });
      expect(await check(aMembershipRequest('member', 2))).toMatchObject({ visible: true });
    });

    it.each<[string, Partial<Propagation>, 'GetUserId' | 'DescribeUser' | 'IsMemberInGroups']>([
      ['a name', { selector: { userName: 'name-1' } }, 'GetUserId'],
      ['a user', { userId: user(1) }, 'DescribeUser'],
      ['a membership', { userId: user(1), groupId: GROUP }, 'IsMemberInGroups'],
    ])('fails with a manual start by %s', async (_fact, propagation, operation) => {
      const { check, faults, calls } = await checking();
      faults.add({ operation: `IdentityStore.${operation}`, kind });
      await expect(check(manual, propagation)).rejects.toMatchObject({ name });
      expect(calls(`IdentityStore.${operation}`)).toBe(1);
    });
  });

  it('takes a throttled check of a start that waits for one that shows nothing, until its last', async () => {
    const { check, faults, clock, calls } = await checking();
    const waiting = { selector: { userName: 'name-1' }, deadline: plusSeconds(START, 60) };
    faults.add({ operation: 'IdentityStore.GetUserId', kind: 'throttle', times: 2 });
    expect(await check(manual, waiting)).toMatchObject({ visible: false, checkAfterSeconds: 5 });
    clock.advance(60);
    await expect(check(manual, waiting)).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(calls('IdentityStore.GetUserId')).toBe(2);
  });

  it.each<[string, Partial<Propagation>, string]>([
    ['a user', { userId: GONE }, 'ListGroupMembershipsForMember'],
    ['a membership', { userId: user(1), groupId: OTHER_GROUP }, 'GetGroupMembershipId'],
    ['a membership of a user who does not exist', { userId: GONE, groupId: GROUP }, 'GetGroupMembershipId'],
    ['a membership in a group that does not exist', { userId: user(1), groupId: user(98) }, 'GetGroupMembershipId'],
  ])(
    'asks for %s that a manual start waits for with an operation that no revocation needs',
    async (_fact, propagation, operation) => {
      const { check, newCalls } = await checking();
      newCalls();
      expect(await check(manual, propagation)).toMatchObject({ visible: false });
      expect([...newCalls()]).toEqual([[`IdentityStore.${operation}`, 1]]);
    },
  );

  it('counts a start that has waited for an hour', async () => {
    const { check, clock, counted } = await checking();
    const waiting = { userId: GONE, deadline: plusSeconds(START, 86_400) };
    clock.advance(3599);
    await check(manual, waiting);
    expect(counted()).toEqual([]);
    clock.advance(1);
    await check(manual, waiting);
    expect(counted()).toMatchObject([{ StartsWaiting: 1 }]);
  });

  it('fails on input that the previous state should not have written', async () => {
    const { on } = await checking();
    const event = {
      request: { ...joining, users: [{ userId: 'someone@example.com' }] },
      propagation: NOT_YET,
      execution: ME,
    };
    await expect(on(event, {} as Context)).rejects.toMatchObject({
      name: 'InvalidRequestError',
      path: 'request.users.0.userId',
    });
  });
});
