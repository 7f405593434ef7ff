import * as z from 'zod/mini';
import { jsonIn } from '../../domain/shared/json.ts';
import { digestOf, type Queues, type ReceivedMessage } from '../aws/sqs/queues.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import { TaskError } from './invocations.ts';

/** With `messages: twice`: how much later a message comes that was handled. */
const REPEATED_AFTER_SECONDS = 30;

/** What a function answers to a batch. */
const Answer = z.nullish(z.object({ batchItemFailures: z.nullish(z.array(z.object({ itemIdentifier: z.string() }))) }));

/** A queue whose messages Lambda takes to a function. */
export interface EventSource {
  /** Name of the queue. */
  queue: string;
  queueArn: string;
  region: string;
  /** Most messages of an invocation. */
  batchSize: number;
  /** Most invocations at once. */
  concurrency: number;
  /** Whether every message that was handled comes once more. */
  isRepeating: boolean;
}

/**
 * An event source mapping of Lambda with `ReportBatchItemFailures`: invokes a function with the messages of a queue, and
 * deletes those that it does not report as failed. The others come again when their visibility timeout is over.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export class EventSourceMapping {
  readonly #time: VirtualTime;
  readonly #queues: Queues;
  readonly #source: EventSource;
  readonly #invoke: (payload: string) => Promise<string>;
  /** Ids of the messages that come once more. */
  readonly #repeated = new Set<string>();
  #running = 0;
  #cancelPoll: () => void = () => undefined;

  /** @param invoke invokes the function with a payload in JSON; @throws TaskError if it fails */
  constructor(
    { time, queues }: { time: VirtualTime; queues: Queues },
    source: EventSource,
    invoke: (payload: string) => Promise<string>,
  ) {
    this.#time = time;
    this.#queues = queues;
    this.#source = source;
    this.#invoke = invoke;
    queues.onChange(source.queue, () => this.poll());
  }

  /** Takes what is visible, and plans the next look. */
  poll(): void {
    this.#cancelPoll();
    const { queue, batchSize, concurrency } = this.#source;
    if (!this.#queues.has(queue)) return;
    while (this.#running < concurrency) {
      const batch = this.#queues.receive(queue, batchSize);
      if (batch.length === 0) break;
      this.#handle(batch);
    }
    const next = this.#queues.nextVisibleAt(queue);
    // The end of an invocation polls again.
    if (next === undefined || this.#running >= concurrency) return;
    const seconds = Math.max(0, next - this.#time.now().getTime()) / 1000;
    this.#cancelPoll = this.#time.after(seconds, () => this.poll());
  }

  /** Not awaited: the invocation itself stops time while it works. */
  #handle(batch: readonly ReceivedMessage[]): void {
    this.#running += 1;
    this.#invoke(JSON.stringify({ Records: batch.map((message) => this.#recordOf(message)) }))
      .then(
        (output) => this.#settle(batch, failedIn(output)),
        // All messages come again.
        (error: unknown) => {
          if (!(error instanceof TaskError)) throw error;
        },
      )
      .then(
        () => {
          this.#running -= 1;
          this.poll();
        },
        (error: unknown) => this.#time.during(() => Promise.reject(error)),
      );
  }

  /** @param failed ids of the messages that failed; undefined if all did */
  #settle(batch: readonly ReceivedMessage[], failed: ReadonlySet<string> | undefined): void {
    const { queue, isRepeating } = this.#source;
    if (failed === undefined || !this.#queues.has(queue)) return;
    for (const { id, receipt } of batch) {
      if (failed.has(id)) continue;
      if (isRepeating && !this.#repeated.has(id)) {
        this.#repeated.add(id);
        this.#queues.hide(queue, receipt, REPEATED_AFTER_SECONDS);
      } else {
        this.#queues.remove(queue, receipt);
      }
    }
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
  #recordOf({ id, body, receipt, sentAt, received }: ReceivedMessage): object {
    const { queueArn, region } = this.#source;
    return {
      messageId: id,
      receiptHandle: receipt,
      body,
      attributes: {
        ApproximateReceiveCount: String(received),
        SentTimestamp: String(sentAt),
        SenderId: 'AIDALOCAL',
        ApproximateFirstReceiveTimestamp: String(sentAt),
      },
      messageAttributes: {},
      md5OfBody: digestOf(body),
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: region,
    };
  }
}

/** Returns the ids of the messages that a function reports as failed; undefined if that means all of them. */
function failedIn(output: string): ReadonlySet<string> | undefined {
  const { success, data } = Answer.safeParse(jsonIn(output));
  const ids = success ? (data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier) : [''];
  return ids.includes('') ? undefined : new Set(ids);
}
