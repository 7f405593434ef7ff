import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { type ResendContext, resendOf } from './resendable.ts';

/** Returns what became of a notice, in ids, and whether it can be sent again. */
export function noticeLine(delivery: Delivery, context: ResendContext): NoticeLine {
  const resend = resendOf(delivery, context);
  return { ...deliveryLine(delivery), ...(resend ? { resend } : {}) };
}

/** Returns what became of a notice, in ids. */
export function deliveryLine(delivery: Delivery): NoticeLine {
  const { uid, kind, entitlement, applicationArn: application, userId, status, at, reason, messageId } = delivery;
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
  };
}
