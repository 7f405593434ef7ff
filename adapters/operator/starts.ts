import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import * as z from 'zod/mini';
import { jsonIn } from '../../domain/shared/json.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { askWith, listIn, pages } from '../requests.ts';
import { CLOUDTRAIL_ERRORS } from './cloudtrail-errors.ts';

/** Who started an execution, as CloudTrail has recorded it. */
export interface RecordedStart {
  /** ARN of the execution. */
  execution: string;
  at: Date;
  /** ARN of the caller: of a role, that of its session. */
  by: string;
  /** The service that called for the caller, if one did: `events.amazonaws.com`, … */
  service?: string;
}

/**
 * The calls of StartExecution that CloudTrail has recorded in this account and Region: it keeps 90 days.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Starts {
  /** Newest first, by pages. */
  between(from: Date, to: Date): AsyncIterable<readonly RecordedStart[]>;
}

/** The most that one call returns. */
const EVENTS_PER_PAGE = 50;

const RecordSchema = z.object({
  eventName: z.literal('StartExecution'),
  eventTime: z.string(),
  errorCode: z.optional(z.string()),
  userIdentity: z.object({
    arn: z.optional(z.string()),
    principalId: z.optional(z.string()),
    invokedBy: z.optional(z.string()),
  }),
  requestParameters: z.nullish(z.object({ stateMachineArn: z.optional(z.string()), name: z.optional(z.string()) })),
  responseElements: z.nullish(z.object({ executionArn: z.optional(z.string()) })),
});

/** The calls of StartExecution, over the SDK. */
export function cloudTrailStarts(client: CloudTrailClient, pacer: Pacer): Starts {
  const ask = askWith(CLOUDTRAIL_ERRORS, pacer);
  const operation = 'LookupEvents';
  return {
    async *between(from, to) {
      for await (const { events } of pages(operation, (NextToken) =>
        ask(operation, ['calls of StartExecution'], async () => {
          const command = new LookupEventsCommand({
            // AWS takes one attribute, and records the execution in no resource.
            LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'StartExecution' }],
            StartTime: from,
            EndTime: to,
            MaxResults: EVENTS_PER_PAGE,
            NextToken,
          });
          const { Events, NextToken: next } = await client.send(command);
          return { events: Events, NextToken: next };
        }),
      )) {
        yield listIn(events ?? [], operation, 'Events').flatMap(
          ({ CloudTrailEvent }) => startIn(CloudTrailEvent) ?? [],
        );
      }
    },
  };
}

/** Parses a record; undefined if it is that of a call that failed, or does not say what it started. */
function startIn(record: string | undefined): RecordedStart | undefined {
  const { success, data } = z.safeParse(RecordSchema, jsonIn(record));
  if (!success || data.errorCode) return undefined;
  const { userIdentity, requestParameters, responseElements } = data;
  const { stateMachineArn, name } = requestParameters ?? {};
  const named =
    stateMachineArn !== undefined && name !== undefined
      ? `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`
      : undefined;
  const execution = responseElements?.executionArn ?? named;
  const { arn, principalId, invokedBy } = userIdentity;
  const by = arn ?? invokedBy ?? principalId;
  if (execution === undefined || by === undefined) return undefined;
  return { execution, at: new Date(data.eventTime), by, ...(invokedBy === undefined ? {} : { service: invokedBy }) };
}

/** {@link cloudTrailStarts} with a client of its own. */
export function connectStarts(settings: ClientSettings, pacer: Pacer): Starts {
  return cloudTrailStarts(new CloudTrailClient(settings), pacer);
}
