import { seatEventUid } from '../../domain/audit/event.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeKind } from '../../domain/notices/schema.ts';
import { noticeRuleOf } from '../../domain/notify/decide.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat, SeatStatus } from '../../domain/seat/seat.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import { relative } from '../text.ts';

/** What its user was told of the last change of a seat. */
export interface SeatNotice {
  kind: NoticeKind;
  /** What became of the notice; undefined if none was begun. */
  delivery: Delivery | undefined;
  words: string;
}

/** With what it is said why no notice was begun. */
interface Around {
  entitlements: Entitlements;
  queue: WorkQueue | undefined;
  now: Date;
}

/** A marker is kept for 30 days. */
const KEPT_SECONDS = 30 * 24 * 3600;
/** From the change over the audit bus and the queue to the message; longer if Amazon SES throttles. */
const ON_ITS_WAY_SECONDS = 15 * 60;

type EventKind = NoticeKind | 'adopted';
/** The events that may have led to a status. */
const EVENTS: Partial<Record<SeatStatus, readonly [NoticeKind, ...EventKind[]]>> = {
  assigned: ['assigned', 'kept', 'adopted'],
  confirmed: ['assigned', 'kept', 'adopted'],
  waitlisted: ['waitlisted'],
  leaving: ['leaving'],
  held: ['leaving'],
  revoked: ['revoked'],
};

/**
 * Reads what a user was told of the last change of each seat, by application. Seats of entitlements without notices, and those
 * that are being changed, are left out.
 */
export async function noticesOfSeats(
  seats: readonly Seat[],
  around: Around,
  { services, unread }: Pick<Asker, 'services' | 'unread'>,
): Promise<ReadonlyMap<string, SeatNotice>> {
  const asked = seats.flatMap((seat) => {
    const events = EVENTS[seat.status];
    if (!(events && noticeRuleOf(around.entitlements, seat.applicationArn))) return [];
    return [{ seat, uids: events.map((event) => seatEventUid(event, seat, seat.changeSeq)), kind: events[0] }];
  });
  if (asked.length === 0) return new Map();
  const table = await (await services()).notices();
  const read = await unread.attempt(() => table.get(asked.flatMap(({ uids }) => uids)));
  if (!read) return new Map();
  const { value: markers } = read;
  const found = new Map<string, SeatNotice>();
  for (const { seat, uids, kind } of asked) {
    const marker = uids.map((uid) => markers?.get(uid)).find((one) => one !== undefined);
    if (marker instanceof Error) unread.add(marker);
    else if (marker)
      found.set(seat.applicationArn, { kind: marker.kind, delivery: marker, words: inWords(marker, around.now) });
    else {
      const because = markers
        ? whyNone(seat, kind, around)
        : 'the configuration has notices, and no table of them is deployed';
      found.set(seat.applicationArn, {
        kind,
        delivery: undefined,
        words: `Notice: none (${kind}), because ${because}.`,
      });
    }
  }
  return found;
}

function inWords({ kind, status, at, reason, messageId, uid }: Delivery, now: Date): string {
  const when = relative(at, now);
  const because = reason === undefined ? '' : ` (${reason})`;
  const again = `usher notices resend ${uid}`;
  switch (status) {
    case 'sent':
      return `Notice: ${kind}, sent ${when}${messageId === undefined ? '' : ` (message ${messageId})`}.`;
    case 'sending':
      return `Notice: ${kind}, being sent since ${when}.`;
    case 'throttled':
      return `Notice: ${kind}, not sent yet${because}: it is tried again by itself.`;
    case 'in-doubt':
      return `Notice: ${kind}, in doubt since ${when}${because}: no one knows whether Amazon SES sent it. To send it, perhaps twice: ${again}`;
    case 'refused':
      return `Notice: ${kind}, refused ${when}${because}. Once the cause is removed: ${again}`;
    case 'limited':
      return `Notice: ${kind}, above the daily limit ${when}. To send it: ${again}`;
    case 'skipped':
      return `Notice: ${kind}, not sent ${when}, as there was no one to write to${because}. Once there is: ${again}`;
  }
}

/** Says why no notice was begun, as far as the seat, the ledger and the configuration of now can tell. */
function whyNone(seat: Seat, kind: NoticeKind, { entitlements, queue, now }: Around): string {
  const { applicationArn, changedAt } = seat;
  const rule = noticeRuleOf(entitlements, applicationArn);
  if (!rule?.entitlement.notices.send.includes(kind)) return 'the configuration does not send this kind';
  const noticesFrom = queue?.reports?.[applicationArn]?.noticesFrom;
  if (!rule.settings.backfill && queue) {
    if (noticesFrom === undefined) return 'no full sweep with notices has ended yet (notices.backfill)';
    if (secondsBetween(changedAt, noticesFrom) > 0)
      return 'the change was made before notices began for the entitlement (notices.backfill)';
  }
  const seconds = secondsBetween(changedAt, now);
  if (seconds > KEPT_SECONDS) return 'the change is older than 30 days, for which notices are remembered';
  if (seconds < ON_ITS_WAY_SECONDS) return 'it may still be on its way';
  return 'none was begun: the seat was adopted, or the event did not arrive within a day';
}
