import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { HoldSchema, isHeld } from '../domain/decision/hold.ts';
import { type Observation, ObservationSchema } from '../domain/decision/observation.ts';
import { type UserFindings, UserFindingsSchema } from '../domain/findings/recorded-findings.ts';
import type { BatchRef } from '../domain/queue/rounds.ts';
import { type Seat, SeatSchema, seatAttentionAt } from '../domain/seat/seat.ts';
import { RefusedError } from '../domain/shared/errors.ts';
import { plusSeconds } from '../domain/shared/time.ts';

/** An item of the table, as the SDK returns it. */
export type Item = Record<string, AttributeValue>;

/** The key of an item. */
export interface Keyed {
  pk: string;
  sk: string;
}

/** Key of the work queue. */
export const WORK_KEY = { pk: '#work', sk: '#work' };
/** Sort keys in the partition of an application, next to those of its seats: each sorts before every user id. */
export const HOLD = '#hold';
export const SLOTS = '#slots';
export const GROUPS = '#groups';
/** `~` sorts after every id, so that what begins with it is read last, or not at all. */
export const AFTER_SEATS = '~';
/** Prefixes of the user id of an observation, and of what was found about the user's subscription. */
export const OBSERVED = '~observed#';
export const FINDINGS = '~finding#';
/** A tombstone outlives the audit archive (one year), so that its seat is still there when an event is replayed. */
const TOMBSTONE_SECONDS = 400 * 24 * 3600;
/** A batch is of use as long as its round; what is left of it is of use to a person who looks for a fault. */
const BATCH_KEPT_SECONDS = 24 * 3600;
/** The partition of all batches: no seat has this key. */
const BATCHES = '#batches';

/** The only partition of the sparse index: few items ever need attention. */
export const ATTENTION = '#attention';

/** An item that is written on condition of its revision. */
export interface Revised extends Keyed {
  revision: number;
  /** Audit events not yet on the bus. */
  audit?: readonly unknown[];
}

/** Adds to an item what the index of a tick needs. @param at ISO time from which a tick checks it; undefined: never */
export function withAttention<Item extends Revised>(item: Item, at: string | undefined): Item {
  if (at === undefined) return item;
  const tells = item.audit && item.audit.length > 0 ? { tells: true } : {};
  return { ...item, attention: ATTENTION, attentionAt: at, ...tells };
}

/** Returns the item of a seat. */
export function itemOfSeat(seat: Seat): Revised {
  const ended = seat.status === 'revoked' && seat.audit.length === 0;
  const item = { ...seat, pk: seat.applicationArn, sk: seat.userId, ...(ended ? expiry(seat) : {}) };
  return withAttention(item, seatAttentionAt(seat));
}

/** Returns a seat as the table stores it. */
export function storedSeat(seat: Seat): Item {
  return marshall(itemOfSeat(seat), { removeUndefinedValues: true });
}

/** Returns when DynamoDB deletes a tombstone. */
export function expiry({ changedAt }: { changedAt: string }) {
  return { expiresAt: Math.ceil(Date.parse(plusSeconds(changedAt, TOMBSTONE_SECONDS)) / 1000) };
}

/** Returns when DynamoDB deletes a batch. */
export function batchExpiry({ readAt }: { readAt: string }) {
  return { expiresAt: Math.ceil(Date.parse(plusSeconds(readAt, BATCH_KEPT_SECONDS)) / 1000) };
}

/** Returns the key of a batch. */
export function batchKey({ round, batch }: BatchRef): Keyed {
  return { pk: BATCHES, sk: `${round}#${batch}` };
}

/** Returns what a message about a batch names. */
export function idsOfBatch({ round, batch }: BatchRef): string[] {
  return [`batch ${batch} of round ${round}`];
}

/** Returns what a message about an item of an application names. */
export function idsOf(pk: string | undefined, sk: string | undefined): string[] {
  const kind = sk?.startsWith(OBSERVED) ? 'observation of ' : sk?.startsWith(FINDINGS) ? 'subscription of ' : '';
  const item = `${kind}user ${userOf(sk ?? '')}`;
  if (sk === SLOTS) return [`application ${pk}`, 'the bound of its slots'];
  if (sk === GROUPS) return [`application ${pk}`, 'the sizes of its groups'];
  return [`application ${pk}`, sk === HOLD ? 'its hold' : item];
}

/** Returns the user id in the key of an item about a user. */
export function userOf(sk: string): string {
  const prefix = [OBSERVED, FINDINGS].find((one) => sk.startsWith(one)) ?? '';
  return sk.slice(prefix.length);
}

/** Parses a seat. @throws RefusedError as {@link parseItem} */
export function seatIn(item: Item): Seat {
  return parseItem(SeatSchema, item, idsOf(item['pk']?.S, item['sk']?.S));
}

/** Parses a seat; undefined for one that this version cannot read. */
export function readableSeatIn(item: Item): Seat | undefined {
  return z.safeParse(SeatSchema, unmarshall(item)).data;
}

/** Whether an item is a hold that is in force, and that this version can read. */
export function isHoldInForce(item: Item): boolean {
  return isHeld(z.safeParse(HoldSchema, unmarshall(item)).data);
}

/** Parses an observation. @throws RefusedError as {@link parseItem} */
export function observationIn(item: Item): Observation {
  return parseItem(ObservationSchema, item, idsOf(item['pk']?.S, item['sk']?.S));
}

/** Parses what was found about a user's subscription. @throws RefusedError as {@link parseItem} */
export function findingsIn(item: Item): UserFindings {
  return parseItem(UserFindingsSchema, item, idsOf(item['pk']?.S, item['sk']?.S));
}

/**
 * Parses an item: one that another version of Usher wrote is untrusted, too.
 *
 * @throws RefusedError with the field, never its value: a retry does not help, another version of Usher does
 */
export function parseItem<Schema extends z.ZodMiniType>(
  schema: Schema,
  item: Item,
  ids: readonly string[],
): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, unmarshall(item));
  if (success) return data;
  const field = String(error.issues[0]?.path[0]);
  throw new RefusedError(
    'ledger-unreadable',
    `This version of Usher cannot read an item of the ledger: ${field} (${ids.join(', ')})`,
  );
}
