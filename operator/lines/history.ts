import * as z from 'zod/mini';

/** An audit event, as the stream has it: its own fields are those of docs/audit.md. */
export const AuditEventLineSchema = z.looseObject({
  type: z.literal('audit-event'),
  text: z.optional(z.string().check(z.describe('What the log has, if it is no JSON object'))),
});
