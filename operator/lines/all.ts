import type * as z from 'zod/mini';
import { AdoptionLineSchema } from './adoption.ts';
import { EndLineSchema, ProgressLineSchema, ResumeLineSchema, StartLineSchema } from './backfill.ts';
import { ErrorLineSchema, NoneLineSchema, UnreadLineSchema } from './common.ts';
import { HoldLineSchema, ReleaseLineSchema } from './holds.ts';
import { EntitlementLineSchema, SeatLineSchema } from './seats.ts';
import { UserLineSchema } from './why.ts';

/** The schema of every line that `--json` prints, by its `type`. `schemas/lines/` has them as JSON Schemas. */
export const LINES = {
  adoption: AdoptionLineSchema,
  end: EndLineSchema,
  entitlement: EntitlementLineSchema,
  error: ErrorLineSchema,
  hold: HoldLineSchema,
  none: NoneLineSchema,
  progress: ProgressLineSchema,
  release: ReleaseLineSchema,
  resume: ResumeLineSchema,
  seat: SeatLineSchema,
  start: StartLineSchema,
  unread: UnreadLineSchema,
  user: UserLineSchema,
} as const satisfies Readonly<Record<string, z.ZodMiniType<{ type: string }>>>;

/** One result, as a program reads it. */
export type Line = { [Type in keyof typeof LINES]: z.infer<(typeof LINES)[Type]> }[keyof typeof LINES];
