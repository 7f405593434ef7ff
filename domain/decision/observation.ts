import * as z from 'zod/mini';
import { AuditRecordSchema, firstChangeSeq } from '../seat/audit-records.ts';
import { LEFT_BEHIND_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** What an observing entitlement would do for a user; `status_detail` of its audit event. */
const AnswerSchema = z.enum(['would-assign', 'would-waitlist', 'would-leave', 'would-revoke', 'would-hold']);
export type Answer = z.infer<typeof AnswerSchema>;

/** What an observing entitlement has recorded of a user: neither a seat nor the intention of one. */
export const ObservationSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  userId: ResourceId,
  entitlement: z.string(),
  /** Absent: nothing would change for the user. */
  answer: z.optional(AnswerSchema),
  /** Time of the first request, for the order in which slots would be given. */
  requestedAt: Timestamp,
  changeSeq: z.int().check(z.minimum(0)),
  revision: z.int().check(z.minimum(1)),
  changedAt: Timestamp,
  /** Audit events not yet on the bus, oldest first. */
  audit: z.array(AuditRecordSchema),
});
export type Observation = z.infer<typeof ObservationSchema>;

type About = Pick<Observation, 'applicationArn' | 'userId' | 'entitlement' | 'requestedAt'>;

/**
 * Records the answer for a user; undefined when it is recorded already.
 *
 * A new answer is audited; that nothing would change any longer is not.
 */
export function recordAnswer(
  before: Observation | undefined,
  answer: Answer | undefined,
  { applicationArn, userId, entitlement, requestedAt }: About,
  { now, execution, cause }: { now: Date; execution: string; cause: string },
): Observation | undefined {
  if (before?.answer === answer) return undefined;
  const { answer: _, ...known } = before ?? { changeSeq: firstChangeSeq(now) - 1, revision: 0, audit: [] };
  const at = now.toISOString();
  const about = { applicationArn, userId, entitlement, requestedAt };
  const next = { schemaVersion: 1 as const, ...known, ...about, revision: known.revision + 1, changedAt: at };
  if (answer === undefined) return next;
  const changeSeq = known.changeSeq + 1;
  const record = { kind: 'observed' as const, changeSeq, at, reason: answer, execution, cause };
  return { ...next, answer, changeSeq, audit: [...known.audit, record] };
}

/** ISO time when the tick has to check it although nothing happens; undefined: never. */
export function observationAttentionAt({ audit, changedAt }: Observation): string | undefined {
  return audit.length > 0 ? plusSeconds(changedAt, LEFT_BEHIND_SECONDS) : undefined;
}
