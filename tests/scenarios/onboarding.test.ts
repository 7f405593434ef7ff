import { describe, expect, it } from 'vitest';
import {
  aCreateGroupMembership,
  aNativeNotification,
  anAddMemberToGroup,
  aPatchGroup,
  bare,
  type EventOptions,
} from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const READS = [
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
  'IdentityStore.ListGroupMemberships',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'SSOAdmin.GetApplicationAssignmentConfiguration',
];

describe('a user who joins a group', () => {
  it('gets a seat that is verified and audited with a handful of calls', async () => {
    const world = await openWorld();
    const execution = await world.joins(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join']);
    expect(world.states.length).toBeLessThanOrEqual(14);
    const invocations = world.logs.filter((line) => JSON.parse(line).message === 'started');
    expect(invocations).toHaveLength(6);
    expect(world.calls(CREATE)).toBe(1);
    expect(READS.reduce((sum, operation) => sum + world.calls(operation), 0)).toBeLessThanOrEqual(8);
  });

  it('gets a seat that is verified by reads that begin 30 s after the write', async () => {
    const world = await openWorld();
    await world.joins(1);
    await world.play();
    const record = world.states.find(({ state }) => state === 'RecordAudit');
    const proof = world.states.findLast(({ state }) => state === 'PlanChanges');
    expect(Number(proof?.at) - Number(record?.at)).toBeGreaterThanOrEqual(30_000);
  });

  const joined = { groupId: GROUP, userId: user(1) };
  it.each<[string, (options: EventOptions) => unknown]>([
    ['the console', (options) => anAddMemberToGroup({ ...joined, ...options })],
    ['the Identity Store API', (options) => aCreateGroupMembership({ ...joined, ...options })],
    ['SCIM, which names no user', (options) => aPatchGroup({ groupId: GROUP, ...options })],
    ['a bare CloudTrail record', (options) => bare(anAddMemberToGroup({ ...joined, ...options }))],
    [
      "the identity store's own notification",
      ({ time = '' }) => aNativeNotification({ time, resources: [`arn:aws:identitystore:::user/${user(1)}`] }),
    ],
    ['a start by group', () => ({ groupId: GROUP })],
    ['a start of everything', () => ({ scope: 'everything' })],
    ['a tick', () => ({ scope: 'tick' })],
  ])('gets a seat if the join comes by %s', async (_way, eventOf) => {
    const world = await openWorld();
    world.center.join(GROUP, user(1));
    const execution = await world.start(eventOf({ time: world.now().toISOString() }));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.audited()).toEqual([expect.stringMatching(/^Seat Assigned 1 /)]);
  });

  it('gets every application of the group', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
    const world = await openWorld({ entitlements });
    await world.joins(1);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[1], [1]]);
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Seat Assigned 1 group-join']);
  });

  it('gets no application of another group', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const world = await openWorld({ entitlements });
    await world.joins(1, OTHER_GROUP);
    await world.play();
    expect([world.assigned(APPLICATION), world.assigned(OTHER_APPLICATION)]).toEqual([[], [1]]);
  });

  it('gets no seat while disabled, and gets it when enabled', async () => {
    const world = await openWorld();
    world.center.setStatus(user(1), 'DISABLED');
    await world.joins(1);
    await world.play();
    expect(world.assigned()).toEqual([]);
    world.center.setStatus(user(1), 'ENABLED');
    await world.start({ userId: user(1) });
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(world.audited()).toEqual(['Seat Assigned 1 manual']);
  });
});

describe('250 users whom SCIM adds to a group at once', () => {
  it('all get a seat, each with one write and one audit event', async () => {
    const world = await openWorld({ people: 250 });
    for (const number of people(1, 250)) world.center.join(GROUP, user(number));
    // SCIM takes at most 100 members a request.
    const time = world.now().toISOString();
    for (const eventId of ['a', 'b', 'c']) await world.start(aPatchGroup({ groupId: GROUP, time, eventId }));
    await world.play();
    expect(world.assigned()).toEqual(people(1, 250));
    expect(world.ends.map(({ outcome }) => outcome).sort()).toEqual(['converged', 'handedOver', 'handedOver']);
    expect(world.calls(CREATE)).toBe(250);
    expect(world.audit).toHaveLength(250);
    expect(Object.values(await world.seats())).toEqual(people(1, 250).map(() => 'confirmed'));
  });
});

describe('a foreign assignment', () => {
  it.each([
    ['a join', { members: [] }],
    ['a membership that was there before', { members: [1] }],
  ])('is not changed and never audited, at %s', async (_what, { members }) => {
    const world = await openWorld({ assigned: [1], members: { [GROUP]: members } });
    await world.joins(1);
    await world.start({ scope: 'everything' });
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({});
    expect([world.audited(), world.calls(CREATE)]).toEqual([[], 0]);
  });
});

describe('an application', () => {
  it.each([
    ['that gives access to every user is refused', { assignmentRequired: false }],
    ['that does not exist is refused', { missing: [APPLICATION] }],
  ])('%s, and nothing is written', async (_fact, options) => {
    const world = await openWorld(options);
    const execution = await world.joins(1);
    await world.play();
    const end = world.stack.endOf(execution);
    expect([end?.status, end?.cause]).toEqual(['FAILED', expect.stringMatching(/^RefusedError: /)]);
    expect([world.assigned(), await world.seats(), world.calls(CREATE)]).toEqual([[], {}, 0]);
    expect(world.audited()).toEqual(['Onboarding Failed RefusedError']);
  });

  it('that is refused does not affect another', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
    const world = await openWorld({ entitlements, missing: [OTHER_APPLICATION] });
    const execution = await world.joins(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('failed');
    expect(await world.seats(APPLICATION)).toEqual({ 1: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Onboarding Failed RefusedError']);
  });
});
