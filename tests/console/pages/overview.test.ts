// @module-tag long
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Line } from '../../../operator/lines/all.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { playStory, STORY } from '../../support/console-story.ts';
import { application, START } from '../../support/ids.ts';
import { aScriptedConsole, type Script } from '../../support/scripted-console.ts';

const card = (page: Page, entitlement: string) => page.locator('article', { hasText: entitlement });

describe.skipIf(!hasBrowser)('the overview', () => {
  const served = aConsole({ people: 5 });
  const browser = aBrowser();

  it.each([false, true])('shows that nothing needs a person, without faults (dark: %s)', async (dark) => {
    await served.operator.run('start', '--everything', '--wait');
    const { page, misdeeds } = await browser.open(served.url, { dark });
    await page.getByText('Nothing needs you', { exact: true }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});

describe.skipIf(!hasBrowser)('the overview of a busy day', () => {
  const served = aConsole(STORY);
  const browser = aBrowser();

  it('says first what needs a person, and leads to where one acts', async () => {
    await playStory(served.operator);
    const { page, misdeeds } = await browser.open(served.url);
    const needs = page.locator('.attention li');
    await needs.first().waitFor();
    expect(await needs.allInnerTexts()).toEqual([
      expect.stringMatching(/held\s+kiro: 16 revocations held[\s\S]+usher held/),
      expect.stringMatching(/failed\s+1 execution failed with PropagationTimeoutError/),
      expect.stringMatching(/put aside\s+kiro: 1 user put aside/),
    ]);
    expect(
      await needs.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toEqual(['/held', expect.stringMatching(/^\/executions\/execution-/), '/entitlements/kiro']);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('has a card for each entitlement: seats against the cap, who waits, what is held, the brake', async () => {
    const { page } = await browser.open(served.url);
    const full = card(page, 'amazon-q-developer');
    await full.getByText('Brake: 2 of 4 revocations used in 24 hours, 2 left').waitFor();
    await full.locator('.status', { hasText: '5 waitlisted' }).waitFor();
    await full.locator('.status', { hasText: '1 unmanaged' }).waitFor();
    await full.getByRole('img', { name: '30 of 30, 30 seated, 5 waitlisted' }).waitFor();
    const held = card(page, 'kiro');
    await held.locator('.status', { hasText: '16 held' }).waitFor();
    await held.locator('.status', { hasText: '1 failed' }).waitFor();
    await held.getByRole('img', { name: '16 of 30, 16 held, 14 free' }).waitFor();
    await page.getByText('Next tick').waitFor();
    await held.getByRole('link').click();
    expect(new URL(page.url()).pathname).toBe('/entitlements/kiro');
  });

  it.each([false, true])('has nothing that axe objects to, and fits 800 pixels (dark: %s)', async (dark) => {
    const { page } = await browser.open(served.url, { dark, width: 800 });
    await card(page, 'kiro').getByText('Brake').waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await browser.open(served.url);
    await page.locator('.attention li').first().waitFor();
    await page.locator('#main').focus();
    for (let presses = 0; presses < 9; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.getAttribute("href")')) === '/held') break;
    }
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).pathname).toBe('/held');
  });
});

describe.skipIf(!hasBrowser)('the overview of a hundred entitlements', () => {
  const PROD = { local: false, stage: 'prod', account: '111122223333' };
  const browser = aBrowser();
  const sweptAt = START.toISOString();

  /** Each has this number of seats, and another hundred applications are no longer configured. */
  function theseSeats(seats: number): Script {
    const numbers = (index: number) => ({ entitlement: `team-${index}`, application: application(index + 1) });
    const all = Array.from({ length: 100 }, (_, index) => numbers(index));
    const status: Line[] = [
      {
        type: 'status',
        attention: 0,
        unread: 0,
        entitlements: all.map((one) => ({ ...one, max: 600, seats, waitlisted: 0, held: 0, sweptAt })),
      },
    ];
    const counted: Line[] = [
      ...all.map((one) => ({ type: 'entitlement' as const, ...one, max: 600, seats: seats + 1, failed: 2 })),
      ...all.map((_, index) => ({ type: 'entitlement' as const, ...numbers(index + 500), seats: 1 })),
    ];
    return (command) => (command === 'status' ? status : command === 'seats' ? counted : []);
  }

  it('has a row for each, leads to each, and folds what is no longer configured', async () => {
    const { page } = await browser.open(await aScriptedConsole(theseSeats(20), PROD), { width: 800 });
    const rows = page.locator('table').first().locator('tbody tr');
    await rows.filter({ hasText: 'team-99' }).getByRole('cell', { name: '21', exact: true }).waitFor();
    expect(await rows.count()).toBe(100);
    expect(await rows.getByRole('link').last().getAttribute('href')).toBe('/entitlements/team-99');
    const folded = page.getByText('100 no longer configured, with 100 seats left');
    expect(await page.getByText('team-599').isVisible()).toBe(false);
    await folded.click();
    expect(await page.getByText('team-599').isVisible()).toBe(true);
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });

  it('shows what the last sweeps counted, and counts thousands of seats only when asked', async () => {
    const { page } = await browser.open(await aScriptedConsole(theseSeats(500), PROD));
    const row = page.locator('tbody tr', { hasText: 'team-42' });
    await row.getByRole('cell', { name: '500', exact: true }).waitFor();
    expect(await row.getByRole('cell', { name: '501', exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Count now' }).click();
    await row.getByRole('cell', { name: '501', exact: true }).waitFor();
  });

  it('says what could not be read, and shows the rest', async () => {
    const script: Script = (command) =>
      command === 'status'
        ? [
            { type: 'unread', message: 'The user may not read the ledger', hint: 'Ask for dynamodb:GetItem' },
            {
              type: 'status',
              attention: 0,
              unread: 1,
              entitlements: [{ entitlement: 'kiro', application: application(1), max: 5 }],
            },
          ]
        : [];
    const { page } = await browser.open(await aScriptedConsole(script, PROD));
    await page.getByText('Not read: The user may not read the ledger').waitFor();
    await page.getByText('Ask for dynamodb:GetItem').waitFor();
    await page.getByText('Nothing that could be read needs you').waitFor();
    await card(page, 'kiro').getByText('of 5 seats').waitFor();
    expect(await violationsOn(page)).toEqual([]);
  });
});
