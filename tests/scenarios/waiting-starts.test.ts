// @module-tag long
import { describe, expect, it } from 'vitest';
import { plusSeconds } from '../../domain/shared/time.ts';
import { GROUP, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World } from '../support/world.ts';

/** The operations of the identity store without which no seat is granted or revoked; AWS counts each for itself. */
const NEEDED = ['IsMemberInGroups', 'DescribeUser', 'ListUsers', 'ListGroupMemberships'];
const LEAVE_AT = [1, 2, 6, 17, 36];

/** Users who have their seats leave one after another, while starts wait for others. */
async function leavingWhile(starts: readonly object[]) {
  const brake = { percent: 100, atLeast: 1000 };
  const world = await openWorld({ seated: people(1, 6), people: 6 + starts.length, brake });
  const began = world.now();
  for (const start of starts) await world.start(start);
  for (const [index, seconds] of LEAVE_AT.entries()) world.after(seconds, () => world.leaves(index + 1));
  await world.play();
  const revoked = world.audit.filter(({ DetailType }) => DetailType === 'Seat Revoked');
  return {
    latencies: LEAVE_AT.map((seconds, index) => {
      const event = revoked.find((entry) => detailOf(entry).user.uid === user(index + 1));
      return Date.parse(event?.Time ?? '') - Date.parse(plusSeconds(began, seconds));
    }),
    calls: NEEDED.map((operation) => [operation, world.calls(`IdentityStore.${operation}`)]),
    failures: new Set(world.ends.flatMap(({ outcome, cause }) => (outcome === 'failed' ? [cause?.split(':')[0]] : []))),
    failed: world.ends.filter(({ outcome }) => outcome === 'failed').length,
  };
}

describe('manual starts that wait', () => {
  const waitSeconds = 40;

  it.each<[string, number, (number: number) => object]>([
    ['for a membership', 1000, (number) => ({ userId: user(number), groupId: GROUP, waitSeconds })],
    ['for a user by name', 200, (number) => ({ userName: `nobody-${number}`, groupId: GROUP, waitSeconds })],
    ['for a user by id', 200, (number) => ({ userId: user(100_000 + number), waitSeconds })],
  ])('%s cost no call that revocations need, and delay none', { timeout: 300_000 }, async (_what, count, startOf) => {
    const alone = await leavingWhile([]);
    expect(alone.latencies.every((milliseconds) => milliseconds < 60_000)).toBe(true);
    const { failed, failures, latencies, calls } = await leavingWhile(people(7, 6 + count).map(startOf));
    expect(latencies).toEqual(alone.latencies);
    expect(calls).toEqual(alone.calls);
    // AWS throttles most of their checks, and none fails for it.
    expect([failed, failures]).toEqual([count, new Set(['PropagationTimeoutError'])]);
  });

  /** Seconds from the start of its execution at which it was checked. */
  function checksOf(world: World, execution: string): number[] {
    const started = world.stack.endOf(execution)?.startedAt ?? new Date(0);
    const checks = world.states.filter((one) => one.execution === execution && one.state === 'CheckPropagation');
    return checks.map(({ at }) => (at.getTime() - started.getTime()) / 1000);
  }

  it('are checked hourly after the first hour, each at its own second, and counted once an hour', async () => {
    const world = await openWorld({ people: 1 });
    const executions: string[] = [];
    for (const number of people(1, 20)) {
      world.after(number, async () => {
        executions.push(await world.start({ userName: `nobody-${number}`, waitSeconds: 6 * 3600 }));
      });
    }
    await world.play();
    // A check is due at a whole second after the request, and comes up to one later.
    const late = executions.map((execution) => checksOf(world, execution).filter((seconds) => seconds > 3617));
    for (const seconds of late) {
      const [first = 0, ...others] = seconds.slice(0, -1);
      expect(first).toBeLessThanOrEqual(3617 + 3600);
      for (const [index, second] of others.entries()) expect(second - (seconds[index] ?? 0)).toBeCloseTo(3600, 0);
      expect(seconds.at(-1)).toBeCloseTo(6 * 3600, 0);
    }
    expect(new Set(late.map(([first]) => first)).size).toBeGreaterThan(15);
    // The check of an hour after the start counts, too; the last one fails.
    expect(world.measured('StartsWaiting')).toHaveLength(late.flat().length);
  });

  it('find a user who appears hours later within an hour', async () => {
    const world = await openWorld({ people: 1 });
    const execution = await world.start({ userId: user(1), groupId: GROUP, waitSeconds: 86_400 });
    world.after(5 * 3600, () => world.center.join(GROUP, user(1)));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(checksOf(world, execution).at(-1)).toBeLessThan(6 * 3600);
  });

  it('wait until the read that plans use shows the membership, too', async () => {
    const world = await openWorld({ people: 1 });
    world.center.setLag('IdentityStore.IsMemberInGroups', 900);
    const execution = await world.start({ userId: user(1), groupId: GROUP });
    world.after(3600, () => world.center.join(GROUP, user(1)));
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.audited()).toEqual(['Seat Assigned 1 manual']);
  });

  it.each([{ userId: user(1), groupId: GROUP }, { userId: user(1) }])(
    'are served by a store that offers neither of their own operations: %j',
    async (start) => {
      const world = await openWorld({ people: 1, members: [1], quirks: { identitySource: 'ad-sync' } });
      const execution = await world.start(start);
      await world.play();
      expect(world.calls('IdentityStore.IsMemberInGroups')).toBeGreaterThan(0);
      expect(world.stack.endOf(execution)?.cause ?? '').not.toMatch(/PropagationTimeout|GetGroupMembershipId/);
    },
  );

  it('of which AWS throttles the last check are retried, and then time out', async () => {
    const world = await openWorld({ people: 1 });
    world.faults.add({ operation: 'IdentityStore.GetUserId', kind: 'throttle', times: 3 });
    const execution = await world.start({ userName: 'nobody', waitSeconds: 0 });
    await world.play();
    expect(world.calls('IdentityStore.GetUserId')).toBe(4);
    expect(world.stack.endOf(execution)?.cause).toMatch(/^PropagationTimeoutError/);
  });
});
