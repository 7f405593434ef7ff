import { describe, expect, it } from 'vitest';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import type { ReadOperation } from '../../emulator/aws/identity-center/reads.ts';
import { aPerson } from '../support/directory.ts';
import { anAddMemberToGroup, aPatchGroup, aPatchUser } from '../support/events.ts';
import { GROUP, OTHER_GROUP, user } from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

/** Seconds from the start of its execution at which a state was entered. */
function momentsOf(world: World, execution: string, state: string): number[] {
  const started = world.stack.endOf(execution)?.startedAt ?? new Date(0);
  const entered = world.states.filter((moment) => moment.execution === execution && moment.state === state);
  return entered.map(({ at }) => (at.getTime() - started.getTime()) / 1000);
}

function durationOf(world: World, execution: string): number {
  const { startedAt, endedAt } = world.stack.endOf(execution) ?? {};
  return (Number(endedAt) - Number(startedAt)) / 1000;
}

describe('an expectation of an event', () => {
  it('is awaited, and served at the check that shows it', async () => {
    const world = await openWorld();
    const time = world.now().toISOString();
    const execution = await world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(1), time }));
    world.after(10, () => world.center.join(GROUP, user(1)));
    await world.play();
    expect(momentsOf(world, execution, 'CheckPropagation')).toEqual([0, 5, 15]);
    expect(world.assigned()).toEqual([1]);
  });

  it('is awaited from the time of the event, even if the event arrives late', async () => {
    const world = await openWorld();
    const time = plusSeconds(world.now(), -100);
    const execution = await world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(1), time }));
    world.after(40, () => world.center.join(GROUP, user(1)));
    await world.play();
    expect(momentsOf(world, execution, 'CheckPropagation')).toEqual([0, 55]);
    expect(world.assigned()).toEqual([1]);
  });

  it('is superseded after 15 minutes: the execution converges without a seat', async () => {
    const world = await openWorld();
    const time = world.now().toISOString();
    const execution = await world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(1), time }));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(durationOf(world, execution)).toBeGreaterThanOrEqual(15 * 60);
    expect(durationOf(world, execution)).toBeLessThan(16 * 60);
    expect([world.assigned(), await world.seats(), world.audited()]).toEqual([[], {}, []]);
  });
});

describe('a manual start', () => {
  // A name with control characters is no selector.
  const newcomer = { ...aPerson(4), userName: `${SECRET}-four` };
  const { userName, email, externalId } = newcomer;
  const starts = [
    { userId: user(4) },
    { userName },
    // AWS compares addresses without regard to case.
    { email: email.toUpperCase() },
    { externalId },
  ].map((selector) => ({ key: Object.keys(selector)[0], selector }));

  it.each(starts)('by $key waits until SCIM has created the user', async ({ selector }) => {
    const world = await openWorld();
    const execution = await world.start({ ...selector, groupId: GROUP });
    world.after(3600, () => world.center.addUser(newcomer));
    world.after(5000, () => world.center.join(GROUP, user(4)));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.seats()).toEqual({ 4: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Assigned 4 manual']);
  });

  it.each(starts)('by $key checks an existing user at once', async ({ selector }) => {
    const world = await openWorld();
    world.center.addUser(newcomer);
    world.center.join(GROUP, user(4));
    const execution = await world.start(selector);
    await world.play();
    expect(momentsOf(world, execution, 'CheckPropagation')).toEqual([0]);
    expect(await world.seats()).toEqual({ 4: 'confirmed' });
  });

  it.each(starts)('by $key gives a seat only to a member of a group', async ({ selector }) => {
    const world = await openWorld();
    world.center.addUser(newcomer);
    const execution = await world.start(selector);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect([world.assigned(), await world.seats()]).toEqual([[], {}]);
  });

  it.each(starts)('by $key fails with PropagationTimeoutError at its deadline', async ({ selector }) => {
    const world = await openWorld();
    const execution = await world.start({ ...selector, waitSeconds: 1000 });
    await world.play();
    const end = world.stack.endOf(execution);
    expect([end?.outcome, end?.cause]).toEqual(['failed', expect.stringMatching(/^PropagationTimeoutError: /)]);
    expect(durationOf(world, execution)).toBe(1000);
    expect(world.audited()).toEqual(['Onboarding Failed PropagationTimeoutError']);
    expect([world.calls(CREATE), await world.seats()]).toEqual([0, {}]);
  });

  it('waits a day by default, with at most 5 minutes between two checks of the first hour, and then an hour', async () => {
    const world = await openWorld();
    const execution = await world.start({ userName: `${SECRET}-nobody` });
    await world.play();
    expect(durationOf(world, execution)).toBe(86_400);
    const moments = momentsOf(world, execution, 'CheckPropagation');
    const longest = (some: number[]) => Math.max(...some.slice(1).map((moment, index) => moment - (some[index] ?? 0)));
    expect(longest(moments.filter((moment) => moment <= 3615))).toBe(300);
    expect(longest(moments)).toBe(3600);
    expect(moments.length).toBeLessThan(45);
  });

  it('keeps its selector in $.propagation until the user is found, and nowhere else', async () => {
    const world = await openWorld();
    const execution = await world.start({ email, groupId: GROUP });
    world.after(600, () => world.center.addUser(newcomer));
    world.after(1200, () => world.center.join(GROUP, user(4)));
    await world.play();
    const inputs = (world.stack.execution(execution)?.log ?? []).flatMap((event) =>
      event.type === 'StateEntered' && event.index === undefined ? [JSON.stringify(event.state.input)] : [],
    );
    const named = inputs.map((input) => input.includes(SECRET));
    const found = inputs.findIndex((input) => input.includes(user(4)));
    expect(found).toBeGreaterThan(1);
    expect(named).toEqual(inputs.map((_, index) => index < found));
    // Of the states before, only $.propagation.selector and the execution's own input.
    for (const input of inputs.slice(1, found)) {
      const { propagation, ...rest } = JSON.parse(input);
      expect(propagation.selector).toEqual({ email });
      expect(JSON.stringify(rest)).not.toContain(SECRET);
    }
  });
});

describe('a hint that names no user', () => {
  it('is checked after 10 s, and again 120 s after the event', async () => {
    const world = await openWorld({ seated: [1] });
    const execution = await world.start(aPatchGroup({ groupId: GROUP, time: world.now().toISOString() }));
    await world.play();
    expect(momentsOf(world, execution, 'CheckPropagation')).toEqual([0, 10]);
    const plans = momentsOf(world, execution, 'PlanChanges');
    expect(plans).toHaveLength(2);
    expect(plans[0]).toBe(10);
    expect(plans[1]).toBeGreaterThanOrEqual(120);
    expect(durationOf(world, execution)).toBeLessThan(130);
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
  });

  it('finds at the second check users who became visible after the first', async () => {
    const world = await openWorld({ seated: [1] });
    world.center.setLag('IdentityStore.ListGroupMemberships', 60);
    world.center.join(GROUP, user(2));
    await world.start(aPatchGroup({ groupId: GROUP, time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });

  it('about a user is checked twice as well, because it does not say what changed', async () => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.setLag('IdentityStore.DescribeUser', 60);
    world.center.setStatus(user(1), 'DISABLED');
    await world.start(aPatchUser({ userId: user(1), time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Revoked 1 user-disabled']);
  });
});

/** People 1 and 2 have their seats; 1 leaves and 3, who is new, joins. */
const WAYS: Record<string, (world: World) => Promise<unknown>> = {
  'named one by one': async (world) => {
    await world.leaves(1);
    await world.joins(3);
  },
  'by SCIM, which names no user': async (world) => {
    world.center.leave(GROUP, user(1));
    world.center.join(GROUP, user(3));
    await world.start(aPatchGroup({ groupId: GROUP, time: world.now().toISOString() }));
  },
};

const READS: ReadOperation[] = [
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
];

describe.each(Object.entries(WAYS))('joins and leaves %s', (_way, change) => {
  it.each(READS.flatMap((operation) => [20, 70].map((seconds) => [operation, seconds] as const)))(
    'are served although %s lags by %i s',
    async (operation, seconds) => {
      const world = await openWorld({ people: 2, seated: [1, 2] });
      world.center.setLag(operation, seconds);
      world.center.addUser(aPerson(3));
      await change(world);
      await world.play();
      expect(world.assigned()).toEqual([2, 3]);
      expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
      expect(world.audited().sort()).toEqual(['Seat Assigned 3 group-join', 'Seat Revoked 1 group-leave']);
      expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    },
  );
});

describe('with either answer of AWS', () => {
  it.each<Partial<Quirks>>([
    { repeatedCreate: 'ok' },
    { repeatedCreate: 'conflict' },
    { userStatus: 'present' },
    { userStatus: 'absent' },
  ])('%j, a create whose answer is lost is made and audited once', async (quirks) => {
    const world = await openWorld({ quirks });
    world.faults.add({ operation: CREATE, kind: 'internal-after' });
    // The read before the second create does not show the first.
    world.center.setLag('SSOAdmin.DescribeApplicationAssignment', 8);
    await world.joins(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join']);
    expect(world.calls(CREATE)).toBeGreaterThan(1);
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['converged']);
  });

  it.each<Partial<Quirks>>([{ deleteMissing: 'ok' }, { deleteMissing: 'not-found' }])(
    '%j, a delete whose answer is lost is made and audited once',
    async (quirks) => {
      const world = await openWorld({ quirks, seated: [1, 2] });
      world.faults.add({ operation: DELETE, kind: 'internal-after' });
      world.center.setLag('SSOAdmin.DescribeApplicationAssignment', 8);
      await world.leaves(1);
      await world.play();
      expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
      expect(world.audited()).toEqual(['Seat Revoked 1 group-leave']);
      expect(world.calls(DELETE)).toBeGreaterThan(1);
    },
  );

  it.each<Partial<Quirks>>([{ missingGroup: 'not-found' }, { missingGroup: 'no-member' }])(
    '%j, a missing group does not affect members of another',
    async (quirks) => {
      const world = await openWorld({ quirks, entitlements: [{ groups: [OTHER_GROUP, GROUP] }], seated: [1] });
      world.center.deleteGroup(OTHER_GROUP);
      await world.joins(2);
      await world.start({ scope: 'everything' });
      await world.play();
      expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
      expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    },
  );
});
