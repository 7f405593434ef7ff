import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { ACCOUNT } from '../account/account.ts';
import { type Operation, operation, pageToken, parseJson, parsePageToken, ServiceError } from '../json-service.ts';
import { stateMachineArnOf } from '../step-functions/step-functions.ts';

/** The part of an execution that the record of its start has. */
interface Started {
  arn: string;
  name: string;
  input: string;
  startedAt: Date;
}

/** CloudTrail looks up the events of the last 90 days. */
const KEPT_MILLISECONDS = 90 * 86_400_000;
/** CloudTrail hides the input of an execution. */
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

const LookupInput = z.object({
  LookupAttributes: z
    .array(z.object({ AttributeKey: z.literal('EventName'), AttributeValue: z.string() }))
    .check(z.minLength(1), z.maxLength(1)),
  StartTime: z.optional(z.number()),
  EndTime: z.optional(z.number()),
  MaxResults: z._default(z.int().check(z.minimum(1), z.maximum(50)), 50),
  NextToken: z.optional(z.string()),
});

/**
 * Returns LookupEvents for the calls of StartExecution. AWS also records other calls; the emulator knows no caller of them.
 *
 * @param executions in the order of their starts
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function lookupStarts(executions: () => readonly Started[], clock: Clock): Operation {
  return operation(LookupInput, ({ LookupAttributes: [attribute], StartTime, EndTime, MaxResults, NextToken }) => {
    const now = clock.now().getTime();
    const from = Math.max((StartTime ?? 0) * 1000, now - KEPT_MILLISECONDS);
    const to = (EndTime ?? now / 1000) * 1000;
    if (StartTime !== undefined && StartTime * 1000 > to) {
      throw new ServiceError('InvalidTimeRangeException', 'The start time occurs after the end time');
    }
    const known = attribute?.AttributeValue === 'StartExecution' ? executions() : [];
    const newestFirst = known
      .filter(({ startedAt }) => startedAt.getTime() >= from && startedAt.getTime() <= to)
      .toReversed();
    const first = Number(parsePageToken('lookup', NextToken) ?? 0);
    const next = first + MaxResults;
    return {
      Events: newestFirst.slice(first, next).map(eventOf),
      NextToken: next < newestFirst.length ? pageToken('lookup', String(next)) : undefined,
    };
  });
}

function eventOf(started: Started): object {
  const { arn, name, input, startedAt } = started;
  const { by, service } = callerOf(input);
  const eventTime = startedAt.toISOString().replace(/\.\d+Z$/, 'Z');
  const stateMachineArn = stateMachineArnOf(arn);
  const record = {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      arn: by,
      accountId: ACCOUNT,
      ...(service === undefined ? {} : { invokedBy: service }),
    },
    eventTime,
    eventSource: 'states.amazonaws.com',
    eventName: 'StartExecution',
    requestParameters: { stateMachineArn, name, input: HIDDEN },
    responseElements: { executionArn: arn, startDate: eventTime },
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
  };
  return {
    EventName: 'StartExecution',
    EventSource: 'states.amazonaws.com',
    EventTime: Math.floor(startedAt.getTime() / 1000),
    ReadOnly: 'false',
    CloudTrailEvent: JSON.stringify(record),
  };
}

/** Requests have no caller in the emulator: only the input shows that the rule or the schedule made the start. */
function callerOf(input: string): { by: string; service?: string } {
  const session = (role: string, name: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${name}`;
  const value = parseJson(Buffer.from(input));
  const fields = typeof value === 'object' && value !== null ? value : {};
  if ('detail-type' in fields) return { by: session('usher-local-events', 'rule'), service: 'events.amazonaws.com' };
  if ('scope' in fields && fields.scope === 'tick') {
    return { by: session('usher-local-tick', 'schedule'), service: 'scheduler.amazonaws.com' };
  }
  return { by: session('Operator', 'local') };
}
