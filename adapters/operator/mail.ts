import { GetAccountCommand, GetEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, malformedAnswer, undefinedIf } from '../requests.ts';

/** An identity of Amazon SES: a domain or an address. */
export interface MailIdentity {
  /** Whether Amazon SES sends from it. */
  isVerified: boolean;
  /** `SUCCESS`, `PENDING`, `FAILED`, … */
  status: string;
  /** Whether messages are signed with DKIM. */
  isSigned: boolean;
  /** The configuration set with which Amazon SES sends what names none; undefined if there is none. */
  defaultSet: string | undefined;
}

/** What Amazon SES lets an account send in a Region. */
export interface MailAccount {
  /** Whether it sends to verified identities only. */
  isSandbox: boolean;
  isSending: boolean;
  /** `HEALTHY`, `PROBATION` or `SHUTDOWN`; undefined if AWS does not say it. */
  enforcement: string | undefined;
  /** Recipients within 24 hours: the most, and those of the last; undefined if there is no limit. */
  perDay: { most: number; sent: number } | undefined;
  /** Most recipients per second. */
  perSecond: number;
}

/**
 * Amazon SES, as far as it says who may send what.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface MailSettings {
  /** Describes an identity; undefined if the account has none of this name. */
  identity(name: string): Promise<MailIdentity | undefined>;
  account(): Promise<MailAccount>;
}

/** @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html */
const SES_ERRORS: readonly ErrorRow[] = [
  { exception: 'TooManyRequestsException', as: 'transient', because: 'Too many requests have been made.' },
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'InternalFailure', as: 'transient', because: 'Amazon SES failed.' },
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'You do not have sufficient access.' },
];

/** The settings of Amazon SES, over the SDK. */
export function sesSettings(client: SESv2Client): MailSettings {
  const ask = askWith(SES_ERRORS);
  return {
    async identity(name) {
      return ask('GetEmailIdentity', [`identity ${name}`], async () => {
        const found = await undefinedIf(
          (error) => error instanceof Error && error.name === 'NotFoundException',
          () => client.send(new GetEmailIdentityCommand({ EmailIdentity: name })),
        );
        if (!found) return undefined;
        const { VerifiedForSendingStatus, VerificationStatus = '', DkimAttributes, ConfigurationSetName } = found;
        if (VerifiedForSendingStatus === undefined)
          throw malformedAnswer('GetEmailIdentity', 'VerifiedForSendingStatus');
        return {
          isVerified: VerifiedForSendingStatus,
          status: VerificationStatus,
          isSigned: DkimAttributes?.SigningEnabled === true && DkimAttributes.Status === 'SUCCESS',
          defaultSet: ConfigurationSetName,
        };
      });
    },

    async account() {
      return ask('GetAccount', [], async () => {
        const { ProductionAccessEnabled, SendingEnabled, EnforcementStatus, SendQuota } = await client.send(
          new GetAccountCommand(),
        );
        const { Max24HourSend, MaxSendRate, SentLast24Hours } = SendQuota ?? {};
        if (ProductionAccessEnabled === undefined || SendingEnabled === undefined) {
          throw malformedAnswer('GetAccount', 'ProductionAccessEnabled or SendingEnabled');
        }
        if (Max24HourSend === undefined || MaxSendRate === undefined) throw malformedAnswer('GetAccount', 'SendQuota');
        return {
          isSandbox: !ProductionAccessEnabled,
          isSending: SendingEnabled,
          enforcement: EnforcementStatus,
          // "A value of -1 signifies an unlimited quota."
          perDay: Max24HourSend < 0 ? undefined : { most: Max24HourSend, sent: SentLast24Hours ?? 0 },
          perSecond: MaxSendRate,
        };
      });
    },
  };
}

/** {@link sesSettings} with a client of its own. */
export function connectMailSettings(settings: ClientSettings): MailSettings {
  return sesSettings(new SESv2Client(settings));
}
