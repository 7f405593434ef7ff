import type * as z from 'zod/mini';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { ExplanationLineSchema, ReplayLineSchema } from './events.ts';
import { ExecutionLineSchema, StartLineSchema, StateLineSchema } from './executions.ts';
import { AuditEventLineSchema } from './history.ts';
import { LocalLineSchema, TriggerLineSchema } from './local.ts';
import { SummaryLineSchema } from './play.ts';
import { RestorationLineSchema, RestoreLineSchema } from './restore.ts';
import {
  FindingLineSchema,
  ProfileLineSchema,
  SubscriptionCountLineSchema,
  SubscriptionLineSchema,
  TotalLineSchema,
} from './subscriptions.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  'audit-event': AuditEventLineSchema,
  error: ErrorLineSchema,
  explanation: ExplanationLineSchema,
  none: NoneLineSchema,
  replay: ReplayLineSchema,
  start: StartLineSchema,
  local: LocalLineSchema,
  trigger: TriggerLineSchema,
  execution: ExecutionLineSchema,
  finding: FindingLineSchema,
  profile: ProfileLineSchema,
  restoration: RestorationLineSchema,
  restore: RestoreLineSchema,
  state: StateLineSchema,
  subscription: SubscriptionLineSchema,
  'subscription-count': SubscriptionCountLineSchema,
  summary: SummaryLineSchema,
  total: TotalLineSchema,
  unread: UnreadLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
