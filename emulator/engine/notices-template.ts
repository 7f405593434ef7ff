import * as z from 'zod/mini';
import type { EventPattern } from '../aws/eventbridge/event-pattern.ts';
import { TableSchema } from './table-schema.ts';

const PatternSchema = z.custom<EventPattern>((value) => typeof value === 'object' && value !== null);

const NoticesFile = z.object({
  Resources: z.object({
    AuditToNotices: z.object({ Properties: z.object({ EventPattern: PatternSchema }) }),
    Notices: z.object({
      Properties: z.object({
        VisibilityTimeout: z.int(),
        RedrivePolicy: z.object({ maxReceiveCount: z.int() }),
      }),
    }),
    NoticesToNotifyUser: z.object({
      Properties: z.object({
        BatchSize: z.int(),
        FunctionResponseTypes: z.tuple([z.literal('ReportBatchItemFailures')]),
        ScalingConfig: z.object({ MaximumConcurrency: z.int() }),
      }),
    }),
    NoticesTable: z.object({ Properties: TableSchema }),
  }),
});
const FunctionFile = z.object({ notifyUser: z.object({ timeout: z.int() }) });

/** What is deployed only with notices. */
export interface NoticesTemplate {
  /** Pattern of the rule on the audit bus. */
  pattern: EventPattern;
  queue: { visibilitySeconds: number; maxReceives: number };
  mapping: { batchSize: number; concurrency: number };
  /** Time limit of notifyUser. */
  timeoutSeconds: number;
  /** Properties of the table of notices, without its name. */
  table: z.infer<typeof TableSchema>;
}

/** Parses `deploy/notices.yml` and `deploy/notify-user.yml`. @throws ZodError */
export function noticesTemplateIn(notices: unknown, notifyUser: unknown): NoticesTemplate {
  const { AuditToNotices, Notices, NoticesToNotifyUser, NoticesTable } = NoticesFile.parse(notices).Resources;
  const { VisibilityTimeout, RedrivePolicy } = Notices.Properties;
  const { BatchSize, ScalingConfig } = NoticesToNotifyUser.Properties;
  return {
    pattern: AuditToNotices.Properties.EventPattern,
    queue: { visibilitySeconds: VisibilityTimeout, maxReceives: RedrivePolicy.maxReceiveCount },
    mapping: { batchSize: BatchSize, concurrency: ScalingConfig.MaximumConcurrency },
    timeoutSeconds: FunctionFile.parse(notifyUser).notifyUser.timeout,
    table: NoticesTable.Properties,
  };
}
