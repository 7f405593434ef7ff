import { describe, expect, it } from 'vitest';
import { LEASE_SECONDS } from '../../domain/queue/lease.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { aDisableUser, anEnableUser, aPatchGroup } from '../support/events.ts';
import { GROUP, group, OTHER_APPLICATION, OTHER_GROUP, people, START, user } from '../support/ids.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const MINUTE = 60;
const LIST = 'IdentityStore.ListGroupMemberships';

/** Two applications, and what AWS may answer to a read that it does not serve. */
const TWO_APPLICATIONS: WorldOptions = {
  people: 6,
  entitlements: [{ name: 'first' }, { name: 'second', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
  members: { [GROUP]: [1], [OTHER_GROUP]: [4] },
};
const REFUSALS: [string, Pick<FaultRule, 'kind' | 'exception' | 'reason'>, string][] = [
  ['AccessDeniedException', { kind: 'refuse' }, 'AccessDeniedException'],
  [
    'an exception without a row',
    { kind: 'exception', exception: 'UnknownOperationException' },
    'UnknownOperationException',
  ],
  ['an exception with a reason', { kind: 'exception', exception: 'NewException', reason: 'NEW' }, 'NewException'],
  ['an exception with a name that is none', { kind: 'exception', exception: 'Jane <j@x>' }, 'unknown-exception'],
];

/** Two hours of ticks from minute 20 on, when a fault begins; user 2 joins in minute 31. */
async function twoHoursWith(world: World, rule: FaultRule): Promise<void> {
  await world.start({ scope: 'everything' });
  world.after(20 * MINUTE, () => world.faults.add({ ...rule, for: 'ever' }));
  for (let minute = 25; minute <= 145; minute += 5) world.after(minute * MINUTE, world.tick);
  world.after(31 * MINUTE, () => world.joins(2));
  await world.play();
}

const failures = ({ ends }: World) => ends.filter(({ status }) => status !== 'SUCCEEDED');

describe('groups that AWS does not list for good', () => {
  it.each(REFUSALS)('fail at most one execution an hour, and nobody else: %s', async (_fact, rule, name) => {
    const world = await openWorld(TWO_APPLICATIONS);
    await twoHoursWith(world, { operation: LIST, ...rule });
    const failed = failures(world);
    expect(failed.length).toBeLessThanOrEqual(2);
    for (const { cause } of failed) {
      expect(cause).toContain(`RefusedError: ListGroupMemberships: ${name} (group `);
      expect(cause).not.toContain('Jane');
    }
    expect(failed).not.toEqual([]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect(await world.seats(OTHER_APPLICATION)).toEqual({ 4: 'confirmed' });
    // The lease was given back each time: no execution had to wait for its end.
    const longest = Math.max(...world.ends.map(({ startedAt, endedAt }) => endedAt.getTime() - startedAt.getTime()));
    expect(longest).toBeLessThan(LEASE_SECONDS * 1000);
  });

  it('do not keep another application from a change that SCIM makes', async () => {
    const world = await openWorld(TWO_APPLICATIONS);
    world.after(40 * MINUTE, async () => {
      world.center.join(OTHER_GROUP, user(5));
      await world.start(aPatchGroup({ groupId: OTHER_GROUP, time: world.now().toISOString() }));
    });
    await twoHoursWith(world, {
      operation: LIST,
      kind: 'exception',
      exception: 'UnknownOperationException',
      groupId: GROUP,
    });
    expect(failures(world).length).toBeLessThanOrEqual(2);
    expect(await world.seats(OTHER_APPLICATION)).toEqual({ 4: 'confirmed', 5: 'confirmed' });
    const served = world.audit.find(({ Detail }) => JSON.stringify(Detail).includes(user(5)));
    expect(Date.parse(served?.Time ?? '') - START.getTime()).toBeLessThan(41 * MINUTE * 1000);
  });
});

describe('a store that AD Sync feeds', () => {
  it('lets users have their seats whom an event names, and refuses the sweeps', async () => {
    const world = await openWorld({ ...TWO_APPLICATIONS, quirks: { identitySource: 'ad-sync' } });
    const joined = await world.joins(2);
    await world.play();
    expect(world.stack.endOf(joined)?.outcome).toBe('converged');
    const swept = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.stack.endOf(swept)?.cause).toMatch(/^RefusedError: ListGroupMemberships: UnknownOperationException/);
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
  });

  it('lets users have their seats whom an event names while a sweep is about to fail', async () => {
    const world = await openWorld({
      ...TWO_APPLICATIONS,
      requestsPerSecond: 1,
      quirks: { identitySource: 'ad-sync' },
    });
    const swept = await world.start({ scope: 'everything' });
    world.after(1, () => world.joins(2));
    await world.play();
    expect(world.stack.endOf(swept)?.cause).toMatch(/^RefusedError: ListGroupMemberships: UnknownOperationException/);
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
    const grantedAt = Date.parse((await world.seat(2))?.grantedAt ?? '');
    expect((grantedAt - START.getTime()) / 1000).toBeLessThan(60);
  });

  it('lets them have their seats also while one of several groups is missing', async () => {
    const world = await openWorld({
      entitlements: [{ groups: people(1, 5).map(group) }],
      quirks: { identitySource: 'ad-sync' },
    });
    world.center.deleteGroup(group(5));
    const joined = await world.joins(2);
    await world.play();
    expect(world.stack.endOf(joined)?.outcome).toBe('converged');
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
    expect(world.newCalls().get('IdentityStore.ListGroupMembershipsForMember')).toBeGreaterThan(0);
  });

  it('frees the slot of a seat that was never made, without a list of the groups', async () => {
    const world = await openWorld({ ...TWO_APPLICATIONS, quirks: { identitySource: 'ad-sync' } });
    world.faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'throttle', for: '1h' });
    await world.joins(2);
    await world.joins(3);
    world.after(30 * MINUTE, () => world.leaves(2));
    for (let minute = 5; minute <= 240; minute += 5) world.after(minute * MINUTE, world.tick);
    await world.play();
    expect(await world.seats()).toEqual({ 2: 'revoked', 3: 'confirmed' });
    expect(world.audit.map(({ DetailType }) => DetailType)).not.toContain('Seat Revoked');
  });

  it('refuses a manual start by name', async () => {
    const world = await openWorld({ quirks: { identitySource: 'ad-sync' } });
    const started = await world.start({ userName: 'jane' });
    await world.play();
    expect(world.stack.endOf(started)?.cause).toMatch(/^RefusedError: GetUserId: UnknownOperationException/);
  });
});

describe('an exception without a row, of any call that a join makes', () => {
  it.each([
    'IdentityStore.IsMemberInGroups',
    'IdentityStore.DescribeUser',
    'SSOAdmin.GetApplicationAssignmentConfiguration',
    'SSOAdmin.DescribeApplicationAssignment',
    'SSOAdmin.CreateApplicationAssignment',
    'DynamoDB.GetItem',
    'DynamoDB.BatchGetItem',
    'DynamoDB.Query',
    'DynamoDB.PutItem',
    'EventBridge.PutEvents',
  ])('fails the execution with its name, and an hour later the seat is there: %s', async (operation) => {
    const world = await openWorld({ people: 3 });
    // The queue's first write is made: what fails is the work itself.
    world.faults.add({ operation, kind: 'exception', exception: 'BrandNewException', skip: 0, for: '5m' });
    const execution = await world.joins(1);
    await world.stack.runUntilIdle();
    const { cause = '' } = world.stack.endOf(execution) ?? {};
    expect(cause).toMatch(/^RefusedError: /);
    expect(cause).toContain('BrandNewException');
    for (let minute = 10; minute <= 130; minute += 5) world.after(minute * MINUTE, world.tick);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.assigned()).toEqual([1]);
  });
});

describe('a status that this version does not know', () => {
  const aWorld = () => openWorld({ people: 6, seated: [1, 2, 3], quirks: { userStatus: 'new-value' } });

  it('fails the execution for this user and changes nothing for them', async () => {
    const world = await aWorld();
    world.center.setStatus(user(2), 'DISABLED');
    const execution = await world.start(aDisableUser({ userId: user(2), time: world.now().toISOString() }));
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toBe(
      `RefusedError: DescribeUser: UserStatus has an unknown value (user ${user(2)})`,
    );
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
    expect(world.assigned()).toEqual([1, 2, 3]);
  });

  it('gives no seat, and keeps nobody else from theirs', async () => {
    const world = await aWorld();
    world.center.setStatus(user(4), 'DISABLED');
    const refused = await world.joins(4);
    world.after(1, () => world.joins(5));
    await world.play();
    expect(world.stack.endOf(refused)?.cause).toMatch(/^RefusedError: DescribeUser: UserStatus has an unknown value/);
    expect(await world.seats()).toMatchObject({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 5: 'confirmed' });
    expect(await world.seats()).not.toHaveProperty('4');
  });

  it('fails a sweep once it has served everybody else', async () => {
    const world = await aWorld();
    world.center.setStatus(user(4), 'DISABLED');
    const execution = await world.scim({ join: [4, 5], leave: [1] });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toBe(
      `RefusedError: DescribeUser: UserStatus has an unknown value (user ${user(4)})`,
    );
    expect(world.ends.filter(({ status }) => status === 'FAILED')).toHaveLength(1);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed', 5: 'confirmed' });
    expect(world.assigned()).toEqual([2, 3, 5]);
  });

  it('keeps a seat through the daily sweep, and counts against the cap', async () => {
    const world = await openWorld({
      people: 6,
      seated: [1, 2, 3],
      entitlements: [{ seats: { max: 3 } }],
      quirks: { userStatus: 'new-value' },
    });
    world.center.setStatus(user(2), 'DISABLED');
    await world.scim({ join: [4] });
    await world.play();
    for (let hour = 1; hour <= 26; hour += 1) world.after(hour * 3600, world.tick);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 4: 'waitlisted' });
    expect(world.peak()).toBe(3);
  });

  it('decides again as soon as the status is known', async () => {
    const world = await aWorld();
    world.center.setStatus(user(4), 'DISABLED');
    await world.joins(4);
    world.after(600, async () => {
      world.center.setStatus(user(4), 'ENABLED');
      await world.start(anEnableUser({ userId: user(4), time: world.now().toISOString() }));
    });
    await world.play();
    expect(await world.seats()).toHaveProperty('4', 'confirmed');
  });
});

describe('an invocation that Lambda refuses', () => {
  it.each<[Pick<FaultRule, 'kind' | 'exception'>]>([
    [{ kind: 'throttle' }],
    [{ kind: 'internal' }],
    [{ kind: 'exception', exception: 'AWSLambdaException' }],
  ])('is retried in every state: %j', async (rule) => {
    const world = await openWorld({ people: 3 });
    for (const name of [
      'normalizeRequest',
      'checkPropagation',
      'planChanges',
      'applyChanges',
      'recordAudit',
    ] as const) {
      world.faults.add({ operation: 'Lambda.Invoke', ...rule, function: name, times: 3 });
    }
    const execution = await world.joins(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.summaries(1)).toEqual([{ seat: 'confirmed', assigned: true, audited: ['Seat Assigned'] }]);
  });
});
