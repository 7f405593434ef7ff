import { describe, expect, it } from 'vitest';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { aSeat } from '../support/builders.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, START, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';
const FOR_GOOD = 1_000_000;
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };

/** Three and a half hours, in which the fault lasts. */
const MINUTES = 210;

/** Lets the fault last, with a tick every five minutes. @returns what the audit stream has said after ten minutes */
async function lasting(world: World): Promise<string[]> {
  let told: string[] = [];
  world.after(600, () => {
    told = world.audited();
  });
  await world.ticking(MINUTES);
  return told;
}

const failuresIn = ({ ends }: World) => ends.filter(({ outcome }) => outcome === 'failed');

describe('a user whose calls fail for good', () => {
  const KINDS: FaultRule['kind'][] = ['conflict', 'internal', 'throttle', 'refuse'];
  const rows = [
    ...KINDS.map((kind) => [CREATE, kind, 'joins'] as const),
    ...KINDS.map((kind) => [DELETE, kind, 'leaves'] as const),
    ...(['joins', 'leaves'] as const).flatMap((change) =>
      [DESCRIBE, 'IdentityStore.IsMemberInGroups', 'IdentityStore.DescribeUser'].flatMap((operation) =>
        (['internal', 'refuse'] as const).map((kind) => [operation, kind, change] as const),
      ),
    ),
  ];

  it.each(rows)(
    'keeps no one else waiting, in this or another application: %s, %s, who %s',
    { tags: ['long'] },
    async (operation, kind, change) => {
      const world = await openWorld({ people: 9, seated: [1, 5, 6, 7, 8, 9], entitlements: [{}, KIRO] });
      world.faults.add({ operation, kind, times: FOR_GOOD, principalId: user(change === 'joins' ? 2 : 1) });
      if (change === 'joins') await world.joins(2);
      else await world.leaves(1);
      await world.joins(3);
      world.after(60, () => world.leaves(5));
      world.after(90, async () => {
        world.center.join(OTHER_GROUP, user(4));
        await world.scim({ join: [] });
      });
      world.after(95, () => world.joins(4, OTHER_GROUP));
      const told = await lasting(world);
      expect(told).toContain('Seat Assigned 3 group-join');
      expect(told).toContain('Seat Assigned 4 group-join');
      expect(told).toContain('Seat Revoked 5 group-leave');
      expect(await world.seats()).toMatchObject({ 3: 'confirmed', 5: 'revoked', 6: 'confirmed' });
      expect(failuresIn(world).length).toBeLessThanOrEqual(4);
      expect(world.measured('LeasesExpired')).toEqual([]);
    },
  );

  it.each<[FaultRule['kind'], string]>([
    ['conflict', 'conflict'],
    ['internal', 'unavailable'],
    ['throttle', 'throttled'],
  ])(
    'fails one execution, which names the user and the reason, and is tried about once an hour (%s)',
    { tags: ['long'] },
    async (kind, reason) => {
      const world = await openWorld({ people: 2 });
      world.faults.add({ operation: CREATE, kind, times: FOR_GOOD, principalId: user(1) });
      await world.joins(1);
      await world.ticking(12 * 60);
      const [failed, ...others] = failuresIn(world);
      expect(others).toEqual([]);
      expect(failed?.cause).toMatch(
        new RegExp(`^RefusedError: 4 attempts to change a seat have failed since .*: ${reason} \\(user ${user(1)}\\)$`),
      );
      const attempts = (await world.seat(1))?.refusal?.attempts ?? 0;
      // After 1, 3, 7, 15, 31, 63 minutes, then once an hour, each with the next tick.
      expect(attempts).toBeGreaterThan(14);
      expect(attempts).toBeLessThan(20);
      expect(world.audited()).toEqual(['Onboarding Failed RefusedError']);
    },
  );

  it('is one of two: the execution fails soon, and does not wait for one because of the other', async () => {
    const world = await openWorld({ people: 2 });
    world.faults.add({ operation: CREATE, kind: 'throttle', times: FOR_GOOD });
    const execution = await world.joins(1);
    await world.joins(2);
    await world.play();
    const { startedAt, endedAt, outcome } = world.stack.endOf(execution) ?? {};
    expect(outcome).toBe('failed');
    expect(((endedAt?.getTime() ?? 0) - (startedAt?.getTime() ?? 0)) / 60_000).toBeLessThan(12);
  });

  it('gets the seat with the next attempt once the calls succeed', async () => {
    const world = await openWorld({ people: 2 });
    world.faults.add({ operation: CREATE, kind: 'conflict', times: FOR_GOOD, principalId: user(1) });
    await world.joins(1);
    world.after(45 * 60, () => world.faults.clear());
    await world.ticking(120);
    expect(await world.summaries(1)).toEqual([{ seat: 'confirmed', assigned: true, audited: ['Seat Assigned'] }]);
    expect((await world.seat(1))?.refusal).toBeUndefined();
  });

  it('loses nothing by returning while the revocation fails', async () => {
    const world = await openWorld({ people: 3, seated: [1, 2, 3] });
    world.faults.add({ operation: DELETE, kind: 'conflict', times: FOR_GOOD, principalId: user(1) });
    await world.leaves(1);
    world.after(1200, () => world.joins(1));
    await world.ticking(120);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
    expect((await world.seat(1))?.nextAttemptAt).toBeUndefined();
  });

  it('is one of many: every other one is seated by the same execution', async () => {
    const everybody = people(1, 80);
    const world = await openWorld({ people: 80, requestsPerSecond: 1 });
    world.faults.add({ operation: CREATE, kind: 'internal', times: FOR_GOOD, principalId: user(30) });
    const execution = await world.scim({ join: everybody });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('handedOver');
    expect(world.assigned()).toHaveLength(79);
    world.faults.clear();
    world.after(60, () => world.tick());
    await world.play();
    expect(world.assigned()).toHaveLength(80);
    expect(world.calls(CREATE)).toBe(79 + 4 + 1);
  });
});

describe('an application that does not show the assignment of a user', () => {
  it.each<FaultRule['kind']>(['conflict', 'throttle', 'refuse', 'exception'])(
    'does not keep the seat in another application from them (%s)',
    async (kind) => {
      const world = await openWorld({ people: 2, entitlements: [{}, KIRO], members: { [OTHER_GROUP]: [1] } });
      const fault = kind === 'exception' ? { kind, exception: 'NewException' } : { kind };
      world.faults.add({ operation: DESCRIBE, applicationArn: OTHER_APPLICATION, for: '2h', ...fault });
      const joined = world.now();
      await world.joins(1);
      await world.ticking(60);
      const served = Date.parse((await world.seat(1))?.grantedAt ?? '') - joined.getTime();
      expect(served / 1000).toBeLessThan(10);
      expect(await world.seats()).toEqual({ 1: 'confirmed' });
      expect(world.measured('LeasesExpired')).toEqual([]);
    },
  );
});

describe('a user of a sweep who cannot be read', () => {
  it.each(['internal', 'refuse'] as const)('keeps nobody else of it waiting (%s)', async (kind) => {
    const world = await openWorld({ people: 3 });
    world.faults.add({ operation: 'IdentityStore.DescribeUser', kind, times: FOR_GOOD, principalId: user(1) });
    await world.scim({ join: [1, 2] });
    const told = await lasting(world);
    expect(told).toContain('Seat Assigned 2 group-join');
    expect(await world.seats()).toEqual({ 2: 'confirmed' });
    const failed = failuresIn(world);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(4);
    expect(failed[0]?.cause).toContain(user(1));
  });
});

describe('an application that AWS does not show, or no longer', () => {
  it('is one of two: the execution fails for both, and does not wait for one because of the other', async () => {
    const world = await openWorld({ people: 3, entitlements: [{}, KIRO] });
    world.faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'throttle', times: FOR_GOOD });
    const execution = await world.start({ scope: 'everything' });
    await world.joins(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.stack.endOf(execution)?.outcome ?? '').toMatch(/failed|handedOver/);
    expect(failuresIn(world)).toHaveLength(1);
    const minutes = world.ends.map(({ startedAt, endedAt }) => (endedAt.getTime() - startedAt.getTime()) / 60_000);
    expect(Math.max(...minutes)).toBeLessThan(15);
  });

  it('fails at most once an hour, and delays no due seat of another one', async () => {
    const graced = { onLeave: { revokeAfterDays: 7 } };
    const entitlements = [graced, { ...KIRO, ...graced }];
    const world = await openWorld({ people: 2, settled: [1, 2], entitlements, missing: [OTHER_APPLICATION] });
    // Earlier than anyone of the application that is there, and more than a tick looks at.
    await world.putAll(people(21, 125).map((number) => aDueItem(OTHER_APPLICATION, number, 600)));
    await world.putAll([aDueItem(APPLICATION, 1, 1500)]);
    world.center.leave(GROUP, user(1));
    let after = '';
    world.after(1500 + 600, async () => {
      after = (await world.seat(1))?.status ?? '';
    });
    await world.ticking(MINUTES);
    expect(after).toBe('revoked');
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    const failed = failuresIn(world);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(4);
    expect(failed[0]?.cause).toContain('ResourceNotFoundException');
  });
});

/** A seat whose grace ends this many seconds after the start, as the ledger's table holds it. */
function aDueItem(applicationArn: string, number: number, seconds: number) {
  const dueAt = plusSeconds(START, seconds);
  const seat = aSeat(number, { applicationArn, status: 'leaving', dueAt, changedAt: plusSeconds(START, -600_000) });
  return { ...seat, pk: applicationArn, sk: user(number), attention: '#attention', attentionAt: dueAt };
}
