import type { Entitlements } from '../../domain/entitlements.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import { decideNotice, noticeRuleOf } from '../../domain/notify/decide.ts';
import { hintOf } from '../../domain/notify/transitions.ts';
import type { Seat, SeatKey } from '../../domain/seat/seat.ts';
import type { Asker } from '../asker.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { timeOf } from '../text.ts';
import { REASONS } from './no-marker.ts';

/** With what it is decided whether a notice can be sent again. */
export interface ResendContext {
  entitlements: Entitlements;
  /** The seats of the notices by their keys; undefined if they could not be read. */
  seats: ReadonlyMap<string, Seat> | undefined;
  now: Date;
}

/** Reads the seats that notices are about. */
export async function resendContextOf(notices: readonly SeatKey[], asker: Asker): Promise<ResendContext> {
  const { services, unread, clock } = asker;
  const ledger = await (await services()).ledger();
  const keys = new Map(notices.map((one) => [keyOf(one), { applicationArn: one.applicationArn, userId: one.userId }]));
  const read = await unread.attempt(() => ledger.seats([...keys.values()]));
  return {
    entitlements: await asker.entitlements(),
    seats: read && new Map(read.value.map((seat) => [keyOf(seat), seat])),
    now: clock.now(),
  };
}

function keyOf({ applicationArn, userId }: SeatKey): string {
  return `${applicationArn} ${userId}`;
}

/** Says whether a notice can be sent again, as NotifyUser will decide; undefined if its seat could not be read. */
export function resendOf(delivery: Delivery, { entitlements, seats, now }: ResendContext): NoticeLine['resend'] {
  const over = whyNotAgain(delivery);
  if (over !== undefined) return { possible: false, reason: over };
  if (!seats) return undefined;
  const rule = noticeRuleOf(entitlements, delivery.applicationArn);
  const decision = decideNotice(hintOf(delivery), { rule, seat: seats.get(keyOf(delivery)), now, isResend: true });
  return 'skip' in decision ? { possible: false, reason: REASONS[decision.skip] } : { possible: true };
}

/** Says why a notice is not sent again whatever the seat is; undefined if it may be. */
function whyNotAgain({ status, at, messageId }: Delivery): string | undefined {
  switch (status) {
    case 'sent':
      return `it was sent at ${timeOf(at)}${messageId === undefined ? '' : `, message ${messageId}`}`;
    case 'sending':
      return 'it is being sent: in doubt if it still is in 10 minutes';
    case 'throttled':
      return 'it is tried again by itself';
    default:
      return undefined;
  }
}
