import { SESv2Client, SendEmailCommand, type SendEmailCommandInput } from '@aws-sdk/client-sesv2';
import type { Message } from '../../domain/notices/message.ts';
import type { NoticeSettings } from '../../domain/notices/schema.ts';
import { senderOf } from '../../domain/notices/sender.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { COMMON_ERRORS } from '../aws-errors.ts';
import { type ClientSettings, clientFactory } from '../clients.ts';
import { askWith, malformedAnswer } from '../requests.ts';
import { MALFORMED_ANSWER, property } from '../translate-error.ts';
import { SES_ERRORS } from './errors.ts';

/** What Amazon SES answers. `throttled` and `refused`: it has dropped the message, for now or for good. */
export type SendOutcome = { outcome: 'sent'; messageId: string } | { outcome: 'throttled' | 'refused'; reason: string };

/** Sends notices. */
export interface Mailer {
  /**
   * Sends one message to one address, once: Amazon SES knows no second copy.
   *
   * @param mail `uid` of the notice, for the message of an error
   * @throws TransientAwsError where no one knows whether it was sent
   */
  send(mail: { uid: string; to: string; message: Message }): Promise<SendOutcome>;
}

/** Creates the mailer of these settings on top of the SDK. */
function sesMailer(client: SESv2Client, settings: NoticeSettings): Mailer {
  const operation = 'SendEmail';
  const ask = askWith(SES_ERRORS);
  return {
    async send({ uid, to, message }) {
      const command = new SendEmailCommand(inputOf(to, message, settings));
      try {
        return await ask(operation, [`notice ${uid}`], async (): Promise<SendOutcome> => {
          try {
            const { MessageId } = await client.send(command);
            if (!MessageId) throw malformedAnswer(operation, 'MessageId');
            return { outcome: 'sent', messageId: MessageId };
          } catch (error) {
            const refusedForNow = exceptionForNow(error);
            if (refusedForNow !== undefined) return { outcome: 'throttled', reason: refusedForNow };
            throw error;
          }
        });
      } catch (error) {
        if (error instanceof TransientAwsError && error.isThrottled)
          return { outcome: 'throttled', reason: 'throttled' };
        if (!(error instanceof RefusedError)) throw error;
        // An answer that cannot be read is no refusal: the message may well be on its way.
        if (error.reason === MALFORMED_ANSWER) throw new TransientAwsError(error.message);
        return { outcome: 'refused', reason: error.reason };
      }
    },
  };
}

/** Returns the name of an exception with which AWS says that it has not done it now; undefined for any other error. */
function exceptionForNow(error: unknown): string | undefined {
  const name = property(error, 'name');
  return [...SES_ERRORS, ...COMMON_ERRORS].find(({ exception, as }) => exception === name && as === 'transient')
    ?.exception;
}

function inputOf(to: string, { subject, text, html }: Message, settings: NoticeSettings): SendEmailCommandInput {
  const { from, replyTo, configurationSet } = settings;
  return {
    FromEmailAddress: senderOf(settings),
    Destination: { ToAddresses: [to] },
    ...(replyTo === undefined ? {} : { ReplyToAddresses: [replyTo] }),
    ...(configurationSet === undefined ? {} : { ConfigurationSetName: configurationSet }),
    Content: {
      Simple: {
        Subject: { Data: oneLine(subject), Charset: 'UTF-8' },
        Body: { Text: { Data: text, Charset: 'UTF-8' }, Html: { Data: html, Charset: 'UTF-8' } },
        Headers: [
          // "auto-generated" keeps out-of-office replies away (RFC 3834); mail programs sort by the list's id (RFC 2919).
          { Name: 'Auto-Submitted', Value: 'auto-generated' },
          { Name: 'List-Id', Value: `<usher-notices.${from.slice(from.lastIndexOf('@') + 1)}>` },
        ],
      },
    },
  };
}

/** A line break in the value of a header would begin another header. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

const sesClient = clientFactory(SESv2Client);

/** Connects to Amazon SES with the client of these settings. */
export function connectMailer(aws: ClientSettings, settings: NoticeSettings): Mailer {
  return sesMailer(sesClient(aws), settings);
}
