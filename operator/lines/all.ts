import type * as z from 'zod/mini';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { ConfigurationLineSchema } from './init.ts';
import {
  ChangeLineSchema,
  DifferenceLineSchema,
  GroupNameLineSchema,
  PlanFileSchema,
  PlanLineSchema,
  PlanTotalLineSchema,
} from './plan.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  change: ChangeLineSchema,
  configuration: ConfigurationLineSchema,
  difference: DifferenceLineSchema,
  error: ErrorLineSchema,
  groupName: GroupNameLineSchema,
  none: NoneLineSchema,
  plan: PlanLineSchema,
  planFile: PlanFileSchema,
  planTotal: PlanTotalLineSchema,
  unread: UnreadLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
