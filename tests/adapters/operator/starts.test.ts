import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { cloudTrailStarts } from '../../../adapters/operator/starts.ts';
import { awsError, collected } from '../../support/aws.ts';

const MACHINE = 'arn:aws:states:us-east-1:111122223333:stateMachine:usher-prod-onboarding';
const EXECUTION = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:one';
const SESSION = 'arn:aws:sts::111122223333:assumed-role/Admin/session';
const [FROM, TO] = [new Date('2026-11-30T10:00:00Z'), new Date('2026-11-30T10:02:00Z')];

function theTrail() {
  const client = new CloudTrailClient({ region: 'us-east-1' });
  let paced = 0;
  const pacer = {
    pace: async () => {
      paced += 1;
    },
  };
  return { aws: mockClient(client), starts: cloudTrailStarts(client, pacer), paced: () => paced };
}

const record = (parts: object) => ({
  CloudTrailEvent: JSON.stringify({
    eventName: 'StartExecution',
    eventTime: '2026-11-30T10:01:00Z',
    userIdentity: { type: 'AssumedRole', arn: SESSION },
    requestParameters: { stateMachineArn: MACHINE, name: 'one', input: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    responseElements: { executionArn: EXECUTION },
    ...parts,
  }),
});
const START = { execution: EXECUTION, at: new Date('2026-11-30T10:01:00Z'), by: SESSION };

describe('the starts that CloudTrail has recorded', () => {
  it('are read by pages, at a pace', async () => {
    const { aws, starts, paced } = theTrail();
    aws
      .on(LookupEventsCommand)
      .resolvesOnce({ Events: [record({})], NextToken: 'a' })
      .resolvesOnce({ Events: [] });
    expect(await collected(starts.between(FROM, TO))).toEqual([[START], []]);
    expect(paced()).toBe(2);
    expect(aws.commandCalls(LookupEventsCommand)[0]?.args[0].input).toMatchObject({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'StartExecution' }],
      StartTime: FROM,
      EndTime: TO,
    });
  });

  it.each<[string, object, object[]]>([
    [
      'of a rule names its service',
      { userIdentity: { arn: SESSION, invokedBy: 'events.amazonaws.com' } },
      [{ ...START, service: 'events.amazonaws.com' }],
    ],
    [
      'without an ARN names the service',
      { userIdentity: { type: 'AWSService', invokedBy: 'scheduler.amazonaws.com' } },
      [{ ...START, by: 'scheduler.amazonaws.com', service: 'scheduler.amazonaws.com' }],
    ],
    ['without response elements names the execution by its name', { responseElements: null }, [START]],
    ['that failed is none', { errorCode: 'AccessDenied', responseElements: null }, []],
    ['that does not say what it started is none', { responseElements: null, requestParameters: null }, []],
    ['of no one is none', { userIdentity: {} }, []],
    ['of another call is none', { eventName: 'StopExecution' }, []],
  ])('a record %s', async (_fact, parts, expected) => {
    const { aws, starts } = theTrail();
    aws.on(LookupEventsCommand).resolves({ Events: [record(parts)] });
    expect(await collected(starts.between(FROM, TO))).toEqual([expected]);
  });

  it('leave out what is no JSON', async () => {
    const { aws, starts } = theTrail();
    aws.on(LookupEventsCommand).resolves({ Events: [{}, { CloudTrailEvent: '{' }] });
    expect(await collected(starts.between(FROM, TO))).toEqual([[]]);
  });

  it.each([
    ['AccessDeniedException', { name: 'RefusedError', reason: 'access-denied' }],
    ['OperationNotPermittedException', { name: 'RefusedError', reason: 'access-denied' }],
    ['ThrottlingException', { name: 'TransientAwsError' }],
  ])('fail as AWS does: %s', async (exception, expected) => {
    const { aws, starts } = theTrail();
    aws.on(LookupEventsCommand).rejects(awsError(exception));
    await expect(collected(starts.between(FROM, TO))).rejects.toMatchObject(expected);
  });
});
