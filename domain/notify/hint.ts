import { seatEventUid } from '../audit/event.ts';
import type { AuditEvent } from '../audit/parse.ts';
import type { NoticeKind } from '../notices/schema.ts';
import type { Reason } from '../seat/seat.ts';
import { isPresent } from '../shared/json.ts';

/** What an audit event says that a user may have to be told. It says where to check: only the seat says what is true. */
export interface NoticeHint {
  /** Id of the audit event, computed anew: an event with another id is no second one. */
  uid: string;
  kind: NoticeKind;
  applicationArn: string;
  userId: string;
  changeSeq: number;
  /** When the change was made, as the event says. ISO 8601. */
  at: string;
  /** The seat was adopted: its user may have had it for a long time. */
  isAdopted: boolean;
  /** The user has waited for the seat in the waitlist. */
  hasWaited?: true;
}

/** Why no one is written to; none of these leaves a marker. */
export type NoMarkerReason =
  | 'adopted'
  | 'already-decided'
  | 'before-start'
  | 'behind-the-seat'
  | 'not-configured'
  | 'other-event'
  | 'replayed'
  | 'too-old'
  | 'unknown-notice';

/** What the users of a seat are told about, by the detail-type of the event. */
const KINDS: Partial<Record<AuditEvent['detail-type'], NoticeKind>> = {
  'Seat Assigned': 'assigned',
  'Seat Adopted': 'assigned',
  'Seat Waitlisted': 'waitlisted',
  'Seat Leaving': 'leaving',
  'Seat Revoked': 'revoked',
  'Seat Kept': 'kept',
};

const WAITED: Reason = 'place-freed';
/** Reasons of grants to users who had their seat before: someone removed it by hand, or it has another plan now. */
const NO_NEWS: ReadonlySet<string | undefined> = new Set<Reason>(['drift-healed', 'plan-changed']);

/** Whether a change with this reason is news to the user. */
export function isNews(reason: string | undefined): boolean {
  return !NO_NEWS.has(reason);
}

/** Reads an audit event as a hint, or says why it leads to no notice. A time in the future counts as now. */
export function hintIn(event: AuditEvent, now: Date): NoticeHint | { skip: NoMarkerReason } {
  if (isPresent(event['replay-name'])) return { skip: 'replayed' };
  const type = event['detail-type'];
  const kind = KINDS[type];
  const { detail } = event;
  if (kind === undefined || !('unmapped' in detail) || !('cause' in detail.unmapped) || detail.user.type_id === 0) {
    return { skip: 'other-event' };
  }
  if (!isNews(detail.status_detail)) return { skip: 'other-event' };
  const isAdopted = type === 'Seat Adopted';
  const [{ uid: applicationArn }] = detail.resources;
  const { uid: userId } = detail.user;
  const { change_seq: changeSeq } = detail.unmapped;
  return {
    uid: seatEventUid(isAdopted ? 'adopted' : kind, { applicationArn, userId }, changeSeq),
    kind,
    applicationArn,
    userId,
    changeSeq,
    at: new Date(Math.min(detail.time, now.getTime())).toISOString(),
    isAdopted,
    ...(detail.status_detail === WAITED ? { hasWaited: true } : {}),
  };
}
