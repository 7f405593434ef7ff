// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';

describe.skipIf(!hasBrowser)('the pages of one console', () => {
  const served = aConsole({ people: 3 });
  const browser = aBrowser();

  it('are seven in one browser, and each shows what is there', async () => {
    await served.operator.run('start', '--all', '--wait');
    const { page, misdeeds } = await browser.open(served.url);
    await page.getByText('Nothing needs you', { exact: true }).waitFor();
    const pages = [page];
    while (pages.length < 7) {
      const next = await page.context().newPage();
      await next.goto(served.url);
      await next.getByText('Nothing needs you', { exact: true }).waitFor();
      pages.push(next);
    }
    for (const one of pages) expect(await one.getByText('The connection is lost').count()).toBe(0);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('keep what they show while the login has expired, say so above it, and go on by themselves', async () => {
    const { page } = await browser.open(served.url);
    await page.getByText('Nothing needs you', { exact: true }).waitFor();
    const cards = page.getByText('amazon-q-developer');
    const before = await cards.count();
    expect(before).toBeGreaterThan(0);
    const operations = ['DynamoDB.Query', 'DynamoDB.GetItem', 'STS.GetCallerIdentity', 'SFN.ListExecutions'];
    const exception = 'ExpiredTokenException';
    await served.operator.fault(
      ...operations.map((operation) => ({ operation, kind: 'exception', exception, times: 1000 })),
    );
    await page.getByRole('alert').first().waitFor();
    expect(await cards.count()).toBe(before);
    await served.operator.clearFaults();
    await page.getByRole('alert').first().waitFor({ state: 'detached' });
    expect(await cards.count()).toBe(before);
  });
});
