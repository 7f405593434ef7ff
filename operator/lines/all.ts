import type * as z from 'zod/mini';
import { EndLineSchema, ProgressLineSchema, ResumeLineSchema, StartLineSchema } from './backfill.ts';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { ConfigurationLineSchema } from './init.ts';
import {
  GroupNameLineSchema,
  PlanDifferenceLineSchema,
  PlanFileSchema,
  PlanLineSchema,
  PlannedChangeLineSchema,
  PlanTotalLineSchema,
} from './plan.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  configuration: ConfigurationLineSchema,
  end: EndLineSchema,
  error: ErrorLineSchema,
  'group-name': GroupNameLineSchema,
  none: NoneLineSchema,
  plan: PlanLineSchema,
  'plan-difference': PlanDifferenceLineSchema,
  'plan-file': PlanFileSchema,
  'plan-total': PlanTotalLineSchema,
  'planned-change': PlannedChangeLineSchema,
  progress: ProgressLineSchema,
  resume: ResumeLineSchema,
  start: StartLineSchema,
  unread: UnreadLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
