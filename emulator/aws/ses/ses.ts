import { inLowerDomain } from '../../../domain/notices/identity.ts';
import type { NoticeSettings } from '../../../domain/notices/schema.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import { type Quirks, USUAL } from '../identity-center/quirks.ts';
import { jsonService, type Service, ServiceError } from '../json-service.ts';
import { isVerified, type MailAccount, type MailSettings, mailAccountOf } from './mail-settings.ts';
import { type Mail, Outbox } from './outbox.ts';
import { addressIn, parseSendEmail, recipientsOf, type SendEmail } from './send-email-input.ts';
import { SendRate } from './send-rate.ts';

/** Anyone may send to it, and it does not count against the quota of 24 hours. */
const SIMULATOR = '@simulator.amazonses.com';
/** AWS allows one GetAccount per second. */
const ACCOUNT_READS_PER_SECOND = 1;

/** What an account of Amazon SES is made of. */
export interface SesOptions {
  clock: Pick<Clock, 'now'>;
  region: string;
  /** The notices that the account may send unless the settings say otherwise. */
  notices?: NoticeSettings | undefined;
  settings?: MailSettings | undefined;
  quirks?: Quirks | undefined;
  /** Called with each message that is accepted. */
  onMail?(mail: Mail): void;
}

/**
 * Amazon SES, version 2, with SendEmail, GetAccount and GetEmailIdentity. It delivers nothing: what it accepts is in its outbox.
 *
 * @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Operations.html
 */
export class Ses {
  readonly service: Service;
  readonly outbox = new Outbox();
  readonly #options: SesOptions;
  readonly #quirks: { overMailQuota: string; unverifiedSender: string };
  readonly #sends = new SendRate();
  readonly #accountReads = new SendRate();
  #settings: MailSettings;
  #notices: NoticeSettings | undefined;

  constructor(options: SesOptions) {
    this.#options = options;
    this.#settings = options.settings ?? {};
    this.#notices = options.notices;
    const { overMailQuota = USUAL.overMailQuota, unverifiedSender = USUAL.unverifiedSender } = options.quirks ?? {};
    this.#quirks = { overMailQuota, unverifiedSender };
    this.service = jsonService(
      'SESv2',
      new Map([
        ['SendEmail', (input: object) => this.#send(parseSendEmail(input))],
        ['GetAccount', () => this.#describeAccount()],
        ['GetEmailIdentity', (input: object) => this.#describeIdentity(input)],
      ]),
    );
  }

  /** Changes the account from now on; what the settings leave out stays. */
  change(settings: MailSettings): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  /** Lets the account send other notices, where no settings say otherwise. */
  configure(notices: NoticeSettings | undefined): void {
    this.#notices = notices;
  }

  #account(): MailAccount {
    return mailAccountOf(this.#settings, this.#notices);
  }

  #now(): Date {
    return this.#options.clock.now();
  }

  #send(input: SendEmail): { MessageId: string } {
    const account = this.#account();
    this.#requireAllowed(input, account);
    const recipients = recipientsOf(input.Destination);
    const counted = recipients.filter((recipient) => !isSimulator(recipient)).length;
    if (this.outbox.sentWithinDay(this.#now()) + counted > account.perDay)
      throw this.#overQuota('Daily message quota exceeded.');
    if (!this.#sends.take(this.#now(), { perSecond: account.perSecond, amount: recipients.length }))
      throw this.#overQuota('Maximum sending rate exceeded.');
    const { ConfigurationSetName = account.defaultConfigurationSet } = input;
    const mail = this.outbox.add(mailOf({ ...input, ConfigurationSetName }, this.#now()), counted);
    this.#options.onMail?.(mail);
    return { MessageId: mail.messageId };
  }

  /** @throws ServiceError */
  #requireAllowed({ FromEmailAddress, Destination, ConfigurationSetName }: SendEmail, account: MailAccount): void {
    if (account.sending === 'suspended')
      throw new ServiceError('AccountSuspendedException', 'Sending is suspended for this account.');
    if (account.sending === 'paused')
      throw new ServiceError('SendingPausedException', 'Sending is paused for this account.');
    if (ConfigurationSetName !== undefined && !account.configurationSets.includes(ConfigurationSetName))
      throw notFound(`Configuration set <${ConfigurationSetName}> does not exist.`);
    const from = addressIn(FromEmailAddress) ?? '';
    if (!isVerified(from, account)) throw this.#unverified(this.#quirks.unverifiedSender, [FromEmailAddress]);
    if (!account.sandbox) return;
    const refused = recipientsOf(Destination).filter(
      (recipient) => !(isSimulator(recipient) || isVerified(addressIn(recipient) ?? '', account)),
    );
    if (refused.length > 0) throw this.#unverified('MessageRejected', refused);
  }

  /** As AWS has it, the message names the addresses. */
  #unverified(code: string, identities: readonly string[]): ServiceError {
    const region = this.#options.region.toUpperCase();
    const failed = `The following identities failed the check in region ${region}: ${identities.join(', ')}`;
    return new ServiceError(code, `Email address is not verified. ${failed}`);
  }

  #overQuota(message: string): ServiceError {
    const code = this.#quirks.overMailQuota;
    return new ServiceError(code, message, { statusCode: code === 'TooManyRequestsException' ? 429 : 400 });
  }

  #describeAccount(): object {
    const reads = { perSecond: ACCOUNT_READS_PER_SECOND, amount: 1 };
    if (!this.#accountReads.take(this.#now(), reads))
      throw new ServiceError('TooManyRequestsException', 'Rate exceeded', { statusCode: 429 });
    const { sandbox, sending, perDay, perSecond } = this.#account();
    return {
      DedicatedIpAutoWarmupEnabled: false,
      EnforcementStatus: sending === 'suspended' ? 'SHUTDOWN' : 'HEALTHY',
      ProductionAccessEnabled: !sandbox,
      SendingEnabled: sending === 'enabled',
      SendQuota: {
        Max24HourSend: perDay,
        MaxSendRate: perSecond,
        SentLast24Hours: this.outbox.sentWithinDay(this.#now()),
      },
    };
  }

  #describeIdentity(input: object): object {
    const identity = 'EmailIdentity' in input ? String(input.EmailIdentity) : '';
    const { verified, pending, defaultConfigurationSet } = this.#account();
    const isIn = (identities: readonly string[]) => identities.map(inLowerDomain).includes(inLowerDomain(identity));
    const isSuccess = isIn(verified);
    if (!(isSuccess || isIn(pending))) throw notFound(`Email identity <${identity}> does not exist.`);
    const status = isSuccess ? 'SUCCESS' : 'PENDING';
    const isAddress = identity.includes('@');
    return {
      IdentityType: isAddress ? 'EMAIL_ADDRESS' : 'DOMAIN',
      FeedbackForwardingStatus: true,
      VerifiedForSendingStatus: isSuccess,
      VerificationStatus: status,
      DkimAttributes: {
        SigningEnabled: !isAddress,
        Status: isAddress ? 'NOT_STARTED' : status,
        SigningAttributesOrigin: 'AWS_SES',
      },
      MailFromAttributes: { BehaviorOnMxFailure: 'USE_DEFAULT_VALUE' },
      ...(defaultConfigurationSet === undefined ? {} : { ConfigurationSetName: defaultConfigurationSet }),
      Policies: {},
      Tags: [],
    };
  }
}

function notFound(message: string): ServiceError {
  return new ServiceError('NotFoundException', message, { statusCode: 404 });
}

function isSimulator(recipient: string): boolean {
  return addressIn(recipient)?.toLowerCase().endsWith(SIMULATOR) ?? false;
}

function mailOf(input: SendEmail, now: Date): Omit<Mail, 'messageId'> {
  const { Simple } = input.Content;
  const { Subject, Body, Headers } = Simple;
  const pairs = (list: readonly { Name: string; Value: string }[]) =>
    list.map(({ Name, Value }) => ({ name: Name, value: Value }));
  return {
    at: now.toISOString(),
    from: input.FromEmailAddress,
    replyTo: input.ReplyToAddresses,
    to: recipientsOf(input.Destination),
    subject: Subject.Data,
    text: Body.Text?.Data,
    html: Body.Html?.Data,
    headers: pairs(Headers),
    tags: pairs(input.EmailTags),
    configurationSet: input.ConfigurationSetName,
  };
}
