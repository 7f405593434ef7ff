// @module-tag long
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser } from '../support/browser.ts';
import { aConsole } from '../support/console.ts';
import { GROUP, user } from '../support/ids.ts';

/** What Chromium does in a moment may take longer where the machine is busy. */
const PATIENCE = { timeout: 20_000 };

describe.skipIf(!hasBrowser)('a journey through the console, on the emulator', () => {
  const served = aConsole({ people: 6, members: 3, changes: true });
  const browser = aBrowser();
  let page: Page;
  let misdeeds: { errors: string[]; foreign: string[] };
  beforeAll(async () => {
    if (!hasBrowser) return;
    await served.operator.run('start', '--all', '--wait');
    ({ page, misdeeds } = await browser.open(served.url));
  });

  const goTo = async (title: string) => {
    await page.getByRole('navigation').getByRole('link', { name: title }).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  };
  const group = () => page.getByRole('option', { name: /developers \(/ }).textContent();
  const emptyTheGroup = async () => {
    await goTo('Lab');
    await page.getByLabel('Group').selectOption(GROUP);
    await page.getByRole('button', { name: 'Empty the group' }).click();
    await expect.poll(group, PATIENCE).toBe('developers (0)');
    await page.getByTitle('Things that need a person').waitFor();
    await goTo('Held');
    await page.getByRole('heading', { name: '4 revocations held' }).waitFor();
    await page.getByText('A group is empty').waitFor();
  };

  it('joins in the lab; the execution lights its graph and converges', async () => {
    await goTo('Lab');
    const before = await page.getByRole('link', { name: /^execution-/ }).count();
    await page.getByLabel('Person', { exact: true }).selectOption(user(4));
    await page.getByLabel('Group').selectOption(GROUP);
    await page.getByRole('button', { name: 'Join' }).click();
    await expect.poll(() => page.getByRole('link', { name: /^execution-/ }).count(), PATIENCE).toBeGreaterThan(before);
    await page
      .getByRole('link', { name: /^execution-/ })
      .first()
      .click();
    await page.getByText('converged').first().waitFor();
    expect(await page.locator('.graph .edge.taken').count()).toBeGreaterThan(4);
  });

  it('shows the seat among the people of the entitlement, and why', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('amazon-q-developer');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/entitlements/amazon-q-developer');
    await page.getByRole('link', { name: user(4) }).click();
    await page.waitForURL(`**/people/${user(4)}`);
    await page
      .getByText(/has (?:had )?a seat/i)
      .first()
      .waitFor();
  });

  it('holds the revocations when a group is suddenly empty, and drops the hold when it is undone', async () => {
    await emptyTheGroup();
    for (const number of [1, 2, 3, 4]) await served.operator.run('local', 'trigger', 'join', user(number), GROUP);
    await page.getByText('Nothing is held').waitFor();
  });

  it('releases exactly what is held, once its number is typed', async () => {
    await emptyTheGroup();
    await page.getByRole('button', { name: 'Release these 4' }).click();
    const release = page.getByRole('button', { name: 'Release these 4' });
    await page.getByLabel(/Type 4 to release/).fill('3');
    expect(await release.isDisabled()).toBe(true);
    await page.getByLabel(/Type 4 to release/).fill('4');
    await release.click();
    await page.getByText('Nothing is held').waitFor();
    await goTo('Audit');
    await expect.poll(() => page.getByRole('link', { name: 'Seat Revoked' }).count(), PATIENCE).toBe(4);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
