import type * as z from 'zod/mini';
import { AttentionLineSchema, StatusLineSchema } from './attention.ts';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { CheckLineSchema } from './doctor.ts';
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
} from './executions.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  attempt: AttemptLineSchema,
  attention: AttentionLineSchema,
  check: CheckLineSchema,
  end: EndLineSchema,
  error: ErrorLineSchema,
  execution: ExecutionLineSchema,
  failure: FailureLineSchema,
  fold: FoldLineSchema,
  message: MessageLineSchema,
  more: MoreLineSchema,
  none: NoneLineSchema,
  queue: QueueLineSchema,
  redrive: RedriveLineSchema,
  start: StartLineSchema,
  state: StateLineSchema,
  status: StatusLineSchema,
  unread: UnreadLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
