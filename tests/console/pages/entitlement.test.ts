// @module-tag long
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { SCROLL } from '../../../bench/scroll.ts';
import { aBrowser, eventually, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { APPLICATION, ENTITLEMENT, GROUP, user } from '../../support/ids.ts';

const MARKUP = '<img src=x onerror=alert(1)>';
const MANY = 50_000;

/** The address of a page of the console, with its token. */
function at(url: string, path: string): string {
  return url.replace('/#', `${path}#`);
}

const rowsOn = (page: Page) => page.getByRole('grid').getByRole('row');
const idsOn = async (page: Page) => (await page.locator('tbody td:first-child a').allTextContents()).slice(0, 50);

describe.skipIf(!hasBrowser)('the page of an entitlement', () => {
  const served = aConsole({
    people: 14,
    members: 12,
    max: 10,
    assigned: [13],
    directory: (seed) => ({
      ...seed,
      users: seed.users.map((one, index) => (index === 2 ? { ...one, userName: MARKUP, email: 'c@example.com' } : one)),
    }),
  });
  const browser = aBrowser();
  const open = (query = '', options = {}) =>
    browser.open(at(served.url, `/entitlements/${ENTITLEMENT}${query}`), options);

  it.each([false, true])('shows its numbers, its people and its groups, without faults (dark: %s)', async (dark) => {
    if (!dark) await served.operator.run('start', '--all', '--wait');
    const { page, misdeeds } = await open('', { dark });
    await page.getByText(user(1)).first().waitFor();
    await page.getByRole('cell', { name: GROUP, exact: true }).waitFor();
    await eventually(() => page.locator('.head-numbers dl').textContent()).toMatch(/Seats10 of 10waitlisted2/);
    expect(await page.locator('.head-numbers dl').textContent()).toMatch(/unmanaged1Last sweep\d+ s ago/);
    expect(await rowsOn(page).count()).toBe(1 + 13);
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('shows what copies an id in the row at which one points or to which the keyboard has gone', async () => {
    const { page } = await open();
    await rowsOn(page).nth(3).waitFor();
    const shown = () =>
      page.locator('.scroller .copies').evaluateAll((all) => all.map((one) => getComputedStyle(one).opacity));
    await page.mouse.move(0, 0);
    expect(new Set(await shown())).toEqual(new Set(['0']));
    await rowsOn(page).nth(2).hover();
    expect((await shown()).slice(0, 3)).toEqual(['0', '1', '0']);
    await page.mouse.move(0, 0);
    await page.getByRole('button', { name: `Copy ${user(3)}` }).focus();
    expect(
      await page.getByRole('button', { name: `Copy ${user(3)}` }).evaluate((one) => getComputedStyle(one).opacity),
    ).toBe('1');
  });

  it('begins the heads of its numbers and tables with a capital', async () => {
    const { page } = await open();
    await page.getByRole('columnheader', { name: 'Counted' }).waitFor();
    const cases = await page
      .locator('thead th, .numbers dt')
      .evaluateAll((all) => all.map((one) => getComputedStyle(one, '::first-letter').textTransform));
    expect(new Set(cases)).toEqual(new Set(['uppercase']));
  });

  it('says only that there is none of a name that no entitlement has', async () => {
    const { page } = await browser.open(at(served.url, '/entitlements/no-such'));
    await page.getByRole('alert').getByText('No entitlement has the name no-such').waitFor();
    expect(await page.getByRole('grid').count()).toBe(0);
    expect(await page.locator('.numbers').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Read the records' }).count()).toBe(0);
  });

  it('shows the waitlist in its order, with places', async () => {
    const { page } = await open('?status=waitlisted');
    await rowsOn(page).nth(2).waitFor();
    const shown = await rowsOn(page).allTextContents();
    expect(shown).toEqual([
      'User Status Place Since ',
      expect.stringMatching(new RegExp(`^${user(11)} copy◐ waitlisted1\\d+ s ago`)),
      expect.stringMatching(new RegExp(`^${user(12)} copy◐ waitlisted2\\d+ s ago`)),
    ]);
  });

  it('fits into 800 pixels, and scrolls only the table', async () => {
    const { page } = await open('', { width: 800 });
    await page.getByText(user(1)).first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });

  it('finds a user by a part of the id, and by a name that never gets into the address', async () => {
    const { page, misdeeds } = await open();
    await page.getByText(user(1)).first().waitFor();
    const box = page.getByRole('searchbox', { name: 'User id; name' });
    await box.fill('00007');
    await eventually(() => idsOn(page)).toEqual([user(7)]);
    await box.fill('c@example.com');
    await eventually(() => idsOn(page)).toEqual([]);
    expect(page.url()).not.toContain('example');
    await box.press('Enter');
    await eventually(() => idsOn(page)).toEqual([user(3)]);
    expect(new URL(page.url()).search).toBe(`?user=${user(3)}`);
    await box.fill('nobody@example.com');
    await box.press('Enter');
    await page.getByRole('status').getByText('The identity store has no user nobody@example.com').waitFor();
    expect(page.url()).not.toContain('example');
    await box.fill(MARKUP);
    await box.press('Enter');
    await eventually(() => idsOn(page)).toEqual([user(3)]);
    expect(misdeeds.errors).toEqual([]);
  });

  it('shows a name that is markup as text, and finds the user by what of it is shown', async () => {
    const { page, misdeeds } = await open();
    await page.getByText(user(1)).first().waitFor();
    await page.getByRole('button', { name: /^Names/ }).click();
    await page.getByText(MARKUP).waitFor();
    await page.getByRole('searchbox', { name: 'User id; name' }).fill('IMG src');
    await eventually(() => idsOn(page)).toEqual([user(3)]);
    expect(page.url()).not.toContain('src');
    expect(misdeeds.errors).toEqual([]);
  });

  it('shows the names of groups with those of users', async () => {
    const { page } = await open();
    const cell = page.getByRole('row', { name: GROUP }).getByRole('cell').first();
    await eventually(() => cell.textContent()).toBe(`${GROUP}copy`);
    await page.getByRole('button', { name: /^Names/ }).click();
    await eventually(() => cell.textContent()).toBe(`${GROUP}copy developers`);
  });

  it('sorts by a column, keeps that in the address, and says it to a screen reader', async () => {
    const { page } = await open();
    await page.getByText(user(1)).first().waitFor();
    const head = page.getByRole('columnheader', { name: 'User' });
    await head.getByRole('button').click();
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    await head.getByRole('button').click();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    expect((await idsOn(page))[0]).toBe(user(13));
    expect(new URL(page.url()).search).toBe('?sort=-userId');
  });

  it('is moved through by keys, and opens a user by Enter', async () => {
    const { page } = await open('?sort=userId');
    await page.getByText(user(1)).first().waitFor();
    await page.getByRole('grid').focus();
    for (const key of ['j', 'ArrowDown', 'ArrowDown', 'k', 'ArrowUp', 'j']) await page.keyboard.press(key);
    const current = await page.getByRole('grid').getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${current}"]`).textContent()).toContain(user(2));
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/people/${user(2)}`);
  });

  it('saves what is filtered as CSV', async () => {
    const { page } = await open('?status=waitlisted');
    await rowsOn(page).nth(2).waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe(`${ENTITLEMENT}-people.csv`);
    const lines = readFileSync(await saved.path(), 'utf8').split('\r\n');
    expect(lines).toEqual([
      'userId,status,place,since,dueAt,reason',
      expect.stringMatching(new RegExp(`^${user(11)},waitlisted,1,2026-.+,,$`)),
      expect.stringMatching(new RegExp(`^${user(12)},waitlisted,2,2026-.+,,$`)),
      '',
    ]);
  });

  it('shows its seats over time and how long each join took, on request', async () => {
    const { page, misdeeds } = await open();
    await page.getByRole('button', { name: 'Read the records' }).click();
    await page
      .getByRole('img', { name: /^Seats over time: 0 at the beginning, 10 at the end, .+ the cap is 10\.$/ })
      .waitFor();
    await page.getByRole('img', { name: /^10 joins: half within/ }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('shows how it is configured, by the file and as deployed', async () => {
    const { page } = await open();
    await page.getByRole('columnheader', { name: 'In the file and deployed' }).waitFor();
    expect(await page.getByRole('row', { name: /^Cap/ }).textContent()).toBe('Cap10');
  });

  it('says what could not be read, and shows the rest', async () => {
    await served.operator.fault({
      operation: 'SSOAdmin.ListApplicationAssignments',
      kind: 'exception',
      exception: 'AccessDeniedException',
    });
    const { page } = await open();
    await page.getByText('Not read:').waitFor();
    await page.getByText(user(1)).first().waitFor();
    expect(await page.locator('.head-numbers dl').textContent()).toMatch(/unmanaged\?/);
    await served.operator.clearFaults();
  });

  it('says that there is no such entitlement', async () => {
    const { page } = await browser.open(at(served.url, '/entitlements/nothing'));
    await page.getByText('No entitlement has the name nothing').waitFor();
  });

  describe('with 50,000 users', () => {
    const line = (index: number) =>
      `{"type":"seat","entitlement":"${ENTITLEMENT}","application":"${APPLICATION}","userId":"${user(index)}","status":"confirmed","since":"2026-11-30T10:00:00.000Z"}`;
    const body = Array.from({ length: MANY }, (_, index) => line(index + 1)).join('\n');

    /** Opens the page on an answer of that size. */
    async function openMany(): Promise<Page> {
      const { page } = await browser.open(served.url);
      await page.route('**/api/ask/people?*', (route) => route.fulfill({ contentType: 'application/jsonl', body }));
      await page.getByRole('link', { name: ENTITLEMENT }).first().click();
      await page.getByText('50,000').first().waitFor();
      return page;
    }

    it('has only those in view in the document, and says how many there are', async () => {
      const page = await openMany();
      expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('50001');
      expect(await rowsOn(page).count()).toBeLessThan(100);
      expect(await violationsOn(page)).toEqual([]);
      await page.getByRole('grid').focus();
      await page.keyboard.press('End');
      await page.getByText(user(MANY)).waitFor();
      expect(await page.getByRole('row', { selected: true }).getAttribute('aria-rowindex')).toBe('50001');
      await page.keyboard.press('Home');
      await page.getByText(user(1), { exact: true }).waitFor();
    });

    it('shows rows in every frame while one scrolls', async () => {
      const page = await openMany();
      const blank = await page.evaluate(SCROLL);
      expect(blank).toBe(0);
    });

    it('prints as many as are bearable, and says so', async () => {
      const page = await openMany();
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      await page.getByText('Printed: the first 2,000 of 50,000. The CSV file has all.').waitFor();
      expect(await rowsOn(page).count()).toBe(1 + 2000);
      await page.evaluate("dispatchEvent(new Event('afterprint'))");
      await eventually(() => rowsOn(page).count()).toBeLessThan(100);
    });
  });
});
