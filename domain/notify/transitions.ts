import type { Delivery } from '../notices/delivery.ts';
import { secondsBetween } from '../shared/time.ts';
import type { NoticeHint } from './hint.ts';

/** An invocation ends after 60 seconds: what is still being sent after this, no one is sending. */
const LEFT_BEHIND_SECONDS = 3 * 60;

/** What a marker means for a message of the queue that names its notice. */
export type Standing =
  /** The notice may be sent. */
  | 'open'
  /** Another invocation is sending it. */
  | 'busy'
  /** An invocation that has ended was sending it: no one knows whether it was sent. */
  | 'left-behind'
  /** It was decided: at most an operator asks for it again. */
  | 'decided';

/**
 * Says what a marker allows.
 *
 * @param askedBy the message of the queue, if an operator asks for the notice again
 */
export function standingOf(marker: Delivery | undefined, now: Date, askedBy?: string): Standing {
  if (marker === undefined || marker.status === 'throttled') return 'open';
  if (marker.status === 'sending') {
    return secondsBetween(marker.at, now) > LEFT_BEHIND_SECONDS ? 'left-behind' : 'busy';
  }
  if (marker.status === 'sent' || askedBy === undefined) return 'decided';
  return marker.askedBy === askedBy ? 'decided' : 'open';
}

/** The parts of a marker that do not change. */
export type NoticeIds = Pick<Delivery, 'uid' | 'kind' | 'applicationArn' | 'userId' | 'entitlement' | 'changeSeq'>;

/** What becomes of a notice. */
export type DeliveryChange =
  | { status: 'sending' }
  | { status: 'sent'; messageId: string }
  | { status: 'throttled' | 'in-doubt' | 'refused' | 'limited' | 'skipped'; reason: string };

/** Returns the ids of the marker of a notice. */
export function noticeIdsOf(hint: NoticeHint, entitlement: string): NoticeIds {
  const { uid, kind, applicationArn, userId, changeSeq } = hint;
  return { uid, kind, applicationArn, userId, entitlement, changeSeq };
}

/** Returns what a marker says of the change that its notice is about: what an operator asks for again. */
export function hintOf({ uid, kind, applicationArn, userId, changeSeq, at }: Delivery): NoticeHint {
  return { uid, kind, applicationArn, userId, changeSeq, at, isAdopted: false };
}

/**
 * Returns the next revision of a marker, or the first one; it has nothing of what the change before it said.
 *
 * @param askedBy the message of the queue with which an operator asked, if one did
 */
export function deliveryAfter(
  before: Delivery | undefined,
  ids: NoticeIds,
  change: DeliveryChange,
  { now, askedBy = before?.askedBy }: { now: Date; askedBy?: string | undefined },
): Delivery {
  const { uid, kind, applicationArn, userId, entitlement, changeSeq } = ids;
  return {
    schemaVersion: 1,
    uid,
    revision: (before?.revision ?? 0) + 1,
    kind,
    applicationArn,
    userId,
    entitlement,
    changeSeq,
    ...change,
    at: now.toISOString(),
    ...(askedBy === undefined ? {} : { askedBy }),
  };
}
