// @module-tag long
import { describe, expect, it } from 'vitest';
import { burst, burstRows } from '../bench/burst.ts';
import { firstSweep, sweepRows } from '../bench/first-sweep.ts';
import { midRound, midRoundRows } from '../bench/mid-round.ts';
import type { Row } from '../bench/report.ts';
import { joinRows, longWait, singleJoin, waitRows } from '../bench/single.ts';
import { monthOf, neighbourRows } from '../bench/steady.ts';

/** What is beyond its target. */
function missed(rows: readonly Row[]): string[] {
  return rows.filter(({ met }) => met === false).map(({ what, usher, target }) => `${what}: ${usher}, ${target}`);
}

const targets = (rows: readonly Row[]) => rows.filter(({ met }) => met !== undefined).length;

describe('the budget', () => {
  it('of a single join, already visible, holds: transitions, invocations, writes and reads', async () => {
    const rows = joinRows(await singleJoin());
    expect(missed(rows)).toEqual([]);
    expect(targets(rows)).toBe(4);
  });

  it('of a wait of 24 hours holds: few checks, and no Lambda time between them', async () => {
    const rows = waitRows(await longWait());
    expect(missed(rows)).toEqual([]);
    expect(targets(rows)).toBe(2);
  });

  it.each([
    [100, 10],
    [100, 18],
    [300, 18],
  ])(
    'of the first sweep of %d members at %d requests a second holds: calls, time, reads, payload, history',
    async (members, rate) => {
      const rows = sweepRows(await firstSweep(members, rate));
      expect(missed(rows)).toEqual([]);
      expect(targets(rows)).toBe(5);
    },
  );

  it('of the first sweep of 1,000 members holds against the ideal, too', async () => {
    const rows = sweepRows(await firstSweep(1000, 18));
    expect(missed(rows)).toEqual([]);
    expect(targets(rows)).toBe(6);
  });

  it('of a join in the middle of a round holds: one batch, and for a hint one reading of the group', async () => {
    const rows = midRoundRows(await midRound(2200, 4, [1]));
    expect(missed(rows)).toEqual([]);
    expect(targets(rows)).toBe(2);
  });

  it('of a join next to many seats holds: it reads no more than next to few', async () => {
    const rows = neighbourRows(await firstSweep(20, 10, { steady: true }), [
      await firstSweep(300, 10, { steady: true }),
    ]);
    expect(missed(rows)).toEqual([]);
    expect(targets(rows)).toBe(2);
  });

  it('of calls in a burst of hints at one group holds: little more than one clean sweep', async () => {
    const joiners = 300;
    const rows = burstRows(await burst(joiners, 'scim'), await firstSweep(joiners, 10));
    // The last seat is held to the limit for 5,000, where a minute of events and the second look do not count.
    const apart = rows.filter(({ what }) => !what.includes('last seat'));
    expect(missed(apart)).toEqual([]);
    expect(targets(apart)).toBe(5);
  });

  it('of the steady state holds: two pages of every hundred seats an hour, and nothing of Identity Center between', async () => {
    const { steady } = await firstSweep(300, 10, { steady: true });
    if (!steady) throw new Error('no tick was played');
    expect([steady.idle.ssoAdmin, steady.idle.identityStore]).toEqual([0, 0]);
    expect(steady.hourly.ssoAdmin + steady.hourly.identityStore).toBeLessThanOrEqual(8);
    expect(steady.daily.ssoAdmin + steady.daily.identityStore).toBeLessThanOrEqual(11);
    expect(steady.daily.calls['IdentityStore.ListUsers']).toBe(3);
    expect(steady.hourly.calls['IdentityStore.ListUsers']).toBeUndefined();
    expect(monthOf(steady, ({ ssoAdmin }) => ssoAdmin)).toBeLessThanOrEqual(720 * 5);
  });
});

describe('a verdict', () => {
  it('is given to a figure that is beyond its target', async () => {
    const found = await firstSweep(100, 10);
    const dear = {
      ...found,
      members: 1000,
      usage: { ...found.usage, ssoAdmin: 2000, payload: 2 ** 20, history: 30_000, oldestReadSeconds: 2100 },
      lastSeconds: 1000,
    };
    expect(missed(sweepRows(dear))).toEqual([
      '1,000 at 10 per second: sso-admin calls per seat: 2.000, ≤ 1.050',
      '1,000 at 10 per second: last seat after, as a multiple of the ideal: 16.7 min, 10.000, ≤ 1.060',
      '1,000 at 10 per second: last seat after, as a multiple of the limit: 5.000, ≤ 1.100',
      '1,000 at 10 per second: oldest read behind a write: 35.0 min, ≤ 34.0 min',
      '1,000 at 10 per second: largest payload: 1,024 KiB, ≤ 64 KiB',
      '1,000 at 10 per second: history events: 30,000, ≤ 25,000',
    ]);
  });

  it.each([
    [50_000, 10, 'usual', '≤ 1.060'],
    [50_000, 18, 'slow', '≤ 1.100'],
    [200_000, 10, 'usual', '≤ 1.120'],
    [200_000, 18, 'usual', '≤ 1.100'],
  ] as const)(
    'of a last seat depends on size, rate and answers: %d, %d, %s',
    async (members, rate, answers, target) => {
      const found = await firstSweep(10, 10);
      const row = sweepRows({ ...found, members, rate, answers }).find(({ what }) => what.endsWith('of the ideal'));
      expect(row?.target).toBe(target);
    },
  );
});
