import type * as z from 'zod/mini';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { ExplanationLineSchema, ReplayLineSchema, StartLineSchema } from './events.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  error: ErrorLineSchema,
  explanation: ExplanationLineSchema,
  none: NoneLineSchema,
  replay: ReplayLineSchema,
  start: StartLineSchema,
  unread: UnreadLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
