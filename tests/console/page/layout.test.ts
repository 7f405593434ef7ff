// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { user } from '../../support/ids.ts';
import { SECRET } from '../../support/secret.ts';

describe.skipIf(!hasBrowser)('the layout', () => {
  const served = aConsole({ people: 5 });
  const browser = aBrowser();
  const open = async (options?: Parameters<typeof browser.open>[1]) => {
    const { page, misdeeds } = await browser.open(served.url, options);
    await page.getByRole('link', { name: 'amazon-q-developer' }).first().waitFor();
    return { page, misdeeds };
  };

  it('says where it looks, in the head and in the title', async () => {
    const { page } = await open();
    expect(await page.title()).toBe('Overview · emulator · us-east-1');
    expect(await page.locator('.where').textContent()).toContain('emulator us-east-1');
  });

  it('explains its keys, and nothing else fires while the dialog is open', async () => {
    const { page, misdeeds } = await open();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
    await page.keyboard.press('n');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.getByRole('button', { name: 'Names off' }).waitFor();
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('is used by keys alone: to a page and back, to a row, to the search and to a person', async () => {
    const { page } = await open();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.waitForURL('**/doctor');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('link', { name: 'amazon-q-developer' }).first().waitFor();
    await page.keyboard.press('j');
    const focused = () => page.evaluate("document.activeElement.getAttribute('href')");
    const [first] = [await focused()];
    expect(first).toMatch(/^\/entitlements\//);
    await page.keyboard.press('j');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('k');
    expect(await focused()).toBe(first);
    await page.keyboard.press('/');
    await page.keyboard.type(`${SECRET}-3@example.com`);
    expect(new URL(page.url()).pathname).toBe('/');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/people/${user(3)}`);
    // The content has the focus. It is no control, and a frame around the whole page says nothing.
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('none');
  });

  it('keeps what is searched for out of every address', async () => {
    const { page } = await open();
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.getByRole('combobox').fill('nobody@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('has no user nobody@example.com').waitFor();
    addresses.push(page.url());
    expect(addresses.filter((address) => /nobody/.test(address))).toEqual([]);
  });

  it.each([
    ['amazon-q-developer', '/entitlements/amazon-q-developer'],
    ['execution-1', '/executions/execution-1'],
    ['arn:aws:states:us-east-1:000000000000:execution:usher-local-onboarding:execution-1', '/executions/execution-1'],
    [user(2), `/people/${user(2)}`],
  ])('finds %s', async (text, path) => {
    const { page } = await open();
    await page.getByRole('combobox').fill(text);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${path}`);
  });

  it('shows times relative, local and in UTC', async () => {
    const { page } = await open();
    const mode = () => page.getByRole('button', { name: /^Times/ }).textContent();
    const modes = [await mode()];
    for (let press = 0; press < 3; press += 1) {
      await page.keyboard.press('t');
      modes.push(await mode());
    }
    expect(modes).toEqual(['Times: relative', 'Times: local', 'Times: UTC', 'Times: relative']);
  });

  it.each([640, 800, 1280])('fits a window of %d pixels, in light and dark', async (width) => {
    for (const dark of [false, true]) {
      const { page } = await open({ width, dark });
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(await violationsOn(page)).toEqual([]);
    }
  });

  it('leads past the navigation by its first link', async () => {
    const { page } = await open();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
  });
});
