import * as z from 'zod/mini';
import { Timestamp } from '../shared/timestamp.ts';
import type { Plan } from '../subscription/plan.ts';

/** An audit event that is not on the bus yet: everything that the event needs except the seat's ids. */
export const AuditRecordSchema = z.object({
  kind: z.enum(['assigned', 'revoked', 'refused', 'waitlisted', 'leaving', 'kept', 'adopted', 'observed']),
  /** Of a refusal: what AWS refused to do. */
  refused: z.optional(z.enum(['grant', 'revoke'])),
  /** Number of the seat's change; with application, user and kind it makes the event's id. */
  changeSeq: z.int().check(z.minimum(1)),
  at: Timestamp,
  /** Of a leaving seat: when its grace ends. */
  dueAt: z.optional(Timestamp),
  /** Of an assigned seat: the first request of its grant. */
  requestedAt: z.optional(Timestamp),
  /** Plan of the subscription that is Usher's with the seat, if one is. */
  plan: z.optional(z.string()),
  /** A reason of `seat.ts` or another short code; of a refusal, the code of AWS's answer. */
  reason: z.string().check(z.maxLength(64)),
  /** ARN of the execution that made the change. */
  execution: z.string(),
  cause: z.string(),
});

export type AuditRecord = z.infer<typeof AuditRecordSchema>;

/**
 * Returns the number of the first change of a seat or an observation: the time in seconds. An item of the same user from
 * long ago, which has expired, had smaller numbers: it counted its changes from an earlier time, one by one.
 */
export function firstChangeSeq(now: Date): number {
  return Math.floor(now.getTime() / 1000);
}

/** Removes the audit records whose events are on the bus, of a seat, an observation or a hold. */
export function clearAudit<Pending, Item extends { revision: number }>(
  item: Item & { audit: Pending[] },
  sent: (record: Pending) => boolean,
): Item {
  return { ...item, revision: item.revision + 1, audit: item.audit.filter((record) => !sent(record)) };
}

/** What an audit record says about its change. */
export interface AuditFacts {
  now: Date;
  /** ARN of the execution. */
  execution: string;
  cause: string;
  reason: string;
}

/** What the audit record of a change takes from the seat. */
interface AuditedParts {
  changeSeq: number;
  subscription?: { plan: Plan } | undefined;
  requestedAt?: string;
}

/** Makes the audit record of a change. */
export function auditRecordOf(
  kind: AuditRecord['kind'],
  { changeSeq, subscription, requestedAt }: AuditedParts,
  context: AuditFacts,
  dueAt?: string,
): AuditRecord {
  const { now, execution, cause, reason } = context;
  const due = dueAt === undefined ? {} : { dueAt };
  const plan = subscription ? { plan: subscription.plan } : {};
  const requested = kind === 'assigned' && requestedAt !== undefined ? { requestedAt } : {};
  return { kind, changeSeq, at: now.toISOString(), reason, execution, cause, ...due, ...plan, ...requested };
}

/** Adds a record unless it is there: a change that is recorded again, after a lost answer, is audited once. */
export function addRecord(pending: readonly AuditRecord[], added: AuditRecord): AuditRecord[] {
  const same = ({ kind, changeSeq }: AuditRecord) => kind === added.kind && changeSeq === added.changeSeq;
  return pending.some(same) ? [...pending] : [...pending, added];
}
