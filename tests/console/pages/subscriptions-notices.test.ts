// @module-tag long
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../domain/notices/delivery.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { ENTITLEMENT, user } from '../../support/ids.ts';
import { aDelivery, noticeUid, withNotices } from '../../support/notices.ts';
import { KIRO } from '../../support/subscriptions.ts';

// Users 1 to 4 are members. User 6 is no member, and subscribed.
const served = aConsole({
  people: 6,
  members: 4,
  entitlement: { subscription: KIRO },
  application: { region: 'us-east-1', subscriptions: [{ user: user(6), plan: KIRO.plan }] },
  entitlements: withNotices,
});
const without = aConsole({ people: 1 });

function attributesOf(delivery: Delivery) {
  const all = Object.entries({ ...delivery, open: '#open' });
  return Object.fromEntries(
    all.map(([name, value]) => [name, typeof value === 'number' ? { N: String(value) } : { S: value }]),
  );
}

describe.skipIf(!hasBrowser)('the page of subscriptions', () => {
  const browser = aBrowser();
  const open = (options = {}) => browser.open(served.url.replace('/#', '/subscriptions#'), options);

  it.each([false, true])('shows what is paid and not entitled, without faults (dark: %s)', async (dark) => {
    if (!dark) await served.operator.run('start', '--all', '--wait');
    const { page, misdeeds } = await open({ dark });
    await page.getByRole('rowheader', { name: 'kiro us-east-1' }).waitFor();
    await page.getByRole('gridcell', { name: 'paid, not entitled' }).waitFor();
    expect(await page.locator('tbody a', { hasText: 'a0000000' }).allTextContents()).toEqual([user(6)]);
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('fits into 800 pixels', async () => {
    const { page } = await open({ width: 800 });
    await page.getByRole('grid').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });
});

describe.skipIf(!hasBrowser)('the page of notices', () => {
  const browser = aBrowser();
  const open = (query = '', options = {}) => browser.open(served.url.replace('/#', `/notices${query}#`), options);

  it('says that none needs a person', async () => {
    const { page } = await open();
    await page.getByText('No notice needs you', { exact: true }).waitFor();
  });

  it.each([false, true])('shows those that need a person, without faults (dark: %s)', async (dark) => {
    const deliveries = [
      aDelivery({ number: 1, uid: noticeUid(1) }),
      aDelivery({ number: 3, uid: noticeUid(3), status: 'refused', reason: 'MessageRejected' }),
    ];
    const requests = deliveries.map((one) => ({ PutRequest: { Item: attributesOf(one) } }));
    await served.operator.call('DynamoDB_20120810.BatchWriteItem', {
      RequestItems: { 'usher-local-notices': requests },
    });
    const { page, misdeeds } = await open('', { dark });
    const refused = page.getByRole('row', { name: new RegExp(user(3)) });
    await refused.waitFor();
    expect(await refused.textContent()).toMatch(new RegExp(`assigned✕ refused.*${ENTITLEMENT}MessageRejected`));
    expect(await page.getByRole('row', { name: new RegExp(user(1)) }).textContent()).toContain('✕ in-doubt');
    expect(await violationsOn(page)).toEqual([]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('shows what became of all', async () => {
    const { page } = await open();
    await page.getByLabel('Which notices').selectOption('7d');
    await page.getByRole('gridcell', { name: 'sent' }).first().waitFor();
    expect(new URL(page.url()).search).toBe('?since=7d');
  });
});

describe.skipIf(!hasBrowser)('where neither is configured', () => {
  const browser = aBrowser();

  it('no link leads to these pages, and they say what is missing', async () => {
    const { page } = await browser.open(without.url.replace('/#', '/notices#'));
    await page.getByRole('alert').getByText('Notices are off').waitFor();
    expect(
      await page
        .getByRole('navigation')
        .getByRole('link', { name: /Notices|Subscriptions/ })
        .count(),
    ).toBe(0);
  });
});
