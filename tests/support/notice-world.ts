import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { storedSeat } from '../../adapters/ledger-items.ts';
import { type Delivery, DeliverySchema } from '../../domain/notices/delivery.ts';
import type { NoticeKind } from '../../domain/notices/schema.ts';
import type { Seat, SeatStatus } from '../../domain/seat/seat.ts';
import { ACCOUNT } from '../../emulator/aws/account/account.ts';
import { NAMES } from '../../emulator/aws/control-plane/control-plane.ts';
import type { Mail } from '../../emulator/aws/ses/outbox.ts';
import type { EntitlementsOptions } from '../../emulator/scenario/example-entitlements.ts';
import { aSeat, iso } from './builders.ts';
import { numberOf, REGION } from './ids.ts';
import { ledgerTable } from './ledger-table.ts';
import { aDeliveredEvent } from './notice-events.ts';
import { openWorld, type WorldOptions } from './world.ts';

/** The status of a seat of which a notice of this kind is true. */
const TRUE_STATUS: Readonly<Record<NoticeKind, SeatStatus>> = {
  assigned: 'assigned',
  waitlisted: 'waitlisted',
  leaving: 'leaving',
  revoked: 'revoked',
  kept: 'confirmed',
};

/** See {@link openNoticeWorld}. */
export type NoticeWorld = Awaited<ReturnType<typeof openNoticeWorld>>;

/**
 * Opens a world in which seats and messages of the queue are as a test says, without executions. Users get notices from the
 * first change on, unless the settings say otherwise.
 */
export async function openNoticeWorld({
  notices = {},
  ...options
}: WorldOptions & { notices?: NonNullable<EntitlementsOptions['notices']> } = {}) {
  const world = await openWorld({ notices: { backfill: true, ...notices }, ...options });
  const sqs = new SQSClient(world.aws);
  const table = ledgerTable(world.aws, NAMES.noticesTable);
  const QueueUrl = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${NAMES.noticesQueue}`;

  /** Sends the body of a message to the queue of notices. */
  const enqueue = (body: unknown) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: typeof body === 'string' ? body : JSON.stringify(body) }));
  return {
    ...world,
    enqueue,
    /** Gives a user a seat of which a notice of this kind is true. */
    async seat(number: number, kind: NoticeKind, parts: Partial<Seat> = {}) {
      const status = TRUE_STATUS[kind];
      const seat = aSeat(number, {
        status,
        requestedAt: iso(-60),
        grantedAt: iso(-60),
        changedAt: iso(-60),
        ...parts,
      });
      await world.put(unmarshall(storedSeat(seat)));
    },
    /** Sends the event of a change of the seat of a user to the queue of notices. */
    enqueueEvent: (number: number, kind: NoticeKind | 'adopted', { changeSeq = 1, at = iso(-60) } = {}) =>
      enqueue(aDeliveredEvent({ kind, changeSeq, at }, aSeat(number))),
    /** The messages that Amazon SES accepted, by the number of the user. */
    mailsTo: (number: number): readonly Mail[] =>
      world.stack.ses.outbox.mails().filter(({ to }) => to.join().includes(`-${number}@`)),
    /** The markers, by the number of the user. */
    async markers(): Promise<ReadonlyMap<number, Delivery[]>> {
      const items = (await table.items()).filter(({ uid }) => !String(uid).startsWith('day#'));
      return Map.groupBy(
        items.map((item) => DeliverySchema.parse(item)),
        ({ userId }) => numberOf(userId),
      );
    },
    putMarker: (delivery: Delivery) => table.put(delivery),
    /** What the counters say of each day. */
    counted: async () =>
      Object.fromEntries(
        (await table.items()).filter(({ sent }) => sent !== undefined).map(({ uid, sent }) => [uid, sent]),
      ),
    /** What NotifyUser logged of each message of the queue: kind, outcome, and reason or error. */
    outcomes: (): string[] =>
      world.logs
        .map((line) => JSON.parse(line))
        .flatMap(({ message, notices }) => (message === 'completed' && Array.isArray(notices) ? notices : []))
        .map(({ kind, outcome, reason, error }) => [kind, outcome, error ?? reason].filter(Boolean).join(' ')),
  };
}
