import { seatEventUid } from '../../domain/audit/event.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeKind } from '../../domain/notices/schema.ts';
import { noticeRuleOf } from '../../domain/notify/decide.ts';
import type { NoticeHint } from '../../domain/notify/hint.ts';
import type { Seat, SeatStatus } from '../../domain/seat/seat.ts';
import type { Asker } from '../asker.ts';
import { type NoneContext, type NoneReason, REASONS, whyNoMarker } from '../notices/no-marker.ts';
import { escaped, relative } from '../text.ts';

/** What its user was told of the last change of a seat. */
export interface SeatNotice {
  kind: NoticeKind;
  /** What became of the notice, or why none was begun; undefined without a table of notices. */
  became: Delivery | NoneReason | undefined;
  words: string;
}

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

/** With what the last change of a seat is found. */
interface SeatNoticeContext extends NoneContext {
  /** Ids of the user's audit events: they say which change it was where the seat does not. */
  recorded: ReadonlySet<string>;
}

/**
 * Reads what a user was told of the last change of each seat, by application. Seats of entitlements without notices, and those
 * that are being changed, are left out.
 */
export async function noticesOfSeats(
  seats: readonly Seat[],
  around: SeatNoticeContext,
  { services, unread }: Pick<Asker, 'services' | 'unread'>,
): Promise<ReadonlyMap<string, SeatNotice>> {
  const asked = seats.flatMap((seat) => {
    const events = EVENTS[seat.status];
    if (!(events && noticeRuleOf(around.entitlements, seat.applicationArn))) return [];
    const uidOf = (event: EventKind) => seatEventUid(event, seat, seat.changeSeq);
    const event = events.find((one) => around.recorded.has(uidOf(one))) ?? events[0];
    return [{ seat, uids: events.map(uidOf), hint: hintOfSeat(seat, event) }];
  });
  if (asked.length === 0) return new Map();
  const table = await (await services()).notices();
  const read = await unread.attempt(() => table.get(asked.flatMap(({ uids }) => uids)));
  if (!read) return new Map();
  const { value: markers } = read;
  const found = new Map<string, SeatNotice>();
  for (const { seat, uids, hint } of asked) {
    const marker = uids.map((uid) => markers?.get(uid)).find((one) => one !== undefined);
    if (marker instanceof Error) unread.add(marker);
    else if (marker)
      found.set(seat.applicationArn, {
        kind: marker.kind,
        became: marker,
        words: escaped(inWords(marker, around.now)),
      });
    else {
      const { kind } = hint;
      const reason = markers && whyNoMarker(hint, around);
      const because = reason === undefined ? 'the notices of the configuration are not deployed' : REASONS[reason];
      found.set(seat.applicationArn, { kind, became: reason, words: `Notice: none (${kind}), because ${because}.` });
    }
  }
  return found;
}

function hintOfSeat(seat: Seat, event: EventKind): NoticeHint {
  const { applicationArn, userId, changeSeq, madeAgainAt, grantedAt, changedAt } = seat;
  const isAdopted = event === 'adopted';
  const kind = isAdopted ? 'assigned' : event;
  // A seat is confirmed later than it was assigned.
  const at = kind === 'assigned' ? (madeAgainAt ?? grantedAt ?? changedAt) : changedAt;
  return { uid: '', kind, applicationArn, userId, changeSeq, at, isAdopted };
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
    case 'skipped': {
      const givenUp = GIVEN_UP.get(reason ?? '');
      if (givenUp !== undefined)
        return `Notice: ${kind}, given up ${when} after Amazon SES had throttled it, because ${givenUp}. To send it: ${again}`;
      return `Notice: ${kind}, not sent ${when}, as there was no one to write to${because}.${isGone(reason) ? '' : ` Once there is: ${again}`}`;
    }
  }
}

/** Why a notice was left out that Amazon SES had throttled, in words. */
const GIVEN_UP: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));

/** Whether a user was skipped who has no address to come. */
function isGone(reason: string | undefined): boolean {
  return reason === 'user-deleted' || reason === 'user-disabled';
}
