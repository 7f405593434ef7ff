import * as z from 'zod/mini';
import { InvalidAuditEvent, parseAuditEvent } from '../audit/parse.ts';
import { InvalidRequestError } from '../shared/errors.ts';
import { jsonIn } from '../shared/json.ts';
import { hintIn, type NoMarkerReason, type NoticeHint } from './hint.ts';

/** What an operator sends to have a notice sent that was not, or of which no one knows. */
const ResendSchema = z.strictObject({
  resend: z.string().check(z.regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
});

/** What a message of the queue asks for. */
export type Asked = { hint: NoticeHint } | { resend: string } | { skip: NoMarkerReason };

/**
 * Reads the body of a message of the queue: an event of the audit bus, or what an operator asks.
 *
 * @throws InvalidRequestError if it is neither: it ends in the dead-letter queue
 */
export function readMessage(body: string, now: Date): Asked {
  const value = jsonIn(body);
  const resend = ResendSchema.safeParse(value);
  if (resend.success) return resend.data;
  try {
    const hint = hintIn(parseAuditEvent(value), now);
    return 'skip' in hint ? hint : { hint };
  } catch (error) {
    if (error instanceof InvalidAuditEvent) throw new InvalidRequestError('body', 'expected an event of the audit bus');
    throw error;
  }
}
