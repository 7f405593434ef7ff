import type { Delivery } from '../../domain/notices/delivery.ts';
import { APPLICATION, ENTITLEMENT, START, user } from './ids.ts';

/** The id of a notice, by a number. */
export function noticeUid(number: number): string {
  return `00000000-0000-8000-8000-${String(number).padStart(12, '0')}`;
}

/** The marker of a notice in doubt about the user of a number. */
export function aDelivery({ number = 1, ...given }: Partial<Delivery> & { number?: number } = {}): Delivery {
  return {
    schemaVersion: 1,
    uid: noticeUid(number),
    revision: 1,
    kind: 'assigned',
    applicationArn: APPLICATION,
    userId: user(number),
    entitlement: ENTITLEMENT,
    changeSeq: 1,
    status: 'in-doubt',
    at: START.toISOString(),
    ...given,
  };
}
