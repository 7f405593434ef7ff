import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, malformedAnswer, undefinedIf } from '../requests.ts';

/** A received message. For a while, no other receiver gets it. */
export interface Message {
  id: string;
  /** The handle with which this receiver deletes the message or gives it back. */
  receipt: string;
  body: string;
  sentAt: Date | undefined;
}

/** How many messages a queue has, approximately. */
export interface QueueDepth {
  waiting: number;
  received: number;
}

/**
 * The queue of notices, and dead-letter queues.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Queues {
  /** The approximate number of messages, including received ones; undefined if there is no such queue. */
  size(name: string): Promise<number | undefined>;
  /** The approximate numbers of messages that wait, and of those that someone has received; undefined likewise. */
  depth(name: string): Promise<QueueDepth | undefined>;
  /**
   * Receives all visible messages and hides them for this many seconds; undefined if there is no such queue. If it fails, it
   * gives back what it has received.
   */
  receiveAll(name: string, hiddenSeconds: number): Promise<readonly Message[] | undefined>;
  /** Makes the message visible to all receivers at once. */
  giveBack(name: string, message: Message): Promise<void>;
  /** Deletes the message. */
  remove(name: string, message: Message): Promise<void>;
  /** Returns what sends messages to a queue, one by one; undefined if there is no such queue. */
  sender(name: string): Promise<((body: string) => Promise<void>) | undefined>;
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
const MESSAGES_PER_CALL = 10;
/** ReceiveMessage asks only some of SQS's servers: only this many empty answers in a row mean that the queue is empty. */
const EMPTY_RECEIVES = 3;

interface Receiving {
  /** Of the queue. */
  name: string;
  hiddenSeconds: number;
}

/** The queues of SQS, over the SDK. */
export function sqsQueues(client: SQSClient): Queues {
  const ask = askWith(SQS_ERRORS);

  async function urlOf(name: string): Promise<string | undefined> {
    const operation = 'GetQueueUrl';
    const found = await ask(operation, [`queue ${name}`], () =>
      undefinedIf(
        (error) => error instanceof QueueDoesNotExist,
        () => client.send(new GetQueueUrlCommand({ QueueName: name })),
      ),
    );
    if (found && !found.QueueUrl) throw malformedAnswer(operation, 'QueueUrl');
    return found?.QueueUrl;
  }

  async function depth(name: string): Promise<QueueDepth | undefined> {
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
    return {
      waiting: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
      received: Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
    };
  }

  async function giveBack(QueueUrl: string | undefined, { receipt, id }: Message): Promise<void> {
    await ask('ChangeMessageVisibility', [`message ${id}`], () =>
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receipt, VisibilityTimeout: 0 })),
    );
  }

  /** Adds all visible messages, by id. */
  async function receiveInto(found: Map<string, Message>, QueueUrl: string, { name, hiddenSeconds }: Receiving) {
    for (let empty = 0; empty < EMPTY_RECEIVES; ) {
      const { Messages } = await ask('ReceiveMessage', [`queue ${name}`], () =>
        client.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: MESSAGES_PER_CALL,
            VisibilityTimeout: hiddenSeconds,
            MessageSystemAttributeNames: ['SentTimestamp'],
          }),
        ),
      );
      const messages = listIn(Messages ?? [], 'ReceiveMessage', 'Messages');
      empty = messages.length === 0 ? empty + 1 : 0;
      for (const { MessageId, ReceiptHandle, Body = '', Attributes } of messages) {
        if (!(MessageId && ReceiptHandle)) throw malformedAnswer('ReceiveMessage', 'Messages');
        const sent = Number(Attributes?.SentTimestamp);
        // SQS delivers at least once: a second copy comes with a newer receipt.
        found.set(MessageId, {
          id: MessageId,
          receipt: ReceiptHandle,
          body: Body,
          sentAt: Number.isFinite(sent) ? new Date(sent) : undefined,
        });
      }
    }
  }

  return {
    async size(name) {
      const found = await depth(name);
      return found && found.waiting + found.received;
    },

    depth,

    async receiveAll(name, hiddenSeconds) {
      const QueueUrl = await urlOf(name);
      if (QueueUrl === undefined) return undefined;
      const found = new Map<string, Message>();
      try {
        await receiveInto(found, QueueUrl, { name, hiddenSeconds });
      } catch (error) {
        for (const message of found.values()) await giveBack(QueueUrl, message);
        throw error;
      }
      return [...found.values()];
    },

    giveBack: async (name, message) => giveBack(await urlOf(name), message),

    async remove(name, { receipt, id }) {
      const QueueUrl = await urlOf(name);
      await ask('DeleteMessage', [`message ${id}`], () =>
        client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
      );
    },

    async sender(name) {
      const QueueUrl = await urlOf(name);
      if (QueueUrl === undefined) return undefined;
      return async (body) => {
        await ask('SendMessage', [`queue ${name}`], () =>
          client.send(new SendMessageCommand({ QueueUrl, MessageBody: body })),
        );
      };
    },
  };
}

/** {@link sqsQueues} with a client of its own. */
export function connectQueues(settings: ClientSettings): Queues {
  // The host in a queue's URL is that of AWS: with another endpoint, it must be ignored.
  const own = settings.endpoint === undefined ? {} : { useQueueUrlAsEndpoint: false };
  return sqsQueues(new SQSClient({ ...settings, ...own }));
}
