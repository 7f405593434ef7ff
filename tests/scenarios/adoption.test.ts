import { describe, expect, it } from 'vitest';
import { APPLICATION, GROUP, people, user } from '../support/stack.ts';
import { aTrial, type Trial } from '../support/trial.ts';

const NAME = 'amazon-q-developer';
const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

/** Before Usher came, 1 to 4 were assigned; 1 to 3 and 5 are members. */
function aFirstDeployment(others: Parameters<typeof aTrial>[0] = {}): Promise<Trial> {
  return aTrial({ people: 6, members: { [GROUP]: [1, 2, 3, 5] }, assigned: [1, 2, 3, 4], ...others });
}

describe('a first deployment over assignments that exist', () => {
  it('adopts nothing, revokes nothing, and says how many there are', async () => {
    const trial = await aFirstDeployment();
    const execution = await trial.tick();
    await trial.play();
    expect(await trial.seats()).toEqual({ 5: 'confirmed' });
    expect(trial.assigned()).toEqual([1, 2, 3, 4, 5]);
    expect(trial.told()).toEqual(['Seat Assigned 5 reconciled']);
    expect(trial.reportOf(execution).report).toEqual([{ entitlement: NAME, seats: 1, waiting: 0, unmanaged: 4 }]);
    expect(trial.measured('UnmanagedAssignments').at(-1)).toBe(4);
    expect(trial.measured('UnmanagedJump')).toEqual([]);
  });

  it('leaves them alone when their owners leave', async () => {
    const trial = await aFirstDeployment();
    await trial.tick();
    await trial.play();
    await trial.scim({ leave: [1, 2, 3] });
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3, 4, 5]);
    expect(trial.calls(DELETE)).toBe(0);
  });

  it('counts none of them under seats.max', async () => {
    const trial = await aFirstDeployment({ entitlements: [{ max: 1 }] });
    await trial.tick();
    await trial.play();
    expect(await trial.seats()).toEqual({ 5: 'confirmed' });
  });
});

describe('adopt, through onboarding-admin,', () => {
  it('takes over those that the entitlement covers, and only those; that is audited, and calls nobody', async () => {
    const trial = await aFirstDeployment();
    const execution = await trial.admin({ adopt: NAME });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 5: 'confirmed' });
    expect(trial.told().sort()).toEqual([
      'Seat Adopted 1 manual',
      'Seat Adopted 2 manual',
      'Seat Adopted 3 manual',
      'Seat Assigned 5 manual',
    ]);
    expect([trial.calls(CREATE), trial.calls(DELETE)]).toEqual([1, 0]);
    expect(trial.reportOf(execution).report).toMatchObject([{ seats: 4, unmanaged: 1 }]);
  });

  it('lets leaves apply to them from then on', async () => {
    const trial = await aFirstDeployment();
    await trial.admin({ adopt: NAME });
    await trial.play();
    await trial.leaves(1);
    await trial.play();
    expect(trial.assigned()).toEqual([2, 3, 4, 5]);
    expect(trial.told()).toContain('Seat Revoked 1 group-leave');
  });

  it('changes nothing the second time', async () => {
    const trial = await aFirstDeployment();
    for (const _time of [1, 2]) {
      await trial.admin({ adopt: NAME });
      await trial.play();
    }
    await trial.ticking(70);
    expect(trial.copies().filter((type) => type === 'Seat Adopted')).toHaveLength(3);
  });

  it('leaves alone who is disabled, and who had a seat that was taken back', async () => {
    const trial = await aFirstDeployment();
    trial.center.setStatus(user(2), 'DISABLED');
    await trial.admin({ adopt: NAME });
    await trial.play();
    await trial.leaves(1);
    await trial.play();
    // Somebody gives both what they are not entitled to.
    trial.center.assignByHand(APPLICATION, user(1));
    await trial.admin({ adopt: NAME });
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'revoked', 3: 'confirmed', 5: 'confirmed' });
    expect(trial.assigned()).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes over no more than seats.max', async () => {
    const trial = await aFirstDeployment({ entitlements: [{ max: 2 }] });
    const execution = await trial.admin({ adopt: NAME });
    await trial.play();
    const seats = Object.values(await trial.seats());
    expect(seats.filter((status) => status === 'confirmed')).toHaveLength(2);
    expect(trial.reportOf(execution).report).toMatchObject([{ seats: 2, unmanaged: 3 }]);
  });

  it('adopts nothing for an entitlement that observes', async () => {
    const trial = await aFirstDeployment({ entitlements: [{ mode: 'observe' }] });
    await trial.admin({ adopt: NAME });
    await trial.play();
    expect(await trial.seats()).toEqual({});
  });

  it.each<[string, unknown]>([
    ['an entitlement that is not there', { adopt: 'kiro' }],
    ['all', { adopt: '*' }],
    ['several', { adopt: [NAME] }],
    ['a user', { adopt: NAME, userId: user(1) }],
  ])('does not understand %s', async (_what, input) => {
    const trial = await aFirstDeployment();
    const execution = await trial.admin(input);
    await trial.play();
    expect(trial.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    expect(await trial.seats()).toEqual({});
  });

  it('is taken by no other machine', async () => {
    const trial = await aFirstDeployment();
    const execution = await trial.start({ adopt: NAME });
    await trial.play();
    expect(trial.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError.*onboarding-admin/);
    expect(await trial.seats()).toEqual({});
  });
});

describe('a restored table', () => {
  it('alarms by the jump of unmanaged assignments, once, revokes nobody, and adopt mends it', async () => {
    const seated = people(1, 30);
    const trial = await aTrial({ people: 30, seated: people(1, 5) });
    const backup = await trial.ledger();
    await trial.scim({ join: people(6, 30) });
    await trial.play();
    await trial.restore(backup);
    // The numbers of changes begin anew as well.
    trial.forget();
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.measured('UnmanagedJump')).toEqual([25]);
    expect(trial.reportOf(execution).report).toMatchObject([{ seats: 5, unmanaged: 25 }]);
    await trial.ticking(130);
    expect(trial.measured('UnmanagedJump')).toEqual([25]);
    expect([trial.assigned(), trial.calls(DELETE)]).toEqual([seated, 0]);
    await trial.admin({ adopt: NAME });
    await trial.play();
    expect(Object.values(await trial.seats())).toEqual(seated.map(() => 'confirmed'));
    expect(trial.measured('UnmanagedAssignments').at(-1)).toBe(0);
  });

  it('that is empty is a first deployment: nothing is revoked, and all are counted', async () => {
    const trial = await aTrial({ people: 30, seated: people(1, 30) });
    await trial.restore([]);
    const execution = await trial.tick();
    await trial.play();
    expect(await trial.seats()).toEqual({});
    expect([trial.assigned().length, trial.calls(DELETE), trial.calls(CREATE)]).toEqual([30, 0, 0]);
    expect(trial.reportOf(execution).report).toMatchObject([{ seats: 0, unmanaged: 30 }]);
    expect(trial.measured('UnmanagedAssignments').at(-1)).toBe(30);
  });
});
