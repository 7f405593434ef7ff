// @module-tag long
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { user } from '../../support/ids.ts';

describe.skipIf(!hasBrowser)('the report', () => {
  const served = aConsole({ people: 5, members: 3, max: 2, entitlement: { costCentre: 'R-D 4711' } });
  const browser = aBrowser();
  beforeAll(async () => {
    if (hasBrowser) await served.operator.run('start', '--all', '--wait');
  });
  const open = async (query = '', options?: { dark?: boolean; width?: number }) => {
    const url = new URL(`/report${query}`, served.url);
    url.hash = new URL(served.url).hash;
    const opened = await browser.open(url.href, options);
    await opened.page.getByRole('cell', { name: '2026-11' }).first().waitFor();
    return opened;
  };
  const savedBy = async (page: Page, section: string) => {
    const panel = page.locator('section', { has: page.getByRole('heading', { name: section }) });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'CSV' }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  };

  it('shows the months of each entitlement, and asks for one more only when it is wanted', async () => {
    const { page, misdeeds } = await open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByRole('button', { name: 'One more month' }).click();
    await page.waitForURL('**months=3');
    await expect.poll(() => asked.filter((url) => url.includes('/api/ask/report')).length).toBe(1);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('says what the seats cost, at a price', async () => {
    const { page } = await open('?price=19+USD');
    await page
      .getByText(/^\d+\.\d\d USD$/)
      .first()
      .waitFor();
  });

  it('saves the months with their cost centres', async () => {
    const { page } = await open();
    const csv = await savedBy(page, 'Months');
    expect(csv).toMatch(/^month,entitlement,application,costCentre,/);
    expect(csv).toContain(',R-D 4711,');
  });

  it('says who had access on a day, and saves it', async () => {
    const { page } = await open();
    await page.getByText('Choose a day').waitFor();
    await page.getByLabel('on this day, UTC').fill('2026-11-30');
    await page.waitForURL('**at=2026-11-30');
    await page.getByRole('link', { name: user(1) }).waitFor();
    expect(await savedBy(page, 'Who had access to')).toContain(`${user(1)},amazon-q-developer,`);
  });

  it('says that a day is before all records', async () => {
    const { page } = await open('?of=amazon-q-developer&at=2020-01-01');
    await page
      .getByRole('alert')
      .getByText(/what was before 2020-01/)
      .waitFor();
  });

  it.each([false, true])('has no faults, also at 800 pixels (dark: %s)', async (dark) => {
    const { page, misdeeds } = await open('?of=amazon-q-developer&at=2026-11-30', { dark, width: 800 });
    await page.getByRole('link', { name: user(1) }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
