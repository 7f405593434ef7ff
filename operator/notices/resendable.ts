import type { Delivery } from '../../domain/notices/delivery.ts';
import type { NoticeKind } from '../../domain/notices/schema.ts';
import type { Seat, SeatKey, SeatStatus } from '../../domain/seat/seat.ts';
import type { Asker } from '../asker.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { timeOf } from '../text.ts';

/** The seats of notices by their keys; undefined if they could not be read. */
export type NoticeSeats = ReadonlyMap<string, Seat> | undefined;

function keyOf({ applicationArn, userId }: SeatKey): string {
  return `${applicationArn} ${userId}`;
}

/** Reads the seats that notices are about. */
export async function seatsOf(
  notices: readonly SeatKey[],
  { services, unread }: Pick<Asker, 'services' | 'unread'>,
): Promise<NoticeSeats> {
  const ledger = await (await services()).ledger();
  const keys = new Map(
    notices.map(({ applicationArn, userId }) => [keyOf({ applicationArn, userId }), { applicationArn, userId }]),
  );
  const read = await unread.attempt(() => ledger.seats([...keys.values()]));
  return read && new Map(read.value.map((seat) => [keyOf(seat), seat]));
}

const STILL: Readonly<Record<NoticeKind, readonly SeatStatus[]>> = {
  assigned: ['assigned', 'confirmed'],
  waitlisted: ['waitlisted'],
  leaving: ['leaving', 'held'],
  revoked: ['revoked'],
  kept: ['assigned', 'confirmed'],
};

/** Says whether a notice can be sent again; undefined if its seat could not be read. */
export function resendOf(delivery: Delivery, seats: NoticeSeats): NoticeLine['resend'] {
  const { status, at, messageId } = delivery;
  switch (status) {
    case 'sent': {
      const id = messageId === undefined ? '' : `, message ${messageId}`;
      return { possible: false, reason: `it was sent at ${timeOf(at)}${id}` };
    }
    case 'sending':
      return { possible: false, reason: 'it is being sent; if that fails, it is in doubt some minutes later' };
    case 'throttled':
      return { possible: false, reason: 'it is tried again by itself' };
    default: {
      if (!seats) return undefined;
      const seat = seats.get(keyOf(delivery));
      if (seat?.changeSeq === delivery.changeSeq && STILL[delivery.kind].includes(seat.status))
        return { possible: true };
      return {
        possible: false,
        reason: `it is no longer true: ${seat ? `the seat is ${seat.status}` : 'there is no seat'}`,
      };
    }
  }
}
