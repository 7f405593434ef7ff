import * as z from 'zod/mini';

/** An ISO 8601 time in UTC, as `Date.toISOString` writes it. */
export const Timestamp = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, 'expected an ISO 8601 time in UTC'));
