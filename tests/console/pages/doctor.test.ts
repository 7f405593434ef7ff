// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { linesOf } from '../../support/operator.ts';
import { aScriptedConsole } from '../../support/scripted-console.ts';

describe.skipIf(!hasBrowser)('the page of the doctor', () => {
  const served = aConsole({ people: 5 });
  const browser = aBrowser();
  const open = async (options?: { dark?: boolean; width?: number }) => {
    const url = new URL('/doctor', served.url);
    url.hash = new URL(served.url).hash;
    const opened = await browser.open(url.href, options);
    await opened.page.getByRole('heading', { name: 'Activity' }).waitFor();
    return opened;
  };

  it('shows what usher doctor finds, sections with problems first', async () => {
    const checks = linesOf((await served.operator.run('doctor', '--json')).out).filter(({ type }) => type === 'check');
    const { page } = await open();
    await expect.poll(() => page.locator('.checks li').count()).toBe(checks.length);
    const verdicts = await page.locator('.checks').evaluateAll((lists) => lists.map((list) => list.textContent ?? ''));
    const bad = verdicts.map((text) => text.includes('problem'));
    expect(bad).toEqual([...bad].sort().reverse());
  });

  it('checks one section again', async () => {
    const { page } = await open();
    const section = page.locator('section', { has: page.getByRole('heading', { name: 'Deployment' }) });
    await section.getByText('ENABLED').first().waitFor();
    await served.operator.fault({ operation: 'EventBridge.DescribeRule', kind: 'refuse', for: 'ever' });
    await section.getByRole('button', { name: 'Check again' }).click();
    await section.getByText('unknown').first().waitFor();
    await served.operator.clearFaults();
    await section.getByRole('button', { name: 'Check again' }).click();
    await expect.poll(() => section.getByText('unknown').count()).toBe(0);
  });

  it('counts no checks where none could be made', async () => {
    const { origin, hash } = new URL(
      await aScriptedConsole(() => [{ type: 'error', exitCode: 1, message: 'The session has expired' }]),
    );
    const { page } = await browser.open(`${origin}/doctor${hash}`);
    await page.getByRole('alert').getByText('The session has expired').waitFor();
    expect(await page.locator('.tally').textContent()).toBe('');
  });

  it.each([false, true])('has no faults, also at 800 pixels (dark: %s)', async (dark) => {
    const { page, misdeeds } = await open({ dark, width: 800 });
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });
});
