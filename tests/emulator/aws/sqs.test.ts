import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { Queues } from '../../../emulator/aws/sqs/queues.ts';
import { behindGateway } from '../../support/account.ts';

const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/queue';

describe('SendMessage', () => {
  it.each([
    ['takes a body of 256 KiB', 'a'.repeat(256 * 1024), 'taken'],
    ['refuses a body of a byte more', 'a'.repeat(256 * 1024 + 1), 'InvalidParameterValue'],
    ['counts bytes, not characters', 'ä'.repeat(128 * 1024 + 1), 'InvalidParameterValue'],
    ['takes a character outside the plane of most', '\u{1F600}\t', 'taken'],
    ['refuses a control character', 'a\u0001', 'InvalidMessageContents'],
    ['refuses an empty body', '', 'ValidationException'],
  ])('%s', async (_fact, MessageBody, expected) => {
    const clock = { now: () => new Date(0), sleep: async () => undefined };
    const queues = new Queues(['queue'], { clock, account: '000000000000', region: 'us-east-1' });
    const client = new SQSClient(behindGateway({ SQS: queues.service }).aws);
    const outcome = await client.send(new SendMessageCommand({ QueueUrl, MessageBody })).then(
      () => 'taken',
      ({ name }: Error) => name,
    );
    expect(outcome).toBe(expected);
    expect(queues.contents()['queue']).toHaveLength(expected === 'taken' ? 1 : 0);
  });
});
