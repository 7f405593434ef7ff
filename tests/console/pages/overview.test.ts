// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';

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
