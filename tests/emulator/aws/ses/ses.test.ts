import {
  AccountSuspendedException,
  BadRequestException,
  GetAccountCommand,
  GetEmailIdentityCommand,
  InternalServiceErrorException,
  LimitExceededException,
  MailFromDomainNotVerifiedException,
  MessageRejected,
  NotFoundException,
  SESv2Client,
  SESv2ServiceException,
  SendEmailCommand,
  type SendEmailRequest,
  SendingPausedException,
  TooManyRequestsException,
} from '@aws-sdk/client-sesv2';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultRule } from '../../../../emulator/aws/fault-rules.ts';
import { Faults } from '../../../../emulator/aws/faults.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import type { MailSettings } from '../../../../emulator/aws/ses/mail-settings.ts';
import { Ses } from '../../../../emulator/aws/ses/ses.ts';
import { behindGateway } from '../../../support/account.ts';
import { REGION } from '../../../support/ids.ts';

const FROM = 'usher@mail.example.com';
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

interface AccountOptions {
  settings?: MailSettings;
  quirks?: Quirks;
  fault?: FaultRule;
}

/** An account that may send from example.com, and a client that speaks HTTP to it. */
async function anAccount({ settings = {}, quirks, fault }: AccountOptions = {}) {
  let now = Date.parse('2026-11-30T10:00:00Z');
  const clock = { now: () => new Date(now) };
  const ses = new Ses({ clock, region: REGION, quirks, settings: { verified: ['example.com'], ...settings } });
  const faults = new Faults(clock);
  if (fault) faults.add(fault);
  const { gateway, aws } = behindGateway({ SESv2: ses.service }, { faults });
  const { endpoint, close } = await gateway.listen();
  const requestHandler = new NodeHttpHandler();
  open.push(() => requestHandler.destroy(), close);
  const client = new SESv2Client({ ...aws, endpoint, requestHandler });
  return {
    ses,
    client,
    pass(seconds: number) {
      now += seconds * 1000;
    },
    send: (parts: Partial<SendEmailRequest> = {}) => client.send(new SendEmailCommand(aMail(parts))),
  };
}

type Simple = NonNullable<NonNullable<SendEmailRequest['Content']>['Simple']>;

function aMail(parts: Partial<SendEmailRequest> = {}): SendEmailRequest {
  return {
    FromEmailAddress: FROM,
    Destination: { ToAddresses: ['ana@example.org'] },
    Content: { Simple: aContent() },
    ...parts,
  };
}

function aContent(parts: Partial<Simple> = {}): Simple {
  return {
    Subject: { Data: 'Sie haben einen Platz für Kiro', Charset: 'UTF-8' },
    Body: { Text: { Data: 'Grüße', Charset: 'UTF-8' }, Html: { Data: '<p>Grüße</p>', Charset: 'UTF-8' } },
    ...parts,
  };
}

/** A message whose content differs from the example. */
function withContent(parts: Partial<Simple>): Partial<SendEmailRequest> {
  return { Content: { Simple: aContent(parts) } };
}

function headers(count: number) {
  return Array.from({ length: count }, (_, index) => ({ Name: `X-${index}`, Value: 'v' }));
}

function to(count: number) {
  return { ToAddresses: Array.from({ length: count }, (_, index) => `a${index}@example.org`) };
}

describe('SendEmail', () => {
  it('accepts a message and keeps it in the outbox', async () => {
    const { send, ses } = await anAccount({ settings: { configurationSets: ['usher'] } });
    const { MessageId } = await send({
      FromEmailAddress: `Acme IT <${FROM}>`,
      ReplyToAddresses: ['it@example.com'],
      ConfigurationSetName: 'usher',
      EmailTags: [{ Name: 'kind', Value: 'assigned' }],
      ...withContent({ Headers: [{ Name: 'Auto-Submitted', Value: 'auto-generated' }] }),
    });
    expect(ses.outbox.mails()).toEqual([
      {
        messageId: MessageId,
        at: '2026-11-30T10:00:00.000Z',
        from: `Acme IT <${FROM}>`,
        replyTo: ['it@example.com'],
        to: ['ana@example.org'],
        subject: 'Sie haben einen Platz für Kiro',
        text: 'Grüße',
        html: '<p>Grüße</p>',
        headers: [{ name: 'Auto-Submitted', value: 'auto-generated' }],
        tags: [{ name: 'kind', value: 'assigned' }],
        configurationSet: 'usher',
      },
    ]);
  });

  it('sends with the default configuration set of the identity where a message names none', async () => {
    const settings = { configurationSets: ['usher'], defaultConfigurationSet: 'my-first-set' };
    const { client, send, ses } = await anAccount({ settings });
    await send();
    await send({ ConfigurationSetName: 'usher' });
    expect(ses.outbox.mails().map(({ configurationSet }) => configurationSet)).toEqual(['my-first-set', 'usher']);
    expect(await client.send(new GetEmailIdentityCommand({ EmailIdentity: 'example.com' }))).toMatchObject({
      ConfigurationSetName: 'my-first-set',
    });
  });

  it('gives every message an id of its own', async () => {
    const { send } = await anAccount();
    const ids = [await send(), await send(), await send()].map(({ MessageId }) => MessageId);
    expect(new Set(ids).size).toBe(3);
  });

  it.each<[string, Partial<SendEmailRequest>]>([
    ['no sender', { FromEmailAddress: undefined }],
    ['a sender that is no address', { FromEmailAddress: 'usher' }],
    ['a sender whose name is not ASCII', { FromEmailAddress: `Jürgen <${FROM}>` }],
    ['no recipient', { Destination: {} }],
    ['51 recipients', { Destination: to(51) }],
    [
      '51 recipients in three fields',
      { Destination: { ...to(20), CcAddresses: to(20).ToAddresses, BccAddresses: to(11).ToAddresses } },
    ],
    ['a recipient that is no address', { Destination: { ToAddresses: ['ana'] } }],
    ['a recipient with a line break', { Destination: { ToAddresses: ['ana@example.org\r\nBcc: eve@example.org'] } }],
    ['a recipient in Unicode', { Destination: { ToAddresses: ['änä@example.org'] } }],
    ['an answer address that is none', { ReplyToAddresses: ['it'] }],
    ['no content', { Content: undefined }],
    ['a content that the emulator does not have', { Content: { Raw: { Data: Buffer.from('Subject: a\r\n\r\nb') } } }],
    ['no subject', withContent({ Subject: undefined })],
    ['an empty subject', withContent({ Subject: { Data: '', Charset: 'UTF-8' } })],
    ['a subject of two lines', withContent({ Subject: { Data: 'a\r\nBcc: eve@example.org', Charset: 'UTF-8' } })],
    ['a subject in Unicode without a charset', withContent({ Subject: { Data: 'für' } })],
    ['no body', withContent({ Body: undefined })],
    ['a body without a part', withContent({ Body: {} })],
    ['16 headers', withContent({ Headers: headers(16) })],
    ['a header twice', withContent({ Headers: [...headers(1), { Name: 'x-0', Value: 'w' }] })],
    ['a header that Amazon SES sets', withContent({ Headers: [{ Name: 'Reply-To', Value: 'it@example.com' }] })],
    ['a header with a colon in its name', withContent({ Headers: [{ Name: 'X:', Value: 'v' }] })],
    ['a header name of 127 characters', withContent({ Headers: [{ Name: 'X'.repeat(127), Value: 'v' }] })],
    ['a header value of 996 characters', withContent({ Headers: [{ Name: 'X', Value: 'v'.repeat(996) }] })],
    ['a header of 997 characters', withContent({ Headers: [{ Name: 'X'.repeat(100), Value: 'v'.repeat(897) }] })],
    ['a header value with a line break', withContent({ Headers: [{ Name: 'X', Value: 'a\nb' }] })],
    ['a tag with a space', { EmailTags: [{ Name: 'a b', Value: 'c' }] }],
    ['a tag of 257 characters', { EmailTags: [{ Name: 'a', Value: 'b'.repeat(257) }] }],
  ])('refuses %s', async (_name, parts) => {
    const { send, ses } = await anAccount();
    await expect(send(parts)).rejects.toBeInstanceOf(BadRequestException);
    expect(ses.outbox.mails()).toEqual([]);
  });

  it.each<[string, Partial<SendEmailRequest>]>([
    ['50 recipients', { Destination: to(50) }],
    ['15 headers', withContent({ Headers: headers(15) })],
    ['a header of 996 characters', withContent({ Headers: [{ Name: 'X'.repeat(100), Value: 'v'.repeat(896) }] })],
    ['a body of text alone', withContent({ Body: { Text: { Data: 'ASCII' } } })],
  ])('accepts %s', async (_name, parts) => {
    const { send } = await anAccount({ settings: { perSecond: 50 } });
    await expect(send(parts)).resolves.toHaveProperty('MessageId');
  });

  it.each<[string, AccountOptions, new (...args: never[]) => Error, Partial<SendEmailRequest>?]>([
    ['of a suspended account', { settings: { sending: 'suspended' } }, AccountSuspendedException],
    ['while sending is paused', { settings: { sending: 'paused' } }, SendingPausedException],
    ['with a configuration set that does not exist', {}, NotFoundException, { ConfigurationSetName: 'usher' }],
    ['from an identity that is not verified', { settings: { verified: ['example.net'] } }, MessageRejected],
    [
      'from an identity that is not verified yet',
      { settings: { verified: [], pending: ['example.com'] } },
      MessageRejected,
    ],
    [
      'from such an identity, by the other class',
      { settings: { verified: [] }, quirks: { unverifiedSender: 'MailFromDomainNotVerifiedException' } },
      MailFromDomainNotVerifiedException,
    ],
    ['out of the sandbox', { settings: { sandbox: true } }, MessageRejected],
    ['when it throttles', { fault: { operation: 'SESv2.SendEmail', kind: 'throttle' } }, TooManyRequestsException],
    ['over a limit', { fault: { operation: 'SESv2.SendEmail', kind: 'quota' } }, LimitExceededException],
    [
      'with a server error',
      { fault: { operation: 'SESv2.SendEmail', kind: 'internal' } },
      InternalServiceErrorException,
    ],
  ])('answers %s with a class of the SDK', async (_name, options, expected, parts) => {
    const { send, ses } = await anAccount(options);
    await expect(send(parts)).rejects.toBeInstanceOf(expected);
    expect(ses.outbox.mails()).toEqual([]);
  });

  it('names the identity in a rejection, as AWS does', async () => {
    const { send } = await anAccount({ settings: { sandbox: true } });
    await expect(send()).rejects.toThrow('failed the check in region US-EAST-1: ana@example.org');
  });

  it.each(['example.com', 'mail.example.com', 'EXAMPLE.com', FROM])('sends from an address of %s', async (identity) => {
    const { send } = await anAccount({ settings: { verified: [identity] } });
    await expect(send()).resolves.toHaveProperty('MessageId');
  });

  it.each(['xample.com', 'deep.mail.example.com', 'Usher@mail.example.com'])(
    'sends from no address of another identity: %s',
    async (identity) => {
      const { send } = await anAccount({ settings: { verified: [identity] } });
      await expect(send()).rejects.toBeInstanceOf(MessageRejected);
    },
  );

  it.each(['ana@example.com', 'success@simulator.amazonses.com'])(
    'sends from the sandbox to a verified address and to the simulator: %s',
    async (address) => {
      const { send } = await anAccount({ settings: { sandbox: true } });
      await expect(send({ Destination: { ToAddresses: [address] } })).resolves.toHaveProperty('MessageId');
    },
  );

  it.each([
    ['TooManyRequestsException', TooManyRequestsException],
    ['LimitExceededException', LimitExceededException],
    ['ThrottlingException', SESv2ServiceException],
  ] as const)('answers over the quota of 24 hours with %s', async (overMailQuota, expected) => {
    const { send, pass } = await anAccount({ settings: { perDay: 2 }, quirks: { overMailQuota } });
    await send();
    await send();
    const refused = await send().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(expected);
    expect(refused).toMatchObject({ name: overMailQuota, message: 'Daily message quota exceeded.' });
    pass(24 * 3600 - 1);
    await expect(send()).rejects.toBeInstanceOf(expected);
    pass(61);
    await expect(send()).resolves.toHaveProperty('MessageId');
  });

  it('does not count the simulator against the quota of 24 hours', async () => {
    const { send } = await anAccount({ settings: { perDay: 1 } });
    for (let sent = 0; sent < 3; sent += 1)
      await send({ Destination: { ToAddresses: ['bounce@simulator.amazonses.com'] } });
    await expect(send()).resolves.toHaveProperty('MessageId');
  });

  it('takes no more recipients per second than the account may have', async () => {
    const { send, pass } = await anAccount({ settings: { perSecond: 2 } });
    await send();
    await send();
    await expect(send()).rejects.toThrow('Maximum sending rate exceeded.');
    pass(0.5);
    await send();
    await expect(send()).rejects.toBeInstanceOf(TooManyRequestsException);
    pass(1);
    await send({ Destination: to(2) });
    await expect(send()).rejects.toBeInstanceOf(TooManyRequestsException);
  });

  it.each(['internal-after', 'crash-after', 'timeout-after'] as const)(
    'keeps a message whose answer is lost: %s',
    async (kind) => {
      const { send, ses } = await anAccount({ fault: { operation: 'SESv2.SendEmail', kind } });
      await expect(send()).rejects.toBeInstanceOf(InternalServiceErrorException);
      expect(ses.outbox.mails()).toHaveLength(1);
    },
  );

  it('keeps the newest 500 messages', async () => {
    const { ses } = await anAccount();
    const { send } = await anAccount();
    await send();
    const mail = {
      at: '2026-11-30T10:00:00.000Z',
      from: FROM,
      replyTo: [],
      to: [],
      subject: 'a',
      headers: [],
      tags: [],
    };
    const ids = Array.from({ length: 501 }, () => ses.outbox.add(mail, 1).messageId);
    expect(ses.outbox.mails().map(({ messageId }) => messageId)).toEqual(ids.slice(1));
  });
});

describe('GetAccount', () => {
  it('describes an account that may send', async () => {
    const { client, send } = await anAccount();
    await send();
    await expect(client.send(new GetAccountCommand())).resolves.toMatchObject({
      ProductionAccessEnabled: true,
      SendingEnabled: true,
      EnforcementStatus: 'HEALTHY',
      SendQuota: { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 1 },
    });
  });

  it.each<[MailSettings, object]>([
    [{ sandbox: true }, { ProductionAccessEnabled: false, SendQuota: { Max24HourSend: 200, MaxSendRate: 1 } }],
    [{ sending: 'paused' }, { SendingEnabled: false, EnforcementStatus: 'HEALTHY' }],
    [{ sending: 'suspended' }, { SendingEnabled: false, EnforcementStatus: 'SHUTDOWN' }],
  ])('describes an account with %o', async (settings, expected) => {
    const { client } = await anAccount({ settings });
    await expect(client.send(new GetAccountCommand())).resolves.toMatchObject(expected);
  });

  it('answers once per second', async () => {
    const { client, pass } = await anAccount();
    await client.send(new GetAccountCommand());
    await expect(client.send(new GetAccountCommand())).rejects.toBeInstanceOf(TooManyRequestsException);
    pass(1);
    await client.send(new GetAccountCommand());
  });
});

describe('GetEmailIdentity', () => {
  it.each<[string, MailSettings, object]>([
    [FROM, { verified: [FROM] }, { IdentityType: 'EMAIL_ADDRESS', VerifiedForSendingStatus: true }],
    ['example.com', {}, { IdentityType: 'DOMAIN', VerificationStatus: 'SUCCESS', VerifiedForSendingStatus: true }],
    ['Example.COM', {}, { VerifiedForSendingStatus: true }],
    ['example.net', { pending: ['example.net'] }, { VerificationStatus: 'PENDING', VerifiedForSendingStatus: false }],
  ])('describes %s', async (EmailIdentity, settings, expected) => {
    const { client } = await anAccount({ settings });
    await expect(client.send(new GetEmailIdentityCommand({ EmailIdentity }))).resolves.toMatchObject(expected);
  });

  it('does not find an identity that does not exist', async () => {
    const { client } = await anAccount();
    const command = new GetEmailIdentityCommand({ EmailIdentity: 'mail.example.com' });
    await expect(client.send(command)).rejects.toBeInstanceOf(NotFoundException);
  });
});
