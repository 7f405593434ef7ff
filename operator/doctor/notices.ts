import type { MailAccount } from '../../adapters/operator/mail.ts';
import { identityOf } from '../../domain/notices/identity.ts';
import type { NoticeSettings } from '../../domain/notices/schema.ts';
import type { Asker } from '../asker.ts';
import type { Services } from '../services.ts';
import { count, numberOf } from '../text.ts';
import { type about, type Finding, runCheck } from './check.ts';
import { DEPLOY } from './deployment.ts';

/** Makes the findings of one check. */
type Findings = ReturnType<typeof about>;

const SET_UP = 'docs/deploy.md#notices-to-users';
const SANDBOX =
  'It sends only to identities that are verified, and 200 messages per day. To leave it, request production access in the console of Amazon SES: Account dashboard';

/** Checks whether Amazon SES sends the notices, and what is deployed for them. None if no notices are configured. */
export async function noticeFindings(asker: Asker): Promise<readonly Finding[]> {
  const { notices, identityCenter } = await asker.entitlements();
  if (!notices) return [];
  const services = await asker.services();
  const region = notices.region ?? identityCenter.region;
  return [...(await mailFindings(notices, region, services)), ...(await deployedFindings(services))];
}

async function mailFindings(notices: NoticeSettings, region: string, services: Services): Promise<readonly Finding[]> {
  const mail = await services.mailSettings(region);
  const name = identityOf(notices);
  const sender = await runCheck(
    { check: 'sender', why: 'Amazon SES sends only from an identity that you have verified' },
    async (found) => {
      const identity = await mail.identity(name);
      if (!identity)
        return found.problem(
          `Amazon SES in ${region} has no identity ${name}`,
          `Create it there and verify it, or name another one: notices.identity (${SET_UP})`,
        );
      if (!identity.isVerified)
        return found.problem(
          `${name} is not verified: ${identity.status}`,
          'Publish the DNS records that the console of Amazon SES shows, or confirm the e-mail that it has sent',
        );
      if (name !== notices.from && (await mail.identity(notices.from)))
        return found.warning(
          `${name} is verified, and Amazon SES has an identity ${notices.from}, too`,
          'AWS does not say which of the two a permission to send must name. If it refuses with access-denied, set notices.identity to the address, or delete that identity',
        );
      if (!identity.isSigned)
        return found.warning(
          `${name} is verified, and messages are not signed with DKIM`,
          'Turn on DKIM for the identity: mail programs trust unsigned messages less',
        );
      return found.ok(`${name} is verified, with DKIM`);
    },
  );
  const account = await runCheck(
    { check: 'sending', why: 'Amazon SES can stop the sending of an account, or limit it' },
    async (found) => accountFindings(found, await mail.account(), notices),
  );
  return [...sender, ...account];
}

function accountFindings(found: Findings, account: MailAccount, notices: NoticeSettings): readonly Finding[] {
  const { isSandbox, isSending, enforcement } = account;
  if (!isSending || enforcement === 'SHUTDOWN') {
    const state = enforcement === 'SHUTDOWN' ? 'AWS has ended the sending of this account' : 'Sending is paused';
    return [found.problem(state, 'The console of Amazon SES says why: Account dashboard, and Reputation metrics')];
  }
  const limits = quotaFinding(found, account, notices);
  if (isSandbox) return [found.warning('The account is in the sandbox of Amazon SES', SANDBOX), limits];
  if (enforcement !== 'HEALTHY')
    return [
      found.warning(
        `Amazon SES reviews the account: ${enforcement}`,
        'Too many messages bounced or were marked as spam. The console of Amazon SES says what AWS expects',
      ),
      limits,
    ];
  return [limits];
}

/** Whether the limits of the configuration are within those of the account, which others may use as well. */
function quotaFinding(found: Findings, { perDay, perSecond }: MailAccount, notices: NoticeSettings): Finding {
  const used =
    perDay === undefined ? 'no daily limit' : `${numberOf(perDay.sent)} of ${numberOf(perDay.most)} in 24 hours`;
  const rate = `${perSecond} per second`;
  if (perSecond < notices.perSecond)
    return found.problem(
      `Amazon SES allows ${rate}, and notices.perSecond is ${notices.perSecond}`,
      `Set notices.perSecond to at most ${perSecond}, or request a higher rate`,
    );
  if (perDay !== undefined && perDay.most < notices.dailyLimit)
    return found.warning(
      `${used}, and notices.dailyLimit is ${numberOf(notices.dailyLimit)}`,
      `Set notices.dailyLimit to at most ${numberOf(perDay.most)}, or request a higher quota`,
    );
  return found.ok(`${used}, ${rate}`);
}

async function deployedFindings(services: Services): Promise<readonly Finding[]> {
  const { names } = services;
  return [
    await runCheck(
      { check: 'notices rule', why: 'It takes changes of seats from the audit stream to the queue of notices' },
      async (found) => {
        const rule = await (await services.deployment()).rule(names.noticesRule, names.auditBus);
        if (!rule) return found.problem(`There is no rule ${names.noticesRule} on ${names.auditBus}`, DEPLOY);
        if (rule.state !== 'ENABLED') return found.problem(`It is ${rule.state}`, 'Enable it: no one gets a notice');
        const target = rule.targets.find(({ arn }) => arn.endsWith(`:${names.noticesQueue}`));
        if (!target) return found.problem(`It does not send to ${names.noticesQueue}`, DEPLOY);
        return found.ok(`ENABLED, sends to ${names.noticesQueue}`);
      },
    ),
    await runCheck(
      { check: 'notices queue', why: 'Notices wait there until they are sent, or until they are a day old' },
      async (found) => {
        const depth = await (await services.queues()).depth(names.noticesQueue);
        if (depth === undefined) return found.problem(`There is no queue ${names.noticesQueue}`, DEPLOY);
        const { waiting, received } = depth;
        if (waiting > 0 && received === 0)
          return found.warning(
            `${count(waiting, 'message')}, of which Lambda takes none`,
            'If it stays so, enable the event source mapping of notifyUser in the console of Lambda, and check the concurrency of the account',
          );
        return found.ok(waiting + received === 0 ? 'empty' : count(waiting + received, 'message'));
      },
    ),
    await runCheck(
      { check: 'notices table', why: 'A marker there keeps a notice from being sent twice' },
      async (found) => {
        const table = await (await services.tables()).describe(names.noticesTable);
        if (!table) return found.problem(`There is no table ${names.noticesTable}`, DEPLOY);
        const { status } = table;
        return status === 'ACTIVE' ? found.ok(`${names.noticesTable}, ACTIVE`) : found.warning(`It is ${status}`);
      },
    ),
  ].flat();
}
