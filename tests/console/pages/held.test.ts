// @module-tag long
import { describe, expect, it } from 'vitest';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { ENTITLEMENT, GROUP, STORE_ID, user } from '../../support/ids.ts';
import { linesOf } from '../../support/operator.ts';

const served = aConsole({ people: 12, changes: true });

/** Everyone leaves GROUP, and Usher looks. */
async function emptyTheGroup(): Promise<void> {
  const { operator } = served;
  const answer = await operator.call('AWSIdentityStore.ListGroupMemberships', {
    IdentityStoreId: STORE_ID,
    GroupId: GROUP,
  });
  for (const { MembershipId } of answer['GroupMemberships'] as { MembershipId: string }[])
    await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
  await operator.run('start', '--all', '--wait');
}

const held = async () => linesOf((await served.operator.run('held', '--json')).out)[0] ?? {};

// The tests build on each other, in this order.
describe.skipIf(!hasBrowser)('the page of what is held', () => {
  const browser = aBrowser();
  const open = (options = {}) => browser.open(served.url.replace('/#', '/held#'), options);

  it('says that nothing is held', async () => {
    await served.operator.run('start', '--all', '--wait');
    const { page } = await open();
    await page.getByText('Nothing is held', { exact: true }).waitFor();
  });

  it.each([false, true])(
    'shows the group that fell, the budget and the users, without faults (dark: %s)',
    async (dark) => {
      if (!dark) await emptyTheGroup();
      const users = (await held())['users'] as { userId: string }[];
      const { page, misdeeds } = await open({ dark });
      await page.getByText(`${ENTITLEMENT}: ${users.length} revocations held`).waitFor();
      const cause = page.locator('.fall');
      expect(await cause.textContent()).toMatch(
        new RegExp(`Group ${GROUP}copy fell from 12 to 0\\. First seen .+ ago`),
      );
      const widths = await cause.locator('rect').evaluateAll((bars) => bars.map((bar) => bar.getAttribute('width')));
      expect(widths).toEqual(['100', '0.5']);
      await page.getByText('Brake: 2 of 2 revocations used in 24 hours, 0 left').waitFor();
      for (const { userId } of users) await page.getByRole('gridcell', { name: userId }).waitFor();
      expect(await violationsOn(page)).toEqual([]);
      expect(misdeeds).toEqual({ errors: [], foreign: [] });
    },
  );

  it('offers both ways out alike, with the steps and the commands', async () => {
    const { page } = await open();
    const ways = page.locator('.way');
    await ways.nth(1).waitFor();
    const boxes = await ways.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    expect(boxes[0].width).toBe(boxes[1].width);
    expect(boxes[0].height).toBe(boxes[1].height);
    expect(await ways.nth(0).textContent()).toMatch(/Put 12 users back into group/);
    for (const way of await ways.all()) {
      await way.getByText('Commands').click();
      await way
        .getByRole('button', { name: /Copy the command/ })
        .first()
        .waitFor();
    }
    expect(await ways.nth(1).textContent()).toContain(`usher release ${String((await held())['digest']).slice(0, 12)}`);
  });

  it('says whose calls may have caused it, on request', async () => {
    const { page, misdeeds } = await open();
    await page.getByRole('button', { name: 'Who did it?' }).click();
    await page.getByText(/DeleteGroupMembership of|CloudTrail of this account and Region has no such call/).waitFor();
    expect(misdeeds.errors).toEqual([]);
  });

  it('fits into 800 pixels', async () => {
    const { page } = await open({ width: 800 });
    await page.locator('.way').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });

  it('releases what one has counted', async () => {
    const users = (await held())['users'] as { userId: string }[];
    const title = `Release these ${users.length}`;
    const { page } = await open();
    await page.getByRole('button', { name: title }).click();
    const confirm = page.locator('.change form').getByRole('button', { name: title });
    await confirm.waitFor();
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel(`Type ${users.length} to release`).fill(String(users.length));
    await confirm.click();
    await page.getByText('Started: ').waitFor();
    await served.operator.run('start', '--user', user(1), '--wait');
    expect((await served.operator.run('held')).out).toBe('Nothing is held.\n');
  });
});
