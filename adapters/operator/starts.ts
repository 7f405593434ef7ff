import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import * as z from 'zod/mini';
import type { ClientSettings, Pacer } from '../clients.ts';
import { lookUpWith } from './lookup-events.ts';

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

/** The calls of StartExecution, over the SDK. CloudTrail records the execution in no resource. */
export function cloudTrailStarts(client: CloudTrailClient, pacer: Pacer): Starts {
  const lookUp = lookUpWith(client, pacer);
  return {
    async *between(from, to) {
      for await (const page of lookUp('StartExecution', from, to))
        yield page.flatMap((record) => startIn(record) ?? []);
    },
  };
}

/** Parses a record; undefined if it is that of a call that failed, or does not say what it started. */
function startIn(record: unknown): RecordedStart | undefined {
  const { success, data } = RecordSchema.safeParse(record);
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
