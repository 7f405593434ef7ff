// @module-tag long
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Line } from '../../../operator/lines/all.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { playStory, STORY } from '../../support/console-story.ts';
import { execution, START, user } from '../../support/ids.ts';
import { aScriptedConsole, type Script } from '../../support/scripted-console.ts';

const rows = (page: Page) => page.locator('tbody tr');
const at = (url: string, path: string) => {
  const { origin, hash } = new URL(url);
  return origin + path + hash;
};

describe.skipIf(!hasBrowser)('the executions', () => {
  const served = aConsole(STORY);
  const browser = aBrowser();
  beforeAll(() => playStory(served.operator));

  it('say what started each, whom it was about, how it ended, and what it changed', async () => {
    const { page, misdeeds } = await browser.open(at(served.url, '/executions'));
    await rows(page).first().waitFor();
    const texts = await rows(page).allInnerTexts();
    expect(texts[0]).toMatch(/manual start\s+a user by userName\s+✕ failed\s+none\s+1 s\s+execution-/);
    expect(texts).toContainEqual(expect.stringMatching(/DeleteGroupMembership of identitystore\s+everything\s+◐ held/));
    expect(texts).toContainEqual(expect.stringMatching(/everything\s+● converged\s+\+1 −1/));
    expect(texts).toContainEqual(
      expect.stringMatching(new RegExp(`CreateGroupMembership of identitystore\\s+${user(39)}\\s+✕ failed`)),
    );
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('fold ticks that changed nothing into one row, and unfold them', async () => {
    const { page } = await browser.open(at(served.url, '/executions'));
    const folded = rows(page).filter({ hasText: '4 ticks with nothing to do' });
    await folded.getByRole('button').click();
    await rows(page).filter({ hasText: 'what is due' }).nth(3).waitFor();
    expect(await folded.count()).toBe(0);
    expect(new URL(page.url()).search).toBe('?ticks=1');
  });

  it('are filtered by outcome, trigger and text, which the address keeps', async () => {
    const { page } = await browser.open(at(served.url, '/executions'));
    await rows(page).first().waitFor();
    await page.getByLabel('Outcome').selectOption('failed');
    expect(await rows(page).count()).toBe(2);
    await page.getByLabel('Filter by').fill(user(39).slice(-6));
    expect(await rows(page).allInnerTexts()).toEqual([expect.stringContaining(user(39))]);
    expect(new URL(page.url()).search).toBe(`?outcome=failed&text=${user(39).slice(-6)}`);
    await page.getByLabel('Trigger').selectOption('tick');
    await page.getByText('No execution matches').waitFor();
    await page.reload();
    await page.getByText('No execution matches').waitFor();
    expect(await page.getByLabel('Outcome').inputValue()).toBe('failed');
  });

  it('show a new one by themselves', async () => {
    const { page } = await browser.open(at(served.url, '/executions?trigger=manual'));
    await rows(page).first().waitFor();
    const before = await rows(page).count();
    await served.operator.run('start', '--user', user(5), '--wait');
    await rows(page).nth(before).waitFor();
    expect((await rows(page).allInnerTexts())[0]).toContain(user(5));
  });

  it('lead to each with the keyboard', async () => {
    const { page } = await browser.open(at(served.url, '/executions?outcome=failed'));
    await rows(page).first().waitFor();
    await page.getByLabel('Filter by').focus();
    for (let presses = 0; presses < 4; presses++) {
      await page.keyboard.press('Tab');
      if (String(await page.evaluate('document.activeElement.getAttribute("href")')).startsWith('/executions/')) break;
    }
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).pathname).toMatch(/^\/executions\/execution-/);
  });

  it.each([false, true])('have nothing that axe objects to, and fit 800 pixels (dark: %s)', async (dark) => {
    const { page } = await browser.open(at(served.url, '/executions'), { dark, width: 800 });
    await rows(page).first().waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });
});

describe.skipIf(!hasBrowser)('the list of executions', () => {
  const browser = aBrowser();

  it('says that there are more, and asks for more of them', async () => {
    const one = (index: number): Line => ({
      type: 'execution',
      execution: execution(`number-${index}`),
      status: 'RUNNING',
      startedAt: START.toISOString(),
    });
    const script: Script = (command) => {
      const limit = Number(/--limit=(\d+)/.exec(command)?.[1] ?? 0);
      return limit === 0
        ? []
        : [...Array.from({ length: limit }, (_, index) => one(index)), { type: 'more', of: 'execution', read: limit }];
    };
    const { page } = await browser.open(at(await aScriptedConsole(script), '/executions'));
    await page.getByText('The newest 50; there are more.').waitFor();
    expect((await rows(page).allInnerTexts())[0]).toMatch(/unknown input\s+▸ running/);
    await page.getByRole('button', { name: 'Show 100' }).click();
    await page.getByText('The newest 100; there are more.').waitFor();
    expect(await rows(page).count()).toBe(100);
    expect(new URL(page.url()).search).toBe('?limit=100');
  });

  it.each([
    ['is empty', [{ type: 'none', of: 'execution' }], 'There is no execution yet'],
    [
      'could not be read',
      [{ type: 'error', message: 'Credentials have expired', hint: 'aws sso login', exitCode: 3 }],
      'Credentials have expired',
    ],
  ] satisfies [string, Line[], string][])('says if it %s', async (_what, lines, text) => {
    const url = await aScriptedConsole((command) => (command.includes('--executions') ? lines : []));
    const { page } = await browser.open(at(url, '/executions'));
    await page.getByText(text).waitFor();
    expect(await violationsOn(page)).toEqual([]);
  });
});
