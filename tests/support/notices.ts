import type { Entitlements } from '../../domain/entitlements.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import { NOTICE_KINDS, type NoticeSettings } from '../../domain/notices/schema.ts';
import { emptyQueue, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { aSweepReport } from './builders.ts';
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

/** The first entitlement with all notices, also of its first full sweep. */
export function withNotices(configured: Entitlements, settings: Partial<NoticeSettings> = {}): Entitlements {
  const [first, ...others] = configured.entitlements;
  if (!first) throw new Error('There is no entitlement');
  const notices = { product: 'Amazon Q Developer', send: [...NOTICE_KINDS] };
  return {
    ...configured,
    notices: {
      from: 'usher@example.com',
      signIn: { startUrl: 'https://acme.awsapps.com/start' },
      language: 'en',
      dailyLimit: 200,
      perSecond: 1,
      backfill: true,
      ...settings,
    },
    entitlements: [{ ...first, notices }, ...others],
  };
}

/** The queue after a sweep of the application, with notices since a time if there is one. */
export function sweptQueue(noticesFrom?: string): WorkQueue {
  const report = aSweepReport(noticesFrom === undefined ? {} : { noticesFrom });
  return { ...emptyQueue(), reports: { [APPLICATION]: report } };
}
