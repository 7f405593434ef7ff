import { describe, expect, it } from 'vitest';
import { connectMailer } from '../../../adapters/notices/mailer.ts';
import { NoticesSchema } from '../../../domain/notices/schema.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import type { MailSettings } from '../../../emulator/aws/ses/mail-settings.ts';
import { Ses } from '../../../emulator/aws/ses/ses.ts';
import { behindGateway, losingAnswers } from '../../support/account.ts';
import { REGION, START } from '../../support/ids.ts';
import { noticeUid } from '../../support/notices.ts';

const SIGN_IN = { startUrl: 'https://acme.awsapps.com/start' };
const MESSAGE = { subject: 'Você tem um lugar', text: 'Olá', html: '<p>Olá</p>' };
const TO = 'ana@example.com';

function aMailer(settings: object = {}, quirks: Quirks = {}) {
  const notices = NoticesSchema.parse({ from: 'usher@mail.example.com', signIn: SIGN_IN, ...settings });
  const ses = new Ses({ clock: { now: () => START }, region: REGION, notices, quirks });
  const faults = new Faults({ now: () => START });
  const { gateway, aws } = behindGateway({ SESv2: ses.service }, { faults });
  const handler = gateway.requestHandler();
  const sendOver = (requestHandler: typeof handler, message = MESSAGE, to = TO) =>
    connectMailer({ ...aws, requestHandler }, notices).send({ uid: noticeUid(1), to, message });
  return {
    ses,
    faults,
    mails: () => ses.outbox.mails(),
    send: (message = MESSAGE, to = TO) => sendOver(handler, message, to),
    /** The message has its effect, and the connection breaks. */
    losing: () => sendOver(losingAnswers(handler)),
    /** What stands in front of AWS answers with this status, and with no exception. */
    failing: (statusCode: number) =>
      sendOver({
        ...handler,
        handle: async () => ({ response: { statusCode, headers: {}, body: Buffer.from('') } }),
      }),
  };
}

describe('a notice in the mail', () => {
  it('has one recipient, both parts and the headers of an automatic message', async () => {
    const { send, mails } = aMailer();
    const sent = await send();
    const [mail] = mails();
    expect(sent).toEqual({ outcome: 'sent', messageId: mail?.messageId });
    expect(mail).toMatchObject({
      from: 'usher@mail.example.com',
      to: [TO],
      replyTo: [],
      ...MESSAGE,
      headers: [
        { name: 'Auto-Submitted', value: 'auto-generated' },
        { name: 'List-Id', value: '<usher-notices.mail.example.com>' },
      ],
      tags: [],
    });
  });

  it('has the settings of the configuration', async () => {
    const { send, mails } = aMailer({ replyTo: 'help@example.com', configurationSet: 'notices', fromName: 'Acme IT' });
    await send();
    expect(mails()).toMatchObject([
      { from: '"Acme IT" <usher@mail.example.com>', replyTo: ['help@example.com'], configurationSet: 'notices' },
    ]);
  });

  it.each([
    ['in quotes', 'Acme, IT; (Berlin)', '"Acme, IT; (Berlin)"'],
    ['in an encoded word if it has quotes', 'Acme "IT"', '=?UTF-8?B?QWNtZSAiSVQi?='],
    [
      'in an encoded word if it looks like an address',
      'IT <it@example.com>',
      '=?UTF-8?B?SVQgPGl0QGV4YW1wbGUuY29tPg==?=',
    ],
    ['in an encoded word', 'Équipe IT', '=?UTF-8?B?w4lxdWlwZSBJVA==?='],
  ])('has the name of the sender %s', async (_fact, fromName, encoded) => {
    const { send, mails } = aMailer({ fromName });
    await send();
    expect(mails()[0]?.from).toBe(`${encoded} <usher@mail.example.com>`);
  });

  it('has a long name of the sender in encoded words of at most 75 characters, none of which cuts a character', async () => {
    const fromName = '情報システム部'.repeat(6);
    const { send, mails } = aMailer({ fromName });
    await send();
    const words = (mails()[0]?.from ?? '').split(' ').slice(0, -1);
    expect(words.length).toBeGreaterThan(1);
    expect(Math.max(...words.map((word) => word.length))).toBeLessThanOrEqual(75);
    const decoded = words.map((word) => Buffer.from(word.slice('=?UTF-8?B?'.length, -2), 'base64').toString());
    expect(decoded.join('')).toBe(fromName);
  });

  it('has no line break in its subject, whatever the message has', async () => {
    const { send, mails } = aMailer();
    await send({ ...MESSAGE, subject: 'Hello\r\nBcc: all@example.com\u2028\u0000!' });
    expect(mails()[0]?.subject).toBe('Hello Bcc: all@example.com !');
  });
});

describe('what Amazon SES answers', () => {
  it.each(['TooManyRequestsException', 'ThrottlingException', 'LimitExceededException'] as const)(
    'is "not now" over a quota, as %s',
    async (overMailQuota) => {
      const { ses, send, mails } = aMailer({}, { overMailQuota });
      ses.change({ perDay: 0 });
      expect(await send()).toEqual({ outcome: 'throttled', reason: overMailQuota });
      expect(mails()).toEqual([]);
    },
  );

  it.each<[string, MailSettings, string]>([
    ['sandbox', { sandbox: true }, 'address-not-verified'],
    ['sender that is not verified', { verified: [] }, 'address-not-verified'],
    ['account whose sending is paused', { sending: 'paused' }, 'sending-paused'],
    ['account that may no longer send', { sending: 'suspended' }, 'account-suspended'],
  ])('is a refusal of a %s', async (_fact, account, reason) => {
    const { ses, send } = aMailer();
    ses.change(account);
    expect(await send()).toEqual({ outcome: 'refused', reason });
  });

  it('is a refusal of a configuration set that does not exist', async () => {
    const { ses, send } = aMailer({ configurationSet: 'notices' });
    ses.change({ configurationSets: [] });
    expect(await send()).toEqual({ outcome: 'refused', reason: 'sender-missing' });
  });

  it('is a refusal of an address that Amazon SES does not take', async () => {
    const { send } = aMailer();
    expect(await send(MESSAGE, 'añá@example.com')).toEqual({ outcome: 'refused', reason: 'validation' });
  });

  it.each([
    ['AccessDeniedException', 'refused', 'access-denied'],
    ['MessageRejected', 'refused', 'message-rejected'],
    ['SomethingNewException', 'refused', 'SomethingNewException'],
    ['UnrecognizedClientException', 'refused', 'UnrecognizedClientException'],
    ['SlowDown', 'throttled', 'SlowDown'],
    ['ExpiredTokenException', 'throttled', 'ExpiredTokenException'],
  ])('is, as %s, "%s"', async (exception, outcome, reason) => {
    const { faults, send, mails } = aMailer();
    faults.add({ operation: 'SESv2.SendEmail', kind: 'exception', exception });
    expect(await send()).toEqual({ outcome, reason });
    expect(mails()).toEqual([]);
  });

  it.each([
    ['a server error without effect', 'internal', 0],
    ['a server error after the effect', 'internal-after', 1],
    ['a success without an id', 'lost', 0],
  ] as const)('is unknown after %s', async (_fact, kind, count) => {
    const { faults, send, mails } = aMailer();
    faults.add({ operation: 'SESv2.SendEmail', kind });
    await expect(send()).rejects.toThrow(TransientAwsError);
    expect(mails()).toHaveLength(count);
  });

  it('is unknown if the connection breaks', async () => {
    const { losing, mails } = aMailer();
    await expect(losing()).rejects.toThrow(new TransientAwsError(`SendEmail: ECONNRESET (notice ${noticeUid(1)})`));
    expect(mails()).toHaveLength(1);
  });

  it.each([429, 503])('without a body, of status %s, never quotes the address', async (statusCode) => {
    const { failing } = aMailer();
    const answer = await failing(statusCode).catch((error: unknown) => error);
    if (statusCode === 429) expect(answer).toEqual({ outcome: 'throttled', reason: 'throttled' });
    else expect(answer).toBeInstanceOf(TransientAwsError);
    expect(JSON.stringify([answer, String(answer)])).not.toContain(TO);
  });
});
