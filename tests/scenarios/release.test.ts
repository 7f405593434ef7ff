import { describe, expect, it } from 'vitest';
import { LEASE_OUT_SECONDS } from '../support/changes.ts';
import { aDeleteGroup } from '../support/events.ts';
import { APPLICATION, GROUP, people, user } from '../support/ids.ts';
import { openBrakedWorld, openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

describe('a release by digest', () => {
  /** Six have left, and are held. */
  async function aHold(atLeast = 5): Promise<{ world: World; digest: string }> {
    const world = await openBrakedWorld(atLeast);
    await world.leaveTogether(people(1, 6));
    return { world, digest: await world.digest() };
  }

  it('revokes what the digest covers and a fresh plan confirms, and lifts the hold', async () => {
    const { world, digest } = await aHold();
    // One comes back, and no execution has checked it yet.
    world.center.join(GROUP, user(1));
    const execution = await world.admin({ release: digest });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([1, ...people(7, 20)]);
    expect((await world.stack.hold(APPLICATION))?.status).toBe('lifted');
    expect(world.audited().slice(1).sort()).toEqual([
      'Seat Kept 1 still-entitled',
      ...people(2, 6).map((number) => `Seat Revoked ${number} group-leave`),
    ]);
  });

  it('counts the released revocations in the budget of the next 24 hours', async () => {
    const { world, digest } = await aHold();
    await world.admin({ release: digest });
    await world.play();
    await world.leaveInTurn([7]);
    expect(await world.having('held')).toEqual([7]);
    // That is another hold, with an event of its own.
    expect(world.audited().filter((told) => /Held/.test(told))).toHaveLength(2);
    expect(await world.digest()).not.toBe(digest);
  });

  it('does not release users who joined the hold after it', async () => {
    const { world, digest } = await aHold();
    await world.leaveInTurn([7]);
    const newest = await world.digest();
    const execution = await world.admin({ release: digest });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('held');
    expect(await world.having('revoked')).toEqual(people(1, 6));
    expect(await world.having('held')).toEqual([7]);
    // What is left is a hold of its own, with its own digest.
    const left = await world.digest();
    expect([digest, newest]).not.toContain(left);
    await world.admin({ release: left });
    await world.play();
    expect(await world.having('revoked')).toEqual(people(1, 7));
  });

  it('does not release users who leave while it is applied', async () => {
    const { world, digest } = await aHold();
    for (const number of people(7, 12)) {
      world.after((number - 6) * 0.2, () => world.leaves(number));
    }
    await world.admin({ release: digest });
    await world.play();
    expect(await world.having('revoked')).toEqual(people(1, 6));
    expect(await world.having('held')).toEqual(people(7, 12));
  });

  it.each<[string, (digest: string) => string]>([
    ['that no hold has', (digest) => digest.replace(/./g, '0')],
    ['that is off by a digit', (digest) => digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
  ])('%s fails, and changes nothing', async (_kind, wrong) => {
    const { world, digest } = await aHold();
    const execution = await world.admin({ release: wrong(digest) });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: No hold has this digest/);
    expect([world.calls(DELETE), await world.having('held')]).toEqual([0, people(1, 6)]);
  });

  it.each([
    ['is none', { release: 'all' }],
    ['is several', { release: ['0'.repeat(64)] }],
    ['comes with a user', { release: '0'.repeat(64), userId: user(1) }],
    ['comes with a group', { release: '0'.repeat(64), groupId: GROUP }],
  ])('is not understood when the digest %s', async (_kind, input) => {
    const { world } = await aHold();
    const execution = await world.admin(input);
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    expect(world.calls(DELETE)).toBe(0);
  });

  it('is accepted by onboarding-admin only', async () => {
    const { world, digest } = await aHold();
    for (const input of [{ release: digest }, { release: digest, source: 'aws.sso-directory' }]) {
      const execution = await world.start(input);
      await world.play();
      expect(world.stack.endOf(execution)?.outcome).toBe('failed');
    }
    expect([world.calls(DELETE), await world.having('held')]).toEqual([0, people(1, 6)]);
  });

  it('fails the second time, because no hold has this digest, and changes nothing', async () => {
    const { world, digest } = await aHold();
    const outcomes: (string | undefined)[] = [];
    for (const _time of [1, 2, 3]) {
      const execution = await world.admin({ release: digest });
      await world.play();
      outcomes.push(world.stack.endOf(execution)?.cause ?? world.stack.endOf(execution)?.outcome);
    }
    const refused = expect.stringMatching(/^RefusedError: No hold has this digest/);
    expect(outcomes).toEqual(['converged', refused, refused]);
    expect(world.calls(DELETE)).toBe(6);
    expect(world.copies().filter((type) => type === 'Seat Revoked')).toHaveLength(6);
  });

  it('fails when all whom it covers have come back, although a sweep has yet to lift the hold', async () => {
    const { world, digest } = await aHold();
    for (const number of people(1, 6)) {
      await world.joins(number);
      await world.play();
    }
    expect((await world.stack.hold(APPLICATION))?.status).toBe('held');
    const execution = await world.admin({ release: digest });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: No user whom this digest covers is held/);
    expect([world.calls(DELETE), await world.having('held')]).toEqual([0, []]);
  });

  it('does not release a later hold, even for the same users', async () => {
    const { world, digest } = await aHold();
    await world.admin({ release: digest });
    await world.play();
    await world.scim({ join: people(1, 6) });
    await world.play();
    await world.leaveTogether(people(1, 6));
    const execution = await world.admin({ release: digest });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/No hold has this digest/);
    expect(await world.having('held')).toEqual(people(1, 6));
    expect(world.calls(DELETE)).toBe(6);
  });

  it('is applied by the lease holder', async () => {
    const { world, digest } = await aHold();
    world.faults.add({ operation: CREATE, kind: 'throttle', times: 5 });
    const holder = await world.joins(21);
    let released = '';
    world.after(1, async () => {
      released = await world.admin({ release: digest });
    });
    await world.play();
    expect(world.stack.endOf(released)).toMatchObject({ outcome: 'handedOver', cause: world.stack.arnOf(holder) });
    expect(world.assigned()).toEqual(people(7, 21));
  });

  it('also releases the seats of an empty group', async () => {
    const world = await openWorld({ settled: [1, 2, 3] });
    world.center.deleteGroup(GROUP);
    await world.start(aDeleteGroup({ groupId: GROUP, time: world.now().toISOString() }));
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    await world.admin({ release: await world.digest() });
    await world.play();
    expect(world.assigned()).toEqual([]);
  });
});

describe('a crash', { tags: ['long'] }, () => {
  const PUT = 'DynamoDB.PutItem';
  const WORLD = { people: 4, settled: [1, 2, 3, 4] };

  /** Two users leave, one too many. */
  async function hold(world: World): Promise<string> {
    await world.leaveTogether([1, 2]);
    return world.digest();
  }

  /** Writes that something takes when nothing fails. */
  async function writesOf(act: (world: World) => Promise<unknown>, given?: (world: World) => Promise<unknown>) {
    const world = await openBrakedWorld(1, WORLD);
    await given?.(world);
    const before = world.calls(PUT);
    await act(world);
    await world.play();
    return people(0, world.calls(PUT) - before - 1);
  }

  /** A tick after the lease has run out, one when what was left behind is due, and one that sweeps. */
  async function heal(world: World): Promise<void> {
    for (const seconds of [LEASE_OUT_SECONDS, 1500, 4200]) world.after(seconds, () => world.tick());
    await world.play();
  }

  it.each(['crash-before', 'crash-after'] as const)(
    '(%s) between the seats and the hold leaves nothing undone',
    async (kind) => {
      for (const skip of await writesOf(hold)) {
        const world = await openBrakedWorld(1, WORLD);
        // Lambda's own retries would make good for one.
        world.faults.add({ operation: PUT, kind, skip, times: 30 });
        await hold(world);
        world.faults.clear();
        await heal(world);
        const found = await world.stack.hold(APPLICATION);
        expect([skip, await world.having('held')]).toEqual([skip, [1, 2]]);
        expect([skip, found?.status, found?.digests.at(-1)?.count]).toEqual([skip, 'held', 2]);
        expect([skip, world.audited().filter((told) => !/Failed/.test(told))]).toEqual([
          skip,
          ['Revocations Held brake'],
        ]);
      }
    },
  );

  it('during a release is recovered by the ticks', async () => {
    const release = async (world: World) => world.admin({ release: await world.digest() });
    for (const skip of await writesOf(release, hold)) {
      const world = await openBrakedWorld(1, WORLD);
      const digest = await hold(world);
      world.faults.add({ operation: PUT, kind: 'crash-before', skip, times: 30 });
      const execution = await world.admin({ release: digest });
      await world.play();
      world.faults.clear();
      await heal(world);
      // What was not even written down has failed, and is asked for once more.
      if (skip === 0) {
        expect(world.stack.endOf(execution)?.outcome).toBe('failed');
        await world.redrive(execution);
        await world.play();
      }
      expect([skip, await world.having('revoked')]).toEqual([skip, [1, 2]]);
      expect([skip, (await world.stack.hold(APPLICATION))?.status]).toEqual([skip, 'lifted']);
    }
  });
});
