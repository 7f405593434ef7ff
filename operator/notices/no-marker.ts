import type { Entitlements } from '../../domain/entitlements.ts';
import { noticeRuleOf, screenNotice } from '../../domain/notify/decide.ts';
import type { NoMarkerReason, NoticeHint } from '../../domain/notify/hint.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { secondsBetween } from '../../domain/shared/time.ts';

/** Why a change has no marker, as far as anyone can tell later. */
export type NoneReason = NoMarkerReason | 'forgotten' | 'on-its-way';

/** Why no notice is sent of a change, in words. */
export const REASONS: Readonly<Record<NoneReason, string>> = {
  adopted: 'the seat was adopted: its user may have had it for long (notices.backfill)',
  'already-decided': 'it was decided before',
  'before-start': 'the change was made before notices began for the entitlement (notices.backfill)',
  'behind-the-seat': 'it is no longer true of the seat',
  forgotten: 'the change is older than 30 days, as long as notices are remembered',
  'not-configured': 'the configuration does not send this kind',
  'on-its-way': 'it may still be on its way',
  'other-event': 'users get no notice of such a change',
  replayed: 'the event was replayed',
  'too-old': 'the change is older than 24 hours',
  'unknown-notice':
    'none was begun: the seat had changed again, was adopted, made again or due before notices began, or the event came too late',
};

/** With what it is said why a change has no marker. */
export interface NoneContext {
  entitlements: Entitlements;
  /** Undefined if it could not be read. */
  queue: WorkQueue | undefined;
  now: Date;
}

/** DynamoDB deletes a marker after 30 days. */
const KEPT_SECONDS = 30 * 24 * 3600;
/** From the change over the audit bus and the queue to the marker; longer if Amazon SES throttles. */
const ON_ITS_WAY_SECONDS = 15 * 60;

/** Says why a change has no marker, by the configuration and the ledger of now: no one has recorded it. */
export function whyNoMarker(hint: NoticeHint, { entitlements, queue, now }: NoneContext): NoneReason {
  const rule = noticeRuleOf(entitlements, hint.applicationArn);
  const screened = screenNotice(hint, { rule, now, isResend: true });
  if (screened !== undefined || !rule) return screened ?? 'not-configured';
  if (!rule.settings.backfill && queue) {
    const noticesFrom = queue.reports?.[hint.applicationArn]?.noticesFrom;
    if (noticesFrom === undefined || secondsBetween(hint.at, noticesFrom) > 0) return 'before-start';
  }
  const seconds = secondsBetween(hint.at, now);
  if (seconds > KEPT_SECONDS) return 'forgotten';
  return seconds < ON_ITS_WAY_SECONDS ? 'on-its-way' : 'unknown-notice';
}
