// @module-tag long
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aBrowser, eventually, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { ENTITLEMENT, user } from '../../support/ids.ts';

const served = aConsole({ people: 10, members: 8, max: 6, others: [9] });

describe.skipIf(!hasBrowser)('the page of plans', () => {
  const browser = aBrowser();
  const open = (options = {}) => browser.open(served.url.replace('/#', '/plan#'), options);
  const proposal = (change: (entitlements: { seats: { max: number } }[]) => void): string => {
    const file = JSON.parse(readFileSync(join(served.operator.folder, 'entitlements.yml'), 'utf8'));
    change(file.entitlements);
    return JSON.stringify(file);
  };

  it.each([false, true])('shows what is to be done now, and for whom, without faults (dark: %s)', async (dark) => {
    const { page, misdeeds } = await open({ dark });
    const row = page.getByRole('row', { name: new RegExp(ENTITLEMENT) }).first();
    await row.waitFor();
    expect(await row.textContent()).toMatch(new RegExp(`^${ENTITLEMENT} .*06662000`));
    expect(await page.getByRole('grid').getByRole('row').count()).toBe(1 + 9);
    await page.getByLabel('Change', { exact: true }).selectOption('waitlisted');
    await eventually(() => page.locator('.changes tbody td:first-child a').allTextContents()).toEqual([
      user(7),
      user(8),
    ]);
    expect(new URL(page.url()).search).toBe('?change=waitlisted');
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('says that nothing would change', async () => {
    await served.operator.run('start', '--all', '--wait');
    const { page } = await open();
    await page.getByText('Nothing would change', { exact: true }).waitFor();
  });

  it('does not say that nothing would change of what could not be read', async () => {
    const refused = { operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse' };
    await served.operator.fault({ ...refused, for: 'ever' });
    const { page } = await open();
    await page.getByText('Not read: ListApplicationAssignments: AccessDeniedException').first().waitFor();
    expect(await page.getByText(/^Nothing (?:would|that)/).count()).toBe(0);
    await served.operator.clearFaults();
    await served.operator.fault({ ...refused, times: 1 });
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('Nothing that could be read would change', { exact: true }).waitFor();
    await served.operator.clearFaults();
  });

  it('shows what a pasted configuration would change', async () => {
    const { page, misdeeds } = await open();
    const text = proposal(([first]) => {
      if (first) first.seats.max = 7;
    });
    await page.getByRole('textbox').fill(text);
    await page.getByRole('button', { name: 'Show what it would change' }).click();
    await page.getByRole('gridcell', { name: user(7) }).waitFor();
    expect(await page.getByRole('grid').getByRole('row').count()).toBe(2);
    expect(await page.locator('.command').textContent()).toContain('plan - --people');
    expect(misdeeds.errors).toEqual([]);
  });

  it('shows what an opened file would change', async () => {
    const { page } = await open();
    const text = proposal((entitlements) => {
      entitlements.pop();
    });
    await page
      .getByLabel('Open a file')
      .setInputFiles({ name: 'next.yml', mimeType: 'application/yaml', buffer: Buffer.from(text) });
    await page.getByText('Not in this configuration: its seats stay, and Usher changes none.').waitFor();
  });

  it.each([
    ['its line, if it is no YAML', 'entitlements:\n  - [', /standard input.*line 2/is],
    ['the path of each error', '{"entitlements": [{"name": 1}]}', /entitlements/],
    ['that it is empty', ' # nothing', /standard input/i],
  ])('says of a wrong configuration %s', async (_what, text, message) => {
    const { page, misdeeds } = await open();
    await page.getByRole('textbox').fill(text);
    await page.getByRole('button', { name: 'Show what it would change' }).click();
    await eventually(() => page.getByRole('alert').textContent()).toMatch(message);
    expect(misdeeds.errors).toEqual([]);
  });

  it('fits into 800 pixels', async () => {
    const { page } = await open({ width: 800 });
    await page.getByText('Nothing would change', { exact: true }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });
});
