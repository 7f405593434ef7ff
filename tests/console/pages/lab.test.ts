// @module-tag long
import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';

describe.skipIf(!hasBrowser)('the lab', () => {
  const served = aConsole({
    people: 4,
    members: 2,
    entitlements: (configured) => ({
      ...configured,
      entitlements: configured.entitlements.map((one) => ({
        ...one,
        notices: { product: '<img src=x onerror=alert(1)>', send: ['assigned' as const] },
      })),
      notices: exampleEntitlements({ notices: { backfill: true } }).notices,
    }),
  });
  const browser = aBrowser();
  const open = async (options?: { dark?: boolean; width?: number }) => {
    const url = new URL(served.url);
    url.pathname = '/lab';
    const opened = await browser.open(url.href, options);
    await opened.page.getByRole('option', { name: /developers \(/ }).waitFor({ state: 'attached' });
    return opened;
  };

  it('has a person join, and shows the execution and the e-mail, whose markup is text', async () => {
    const { page, misdeeds } = await open();
    const person = page.getByLabel('Person', { exact: true });
    await person.selectOption({ index: 2 });
    await page.getByRole('button', { name: 'Join' }).click();
    await page.getByRole('option', { name: 'developers (3)' }).waitFor({ state: 'attached' });
    await page.getByText('converged').first().waitFor();
    const mail = page.locator('.mail').first();
    await mail.getByText('<img src=x onerror=alert(1)>').first().click();
    await mail.getByText('The source of its HTML').click();
    await mail.getByText('<!doctype html>', { exact: false }).waitFor();
    expect(await page.locator('main img, main iframe').count()).toBe(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('lets time pass, at once and at another speed', async () => {
    const { page } = await open();
    const time = async () => Date.parse(`${(await page.locator('#lab-time').textContent())?.replace(' UTC', 'Z')}`);
    await expect.poll(time).not.toBeNaN();
    const before = await time();
    await page.getByRole('button', { name: '1 day' }).click();
    await expect.poll(time, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 86_400_000);
    await page.getByRole('button', { name: '60 ×' }).click();
    await page.getByRole('button', { name: '60 ×', pressed: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Pause', pressed: true }).waitFor();
  });

  it('lets AWS do something wrong, and clears it', async () => {
    const { page } = await open();
    await page.getByText('AWS works.').waitFor();
    await page.getByLabel('Let something go wrong').selectOption({ index: 2 });
    await page.getByText('SSOAdmin.CreateApplicationAssignment lost 1 ×').waitFor();
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.getByText('AWS works.').waitFor();
  });

  it.each([false, true])('has no faults of its own, also at 800 pixels (dark: %s)', async (dark) => {
    const { page, misdeeds } = await open({ dark, width: 800 });
    await page.getByText('Calls of AWS').click();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
