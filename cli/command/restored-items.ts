import { isDeepStrictEqual } from 'node:util';
import {
  FINDINGS,
  GROUPS,
  HOLD,
  type Item,
  isHoldInForce,
  type Keyed,
  OBSERVED,
  readableSeatIn,
  SLOTS,
  seatIn,
  storedSeat,
} from '../../adapters/ledger-items.ts';
import type { TableChanges } from '../../adapters/operator/tables.ts';
import { type AuditedChange, auditedChangeIn, seatAsAudited } from '../../domain/seat/audited-changes.ts';
import type { SeatStatus } from '../../domain/seat/seat.ts';
import { markHeld } from '../../domain/seat/transitions.ts';
import { jsonIn } from '../../domain/shared/json.ts';

/** What a restore does to the items of one kind. */
export interface Changed {
  added: number;
  changed: number;
  removed: number;
}

/** What makes a ledger what it was, with what was audited since. */
export interface Restoration extends TableChanges {
  /** By kind of item; kinds without changes are left out. */
  kinds: ReadonlyMap<string, Changed>;
  /** Items of the ledger with changes that no event says yet, and that are lost. */
  unaudited: number;
}

/**
 * Parses an entry of the log of the audit stream.
 *
 * @param since a change from before is in the restored table, however late its event has come: an archive may have been replayed
 * @returns undefined for what is no event about a user
 */
export function auditedIn(text: string, since: Date): AuditedChange | undefined {
  const change = auditedChangeIn(jsonIn(text));
  return change && change.at >= since ? change : undefined;
}

const keyOf = (item: Item): Keyed => ({ pk: item['pk']?.S ?? '', sk: item['sk']?.S ?? '' });
const textOf = ({ pk, sk }: Keyed): string => `${pk} ${sk}`;

/**
 * Whether an item is about an application. The others are the work queue, which holds only whom to check, and the batches of
 * stored rounds, which are too old.
 */
function isOfApplication({ pk }: Keyed): boolean {
  return !pk.startsWith('#');
}

function kindOf({ sk }: Keyed): string {
  if (sk === HOLD) return 'holds';
  if (sk === SLOTS) return 'bounds of slots';
  if (sk === GROUPS) return 'sizes of groups';
  if (sk.startsWith(OBSERVED)) return 'observations';
  return sk.startsWith(FINDINGS) ? 'findings' : 'seats';
}

/** Prefixes of the items of events that are not about a seat. */
const PREFIXES: Partial<Record<AuditedChange['type'], string>> = {
  'Seat Observed': OBSERVED,
  'Subscription Finding': FINDINGS,
};

const isOfSeat = ({ type }: AuditedChange): boolean => PREFIXES[type] === undefined;

/** Returns the key of the item that an event is about, as one text. */
function keyOfAudited({ type, applicationArn, userId }: AuditedChange): string {
  return textOf({ pk: applicationArn, sk: (PREFIXES[type] ?? '') + userId });
}

/**
 * Returns the items that a ledger has after a restore, by key.
 *
 * The bound of slots is left out: without it, the next plan counts the seats. Observations and findings only continue their
 * numbers where the audit stream ended: the next sweep makes them anew, and no event may have the id of another.
 *
 * @throws RefusedError if an item about which an event speaks is unreadable
 */
export async function restoredItems(
  source: AsyncIterable<Item>,
  events: readonly AuditedChange[],
): Promise<Map<string, Item>> {
  const audited = Map.groupBy(events, keyOfAudited);
  const items = new Map<string, Item>();
  for await (const item of source) {
    const key = keyOf(item);
    if (isOfApplication(key) && key.sk !== SLOTS) items.set(textOf(key), item);
  }
  for (const [key, some] of audited) {
    const item = items.get(key);
    const next = some.every(isOfSeat) ? seatItem(item, some) : item && withNumber(item, some);
    if (next) items.set(key, next);
  }
  return items;
}

function seatItem(item: Item | undefined, events: readonly AuditedChange[]): Item | undefined {
  const before = item && seatIn(item);
  const seat = seatAsAudited(before, events);
  return seat === before || seat === undefined ? item : storedSeat(seat);
}

function withNumber(item: Item, events: readonly AuditedChange[]): Item {
  const highest = Math.max(Number(item['changeSeq']?.N ?? 0), ...events.map(({ changeSeq }) => changeSeq));
  return { ...item, changeSeq: { N: String(highest) } };
}

/** Whether an item has an event that is not sent, of a change that the other does not have. */
function isUnaudited(item: Item, other: Item | undefined): boolean {
  const known = Number(other?.['changeSeq']?.N ?? 0);
  return item['audit']?.L?.some(({ M: record }) => Number(record?.['changeSeq']?.N ?? 0) > known) ?? false;
}

/** Statuses from which the brake holds a revocation. */
const HOLDABLE = new Set<SeatStatus>(['assigned', 'confirmed', 'leaving', 'held']);

/**
 * Returns what a restored item becomes because of the ledger's own. What is held there since the restore point stays held: the
 * events do not say who is, and a sweep may no longer find a reason to hold it. At worst, an operator releases it.
 */
function keepHeld(item: Item, other: Item | undefined): Item | undefined {
  if (item['sk']?.S === HOLD) return isHoldInForce(item) ? item : other;
  if (item['status']?.S !== 'held' || !other || item['changeSeq']?.N !== other['changeSeq']?.N) return other;
  const [{ cause = '', hold, changedAt = '' } = {}, seat] = [readableSeatIn(item), readableSeatIn(other)];
  if (hold === undefined || !seat || !HOLDABLE.has(seat.status)) return other;
  return storedSeat(markHeld(seat, hold, { now: new Date(changedAt), execution: cause, cause }));
}

/** Compares the items that a ledger is to have with those that it has. What it holds stays held. */
export async function restorationOf(
  wanted: ReadonlyMap<string, Item>,
  live: AsyncIterable<Item>,
): Promise<Restoration> {
  const kinds = new Map<string, Changed>();
  const count = (key: Keyed, what: keyof Changed) => {
    const known = kinds.get(kindOf(key)) ?? { added: 0, changed: 0, removed: 0 };
    kinds.set(kindOf(key), { ...known, [what]: known[what] + 1 });
  };
  const missing = new Map(wanted);
  const puts: Item[] = [];
  const deletions: Keyed[] = [];
  let unaudited = 0;
  for await (const item of live) {
    const key = keyOf(item);
    if (!isOfApplication(key)) continue;
    const other = keepHeld(item, missing.get(textOf(key)));
    missing.delete(textOf(key));
    if (isUnaudited(item, other)) unaudited += 1;
    if (!other) {
      deletions.push(key);
      count(key, 'removed');
    } else if (!isDeepStrictEqual(item, other)) {
      puts.push(other);
      count(key, 'changed');
    }
  }
  for (const item of missing.values()) {
    puts.push(item);
    count(keyOf(item), 'added');
  }
  return { puts, deletions, kinds, unaudited };
}
