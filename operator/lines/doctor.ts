import * as z from 'zod/mini';

/** A check of `usher doctor`. */
export const CheckLineSchema = z.strictObject({
  type: z.literal('check'),
  section: z.string(),
  check: z.string().check(z.describe('A short, stable name')),
  verdict: z.enum(['ok', 'warning', 'problem', 'unknown']).check(z.describe('unknown: the caller could not check it')),
  found: z.string(),
  why: z.string().check(z.describe('Why it matters')),
  fix: z.optional(z.string().check(z.describe('How to fix it'))),
});
