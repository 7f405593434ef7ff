import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { type ResendContext, resendOf } from './resendable.ts';

/** Returns what became of a notice, in ids. */
export function noticeLine(delivery: Delivery, context: ResendContext): NoticeLine {
  const { uid, kind, entitlement, applicationArn: application, userId, status, at, reason, messageId } = delivery;
  const resend = resendOf(delivery, context);
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
