// @module-tag long
import { expect, it } from 'vitest';
import { user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';

const operator = anOperator({ people: 3, members: 2 });
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';

const send = (queue: string, body: object) =>
  operator.call('AmazonSQS.SendMessage', { QueueUrl: `x/${queue}`, MessageBody: JSON.stringify(body) });
const waitInVain = ['--user', 'userName:never', '--expected', '--wait-seconds', '0', '--wait'];

/** What each command prints is checked against the schema of its type wherever a test runs it with `--json`. */
it('status, doctor, redrive and start print every type of line that they have', async () => {
  const types = new Set<unknown>();
  const run = async (...args: readonly string[]) => {
    for (const { type } of linesOf((await operator.run(...args, '--json')).out)) types.add(type);
  };
  await run('status', '--executions');
  await run('start', ...waitInVain);
  await operator.call('AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE, input: '{"scope":"tick"}' });
  await operator.call('AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE, input: '{"scope":"tick"}' });
  await send('usher-local-undelivered-events', { userId: user(1) });
  await send('usher-local-unrecorded-failures', {});
  await operator.fault({ operation: 'SQS.GetQueueAttributes', kind: 'refuse', times: 1 });
  await run('status');
  await run('status', '--executions');
  await run('status', '--executions', '--limit', '1');
  await run('doctor');
  await run('redrive', '--yes', '--wait');
  expect([...types].sort()).toEqual([
    'attempt',
    'attention',
    'check',
    'end',
    'error',
    'execution',
    'failure',
    'fold',
    'message',
    'more',
    'none',
    'queue',
    'redrive',
    'start',
    'state',
    'status',
    'unread',
  ]);
});
