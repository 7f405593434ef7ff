// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { user } from '../../support/ids.ts';

const MARKUP = '<img src=x onerror=alert(1)>';

describe.skipIf(!hasBrowser)('the names switch', () => {
  const served = aConsole({
    people: 3,
    directory: (seed) => ({ ...seed, users: seed.users.map((one) => ({ ...one, userName: MARKUP })) }),
  });
  const browser = aBrowser();

  it('shows names as text, asked for what is visible, and keeps them in no address and no storage', async () => {
    await served.operator.run('start', '--all', '--wait');
    const url = new URL('/audit', served.url);
    url.hash = new URL(served.url).hash;
    const { page, misdeeds } = await browser.open(url.href);
    await page.getByRole('link', { name: user(1) }).waitFor();
    expect(await page.getByText(MARKUP).count()).toBe(0);
    const asked: { url: string; body: string | null }[] = [];
    page.on('request', (request) => asked.push({ url: request.url(), body: request.postData() }));
    await page.keyboard.press('n');
    await page.getByText(MARKUP).first().waitFor();
    expect(await page.getByText(MARKUP).count()).toBe(3);
    const names = asked.filter((one) => one.url.endsWith('/api/names'));
    expect(names.map(({ body }) => JSON.parse(body ?? '').users.toSorted())).toEqual([[1, 2, 3].map(user)]);
    expect([page.url(), ...asked.map((one) => one.url)].filter((one) => /onerror/.test(decodeURI(one)))).toEqual([]);
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')).not.toContain(
      'onerror',
    );
    await page.keyboard.press('n');
    await expect.poll(() => page.getByText(MARKUP).count()).toBe(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
