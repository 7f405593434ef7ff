import type * as z from 'zod/mini';
import { AdoptionLineSchema } from './adoption.ts';
import { AttentionLineSchema, StatusLineSchema } from './attention.ts';
import { ProgressLineSchema, ResumeLineSchema } from './backfill.ts';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { CheckLineSchema } from './doctor.ts';
import { ExplanationLineSchema, ReplayLineSchema } from './events.ts';
import {
  AttemptLineSchema,
  EndLineSchema,
  ExecutionLineSchema,
  FailureLineSchema,
  FoldLineSchema,
  MessageLineSchema,
  MoreLineSchema,
  QueueLineSchema,
  RedriveLineSchema,
  StartLineSchema,
  StateLineSchema,
  StepLineSchema,
} from './executions.ts';
import {
  AccessLineSchema,
  AuditEventLineSchema,
  AuditedChangeLineSchema,
  MonthLineSchema,
  ReachLineSchema,
  StarterLineSchema,
} from './history.ts';
import { DirectoryChangeLineSchema, HoldLineSchema, ReleaseLineSchema } from './holds.ts';
import { ConfigurationLineSchema } from './init.ts';
import { ConsoleLineSchema, LocalLineSchema, TriggerLineSchema } from './local.ts';
import { NoticeLineSchema, NoticePreviewLineSchema, NoticeTestLineSchema, ResentLineSchema } from './notices.ts';
import {
  GroupNameLineSchema,
  PlanDifferenceLineSchema,
  PlanFileSchema,
  PlanLineSchema,
  PlannedChangeLineSchema,
  PlanTotalLineSchema,
} from './plan.ts';
import { SummaryLineSchema } from './play.ts';
import { RestorationLineSchema, RestoreLineSchema } from './restore.ts';
import { EntitlementLineSchema, EntitlementSettingsLineSchema, GroupLineSchema, SeatLineSchema } from './seats.ts';
import {
  FindingLineSchema,
  ProfileLineSchema,
  SubscriptionCountLineSchema,
  SubscriptionLineSchema,
  SubscriptionTotalLineSchema,
} from './subscriptions.ts';
import { UserLineSchema } from './why.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  access: AccessLineSchema,
  adoption: AdoptionLineSchema,
  attempt: AttemptLineSchema,
  attention: AttentionLineSchema,
  'audit-event': AuditEventLineSchema,
  'audited-change': AuditedChangeLineSchema,
  check: CheckLineSchema,
  configuration: ConfigurationLineSchema,
  console: ConsoleLineSchema,
  'directory-change': DirectoryChangeLineSchema,
  end: EndLineSchema,
  entitlement: EntitlementLineSchema,
  'entitlement-settings': EntitlementSettingsLineSchema,
  error: ErrorLineSchema,
  execution: ExecutionLineSchema,
  explanation: ExplanationLineSchema,
  failure: FailureLineSchema,
  finding: FindingLineSchema,
  fold: FoldLineSchema,
  group: GroupLineSchema,
  'group-name': GroupNameLineSchema,
  hold: HoldLineSchema,
  local: LocalLineSchema,
  message: MessageLineSchema,
  month: MonthLineSchema,
  more: MoreLineSchema,
  none: NoneLineSchema,
  notice: NoticeLineSchema,
  'notice-preview': NoticePreviewLineSchema,
  'notice-test': NoticeTestLineSchema,
  plan: PlanLineSchema,
  'plan-difference': PlanDifferenceLineSchema,
  'plan-file': PlanFileSchema,
  'plan-total': PlanTotalLineSchema,
  'planned-change': PlannedChangeLineSchema,
  profile: ProfileLineSchema,
  progress: ProgressLineSchema,
  queue: QueueLineSchema,
  reach: ReachLineSchema,
  redrive: RedriveLineSchema,
  release: ReleaseLineSchema,
  replay: ReplayLineSchema,
  restoration: RestorationLineSchema,
  resent: ResentLineSchema,
  restore: RestoreLineSchema,
  resume: ResumeLineSchema,
  seat: SeatLineSchema,
  start: StartLineSchema,
  starter: StarterLineSchema,
  state: StateLineSchema,
  status: StatusLineSchema,
  step: StepLineSchema,
  subscription: SubscriptionLineSchema,
  'subscription-count': SubscriptionCountLineSchema,
  'subscription-total': SubscriptionTotalLineSchema,
  summary: SummaryLineSchema,
  trigger: TriggerLineSchema,
  unread: UnreadLineSchema,
  user: UserLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
