import type * as z from 'zod/mini';
import { AdoptionLineSchema } from './adoption.ts';
import { ProgressLineSchema, ResumeLineSchema } from './backfill.ts';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { ExplanationLineSchema, ReplayLineSchema } from './events.ts';
import { EndLineSchema, ExecutionLineSchema, StartLineSchema, StateLineSchema } from './executions.ts';
import { AuditEventLineSchema } from './history.ts';
import { HoldLineSchema, ReleaseLineSchema } from './holds.ts';
import { LocalLineSchema, TriggerLineSchema } from './local.ts';
import { SummaryLineSchema } from './play.ts';
import { RestorationLineSchema, RestoreLineSchema } from './restore.ts';
import { EntitlementLineSchema, SeatLineSchema } from './seats.ts';
import {
  FindingLineSchema,
  ProfileLineSchema,
  SubscriptionCountLineSchema,
  SubscriptionLineSchema,
  TotalLineSchema,
} from './subscriptions.ts';
import { UserLineSchema } from './why.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  adoption: AdoptionLineSchema,
  'audit-event': AuditEventLineSchema,
  end: EndLineSchema,
  entitlement: EntitlementLineSchema,
  error: ErrorLineSchema,
  execution: ExecutionLineSchema,
  explanation: ExplanationLineSchema,
  finding: FindingLineSchema,
  hold: HoldLineSchema,
  local: LocalLineSchema,
  none: NoneLineSchema,
  profile: ProfileLineSchema,
  progress: ProgressLineSchema,
  release: ReleaseLineSchema,
  replay: ReplayLineSchema,
  restoration: RestorationLineSchema,
  restore: RestoreLineSchema,
  resume: ResumeLineSchema,
  seat: SeatLineSchema,
  start: StartLineSchema,
  state: StateLineSchema,
  subscription: SubscriptionLineSchema,
  'subscription-count': SubscriptionCountLineSchema,
  summary: SummaryLineSchema,
  total: TotalLineSchema,
  trigger: TriggerLineSchema,
  unread: UnreadLineSchema,
  user: UserLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
