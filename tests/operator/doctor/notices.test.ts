import { describe, expect, it } from 'vitest';
import type { MailSettings } from '../../../emulator/aws/ses/mail-settings.ts';
import type { EntitlementsOptions } from '../../../emulator/scenario/example-entitlements.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import type { Finding } from '../../../operator/doctor/check.ts';
import { noticeFindings } from '../../../operator/doctor/notices.ts';
import { anAsker } from '../../support/asker.ts';
import { openWorld } from '../../support/world.ts';

type Notices = NonNullable<EntitlementsOptions['notices']>;

/** The findings of an account with these settings of Amazon SES, by check. */
async function findingsFor(notices: Notices, mail: MailSettings = {}): Promise<Map<string, Finding[]>> {
  const world = await openWorld({ notices, mail });
  const findings = await noticeFindings(anAsker(world, exampleEntitlements({ notices })));
  return Map.groupBy(findings, ({ check }) => check);
}

/** What the findings of a check say: verdicts, and texts with their fixes. */
function said(findings: Map<string, Finding[]>, check: string): { verdicts: string[]; text: string } {
  const all = findings.get(check) ?? [];
  return {
    verdicts: all.map(({ verdict }) => verdict),
    text: all.map(({ found, fix = '' }) => `${found} ${fix}`).join('\n'),
  };
}

describe('the checks of notices', () => {
  it('are none without notices', async () => {
    const world = await openWorld();
    expect(await noticeFindings(anAsker(world, exampleEntitlements()))).toEqual([]);
    expect(Object.keys(world.stack.calls()).filter((call) => call.startsWith('SESv2'))).toEqual([]);
  });

  it('are all met by an account that may send', async () => {
    const findings = await findingsFor({});
    expect([...findings.values()].flat().map(({ check, verdict }) => `${check}: ${verdict}`)).toEqual([
      'sender: ok',
      'sending: ok',
      'notices rule: ok',
      'notices queue: ok',
      'notices table: ok',
    ]);
  });

  it.each<[string, Notices, MailSettings, string, RegExp]>([
    ['does not exist', {}, { verified: [] }, 'problem', /has no identity [\w.]+ .*docs\/deploy\.md#notices-to-users/],
    ['is not verified yet', {}, { verified: [], pending: ['example.com'] }, 'problem', /not verified.*DNS records/],
    [
      'is an address',
      { identity: 'usher@example.com' },
      { verified: ['usher@example.com'] },
      'warning',
      /usher@example\.com is verified, and messages are not signed with DKIM/,
    ],
    [
      'is a domain next to the address',
      {},
      { verified: ['example.com', 'usher@example.com'] },
      'warning',
      /identity usher@example\.com, too .*notices\.identity/,
    ],
    ['has upper case in the file', { identity: 'Example.COM' }, { verified: ['example.com'] }, 'ok', /^example\.com/],
  ])('say of a sender whose identity %s what is missing', async (_fact, notices, mail, verdict, text) => {
    const { verdicts, text: found } = said(
      await findingsFor({ from: 'usher@example.com', ...notices }, mail),
      'sender',
    );
    expect(verdicts).toEqual([verdict]);
    expect(found).toMatch(text);
  });

  it.each<[string, Notices, MailSettings, string[], RegExp]>([
    ['paused', {}, { sending: 'paused' }, ['problem'], /paused.*console of Amazon SES/],
    ['ended', {}, { sending: 'suspended' }, ['problem'], /ended|paused/],
    ['in the sandbox', { dailyLimit: 100 }, { sandbox: true }, ['warning', 'ok'], /sandbox.*request production access/],
    ['slower than configured', { perSecond: 5 }, { perSecond: 2 }, ['problem'], /notices\.perSecond to at most 2/],
    ['allowed less per day', { dailyLimit: 500 }, { perDay: 300 }, ['warning'], /notices\.dailyLimit to at most 300/],
    ['allowed more', { dailyLimit: 500 }, {}, ['ok'], /0 of 50,000 in 24 hours, 14 per second/],
  ])('say of an account that is %s what follows', async (_fact, notices, mail, verdicts, text) => {
    const found = said(await findingsFor(notices, mail), 'sending');
    expect(found.verdicts).toEqual(verdicts);
    expect(found.text).toMatch(text);
  });

  it.each([
    ['SESv2.GetEmailIdentity', 'sender'],
    ['SESv2.GetAccount', 'sending'],
    ['EventBridge.DescribeRule', 'notices rule'],
    ['SQS.GetQueueUrl', 'notices queue'],
    ['DynamoDB.DescribeTable', 'notices table'],
  ])('are unknown, each by itself, if the caller may not %s', async (operation, check) => {
    const world = await openWorld({ notices: {} });
    world.faults.add({ operation, kind: 'refuse' });
    const findings = await noticeFindings(anAsker(world, exampleEntitlements({ notices: {} })));
    expect(findings.filter(({ verdict }) => verdict !== 'ok').map((one) => [one.check, one.verdict])).toEqual([
      [check, 'unknown'],
    ]);
  });

  it.each([
    [{ waiting: 3, received: 0 }, 'warning', /^3 messages, of which Lambda takes none .*event source mapping/],
    [{ waiting: 3, received: 10 }, 'ok', /^13 messages/],
    [{ waiting: 0, received: 1 }, 'ok', /^1 message/],
    [undefined, 'problem', /^There is no queue usher-local-notices/],
  ] as const)('say whether Lambda takes messages from the queue: %j', async (depth, verdict, text) => {
    const world = await openWorld({ notices: {} });
    const asker = anAsker(world, exampleEntitlements({ notices: {} }));
    const services = await asker.services();
    const queues = { ...(await services.queues()), depth: async () => depth };
    const asked = { ...asker, services: async () => ({ ...services, queues: async () => queues }) };
    const { verdicts, text: found } = said(
      Map.groupBy(await noticeFindings(asked), ({ check }) => check),
      'notices queue',
    );
    expect(verdicts).toEqual([verdict]);
    expect(found).toMatch(text);
  });

  it('find what is not deployed', async () => {
    const world = await openWorld();
    const findings = await noticeFindings(anAsker(world, exampleEntitlements({ notices: {} })));
    const table = findings.find(({ check }) => check === 'notices table');
    expect(table).toMatchObject({ verdict: 'problem', found: 'There is no table usher-local-notices' });
  });
});
