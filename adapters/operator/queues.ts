import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { asking, listIn, malformed } from '../requests.ts';

/** A message that was received, and that nobody else receives for a while. */
export interface Message {
  id: string;
  /** By which this receiver deletes it or gives it back. */
  receipt: string;
  body: string;
  sentAt: Date | undefined;
}

/**
 * Dead-letter queues.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Queues {
  /** About how many messages there are, those that somebody has received just now, too; undefined when there is no such queue. */
  size(name: string): Promise<number | undefined>;
  /** All that nobody has received, hidden from everybody else for so many seconds; undefined when there is no such queue. */
  receiveAll(name: string, hiddenSeconds: number): Promise<readonly Message[] | undefined>;
  /** Lets others receive it at once. */
  giveBack(name: string, message: Message): Promise<void>;
  /** For good. */
  remove(name: string, message: Message): Promise<void>;
}

/**
 * SQS.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 */
const SQS_ERRORS: readonly ErrorRow[] = [
  { exception: 'RequestThrottled', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'KmsThrottled', as: 'transient', because: 'KMS throttles requests for the key of the queue.' },
  { exception: 'KmsAccessDenied', as: 'kms-access-denied', because: 'The caller may not use the key of the queue.' },
  {
    exception: 'AccessDenied',
    as: 'access-denied',
    because: 'You do not have sufficient access to perform this action.',
  },
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: 'You do not have sufficient access to perform this action.',
  },
];

/** What one call receives at most. */
const MESSAGES_A_CALL = 10;
/** A receive asks only some of SQS's servers: it is empty for good when it was so often in a row. */
const EMPTY_RECEIVES = 3;

/** The queues of SQS, over the SDK. */
export function sqsQueues(client: SQSClient): Queues {
  const ask = asking(SQS_ERRORS);

  async function urlOf(name: string): Promise<string | undefined> {
    return ask('GetQueueUrl', [`queue ${name}`], async () => {
      try {
        const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
        if (!QueueUrl) throw malformed('GetQueueUrl', 'QueueUrl');
        return QueueUrl;
      } catch (error) {
        if (error instanceof QueueDoesNotExist) return undefined;
        throw error;
      }
    });
  }

  return {
    async size(name) {
      const QueueUrl = await urlOf(name);
      if (QueueUrl === undefined) return undefined;
      const { Attributes = {} } = await ask('GetQueueAttributes', [`queue ${name}`], () =>
        client.send(
          new GetQueueAttributesCommand({
            QueueUrl,
            AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
          }),
        ),
      );
      return (
        Number(Attributes['ApproximateNumberOfMessages'] ?? 0) +
        Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0)
      );
    },

    async receiveAll(name, hiddenSeconds) {
      const QueueUrl = await urlOf(name);
      if (QueueUrl === undefined) return undefined;
      const found = new Map<string, Message>();
      for (let empty = 0; empty < EMPTY_RECEIVES; ) {
        const { Messages } = await ask('ReceiveMessage', [`queue ${name}`], () =>
          client.send(
            new ReceiveMessageCommand({
              QueueUrl,
              MaxNumberOfMessages: MESSAGES_A_CALL,
              VisibilityTimeout: hiddenSeconds,
              MessageSystemAttributeNames: ['SentTimestamp'],
            }),
          ),
        );
        const messages = listIn(Messages ?? [], 'ReceiveMessage', 'Messages');
        empty = messages.length === 0 ? empty + 1 : 0;
        for (const { MessageId, ReceiptHandle, Body = '', Attributes } of messages) {
          if (!(MessageId && ReceiptHandle)) throw malformed('ReceiveMessage', 'Messages');
          const sent = Number(Attributes?.SentTimestamp);
          // At least once: a second copy comes with a newer receipt.
          found.set(MessageId, {
            id: MessageId,
            receipt: ReceiptHandle,
            body: Body,
            sentAt: Number.isFinite(sent) ? new Date(sent) : undefined,
          });
        }
      }
      return [...found.values()];
    },

    async giveBack(name, { receipt, id }) {
      const QueueUrl = await urlOf(name);
      await ask('ChangeMessageVisibility', [`message ${id}`], () =>
        client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receipt, VisibilityTimeout: 0 })),
      );
    },

    async remove(name, { receipt, id }) {
      const QueueUrl = await urlOf(name);
      await ask('DeleteMessage', [`message ${id}`], () =>
        client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
      );
    },
  };
}

/** {@link sqsQueues} with a client of its own. */
export function connectQueues(settings: ClientSettings): Queues {
  // With an endpoint of one's own, the host in a queue's URL means nothing.
  const own = settings.endpoint === undefined ? {} : { useQueueUrlAsEndpoint: false };
  return sqsQueues(new SQSClient({ ...settings, ...own }));
}
