// @module-tag long
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { aBrowser, eventually, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { GROUP, user } from '../../support/ids.ts';
import { linesOf } from '../../support/operator.ts';
import { SECRET } from '../../support/secret.ts';

describe.skipIf(!hasBrowser)('the audit page', () => {
  const served = aConsole({ people: 5, members: 3, max: 2 });
  const browser = aBrowser();
  beforeAll(async () => {
    if (hasBrowser) await served.operator.run('start', '--all', '--wait');
  });
  const open = async (path = '/audit', options?: { dark?: boolean; width?: number }) => {
    const url = new URL(path, served.url);
    url.hash = new URL(served.url).hash;
    const opened = await browser.open(url.href, options);
    await opened.page.getByRole('heading', { level: 1 }).waitFor();
    return opened;
  };
  const rows = (page: Page) => page.locator('tbody tr');
  const savedBy = async (page: Page, name: string) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  };

  it('shows the events of usher audit, the newest first', async () => {
    const { page, misdeeds } = await open();
    await page.getByRole('link', { name: 'Seat Waitlisted' }).first().waitFor();
    const events = linesOf((await served.operator.run('audit', '--json')).out);
    await expect.poll(() => rows(page).count()).toBe(events.length);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('shows an event when it arrives', async () => {
    const { page } = await open('/audit?since=15m');
    await page.getByText('as they arrive').waitFor();
    const before = await rows(page).count();
    await served.operator.run('local', 'trigger', 'leave', user(1), GROUP);
    await page.getByRole('link', { name: 'Seat Revoked' }).first().waitFor();
    expect(await rows(page).count()).toBeGreaterThan(before);
  });

  it('says who started what, when it is asked', async () => {
    const { page } = await open('/audit?event=Seat+Waitlisted');
    await rows(page).first().waitFor();
    expect(await page.getByText('assumed-role').count()).toBe(0);
    await page.getByRole('button', { name: 'Who did it?' }).click();
    await eventually(() => rows(page).first().locator('td').last().textContent()).toMatch(/^arn:aws:/);
    expect(await page.getByRole('columnheader').last().textContent()).toBe('Started by');
  });

  it('filters by facets, which are in the address, and saves what is filtered', async () => {
    const { page } = await open('/audit?event=Seat+Waitlisted');
    await page.getByRole('link', { name: 'Seat Waitlisted' }).first().waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: /^1 of \d/ })
      .waitFor();
    await page.getByText('{"source":["usher"],"detail-type":["Seat Waitlisted"]}').waitFor();
    const csv = await savedBy(page, 'CSV');
    expect(csv.name).toBe('audit.csv');
    expect(csv.text).toMatch(/^at,event,entitlement,userId,reason,execution,uid\r\n\S+,Seat Waitlisted,/);
    expect(linesOf((await savedBy(page, 'JSON Lines')).text)).toMatchObject([{ 'detail-type': 'Seat Waitlisted' }]);
    await page.getByLabel('Event').selectOption('Seat Assigned');
    await page.waitForURL('**event=Seat+Assigned');
    await page.getByRole('button', { name: 'only' }).first().click();
    await page.waitForURL(/execution=arn/);
  });

  it('finds the events of a person whom one names, and keeps the name out of the address', async () => {
    const { page } = await open();
    await page.getByRole('searchbox', { name: 'Only this person' }).fill(`${SECRET}-2@example.com`);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**user=${user(2)}`);
    await expect.poll(() => rows(page).count()).toBe(1);
  });

  it('has a permanent link to each event, with its JSON', async () => {
    const { page } = await open();
    await page.getByRole('link', { name: 'Seat Waitlisted' }).first().click();
    await page.waitForURL(/\/audit\/[\da-f-]{36}\?since=/);
    const { page: another } = await open(new URL(page.url()).pathname + new URL(page.url()).search);
    await another.getByRole('heading', { name: 'Seat Waitlisted' }).waitFor();
    expect(await another.locator('main pre').textContent()).toContain('"detail-type": "Seat Waitlisted"');
  });

  it('says that there is none, and offers to look further back', async () => {
    const { page } = await open('/audit/0d4a8f3b-61c2-4e97-b5d8-3f2a1c9e7046?since=1d');
    await page.getByRole('link', { name: 'Look at the last 30 days' }).waitFor();
    await open('/audit?event=Seat+Adopted').then(({ page: none }) => none.getByText('No event matches').waitFor());
  });

  it('says what is wrong with a time', async () => {
    const { page } = await open('/audit?since=yesterday');
    await page.getByRole('alert').getByText('--since: expected').waitFor();
  });

  it.each([false, true])('has no faults, also at 800 pixels (dark: %s)', async (dark) => {
    const { page, misdeeds } = await open('/audit', { dark, width: 800 });
    await page.getByRole('link', { name: 'Seat Waitlisted' }).first().waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.getByRole('link', { name: 'Seat Waitlisted' }).first().click();
    await page.locator('main pre').waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
