import * as z from 'zod/mini';

/** An ISO 8601 time in UTC. */
export const TimeSchema = z.string().check(z.describe('ISO 8601, UTC'));

/** A number of things. */
export const Count = z.int().check(z.minimum(0));

/** Why a command failed: the last line, after what it could print before. */
export const ErrorLineSchema = z.strictObject({
  type: z.literal('error'),
  message: z.string(),
  hint: z.optional(z.string().check(z.describe('The fix, or the next command'))),
  exitCode: z.int(),
});

/** A read that AWS refused; what depends on it is left out. */
export const UnreadLineSchema = z.strictObject({
  type: z.literal('unread'),
  message: z.string(),
  hint: z.optional(z.string().check(z.describe('The fix, or the next command'))),
});

/** There is no line of a type that the command could print. */
export const NoneLineSchema = z.strictObject({
  type: z.literal('none'),
  of: z.string().check(z.describe('The type of the lines that would have come')),
});

/** What the brake allows in an application. */
export const BudgetSchema = z.strictObject({
  allowed: Count.check(z.describe('Revocations that the brake allows in 24 hours')),
  used: Count,
  left: Count,
  byHour: z
    .array(z.strictObject({ since: TimeSchema, count: Count }))
    .check(z.describe('Those of them that are made, by the hour in UTC')),
  nextFreeAt: z.optional(TimeSchema.check(z.describe('When the first of the counted revocations no longer counts'))),
  allFreeAt: z.optional(TimeSchema.check(z.describe('When the last of them no longer counts'))),
});

/** Where an event is in the file from which it was taken. */
export const PlaceSchema = z
  .string()
  .check(z.describe('Where the event is in its file: line 3, or Messages[0].Body → Message'));
