// @module-tag long
import { describe, expect, it } from 'vitest';
import { burst, burstRows } from '../bench/burst.ts';
import { firstSweep, monthOf, sweepRows } from '../bench/first-sweep.ts';
import type { Row } from '../bench/report.ts';
import { joinRows, longWait, singleJoin, waitRows } from '../bench/single.ts';

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
    'of the first sweep of %d members at %d requests a second holds: calls, time, payload, history',
    async (members, rate) => {
      const rows = sweepRows(await firstSweep(members, rate));
      expect(missed(rows)).toEqual([]);
      expect(targets(rows)).toBe(4);
    },
  );

  it('of calls in a burst of hints at one group holds: little more than one clean sweep', async () => {
    const joiners = 300;
    const rows = burstRows(await burst(joiners, 'scim'), await firstSweep(joiners, 10));
    // The last seat is held to the limit for 5,000, where a minute of events and the second look do not count.
    const apart = rows.filter(({ what }) => !what.includes('last seat'));
    expect(missed(apart)).toEqual([]);
    expect(targets(apart)).toBe(5);
  });

  it('of the steady state holds: two pages of every hundred seats an hour, and nothing of Identity Center between', async () => {
    const { steady } = await firstSweep(300, 10, true);
    if (!steady) throw new Error('no tick was played');
    expect([steady.idle.ssoAdmin, steady.idle.identityStore]).toEqual([0, 0]);
    expect(steady.hourly.ssoAdmin + steady.hourly.identityStore).toBeLessThanOrEqual(8);
    expect(steady.daily.ssoAdmin + steady.daily.identityStore).toBeLessThanOrEqual(11);
    expect(monthOf(steady, ({ ssoAdmin }) => ssoAdmin)).toBeLessThanOrEqual(720 * 5);
  });
});

describe('a verdict', () => {
  it('is given to a figure that is beyond its target', async () => {
    const found = await firstSweep(100, 10);
    const dear = {
      ...found,
      usage: { ...found.usage, ssoAdmin: 200, payload: 2 ** 20, history: 30_000 },
      lastSeconds: 100,
    };
    expect(missed(sweepRows(dear))).toEqual([
      '100 at 10 per second: sso-admin calls per seat: 2.000, ≤ 1.100',
      '100 at 10 per second: last seat after, as a multiple of the limit: 100.0 s, 5.000, ≤ 1.100',
      '100 at 10 per second: largest payload: 1,024 KiB, ≤ 256 KiB',
      '100 at 10 per second: history events: 30,000, ≤ 25,000',
    ]);
  });
});
