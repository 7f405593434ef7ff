// @module-tag long
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Line } from '../../../operator/lines/all.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { APPLICATION, ENTITLEMENT, user } from '../../support/ids.ts';
import { aScriptedConsole } from '../../support/scripted-console.ts';

const about = { entitlement: ENTITLEMENT, application: APPLICATION };
const counts = { seatDays: 60, peak: 2, joins: 2, leaves: 0, waitlisted: 0 };

/** A report of a stream that has a year, and of one paid subscription that no entitlement covers. */
function aYear(command: string): Line[] {
  if (command === 'status') return [{ type: 'status', attention: 0, unread: 0, entitlements: [{ ...about, max: 2 }] }];
  const month = /^report --month=(\S+)/.exec(command)?.[1];
  if (month !== undefined)
    return [
      { type: 'reach', since: '2026-01-01T00:00:00.000Z', by: 'log-created' },
      { type: 'month', month, ...about, ...counts, pricePerMonth: 1234.56, currency: 'USD' },
    ];
  if (command !== 'subscriptions --people') return [];
  const profile = { provider: 'kiro', region: 'us-east-1' } as const;
  return [{ type: 'finding', ...profile, userId: user(6), kind: 'orphan', plan: 'PRO', status: 'active' }];
}

describe.skipIf(!hasBrowser)('the report of a long stream', () => {
  const browser = aBrowser();

  it('asks for one more month only when it is wanted', async () => {
    const { origin, hash } = new URL(await aScriptedConsole(aYear));
    const { page, misdeeds } = await browser.open(`${origin}/report${hash}`);
    await page.getByRole('cell', { name: '2026-10' }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByRole('button', { name: 'One more month' }).click();
    await page.waitForURL('**months=3');
    await page.getByRole('cell', { name: '2026-09' }).waitFor();
    expect(asked.filter((url) => url.includes('/api/ask/report'))).toEqual([expect.stringContaining('month=2026-09')]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('is printed in whole, also at a price', async () => {
    const { origin, hash } = new URL(await aScriptedConsole(aYear));
    const { page } = await browser.open(`${origin}/report?price=19.90+USD${hash}`, { width: 800 });
    await page.getByRole('cell', { name: '2026-10' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });

  it('lists user by user what is paid and unused', async () => {
    const { origin, hash } = new URL(await aScriptedConsole(aYear, { has: { subscriptions: true, notices: false } }));
    const { page } = await browser.open(`${origin}/report${hash}`);
    await page.getByRole('row', { name: /orphan.*no entitlement covers the person/ }).waitFor();
    await page.getByRole('link', { name: user(6) }).waitFor();
  });
});

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

  it('says calmly how far back the records reach, and asks for no month before that', async () => {
    const { page, misdeeds } = await open('?months=6');
    await page.getByText('What was before is not known.').first().waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.getByText('Not read:').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'One more month' }).count()).toBe(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('has nothing about subscriptions where none is configured', async () => {
    const { page } = await open();
    await page.getByText('Choose a day').waitFor();
    expect(await page.getByText('Paid and unused').count()).toBe(0);
  });

  it('shows how long each join took, of the entitlement that is chosen', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'Read the records' }).click();
    await page.getByRole('img', { name: /^2 joins: half within \d+ s, 95 of 100 within \d+ s\.$/ }).waitFor();
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
