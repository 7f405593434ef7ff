import * as z from 'zod/mini';
import type { LoggedEvent } from '../../adapters/operator/audit-log.ts';
import { isObject, jsonIn } from '../../domain/shared/json.ts';
import { shortDigest } from '../../operator/held/digest.ts';
import { escaped, numberOf, timeOf } from '../../operator/text.ts';

const EventSchema = z.object({
  'detail-type': z.string(),
  detail: z.object({
    status_detail: z.optional(z.string()),
    user: z.optional(z.object({ uid: z.optional(z.string()) })),
    privileges: z.optional(z.array(z.string())),
    metadata: z.object({ uid: z.string(), correlation_uid: z.optional(z.string()) }),
    unmapped: z.optional(z.object({ held_revocations: z.optional(z.number()), hold_digest: z.optional(z.string()) })),
  }),
});

/** How many revocations an event says are held, and the digest that releases them. */
function heldIn({ unmapped }: z.infer<typeof EventSchema>['detail']): string {
  const { held_revocations: held, hold_digest: digest } = unmapped ?? {};
  return held === undefined || digest === undefined ? '' : `${numberOf(held)} held, digest ${shortDigest(digest)}`;
}

/** An audit event as it is, and as a row of a table. */
export interface AuditLogRow {
  /** The parsed entry; undefined if it is no JSON object. */
  event: object | undefined;
  /** The entry as the log has it. */
  text: string;
  /** The id that a second copy shares; undefined if this is not an audit event. */
  uid: string | undefined;
  userId: string | undefined;
  /** ARN of the execution that recorded the event. */
  execution: string | undefined;
  /** Time, event, user, entitlement, reason. */
  cells: string[];
}

/** Parses an entry of the log group. It is untrusted: anyone with write access may have put anything there. */
export function auditRow({ at, text }: LoggedEvent): AuditLogRow {
  const value = jsonIn(text);
  const event = isObject(value) ? value : undefined;
  const { success, data } = EventSchema.safeParse(event);
  const moment = timeOf(at);
  if (!success) {
    const cells = [moment, 'not an audit event', '', '', escaped(text.slice(0, 60))];
    return { event, text, uid: undefined, userId: undefined, execution: undefined, cells };
  }
  const { detail } = data;
  const cells = [
    data['detail-type'],
    detail.user?.uid ?? '',
    (detail.privileges ?? []).join(' '),
    [detail.status_detail, heldIn(detail)].filter(Boolean).join(': '),
  ];
  return {
    event,
    text,
    uid: detail.metadata.uid,
    userId: detail.user?.uid,
    execution: detail.metadata.correlation_uid,
    cells: [moment, ...cells.map(escaped)],
  };
}
