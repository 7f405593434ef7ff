// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, eventually, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { ENTITLEMENT, STORE_ID, user } from '../../support/ids.ts';

// Users 1 to 8 are members; 7 and 8 wait.
const served = aConsole({ people: 10, members: 8, max: 6, assigned: [9] });

describe.skipIf(!hasBrowser)('the page of a person', () => {
  const browser = aBrowser();
  const open = (number: number, options = {}) =>
    browser.open(served.url.replace('/#', `/people/${user(number)}#`), options);

  it.each([false, true])('says why they have a seat, step by step, without faults (dark: %s)', async (dark) => {
    if (!dark) await served.operator.run('start', '--all', '--wait');
    const { page, misdeeds } = await open(1, { dark });
    await page.getByText(`${ENTITLEMENT}: has a seat`).waitFor();
    const steps = await page.locator('.chain li').allTextContents();
    expect(steps.map((text) => text.replace(/since .*/, ''))).toEqual([
      expect.stringMatching(/^● Groupmember of 144f834e8\S+read \d+ s ago$/),
      expect.stringMatching(/^● Entitledyesread \d+ s ago$/),
      '● Seatconfirmed',
    ]);
    await page.getByRole('row', { name: /Seat Assigned/ }).waitFor();
    expect(await page.locator('.spans').textContent()).toMatch(/had a seat from .+ ago until now\./);
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('says which place in the waitlist they have', async () => {
    const { page } = await open(8);
    await page.getByText('place 2 of 2', { exact: true }).waitFor();
    await page.getByText('Next: ', { exact: false }).first().waitFor();
  });

  it('says that no entitlement concerns them, and that the records have no change', async () => {
    const { page } = await open(10);
    await page.getByText('No entitlement concerns this user, and Usher has no record of them.').waitFor();
    await page.getByText('No record of a change').waitFor();
  });

  it('says whose assignment it is that Usher did not make', async () => {
    const { page } = await open(9);
    await page.getByText('assigned, not by Usher', { exact: true }).waitFor();
  });

  it('shows who was deleted: when they had a seat, when it ended, and by which execution', async () => {
    await served.operator.call('AWSIdentityStore.DeleteUser', { IdentityStoreId: STORE_ID, UserId: user(2) });
    await served.operator.run('start', '--user', user(2), '--wait');
    const { page } = await open(2);
    await page.getByText(`${ENTITLEMENT}: no seat: they were deleted from the identity store.`).waitFor();
    await page.getByText('not in the identity store', { exact: false }).first().waitFor();
    const row = page.getByRole('row', { name: /Seat Revoked/ });
    await row.waitFor();
    expect(await row.textContent()).toMatch(/user-deletedexecution-\d+$/);
    expect(await row.getByRole('link').last().getAttribute('href')).toMatch(/^\/executions\/execution-\d+$/);
    expect(await page.locator('.spans').textContent()).toMatch(/had a seat from .+ ago until .+ ago\./);
  });

  it('says who started what, on request', async () => {
    const { page } = await open(1);
    await page.getByRole('row', { name: /Seat Assigned/ }).waitFor();
    await page.getByRole('button', { name: 'Who did it?' }).click();
    await page.getByRole('columnheader', { name: 'By' }).waitFor();
    await eventually(() => page.locator('.command').last().textContent()).toContain('--by');
  });

  it('says that there is no such user, and still looks into the records', async () => {
    const { page, misdeeds } = await open(999);
    await eventually(() => page.getByRole('alert').count()).toBe(2);
    expect(await page.getByRole('alert').first().textContent()).toContain('The identity store has no user');
    expect(misdeeds.errors).toEqual([]);
  });

  it('asks nothing about what is no id: it may be a name', async () => {
    const { page } = await browser.open(served.url.replace('/#', '/people/alice@example.com#'));
    await page.getByText('This address has no id of a user').waitFor();
    expect(await page.locator('.command').count()).toBe(0);
  });

  it('fits into 800 pixels', async () => {
    const { page } = await open(1, { width: 800 });
    await page.getByRole('row', { name: /Seat Assigned/ }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });
});
