import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
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
  type Envelope,
} from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
/** A record whose parameters are too large for CloudTrail. */
function omitted(event: Envelope): object {
  const requestParameters = { reason: 'requestParameters too large', omitted: true };
  return { ...event, detail: { ...event.detail, requestParameters } };
}

const left = { groupId: GROUP, userId: user(1) };

describe('a user who leaves the group', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aRemoveMemberFromGroup({ ...left, time })],
    ['SCIM, which names no user', (time) => aPatchGroup({ groupId: GROUP, op: 'REMOVE', time })],
    ['the Identity Store API, which names only the id of a membership', (time) => aDeleteGroupMembership({ time })],
    ['the console, and AWS hides the user', (time) => aRemoveMemberFromGroup({ ...left, userId: HIDDEN, time })],
    ['SCIM, and AWS hides the group', (time) => aPatchGroup({ groupId: HIDDEN, op: 'REMOVE', time })],
    ['the console, and CloudTrail omits what was asked', (time) => omitted(aRemoveMemberFromGroup({ ...left, time }))],
    ['a start by hand', () => ({ userId: user(1) })],
    ['a start by group', () => ({ groupId: GROUP })],
    ['a start of everything', () => ({ scope: 'everything' })],
  ])('loses the seat, and no other user does, if the leave comes by %s', async (_way, eventOf) => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.leave(GROUP, user(1));
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Revoked 1 group-leave']);
    expect(world.calls(DELETE)).toBe(1);
  });

  it('is found by the tick when no event came', async () => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.leave(GROUP, user(1));
    world.after(3600, () => world.start({ scope: 'tick' }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });

  it('keeps the seat while another group entitles the user, and loses it with the last group', async () => {
    const members = { [OTHER_GROUP]: [1, 3] };
    const world = await openWorld({ entitlements: [{ groups: [GROUP, OTHER_GROUP] }], members, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect([world.audited(), world.calls(DELETE)]).toEqual([[], 0]);
    await world.leaves(1, OTHER_GROUP);
    await world.play();
    expect(world.assigned()).toEqual([2, 3]);
    expect(world.audited()).toEqual(['Seat Revoked 1 group-leave']);
  });

  it('keeps the seat of an application that another group gives', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const world = await openWorld({ entitlements, members: { [OTHER_GROUP]: [1] }, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[2], [1]]);
  });

  it('loses the seats of every application that the group gave', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
    const world = await openWorld({ entitlements, seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[2], [2]]);
    expect(world.audited()).toEqual(['Seat Revoked 1 group-leave', 'Seat Revoked 1 group-leave']);
  });

  it('keeps a foreign assignment', async () => {
    const world = await openWorld({ assigned: [1], seated: [1, 2] });
    await world.leaves(1);
    await world.start({ scope: 'everything' });
    await world.play();
    expect(world.assigned()).toEqual([1, 2]);
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
    expect([world.audited(), world.calls(DELETE)]).toEqual([[], 0]);
  });

  it('loses a recent seat by two deletions, with any number of sweeps meanwhile', async () => {
    const world = await openWorld({ people: 3, seated: [2, 3] });
    await world.joins(1);
    world.after(40, () => world.leaves(1));
    for (const seconds of [41, 55, 70, 85, 100]) world.after(seconds, () => world.start({ scope: 'everything' }));
    await world.play();
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Seat Revoked 1 group-leave']);
    expect(world.ends.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
    expect(world.calls(DELETE)).toBe(2);
  });

  it('gets a seat again after coming back, as a new change', async () => {
    const world = await openWorld({ seated: [1, 2] });
    await world.leaves(1);
    await world.play();
    await world.joins(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Revoked 1 group-leave', 'Seat Assigned 1 group-join']);
  });
});

const about = { userId: user(1) };

describe('a user who is disabled', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aDisableUser({ ...about, time })],
    ['the Identity Store API', (time) => anUpdateUser({ ...about, time })],
    ['SCIM PatchUser', (time) => aPatchUser({ ...about, time })],
    ['SCIM PutUser', (time) => aPutUser({ ...about, active: false, time })],
    ['SCIM, and AWS hides the user', (time) => aPatchUser({ userId: HIDDEN, time })],
    ['the console, and CloudTrail omits what was asked', (time) => omitted(aDisableUser({ ...about, time }))],
  ])('loses the seat if the change comes by %s', async (_way, eventOf) => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.setStatus(user(1), 'DISABLED');
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(world.audited()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it('keeps the seat if AWS reports no UserStatus', async () => {
    const world = await openWorld({ seated: [1, 2], quirks: { userStatus: 'absent' } });
    world.center.setStatus(user(1), 'DISABLED');
    await world.start(aDisableUser({ ...about, time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });
});

describe('a user who is deleted', () => {
  it.each<[string, (time: string) => unknown]>([
    ['the console', (time) => aDeleteUser({ ...about, family: 'sso-directory', time })],
    ['the Identity Store API', (time) => aDeleteUser({ ...about, time })],
    ['SCIM', (time) => aDeleteUser({ ...about, family: 'identitystore-scim', time })],
    ['no event, but a sweep', () => ({ scope: 'everything' })],
  ])('leaves no seat behind if the change comes by %s', async (_way, eventOf) => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.deleteUser(user(1));
    const execution = await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Revoked 1 user-deleted']);
  });
});

describe('a group that is empty, gone or unreadable', () => {
  const MEMBERSHIPS = 'IdentityStore.ListGroupMemberships';
  const ALWAYS = 10_000;
  const everybody = people(1, 250);
  const pages =
    (kind: FaultRule['kind'], skip = 0) =>
    (world: World) => {
      world.faults.add({ operation: MEMBERSHIPS, kind, skip, times: ALWAYS });
    };
  const lost: [string, 'failed' | 'held' | 'converged', (world: World) => void][] = [
    ['every page fails', 'failed', pages('internal')],
    ['every page is refused', 'failed', pages('refuse')],
    ['every page is an answer without content', 'failed', pages('lost')],
    ['the second page fails', 'failed', pages('internal', 1)],
    ['the second page is an answer without content', 'failed', pages('lost', 1)],
    ['the list says that the group is not there', 'converged', pages('not-found')],
    ['the list says so between two pages', 'converged', pages('not-found', 1)],
    [
      'all members are removed',
      'held',
      ({ center }) => {
        for (const number of everybody) center.leave(GROUP, user(number));
      },
    ],
    ['it is deleted', 'held', ({ center }) => center.deleteGroup(GROUP)],
  ];

  it('revokes none of 250 seats', async () => {
    const world = await openWorld({ people: 250, settled: everybody, brake: { percent: 100, atLeast: 250 } });
    for (const [label, outcome, lose] of lost) {
      lose(world);
      // Later than the lease of the execution before lasts.
      world.after(3600, async () => {
        await world.start(aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }));
      });
      await world.play();
      expect([label, world.ends.at(-1)?.outcome]).toEqual([label, outcome]);
      expect([label, world.assigned().length, world.calls(DELETE)]).toEqual([label, 250, 0]);
      world.faults.clear();
    }
    const told = Object.groupBy(world.audited(), (one) => one);
    expect(Object.keys(told).sort()).toEqual(['Onboarding Failed RefusedError', 'Revocations Held group-empty']);
    expect(told['Revocations Held group-empty']).toHaveLength(1);
  });

  it('is checked without effect after the events of its deletion', async () => {
    const world = await openWorld({ people: 20, seated: people(1, 20) });
    world.center.deleteGroup(GROUP);
    const time = world.now().toISOString();
    for (const family of ['sso-directory', 'identitystore', 'identitystore-scim'] as const) {
      await world.start(aDeleteGroup({ groupId: GROUP, family, time }));
    }
    await world.play();
    expect([world.assigned().length, world.calls(DELETE)]).toEqual([20, 0]);
  });
});
