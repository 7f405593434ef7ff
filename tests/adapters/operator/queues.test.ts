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
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { connectQueues, sqsQueues } from '../../../adapters/operator/queues.ts';
import { awsError } from '../../support/aws.ts';

const URL = 'https://sqs.us-east-1.amazonaws.com/111122223333/q';
const MESSAGE = { MessageId: 'm', ReceiptHandle: 'r', Body: '{}', Attributes: { SentTimestamp: '1000' } };

function theQueues() {
  const client = new SQSClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  aws.on(GetQueueUrlCommand).resolves({ QueueUrl: URL });
  return { aws, queues: sqsQueues(client) };
}

describe('a queue', () => {
  it('counts what is visible and what is not', async () => {
    const { aws, queues } = theQueues();
    aws
      .on(GetQueueAttributesCommand)
      .resolvesOnce({ Attributes: { ApproximateNumberOfMessages: '2', ApproximateNumberOfMessagesNotVisible: '3' } })
      .resolvesOnce({});
    expect(await queues.size('q')).toBe(5);
    expect(await queues.size('q')).toBe(0);
  });

  it('is asked until it is empty for good, and gives each message once, with its newest receipt', async () => {
    const { aws, queues } = theQueues();
    aws
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [MESSAGE] })
      .resolvesOnce({})
      .resolvesOnce({
        Messages: [
          { ...MESSAGE, ReceiptHandle: 's', Attributes: {} },
          { MessageId: 'n', ReceiptHandle: 't' },
        ],
      })
      .resolves({ Messages: [] });
    expect(await queues.receiveAll('q', 60)).toEqual([
      { id: 'm', receipt: 's', body: '{}', sentAt: undefined },
      { id: 'n', receipt: 't', body: '', sentAt: undefined },
    ]);
    expect(aws.commandCalls(ReceiveMessageCommand)).toHaveLength(6);
  });

  it('tells when a message was sent', async () => {
    const { aws, queues } = theQueues();
    aws
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [MESSAGE] })
      .resolves({});
    expect(await queues.receiveAll('q', 60)).toMatchObject([{ sentAt: new Date(1000) }]);
  });

  it('that is not there is undefined', async () => {
    const { aws, queues } = theQueues();
    aws.on(GetQueueUrlCommand).rejects(new QueueDoesNotExist({ message: '', $metadata: {} }));
    expect(await queues.size('q')).toBeUndefined();
    expect(await queues.receiveAll('q', 60)).toBeUndefined();
    expect(await queues.sender('q')).toBeUndefined();
  });

  it('is sent one message after another', async () => {
    const { aws, queues } = theQueues();
    aws.on(SendMessageCommand).resolves({ MessageId: 'm' });
    const send = await queues.sender('q');
    for (const body of ['one', 'two']) await send?.(body);
    expect(aws.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { QueueUrl: URL, MessageBody: 'one' },
      { QueueUrl: URL, MessageBody: 'two' },
    ]);
    expect(aws.commandCalls(GetQueueUrlCommand)).toHaveLength(1);
  });

  it('gives back what it received before AWS failed', async () => {
    const { aws, queues } = theQueues();
    aws
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [{ MessageId: 'm', ReceiptHandle: 'r' }] })
      .rejects(awsError('RequestThrottled'));
    await expect(queues.receiveAll('q', 60)).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(aws.commandCalls(ChangeMessageVisibilityCommand).map(({ args: [{ input }] }) => input)).toMatchObject([
      { ReceiptHandle: 'r', VisibilityTimeout: 0 },
    ]);
  });

  it('rejects answers that lack what they must have', async () => {
    const { aws, queues } = theQueues();
    aws.on(ReceiveMessageCommand).resolves({ Messages: [{ MessageId: 'm' }] });
    await expect(queues.receiveAll('q', 60)).rejects.toThrow('ReceiveMessage: Messages is missing');
    aws.on(GetQueueUrlCommand).resolves({});
    await expect(queues.size('q')).rejects.toThrow('GetQueueUrl: QueueUrl is missing');
  });

  it.each([
    ['AccessDenied', { name: 'RefusedError', reason: 'access-denied' }],
    ['KmsAccessDenied', { name: 'RefusedError', reason: 'kms-access-denied' }],
    ['RequestThrottled', { name: 'TransientAwsError' }],
  ])('fails with %s as AWS does', async (name, expected) => {
    const { aws, queues } = theQueues();
    aws.on(DeleteMessageCommand).rejects(awsError(name));
    await expect(queues.remove('q', { id: 'm', receipt: 'r', body: '', sentAt: undefined })).rejects.toMatchObject(
      expected,
    );
    aws.on(GetQueueUrlCommand).rejects(awsError(name));
    await expect(queues.size('q')).rejects.toMatchObject(expected);
  });

  it.each([[{}], [{ endpoint: 'http://127.0.0.1:1' }]])('connects with %j', (more) => {
    expect(connectQueues({ region: 'us-east-1', maxAttempts: 1, ...more })).toHaveProperty('receiveAll');
  });
});
