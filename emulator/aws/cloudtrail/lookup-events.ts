import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { ACCOUNT } from '../account/account.ts';
import { type Operation, operation, pageToken, parseJson, parsePageToken, ServiceError } from '../json-service.ts';
import { stateMachineArnOf } from '../step-functions/step-functions.ts';
import type { recordOf } from './cloudtrail.ts';

/** The part of an execution that the record of its start has. */
interface Started {
  arn: string;
  name: string;
  input: string;
  startedAt: Date;
}

/** CloudTrail looks up the events of the last 90 days. */
const KEPT_MILLISECONDS = 90 * 86_400_000;
const SCIM = 'identitystore-scim.amazonaws.com';
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

/** What CloudTrail has recorded, each in the order of time. */
export interface Recorded {
  executions(): readonly Started[];
  /** Records of changes in the identity store. */
  changes(): readonly ChangeRecord[];
}

/** The part of a record that LookupEvents looks at. */
type ChangeRecord = Pick<ReturnType<typeof recordOf>['detail'], 'eventName' | 'eventSource' | 'eventTime'>;

/**
 * Returns LookupEvents for the calls of StartExecution, and those that changed the identity store. Changes through SCIM are
 * not among them: AWS seems to record them in the management account, and the emulator is another one.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function lookupEvents({ executions, changes }: Recorded, clock: Clock): Operation {
  return operation(LookupInput, ({ LookupAttributes: [attribute], StartTime, EndTime, MaxResults, NextToken }) => {
    const now = clock.now().getTime();
    const from = Math.max((StartTime ?? 0) * 1000, now - KEPT_MILLISECONDS);
    const to = (EndTime ?? now / 1000) * 1000;
    if (StartTime !== undefined && StartTime * 1000 > to) {
      throw new ServiceError('InvalidTimeRangeException', 'The start time occurs after the end time');
    }
    const name = attribute?.AttributeValue;
    const isWithin = (time: number) => time >= from && time <= to;
    const events =
      name === 'StartExecution'
        ? executions()
            .filter(({ startedAt }) => isWithin(startedAt.getTime()))
            .map((started) => () => eventOf(startRecord(started)))
        : changes()
            .filter(({ eventName, eventTime }) => eventName === name && isWithin(Date.parse(eventTime)))
            .filter(({ eventSource }) => eventSource !== SCIM)
            .map((record) => () => eventOf(record));
    const newestFirst = events.toReversed();
    const first = Number(parsePageToken('lookup', NextToken) ?? 0);
    const next = first + MaxResults;
    return {
      Events: newestFirst.slice(first, next).map((event) => event()),
      NextToken: next < newestFirst.length ? pageToken('lookup', String(next)) : undefined,
    };
  });
}

function startRecord(started: Started) {
  const { arn, name, input, startedAt } = started;
  const { by, service } = callerOf(input);
  const eventTime = startedAt.toISOString().replace(/\.\d+Z$/, 'Z');
  const stateMachineArn = stateMachineArnOf(arn);
  return {
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
}

function eventOf(record: ChangeRecord): object {
  const { eventName, eventSource, eventTime } = record;
  return {
    EventName: eventName,
    EventSource: eventSource,
    EventTime: Date.parse(eventTime) / 1000,
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
