import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';

/** A message in a queue. Times are milliseconds since the epoch. */
const MessageSchema = z.object({
  id: z.string(),
  body: z.string(),
  sentAt: z.number(),
  /** Before this time no receive returns the message. */
  visibleAt: z.number(),
  received: z.int().check(z.minimum(0)),
  /** The receipt of the latest receive. An older receipt deletes nothing. */
  receipt: z.optional(z.string()),
});
type Message = z.infer<typeof MessageSchema>;

/** The messages of each queue, by its name. */
export const QueueContentsSchema = z.record(z.string(), z.array(MessageSchema));
type QueueContents = z.infer<typeof QueueContentsSchema>;

const QueueUrl = z.string().check(z.maxLength(1024));
const VisibilityTimeout = z.int().check(z.minimum(0), z.maximum(43_200));

const UrlInput = z.object({ QueueUrl });
const QueueNameInput = z.object({ QueueName: z.string() });
const SendInput = z.object({ QueueUrl, MessageBody: z.string().check(z.minLength(1)) });
const ReceiveInput = z.object({
  QueueUrl,
  MaxNumberOfMessages: z._default(z.int().check(z.minimum(1), z.maximum(10)), 1),
  VisibilityTimeout: z._default(VisibilityTimeout, 30),
});
const ReceiptInput = z.object({ QueueUrl, ReceiptHandle: z.string() });
const VisibilityInput = z.object({ QueueUrl, ReceiptHandle: z.string(), VisibilityTimeout });

/** The dead-letter queues, served as SQS. */
export class Queues {
  readonly service: Service;
  readonly #clock: Clock;
  readonly #account: string;
  readonly #region: string;
  readonly #queues: Map<string, Message[]>;
  #messages = 0;

  constructor(names: readonly string[], options: { clock: Clock; account: string; region: string }) {
    this.#clock = options.clock;
    this.#account = options.account;
    this.#region = options.region;
    this.#queues = new Map(names.map((name) => [name, []]));
    this.service = jsonService(
      'SQS',
      new Map([
        ['GetQueueUrl', operation(QueueNameInput, ({ QueueName }) => ({ QueueUrl: this.#urlOf(QueueName) }))],
        ['GetQueueAttributes', operation(UrlInput, (input) => ({ Attributes: this.#attributes(input.QueueUrl) }))],
        ['SendMessage', operation(SendInput, (input) => this.#send(input))],
        ['ReceiveMessage', operation(ReceiveInput, (input) => this.#receive(input))],
        ['DeleteMessage', operation(ReceiptInput, (input) => this.#delete(input))],
        ['ChangeMessageVisibility', operation(VisibilityInput, (input) => this.#hide(input))],
      ]),
    );
  }

  contents(): QueueContents {
    return Object.fromEntries(this.#queues);
  }

  restore(contents: QueueContents): void {
    for (const [name, messages] of Object.entries(contents)) {
      if (this.#queues.has(name)) this.#queues.set(name, messages);
      // Ids of messages that were deleted may have been higher; those that are left must stay unique.
      this.#messages = Math.max(this.#messages, ...messages.map(({ id }) => Number.parseInt(id.slice(-12), 16) || 0));
    }
  }

  /** Adds a message to a queue, as EventBridge does with an event that it gives up. */
  add(name: string, body: string): string {
    this.#messages += 1;
    const id = `00000000-0000-4000-8000-${this.#messages.toString(16).padStart(12, '0')}`;
    const now = this.#now();
    const message: Message = { id, body, sentAt: now, visibleAt: now, received: 0, receipt: undefined };
    this.#messagesOf(name).push(message);
    return id;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #urlOf(name: string): string {
    if (!this.#queues.has(name)) throw queueDoesNotExist();
    return `https://sqs.${this.#region}.amazonaws.com/${this.#account}/${name}`;
  }

  #messagesOf(url: string): Message[] {
    const messages = this.#queues.get(url.slice(url.lastIndexOf('/') + 1));
    if (!messages) throw queueDoesNotExist();
    return messages;
  }

  #attributes(url: string): Record<string, string> {
    const messages = this.#messagesOf(url);
    const hidden = messages.filter(({ visibleAt }) => visibleAt > this.#now()).length;
    const name = url.slice(url.lastIndexOf('/') + 1);
    return {
      QueueArn: `arn:aws:sqs:${this.#region}:${this.#account}:${name}`,
      ApproximateNumberOfMessages: String(messages.length - hidden),
      ApproximateNumberOfMessagesNotVisible: String(hidden),
    };
  }

  #send({ QueueUrl: url, MessageBody: body }: z.infer<typeof SendInput>): object {
    return { MessageId: this.add(url, body), MD5OfMessageBody: digestOf(body) };
  }

  #receive(input: z.infer<typeof ReceiveInput>): object {
    const now = this.#now();
    const found = this.#messagesOf(input.QueueUrl)
      .filter(({ visibleAt }) => visibleAt <= now)
      .slice(0, input.MaxNumberOfMessages);
    for (const message of found) {
      message.received += 1;
      message.visibleAt = now + input.VisibilityTimeout * 1000;
      message.receipt = `${message.id}#${message.received}`;
    }
    if (found.length === 0) return {};
    return {
      Messages: found.map(({ id, body, receipt, sentAt, received }) => ({
        MessageId: id,
        Body: body,
        MD5OfBody: digestOf(body),
        ReceiptHandle: receipt,
        Attributes: { SentTimestamp: String(sentAt), ApproximateReceiveCount: String(received) },
      })),
    };
  }

  #delete({ QueueUrl: url, ReceiptHandle }: z.infer<typeof ReceiptInput>): object {
    const messages = this.#messagesOf(url);
    const index = messages.findIndex(({ receipt }) => receipt === ReceiptHandle);
    if (index >= 0) messages.splice(index, 1);
    return {};
  }

  #hide({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: seconds }: z.infer<typeof VisibilityInput>): object {
    const message = this.#messagesOf(url).find(({ receipt }) => receipt === ReceiptHandle);
    if (!message) throw new ServiceError('ReceiptHandleIsInvalid', 'The receipt handle is not valid.');
    message.visibleAt = this.#now() + seconds * 1000;
    return {};
  }
}

function queueDoesNotExist(): ServiceError {
  return new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
}

function digestOf(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
