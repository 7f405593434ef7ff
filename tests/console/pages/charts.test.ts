// @module-tag long
import { describe, expect, it } from 'vitest';
import type { Line } from '../../../operator/lines/all.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { APPLICATION, ENTITLEMENT, execution, START, user } from '../../support/ids.ts';
import { aScriptedConsole, type Script } from '../../support/scripted-console.ts';

const iso = (hours: number) => new Date(START.getTime() + hours * 3_600_000).toISOString();
const about = { entitlement: ENTITLEMENT, application: APPLICATION };

/** A day in which a user joined each hour, and every fourth one left two hours later. */
function history(): Line[] {
  const joins = Array.from({ length: 24 }, (_, hour): Line[] => [
    {
      type: 'access',
      ...about,
      userId: user(hour),
      status: 'seat',
      since: iso(hour - 24),
      ...(hour % 4 === 0 ? { until: iso(hour - 22) } : {}),
    },
    {
      type: 'audited-change',
      ...about,
      at: iso(hour - 24),
      event: 'Seat Assigned',
      userId: user(hour),
      reason: 'group-join',
      execution: execution('me'),
      joinToSeatSeconds: 30 + hour,
      source: hour % 3 === 0 ? 'sweep' : 'event',
    },
  ]);
  return [{ type: 'reach', since: iso(-24 * 30), by: 'log-created' }, ...joins.flat()];
}

const script: Script = (command) => {
  if (command === 'status')
    return [
      { type: 'status', attention: 0, unread: 0, entitlements: [{ ...about, max: 20, seats: 18, sweptAt: iso(-1) }] },
    ];
  return command.startsWith('history') ? history() : [];
};

describe.skipIf(!hasBrowser)('the pictures of an entitlement', () => {
  const browser = aBrowser();

  it.each([false, true])('say in words what they show, and axe objects to nothing (dark: %s)', async (dark) => {
    const { origin, hash } = new URL(await aScriptedConsole(script));
    const { page, misdeeds } = await browser.open(`${origin}/entitlements/${ENTITLEMENT}${hash}`, { dark, width: 800 });
    await page.getByRole('button', { name: 'Read the records' }).click();
    const seats = page.getByRole('img', {
      name: 'Seats over time: 0 at the beginning, 18 at the end, 18 at most; the cap is 20.',
    });
    await seats.getByText('cap 20').waitFor();
    const joins = page.getByRole('img', { name: '24 joins: half within 41 s, 95 of 100 within 52 s.' });
    await joins.getByText('p95 52 s').waitFor();
    expect(await joins.locator('path.event').getAttribute('d')).toMatch(/^(?:M\S+ \S+a[^M]+){16}$/);
    expect(await joins.locator('path.sweep').getAttribute('d')).toMatch(/^(?:M[^M]+Z){8}$/);
    const [p50, p95] = [
      await joins.getByText('p50 41 s').boundingBox(),
      await joins.getByText('p95 52 s').boundingBox(),
    ];
    expect((p50?.x ?? 0) + (p50?.width ?? Number.NaN)).toBeLessThan(p95?.x ?? Number.NaN);
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('are of the time that is chosen, which the address keeps', async () => {
    const asked: string[] = [];
    const { origin, hash } = new URL(
      await aScriptedConsole((command) => {
        if (command.startsWith('history')) asked.push(command);
        return script(command);
      }),
    );
    const { page } = await browser.open(`${origin}/entitlements/${ENTITLEMENT}${hash}`);
    await page.getByRole('button', { name: 'Read the records' }).click();
    await page.getByLabel('Time', { exact: true }).selectOption('last 90 days');
    await expect.poll(() => asked).toContain(`history --from=90d --changes ${ENTITLEMENT}`);
    expect(new URL(page.url()).search).toBe('?days=90');
  });
});
