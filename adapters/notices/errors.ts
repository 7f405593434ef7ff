import type { ErrorRow } from '../aws-errors.ts';

const NOT_NOW = 'Too many requests have been made, or too many messages sent, for now. The message is dropped.';

/**
 * Exceptions of SendEmail. Amazon SES has dropped the message with each of them. Those of its rate and its daily quota are
 * worth another attempt, ten minutes later; which of the three names they have, AWS does not say.
 *
 * @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
 * @see https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
 */
export const SES_ERRORS: readonly ErrorRow[] = [
  { exception: 'TooManyRequestsException', as: 'transient', because: NOT_NOW },
  { exception: 'ThrottlingException', as: 'transient', because: NOT_NOW },
  { exception: 'LimitExceededException', as: 'transient', because: NOT_NOW },
  {
    exception: 'MessageRejected',
    text: 'not verified',
    as: 'address-not-verified',
    because: 'Amazon SES has not verified the sender or, in the sandbox, the recipient.',
  },
  { exception: 'MessageRejected', as: 'message-rejected', because: 'The message contains invalid content.' },
  {
    exception: 'MailFromDomainNotVerifiedException',
    as: 'address-not-verified',
    because: 'The sending domain is not verified.',
  },
  {
    exception: 'AccountSuspendedException',
    as: 'account-suspended',
    because: "The account's ability to send e-mail has been permanently restricted.",
  },
  {
    exception: 'SendingPausedException',
    as: 'sending-paused',
    because: "The account's ability to send e-mail is paused.",
  },
  { exception: 'BadRequestException', as: 'validation', because: 'The input is invalid.' },
  {
    exception: 'NotFoundException',
    as: 'sender-missing',
    because: 'The identity or the configuration set does not exist.',
  },
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'The role may not send from this address.' },
];
