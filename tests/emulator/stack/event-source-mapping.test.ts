import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { Queues } from '../../../emulator/aws/sqs/queues.ts';
import { VirtualTime } from '../../../emulator/engine/virtual-time.ts';
import { EventSourceMapping } from '../../../emulator/stack/event-source-mapping.ts';
import { Invocations } from '../../../emulator/stack/invocations.ts';
import { behindGateway } from '../../support/account.ts';
import { REGION } from '../../support/ids.ts';

const START = new Date('2026-11-01T10:00:00Z');
const ACCOUNT = '000000000000';
const QUEUE_URL = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/notices`;

/** What a function answers to a batch, after some seconds. */
type Handler = (event: SQSEvent, attempt: number) => unknown;

interface Options {
  handler: Handler;
  maxReceives?: number;
  isRepeating?: boolean;
  /** How long each invocation takes. */
  seconds?: number;
}

/** A queue with a visibility timeout of ten minutes, and a function that Lambda invokes with its messages. */
function mapping({ handler, maxReceives = 3, isRepeating = false, seconds = 0 }: Options) {
  const time = new VirtualTime(START);
  const queues = new Queues(['dead'], { clock: time, account: ACCOUNT, region: REGION });
  queues.create('notices', { visibilitySeconds: 600, redrive: { deadLetters: 'dead', maxReceives } });
  const invocations = new Invocations(time);
  /** The bodies of each invocation, and the second at which it began. */
  const invoked: { at: number; bodies: string[] }[] = [];
  const events: SQSEvent[] = [];
  let running = 0;
  let most = 0;
  const invoke = (payload: string) =>
    invocations.invoke(
      'notifyUser',
      async (event) => {
        const batch = event as SQSEvent;
        const at = (time.now().getTime() - START.getTime()) / 1000;
        invoked.push({ at, bodies: batch.Records.map(({ body }) => body) });
        events.push(batch);
        running += 1;
        most = Math.max(most, running);
        try {
          if (seconds > 0) await invocations.sleep(seconds);
          return handler(batch, invoked.length);
        } finally {
          running -= 1;
        }
      },
      payload,
      60,
    );
  const source = { queue: 'notices', queueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:notices`, region: REGION };
  const one = new EventSourceMapping(
    { time, queues },
    { ...source, batchSize: 10, concurrency: 2, isRepeating },
    invoke,
  );
  return { time, queues, invoked, events, one, most: () => most };
}

function bodies(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${index + 1}`);
}

function failing({ Records }: SQSEvent, ...failed: string[]) {
  const ids = Records.filter(({ body }) => failed.includes(body)).map(({ messageId }) => messageId);
  return { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };
}

describe('an event source mapping', () => {
  it('invokes the function with a message as Lambda has it, and deletes the message', async () => {
    const { time, queues, events } = mapping({ handler: () => ({ batchItemFailures: [] }) });
    const messageId = queues.add('notices', '{"a":1}');
    await time.runUntilIdle();
    expect(events).toEqual([
      {
        Records: [
          {
            messageId,
            receiptHandle: expect.any(String),
            body: '{"a":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: String(START.getTime()),
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: String(START.getTime()),
            },
            messageAttributes: {},
            md5OfBody: 'bb6cb5c68df4652941caf652a366f2d8',
            eventSource: 'aws:sqs',
            eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:notices`,
            awsRegion: REGION,
          },
        ],
      },
    ]);
    expect(queues.contents()).toEqual({ dead: [], notices: [] });
  });

  it('takes a message that a client sends', async () => {
    const { time, queues, invoked } = mapping({ handler: () => null });
    const { aws } = behindGateway({ SQS: queues.service });
    await new SQSClient(aws).send(new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: 'again' }));
    await time.runUntilIdle();
    expect(invoked).toEqual([{ at: 0, bodies: ['again'] }]);
  });

  it('takes at most ten messages at once, in at most two invocations', async () => {
    const { time, queues, invoked, one, most } = mapping({ handler: () => null, seconds: 20 });
    queues.restore({
      notices: bodies(35).map((body, index) => ({
        id: `id-${index}`,
        body,
        sentAt: START.getTime(),
        visibleAt: START.getTime(),
        received: 0,
      })),
    });
    one.poll();
    await time.runUntilIdle();
    expect(invoked.map(({ at, bodies: { length } }) => [at, length])).toEqual([
      [0, 10],
      [0, 10],
      [20, 10],
      [20, 5],
    ]);
    expect(most()).toBe(2);
    expect(queues.contents()['notices']).toEqual([]);
  });

  it('takes the messages again that the function reports as failed, after ten minutes', async () => {
    const { time, queues, invoked } = mapping({
      handler: (event, attempt) => (attempt <= 2 ? failing(event, 'm2') : null),
    });
    for (const body of bodies(2)) queues.add('notices', body);
    await time.runUntilIdle();
    expect(invoked).toEqual([
      { at: 0, bodies: ['m1'] },
      { at: 0, bodies: ['m2'] },
      { at: 600, bodies: ['m2'] },
    ]);
  });

  it.each<[string, Handler]>([
    [
      'fails',
      () => {
        throw new Error('a bug');
      },
    ],
    ['answers with an empty id', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
    ['answers with no id', () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
    ['answers with another key', () => ({ batchItemFailures: [{ id: 'a' }] })],
    ['answers with a text', () => 'done'],
  ])('takes all messages again if the function %s', async (_name, handler) => {
    const { time, queues, invoked } = mapping({
      handler: (event, attempt) => (attempt === 1 ? handler(event, 1) : null),
    });
    queues.add('notices', 'm1');
    await time.runUntilIdle();
    expect(invoked).toEqual([
      { at: 0, bodies: ['m1'] },
      { at: 600, bodies: ['m1'] },
    ]);
  });

  it('takes all messages again if the function runs out of time', async () => {
    const { time, queues, invoked } = mapping({ handler: () => null, seconds: 61, maxReceives: 2 });
    queues.add('notices', 'm1');
    await time.runUntilIdle();
    expect(invoked.map(({ at }) => at)).toEqual([0, 600]);
    expect(queues.contents()['dead']).toMatchObject([{ body: 'm1' }]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no failures', { batchItemFailures: [] }],
    ['null as failures', { batchItemFailures: null }],
    ['an empty object', {}],
    ['the id of no message', { batchItemFailures: [{ itemIdentifier: 'other' }] }],
  ])('deletes all messages if the function answers with %s', async (_name, answer) => {
    const { time, queues, invoked } = mapping({ handler: () => answer });
    queues.add('notices', 'm1');
    await time.runUntilIdle();
    expect(invoked).toHaveLength(1);
    expect(queues.contents()['notices']).toEqual([]);
  });

  it('leaves a message to the dead letters that failed too often, with its id and its age', async () => {
    const { time, queues, invoked } = mapping({ handler: (event) => failing(event, 'm1') });
    const id = queues.add('notices', 'm1');
    await time.runUntilIdle();
    expect(invoked.map(({ at }) => at)).toEqual([0, 600, 1200]);
    expect(queues.contents()).toMatchObject({ notices: [], dead: [{ id, body: 'm1', sentAt: START.getTime() }] });
  });

  it('takes a message a second time that was handled, if SQS delivers it twice', async () => {
    const { time, queues, invoked } = mapping({ handler: () => null, isRepeating: true });
    queues.add('notices', 'm1');
    await time.runUntilIdle();
    expect(invoked.map(({ at }) => at)).toEqual([0, 30]);
    expect(queues.contents()['notices']).toEqual([]);
  });

  it('loses a message after 14 days', async () => {
    const { time, queues } = mapping({ handler: (event) => failing(event, 'm1'), maxReceives: 1 });
    queues.add('notices', 'm1');
    await time.runUntilIdle();
    time.advance(14 * 86_400 - 601);
    expect(queues.contents()['dead']).toHaveLength(1);
    time.advance(1);
    expect(queues.contents()['dead']).toEqual([]);
  });
});
