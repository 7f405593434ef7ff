import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../local/faults.ts';
import {
  aDeleteGroup,
  aDeleteGroupMembership,
  aDeleteUser,
  aDisableUser,
  anUpdateUser,
  aPatchGroup,
  aPatchUser,
  aPutUser,
  aRemoveMemberFromGroup,
} from '../fixtures/events.ts';
import {
  APPLICATION,
  aWorld,
  GROUP,
  OTHER_APPLICATION,
  OTHER_GROUP,
  people,
  user,
  type World,
} from '../fixtures/stack.ts';

const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

const left = { groupId: GROUP, userId: user(1) };

describe('a person who leaves the group', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aRemoveMemberFromGroup({ ...left, time })],
    ['SCIM, which names nobody', (time) => aPatchGroup({ groupId: GROUP, op: 'REMOVE', time })],
    ['the Identity Store API, which tells only the id of a membership', (time) => aDeleteGroupMembership({ time })],
    ['a start by hand', () => ({ userId: user(1) })],
    ['a start by group', () => ({ groupId: GROUP })],
    ['a start of everything', () => ({ scope: 'everything' })],
  ])('loses the seat, and nobody else does, when it comes by %s', async (_way, eventOf) => {
    const world = await aWorld({ seated: [1, 2] });
    world.center.leave(GROUP, user(1));
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.told()).toEqual(['Seat Revoked 1 group-leave']);
    expect(world.calls(DELETE)).toBe(1);
  });

  it('is found by the tick when no event came', async () => {
    const world = await aWorld({ seated: [1, 2] });
    world.center.leave(GROUP, user(1));
    world.after(3600, () => world.start({ scope: 'tick' }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });

  it('keeps the seat while another group entitles to it, and loses it with the last', async () => {
    const members = { [OTHER_GROUP]: [1, 3] };
    const world = await aWorld({ entitlements: [{ groups: [GROUP, OTHER_GROUP] }], members, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect([world.told(), world.calls(DELETE)]).toEqual([[], 0]);
    await world.leaves(1, OTHER_GROUP);
    await world.play();
    expect(world.assigned()).toEqual([2, 3]);
    expect(world.told()).toEqual(['Seat Revoked 1 group-leave']);
  });

  it('keeps the seat of an application that another group gives', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const world = await aWorld({ entitlements, members: { [OTHER_GROUP]: [1] }, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[2], [1]]);
  });

  it('loses the seats of every application that the group gave', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
    const world = await aWorld({ entitlements, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[2], [2]]);
    expect(world.told()).toEqual(['Seat Revoked 1 group-leave', 'Seat Revoked 1 group-leave']);
  });

  it("keeps an assignment of somebody else's", async () => {
    const world = await aWorld({ assigned: [1], seated: [1, 2] });
    await world.leaves(1);
    await world.start({ scope: 'everything' });
    await world.play();
    expect(world.assigned()).toEqual([1, 2]);
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
    expect([world.told(), world.calls(DELETE)]).toEqual([[], 0]);
  });

  it('gets a seat anew on coming back, as a change of its own', async () => {
    const world = await aWorld({ seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    await world.joins(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect(world.told()).toEqual(['Seat Revoked 1 group-leave', 'Seat Assigned 1 group-join']);
  });
});

const about = { userId: user(1) };

describe('a person who is disabled', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aDisableUser({ ...about, time })],
    ['the Identity Store API', (time) => anUpdateUser({ ...about, time })],
    ['SCIM PatchUser', (time) => aPatchUser({ ...about, time })],
    ['SCIM PutUser', (time) => aPutUser({ ...about, active: false, time })],
  ])('loses the seat when it comes by %s', async (_way, eventOf) => {
    const world = await aWorld({ seated: [1, 2] });
    world.center.setStatus(user(1), 'DISABLED');
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(world.told()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it('keeps the seat where AWS tells no UserStatus', async () => {
    const world = await aWorld({ seated: [1, 2], quirks: { userStatus: 'absent' } });
    world.center.setStatus(user(1), 'DISABLED');
    await world.start(aDisableUser({ ...about, time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });
});

describe('a person who is deleted', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aDeleteUser({ ...about, family: 'sso-directory', time })],
    ['the Identity Store API', (time) => aDeleteUser({ ...about, time })],
    ['SCIM', (time) => aDeleteUser({ ...about, family: 'identitystore-scim', time })],
    ['no event, but a sweep', () => ({ scope: 'everything' })],
  ])('leaves no seat behind when it comes by %s', async (_way, eventOf) => {
    const world = await aWorld({ seated: [1, 2] });
    world.center.deleteUser(user(1));
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.told()).toEqual(['Seat Revoked 1 user-deleted']);
  });
});

describe('the brake', () => {
  it('lets a plan that would pass its budget fail, and changes nothing', async () => {
    const seated = people(1, 20);
    const world = await aWorld({ people: 20, seated, brake: { percent: 20, atLeast: 5 } });
    for (const number of people(1, 6)) world.center.leave(GROUP, user(number));
    const execution = await world.start(aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }));
    await world.play();
    const end = world.stack.endOf(execution);
    expect([end?.status, end?.cause]).toEqual(['FAILED', expect.stringMatching(/^RefusedError: .*budget of 5/)]);
    expect([world.assigned(), world.calls(DELETE)]).toEqual([seated, 0]);
    expect(world.told()).toEqual(['Onboarding Failed RefusedError']);
  });

  it('lets as many as its budget through', async () => {
    const world = await aWorld({ people: 20, seated: people(1, 20), brake: { percent: 20, atLeast: 5 } });
    for (const number of people(1, 5)) world.center.leave(GROUP, user(number));
    await world.start(aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }));
    await world.play();
    expect(world.assigned()).toEqual(people(6, 20));
  });

  it('counts the revocations of 24 hours together, and lets the next day through', async () => {
    const world = await aWorld({ people: 20, seated: people(1, 20), brake: { percent: 0, atLeast: 2 } });
    for (const number of [1, 2, 3]) {
      await world.leaves(number);
      await world.play();
    }
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['converged', 'converged', 'failed']);
    expect(world.assigned()).toEqual(people(3, 20));
    world.after(24 * 3600, () => world.start({ scope: 'tick' }));
    await world.play();
    expect(world.assigned()).toEqual(people(4, 20));
  });

  it('holds nothing back that AWS has removed already, with the user', async () => {
    const world = await aWorld({ people: 20, seated: people(1, 20), brake: { percent: 0, atLeast: 0 } });
    for (const number of people(1, 10)) world.center.deleteUser(user(number));
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.told()).toHaveLength(10);
  });
});

describe('a group that is empty, gone or unreadable', () => {
  const MEMBERSHIPS = 'IdentityStore.ListGroupMemberships';
  const ALWAYS = 10_000;
  const emptied: [string, { fault?: FaultRule; change?: (world: World) => void }][] = [
    ['every page fails', { fault: { operation: MEMBERSHIPS, kind: 'internal', times: ALWAYS } }],
    ['every page is refused', { fault: { operation: MEMBERSHIPS, kind: 'refuse', times: ALWAYS } }],
    ['every page is an answer without content', { fault: { operation: MEMBERSHIPS, kind: 'lost', times: ALWAYS } }],
    ['AWS says that the group is not there', { fault: { operation: MEMBERSHIPS, kind: 'not-found', times: ALWAYS } }],
    [
      'the group goes between two pages',
      { fault: { operation: MEMBERSHIPS, kind: 'not-found', skip: 1, times: ALWAYS } },
    ],
    ['the second page fails', { fault: { operation: MEMBERSHIPS, kind: 'internal', skip: 1, times: ALWAYS } }],
    [
      'the second page is an answer without content',
      { fault: { operation: MEMBERSHIPS, kind: 'lost', skip: 1, times: ALWAYS } },
    ],
    [
      'everybody is taken out',
      {
        change: ({ center }) => {
          for (const number of people(1, 500)) center.leave(GROUP, user(number));
        },
      },
    ],
    ['it is deleted', { change: ({ center }) => center.deleteGroup(GROUP) }],
  ];

  it('takes nobody of 500 the seat', async () => {
    const everybody = people(1, 500);
    const world = await aWorld({ people: 500, seated: everybody, brake: { percent: 100, atLeast: 500 } });
    for (const [label, { fault, change }] of emptied) {
      if (fault) world.stack.faults.add(fault);
      change?.(world);
      // Later than the lease of the execution before lasts.
      world.after(3600, async () => {
        await world.start(aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }));
      });
      await world.play();
      expect([label, world.ends.at(-1)?.outcome]).toEqual([label, 'failed']);
      expect([label, world.assigned().length, world.calls(DELETE)]).toEqual([label, 500, 0]);
      world.stack.faults.clear();
    }
    expect(new Set(world.told())).toEqual(
      new Set(['Onboarding Failed TransientAwsError', 'Onboarding Failed RefusedError', 'Onboarding Failed Error']),
    );
  });

  it.each<[string, (world: World) => void]>([
    [
      'emptied',
      ({ center }) => {
        for (const number of [1, 2]) center.leave(GROUP, user(number));
      },
    ],
    ['deleted', ({ center }) => center.deleteGroup(GROUP)],
  ])('takes nobody the seat when it is %s, although members of another group are entitled', async (_how, change) => {
    const entitlements = [{ groups: [GROUP, OTHER_GROUP] }];
    const world = await aWorld({ entitlements, members: { [OTHER_GROUP]: [3] }, seated: [1, 2] });
    change(world);
    const execution = await world.start(aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }));
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: .*empty or missing/);
    expect([world.assigned(), world.calls(DELETE)]).toEqual([[1, 2, 3], 0]);
  });

  it('is looked at in vain by the events of its deletion', async () => {
    const world = await aWorld({ people: 20, seated: people(1, 20) });
    world.center.deleteGroup(GROUP);
    const time = world.now().toISOString();
    for (const family of ['sso-directory', 'identitystore', 'identitystore-scim'] as const) {
      await world.start(aDeleteGroup({ groupId: GROUP, family, time }));
    }
    await world.play();
    expect([world.assigned().length, world.calls(DELETE)]).toEqual([20, 0]);
  });

  it.each([
    ['one whom nobody else shares it with', 1],
    ['two', 2],
  ])('with %s as its last: the last seat alone is no mass removal', async (_who, last) => {
    const world = await aWorld({ seated: people(1, last) });
    for (const number of people(1, last)) {
      await world.leaves(number);
      await world.play();
    }
    expect(world.assigned()).toEqual([]);
  });
});
