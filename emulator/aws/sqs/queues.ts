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
/** A message with the receipt of its latest receive. */
export type ReceivedMessage = Message & { receipt: string };

/** The messages of each queue, by its name. */
export const QueueContentsSchema = z.record(z.string(), z.array(MessageSchema));
type QueueContents = z.infer<typeof QueueContentsSchema>;

/** How a queue is deployed. */
export interface QueueProperties {
  /** How long a received message is hidden unless the receive says otherwise: 30 seconds if left out. */
  visibilitySeconds?: number;
  /** Where a message goes that was received this often and never deleted. */
  redrive?: { deadLetters: string; maxReceives: number };
}

interface Queue extends QueueProperties {
  messages: Message[];
}

/** Of all deployed queues: the longest that SQS allows. */
const RETENTION_MILLISECONDS = 14 * 86_400_000;
const USUAL_VISIBILITY_SECONDS = 30;

const QueueUrl = z.string().check(z.maxLength(1024));
const VisibilityTimeout = z.int().check(z.minimum(0), z.maximum(43_200));

const UrlInput = z.object({ QueueUrl });
const QueueNameInput = z.object({ QueueName: z.string() });
const SendInput = z.object({ QueueUrl, MessageBody: z.string().check(z.minLength(1)) });
/** The default of queues until 2025, which is stricter than the 1 MiB of newer ones. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** Characters that a body must not have. */
const NOT_IN_BODIES = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const ReceiveInput = z.object({
  QueueUrl,
  MaxNumberOfMessages: z._default(z.int().check(z.minimum(1), z.maximum(10)), 1),
  VisibilityTimeout: z.optional(VisibilityTimeout),
});
const ReceiptInput = z.object({ QueueUrl, ReceiptHandle: z.string() });
const VisibilityInput = z.object({ QueueUrl, ReceiptHandle: z.string(), VisibilityTimeout });

/** The queues that are deployed, served as SQS. */
export class Queues {
  readonly service: Service;
  readonly #clock: Clock;
  readonly #account: string;
  readonly #region: string;
  readonly #queues: Map<string, Queue>;
  readonly #listeners = new Map<string, () => void>();
  #messages = 0;

  /** @param names of the queues that exist from the start */
  constructor(names: readonly string[], options: { clock: Clock; account: string; region: string }) {
    this.#clock = options.clock;
    this.#account = options.account;
    this.#region = options.region;
    this.#queues = new Map(names.map((name) => [name, { messages: [] }]));
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

  /** Makes a queue. One that exists keeps its messages. */
  create(name: string, properties: QueueProperties): void {
    this.#queues.set(name, { ...properties, messages: this.#queues.get(name)?.messages ?? [] });
  }

  /** Deletes a queue with its messages. */
  delete(name: string): void {
    this.#queues.delete(name);
  }

  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Calls a listener whenever a message of a queue may have become visible, or will at another time. */
  onChange(name: string, listener: () => void): void {
    this.#listeners.set(name, listener);
  }

  contents(): QueueContents {
    return Object.fromEntries([...this.#queues.keys()].map((name) => [name, [...this.#messagesOf(name)]]));
  }

  restore(contents: QueueContents): void {
    for (const [name, messages] of Object.entries(contents)) {
      const queue = this.#queues.get(name);
      if (queue) queue.messages = messages;
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
    this.#changed(name);
    return id;
  }

  /**
   * Receives visible messages and hides them. One that was received too often goes to the dead letters instead, with its age.
   *
   * @param seconds how long they are hidden; as the queue says if left out
   */
  receive(name: string, most: number, seconds?: number): ReceivedMessage[] {
    const now = this.#now();
    const { visibilitySeconds = USUAL_VISIBILITY_SECONDS, redrive } = this.#queueOf(name);
    const visible = this.#messagesOf(name).filter(({ visibleAt }) => visibleAt <= now);
    const dead = visible.filter(({ received }) => redrive !== undefined && received >= redrive.maxReceives);
    for (const message of dead) this.#moveTo(redrive?.deadLetters ?? '', message, name);
    const live = visible.filter((message) => !dead.includes(message)).slice(0, most);
    return live.map((message) => {
      message.received += 1;
      message.visibleAt = now + (seconds ?? visibilitySeconds) * 1000;
      const receipt = `${message.id}#${message.received}`;
      message.receipt = receipt;
      return { ...message, receipt };
    });
  }

  /** Deletes a message by the receipt of its latest receive. */
  remove(name: string, receipt: string): void {
    const messages = this.#messagesOf(name);
    const index = messages.findIndex((message) => message.receipt === receipt);
    if (index >= 0) messages.splice(index, 1);
  }

  /** Hides a message from now on for these seconds. @returns whether the receipt is that of its latest receive */
  hide(name: string, receipt: string, seconds: number): boolean {
    const message = this.#messagesOf(name).find((one) => one.receipt === receipt);
    if (message) message.visibleAt = this.#now() + seconds * 1000;
    this.#changed(name);
    return message !== undefined;
  }

  /** Returns when the first message of a queue is visible, in milliseconds since the epoch; undefined if it has none. */
  nextVisibleAt(name: string): number | undefined {
    const times = this.#messagesOf(name).map(({ visibleAt }) => visibleAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  #moveTo(to: string, message: Message, from: string): void {
    this.#messagesOf(from).splice(this.#messagesOf(from).indexOf(message), 1);
    this.#messagesOf(to).push({ ...message, received: 0, visibleAt: this.#now(), receipt: undefined });
    this.#changed(to);
  }

  #changed(url: string): void {
    this.#listeners.get(nameIn(url))?.();
  }

  #urlOf(name: string): string {
    if (!this.#queues.has(name)) throw queueDoesNotExist();
    return `https://sqs.${this.#region}.amazonaws.com/${this.#account}/${name}`;
  }

  #queueOf(url: string): Queue {
    const queue = this.#queues.get(nameIn(url));
    if (!queue) throw queueDoesNotExist();
    return queue;
  }

  /** Returns the messages that the queue still keeps. */
  #messagesOf(url: string): Message[] {
    const { messages } = this.#queueOf(url);
    const oldest = this.#now() - RETENTION_MILLISECONDS;
    // The list stays the same one: callers change it.
    while (messages.some(({ sentAt }) => sentAt <= oldest)) {
      messages.splice(
        messages.findIndex(({ sentAt }) => sentAt <= oldest),
        1,
      );
    }
    return messages;
  }

  #attributes(url: string): Record<string, string> {
    const messages = this.#messagesOf(url);
    const hidden = messages.filter(({ visibleAt }) => visibleAt > this.#now()).length;
    return {
      QueueArn: `arn:aws:sqs:${this.#region}:${this.#account}:${nameIn(url)}`,
      ApproximateNumberOfMessages: String(messages.length - hidden),
      ApproximateNumberOfMessagesNotVisible: String(hidden),
    };
  }

  #send({ QueueUrl: url, MessageBody: body }: z.infer<typeof SendInput>): object {
    if (NOT_IN_BODIES.test(body))
      throw new ServiceError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
    if (Buffer.byteLength(body) > BODY_LIMIT_BYTES)
      throw new ServiceError('InvalidParameterValue', 'The message must be shorter than 262144 bytes.');
    return { MessageId: this.add(url, body), MD5OfMessageBody: digestOf(body) };
  }

  #receive({ QueueUrl: url, MaxNumberOfMessages, VisibilityTimeout: seconds }: z.infer<typeof ReceiveInput>): object {
    const found = this.receive(url, MaxNumberOfMessages, seconds);
    this.#changed(url);
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
    this.remove(url, ReceiptHandle);
    return {};
  }

  #hide({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: seconds }: z.infer<typeof VisibilityInput>): object {
    if (this.hide(url, ReceiptHandle, seconds)) return {};
    throw new ServiceError('ReceiptHandleIsInvalid', 'The receipt handle is not valid.');
  }
}

/** Returns the name of a queue from its URL, or from its name. */
function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

function queueDoesNotExist(): ServiceError {
  return new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
}

/** Returns the digest of a body that SQS sends with it. */
export function digestOf(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
