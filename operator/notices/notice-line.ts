import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { type NoticeSeats, resendOf } from './resendable.ts';

/** Returns what became of a notice, in ids. */
export function noticeLine(delivery: Delivery, seats: NoticeSeats): NoticeLine {
  const { uid, kind, entitlement, applicationArn: application, userId, status, at, reason, messageId } = delivery;
  const resend = resendOf(delivery, seats);
  return {
    type: 'notice',
    uid,
    kind,
    entitlement,
    application,
    userId,
    status,
    since: at,
    ...(reason === undefined ? {} : { reason }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(resend ? { resend } : {}),
  };
}
