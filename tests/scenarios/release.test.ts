import { describe, expect, it } from 'vitest';
import { aDeleteGroup } from '../support/events.ts';
import { APPLICATION, GROUP, people, user } from '../support/stack.ts';
import { aBrakedTrial, aTrial, LEASE_OUT_SECONDS, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

describe('a release by digest', () => {
  /** Six have left, and are held. */
  async function aHold(atLeast = 5): Promise<{ trial: Trial; digest: string }> {
    const trial = await aBrakedTrial(atLeast);
    await trial.leaveTogether(people(1, 6));
    return { trial, digest: await trial.digest() };
  }

  it('revokes what the digest covers and a fresh plan still wants, no more, and lifts the hold', async () => {
    const { trial, digest } = await aHold();
    // One comes back, and nobody has looked at it yet.
    trial.center.join(GROUP, user(1));
    const execution = await trial.admin({ release: digest });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.assigned()).toEqual([1, ...people(7, 20)]);
    expect((await trial.stack.hold(APPLICATION))?.status).toBe('lifted');
    expect(trial.told().slice(1).sort()).toEqual([
      'Seat Kept 1 still-entitled',
      ...people(2, 6).map((number) => `Seat Revoked ${number} group-leave`),
    ]);
  });

  it('takes what was released into the budget of the next 24 hours', async () => {
    const { trial, digest } = await aHold();
    await trial.admin({ release: digest });
    await trial.play();
    await trial.leaveInTurn([7]);
    expect(await trial.having('held')).toEqual([7]);
    // That is another hold, and told of.
    expect(trial.told().filter((told) => /Held/.test(told))).toHaveLength(2);
    expect(await trial.digest()).not.toBe(digest);
  });

  it('covers nobody who joined the hold after it', async () => {
    const { trial, digest } = await aHold();
    await trial.leaveInTurn([7]);
    const newest = await trial.digest();
    const execution = await trial.admin({ release: digest });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('held');
    expect(await trial.having('revoked')).toEqual(people(1, 6));
    expect(await trial.having('held')).toEqual([7]);
    // What is left is a hold of its own, with its own digest.
    const left = await trial.digest();
    expect([digest, newest]).not.toContain(left);
    await trial.admin({ release: left });
    await trial.play();
    expect(await trial.having('revoked')).toEqual(people(1, 7));
  });

  it('covers nobody who leaves while it is carried out', async () => {
    const { trial, digest } = await aHold();
    for (const number of people(7, 12)) {
      trial.after((number - 6) * 0.2, () => trial.leaves(number));
    }
    await trial.admin({ release: digest });
    await trial.play();
    expect(await trial.having('revoked')).toEqual(people(1, 6));
    expect(await trial.having('held')).toEqual(people(7, 12));
  });

  it.each<[string, (digest: string) => string]>([
    ['that no hold has', (digest) => digest.replace(/./g, '0')],
    ['that is off by a digit', (digest) => digest.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
  ])('%s fails, and changes nothing', async (_kind, wrong) => {
    const { trial, digest } = await aHold();
    const execution = await trial.admin({ release: wrong(digest) });
    await trial.play();
    expect(trial.stack.endOf(execution)?.cause).toMatch(/^RefusedError: No hold has this digest/);
    expect([trial.calls(DELETE), await trial.having('held')]).toEqual([0, people(1, 6)]);
  });

  it.each([
    ['is none', { release: 'all' }],
    ['is several', { release: ['0'.repeat(64)] }],
    ['comes with a user', { release: '0'.repeat(64), userId: user(1) }],
    ['comes with a group', { release: '0'.repeat(64), groupId: GROUP }],
  ])('is not understood when the digest %s', async (_kind, input) => {
    const { trial } = await aHold();
    const execution = await trial.admin(input);
    await trial.play();
    expect(trial.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    expect(trial.calls(DELETE)).toBe(0);
  });

  it('is taken by onboarding-admin only', async () => {
    const { trial, digest } = await aHold();
    for (const input of [{ release: digest }, { release: digest, source: 'aws.sso-directory' }]) {
      const execution = await trial.start(input);
      await trial.play();
      expect(trial.stack.endOf(execution)?.outcome).toBe('failed');
    }
    expect([trial.calls(DELETE), await trial.having('held')]).toEqual([0, people(1, 6)]);
  });

  it('changes nothing the second time', async () => {
    const { trial, digest } = await aHold();
    for (const _time of [1, 2, 3]) {
      const execution = await trial.admin({ release: digest });
      await trial.play();
      expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    }
    expect(trial.calls(DELETE)).toBe(6);
    expect(trial.copies().filter((type) => type === 'Seat Revoked')).toHaveLength(6);
  });

  it('covers nobody of a later hold, who left again after it', async () => {
    const { trial, digest } = await aHold();
    await trial.admin({ release: digest });
    await trial.play();
    await trial.scim({ join: people(1, 6) });
    await trial.play();
    await trial.leaveTogether(people(1, 6));
    await trial.admin({ release: digest });
    await trial.play();
    expect(await trial.having('held')).toEqual(people(1, 6));
    expect(trial.calls(DELETE)).toBe(6);
  });

  it('is acted on by whoever has the lease', async () => {
    const { trial, digest } = await aHold();
    trial.stack.faults.add({ operation: CREATE, kind: 'throttle', times: 5 });
    const holder = await trial.joins(21);
    let released = '';
    trial.after(1, async () => {
      released = await trial.admin({ release: digest });
    });
    await trial.play();
    expect(trial.stack.endOf(released)).toMatchObject({ outcome: 'handedOver', cause: trial.stack.arnOf(holder) });
    expect(trial.assigned()).toEqual(people(7, 21));
  });

  it('also releases what a group gave that is empty', async () => {
    const trial = await aTrial({ settled: [1, 2, 3] });
    trial.center.deleteGroup(GROUP);
    await trial.start(aDeleteGroup({ groupId: GROUP, time: trial.now().toISOString() }));
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3]);
    await trial.admin({ release: await trial.digest() });
    await trial.play();
    expect(trial.assigned()).toEqual([]);
  });
});

describe('a crash', () => {
  const PUT = 'DynamoDB.PutItem';
  const WORLD = { people: 4, settled: [1, 2, 3, 4] };

  /** Two people leave, one too many. */
  async function hold(trial: Trial): Promise<string> {
    await trial.leaveTogether([1, 2]);
    return trial.digest();
  }

  /** Writes that something takes when nothing fails. */
  async function writesOf(act: (trial: Trial) => Promise<unknown>, given?: (trial: Trial) => Promise<unknown>) {
    const trial = await aBrakedTrial(1, WORLD);
    await given?.(trial);
    const before = trial.calls(PUT);
    await act(trial);
    await trial.play();
    return people(0, trial.calls(PUT) - before - 1);
  }

  /** A tick after the lease has run out, one when what was left behind is due, and one that sweeps. */
  async function heal(trial: Trial): Promise<void> {
    for (const seconds of [LEASE_OUT_SECONDS, 1500, 4200]) trial.after(seconds, () => trial.tick());
    await trial.play();
  }

  it.each(['crash-before', 'crash-after'] as const)(
    '(%s) between the seats and the hold leaves nothing undone',
    async (kind) => {
      for (const skip of await writesOf(hold)) {
        const trial = await aBrakedTrial(1, WORLD);
        // Lambda's own retries would make good for one.
        trial.stack.faults.add({ operation: PUT, kind, skip, times: 30 });
        await hold(trial);
        trial.stack.faults.clear();
        await heal(trial);
        const found = await trial.stack.hold(APPLICATION);
        expect([skip, await trial.having('held')]).toEqual([skip, [1, 2]]);
        expect([skip, found?.status, found?.digests.at(-1)?.count]).toEqual([skip, 'held', 2]);
        expect([skip, trial.told().filter((told) => !/Failed/.test(told))]).toEqual([skip, ['Revocations Held brake']]);
      }
    },
  );

  it('while a release is carried out is made good by the ticks', async () => {
    const release = async (trial: Trial) => trial.admin({ release: await trial.digest() });
    for (const skip of await writesOf(release, hold)) {
      const trial = await aBrakedTrial(1, WORLD);
      const digest = await hold(trial);
      trial.stack.faults.add({ operation: PUT, kind: 'crash-before', skip, times: 30 });
      const execution = await trial.admin({ release: digest });
      await trial.play();
      trial.stack.faults.clear();
      await heal(trial);
      // What was not even written down has failed, and is asked for once more.
      if (skip === 0) {
        expect(trial.stack.endOf(execution)?.outcome).toBe('failed');
        await trial.redrive(execution);
        await trial.play();
      }
      expect([skip, await trial.having('revoked')]).toEqual([skip, [1, 2]]);
      expect([skip, (await trial.stack.hold(APPLICATION))?.status]).toEqual([skip, 'lifted']);
    }
  });
});
