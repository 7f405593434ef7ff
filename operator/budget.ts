import type * as z from 'zod/mini';
import { budgetOf, revocationsByHour } from '../domain/decision/brake.ts';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Seat } from '../domain/seat/seat.ts';
import type { BudgetSchema } from './lines/common.ts';

/** Returns what the brake allows in an application now, as a line has it. */
export function budgetLine(
  seats: readonly Seat[],
  brake: Entitlements['brake'],
  now: Date,
): z.infer<typeof BudgetSchema> {
  return { ...budgetOf(seats, brake, now), byHour: revocationsByHour(seats, now) };
}
