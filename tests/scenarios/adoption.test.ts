import { describe, expect, it } from 'vitest';
import { APPLICATION, GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const NAME = 'amazon-q-developer';
const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

/** Before Usher came, 1 to 4 were assigned; 1 to 3 and 5 are members. */
function aFirstDeployment(others: Parameters<typeof openWorld>[0] = {}): Promise<World> {
  return openWorld({ people: 6, members: { [GROUP]: [1, 2, 3, 5] }, assigned: [1, 2, 3, 4], ...others });
}

describe('a first deployment over assignments that exist', () => {
  it('adopts nothing, revokes nothing, and reports the number of assignments', async () => {
    const world = await aFirstDeployment();
    const execution = await world.tick();
    await world.play();
    expect(await world.seats()).toEqual({ 5: 'confirmed' });
    expect(world.assigned()).toEqual([1, 2, 3, 4, 5]);
    expect(world.audited()).toEqual(['Seat Assigned 5 reconciled']);
    expect(world.reportOf(execution).report).toEqual([{ entitlement: NAME, seats: 1, waiting: 0, unmanaged: 4 }]);
    expect(world.measured('UnmanagedAssignments').at(-1)).toBe(4);
    expect(world.measured('UnmanagedJump')).toEqual([]);
  });

  it('keeps them when their users leave', async () => {
    const world = await aFirstDeployment();
    await world.tick();
    await world.play();
    await world.scim({ leave: [1, 2, 3] });
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3, 4, 5]);
    expect(world.calls(DELETE)).toBe(0);
  });

  it('counts none of them under seats.max', async () => {
    const world = await aFirstDeployment({ entitlements: [{ seats: { max: 1 } }] });
    await world.tick();
    await world.play();
    expect(await world.seats()).toEqual({ 5: 'confirmed' });
  });
});

describe('adopt, through onboarding-admin,', () => {
  it('takes over the assignments that the entitlement covers and no others, with audit events and without calls to Identity Center', async () => {
    const world = await aFirstDeployment();
    const execution = await world.admin({ adopt: NAME });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 5: 'confirmed' });
    expect(world.audited().sort()).toEqual([
      'Seat Adopted 1 manual',
      'Seat Adopted 2 manual',
      'Seat Adopted 3 manual',
      'Seat Assigned 5 manual',
    ]);
    expect([world.calls(CREATE), world.calls(DELETE)]).toEqual([1, 0]);
    expect(world.reportOf(execution).report).toMatchObject([{ seats: 4, unmanaged: 1 }]);
  });

  it('makes later leaves revoke them', async () => {
    const world = await aFirstDeployment();
    await world.admin({ adopt: NAME });
    await world.play();
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([2, 3, 4, 5]);
    expect(world.audited()).toContain('Seat Revoked 1 group-leave');
  });

  it('changes nothing the second time', async () => {
    const world = await aFirstDeployment();
    for (const _time of [1, 2]) {
      await world.admin({ adopt: NAME });
      await world.play();
    }
    await world.ticking(70);
    expect(world.copies().filter((type) => type === 'Seat Adopted')).toHaveLength(3);
  });

  it('skips disabled users, and users whose seat was revoked', async () => {
    const world = await aFirstDeployment();
    world.center.setStatus(user(2), 'DISABLED');
    await world.admin({ adopt: NAME });
    await world.play();
    await world.leaves(1);
    await world.play();
    // Somebody gives both what they are not entitled to.
    world.center.assignByHand(APPLICATION, user(1));
    await world.admin({ adopt: NAME });
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 3: 'confirmed', 5: 'confirmed' });
    expect(world.assigned()).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes over no more than seats.max', async () => {
    const world = await aFirstDeployment({ entitlements: [{ seats: { max: 2 } }] });
    const execution = await world.admin({ adopt: NAME });
    await world.play();
    const seats = Object.values(await world.seats());
    expect(seats.filter((status) => status === 'confirmed')).toHaveLength(2);
    expect(world.reportOf(execution).report).toMatchObject([{ seats: 2, unmanaged: 3 }]);
  });

  it('adopts nothing for an entitlement that observes', async () => {
    const world = await aFirstDeployment({ entitlements: [{ mode: 'observe' }] });
    await world.admin({ adopt: NAME });
    await world.play();
    expect(await world.seats()).toEqual({});
  });

  it.each<[string, unknown]>([
    ['an entitlement that does not exist', { adopt: 'kiro' }],
    ['all', { adopt: '*' }],
    ['several', { adopt: [NAME] }],
    ['a user', { adopt: NAME, userId: user(1) }],
  ])('does not understand %s', async (_what, input) => {
    const world = await aFirstDeployment();
    const execution = await world.admin(input);
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    expect(await world.seats()).toEqual({});
  });

  it('is accepted by no other state machine', async () => {
    const world = await aFirstDeployment();
    const execution = await world.start({ adopt: NAME });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError.*onboarding-admin/);
    expect(await world.seats()).toEqual({});
  });
});

describe('a restored table', () => {
  it('raises one alarm for the jump of unmanaged assignments, revokes nothing, and is fixed by adopt', async () => {
    const seated = people(1, 30);
    const world = await openWorld({ people: 30, seated: people(1, 5) });
    const backup = await world.items();
    await world.scim({ join: people(6, 30) });
    await world.play();
    await world.restore(backup);
    // The numbers of changes restart as well.
    world.forgetAudit();
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.measured('UnmanagedJump')).toEqual([25]);
    expect(world.reportOf(execution).report).toMatchObject([{ seats: 5, unmanaged: 25 }]);
    await world.ticking(130);
    expect(world.measured('UnmanagedJump')).toEqual([25]);
    expect([world.assigned(), world.calls(DELETE)]).toEqual([seated, 0]);
    await world.admin({ adopt: NAME });
    await world.play();
    expect(Object.values(await world.seats())).toEqual(seated.map(() => 'confirmed'));
    expect(world.measured('UnmanagedAssignments').at(-1)).toBe(0);
  });

  it('that is empty is like a first deployment: it revokes nothing and counts all assignments', async () => {
    const world = await openWorld({ people: 30, seated: people(1, 30) });
    await world.restore([]);
    const execution = await world.tick();
    await world.play();
    expect(await world.seats()).toEqual({});
    expect([world.assigned().length, world.calls(DELETE), world.calls(CREATE)]).toEqual([30, 0, 0]);
    expect(world.reportOf(execution).report).toMatchObject([{ seats: 0, unmanaged: 30 }]);
    expect(world.measured('UnmanagedAssignments').at(-1)).toBe(30);
  });
});
