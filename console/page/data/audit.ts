import type { LineOf } from './answers.ts';
import type { Field } from './table.ts';

/** An audit event, with what one filters by. */
export interface AuditRow {
  uid: string;
  /** When the change was made. */
  at: string;
  /** The detail-type. */
  event: string;
  entitlement: string;
  userId: string;
  reason: string;
  /** ARN. */
  execution: string;
  /** The event as it was delivered. */
  json: string;
}

/** What a list of events is filtered by. */
const FILTERS = ['event', 'entitlement', 'execution', 'userId'] as const;
/** What the page has the values of; the user is found by the command. */
export type Facet = Exclude<(typeof FILTERS)[number], 'userId'>;
export type Filter = Readonly<Partial<Record<(typeof FILTERS)[number], string | undefined>>>;

/** Returns the events, newest first. The log is not Usher's alone: what is no audit event has its text and no more. */
export function rowsOf(lines: readonly LineOf<'audit-event'>[]): AuditRow[] {
  const rows = lines.map(({ type: _, ...event }) => rowOf(event));
  return rows.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** Returns who started each execution of some events, where the command was asked for that; `not recorded` if CloudTrail has no one. */
export function startersIn(lines: readonly LineOf<'audit-event'>[]): ReadonlyMap<string, string> {
  return new Map(lines.map((line) => [rowOf(line).execution, text(line['startedBy']) || 'not recorded']));
}

/** Returns what one filters an event by, and shows of it. */
export function rowOf(value: unknown): AuditRow {
  const event: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const detail = part(event, 'detail');
  const metadata = part(detail, 'metadata');
  const [entitlement] = Array.isArray(detail['privileges']) ? detail['privileges'] : [];
  const time = detail['time'];
  return {
    uid: text(metadata['uid']),
    at: isoOf(typeof time === 'number' ? time : Date.parse(text(event['time']))),
    event: text(event['detail-type']) || 'not an audit event',
    entitlement: text(entitlement),
    userId: text(part(detail, 'user')['uid']),
    reason: text(detail['status_detail']) || text(event['text']).slice(0, 200),
    execution: text(metadata['correlation_uid']),
    json: JSON.stringify(event),
  };
}

/** Of the year 10000: no event is of a time after it, or before 1970, and those around such a time may be none. */
const END_OF_TIME = 253_402_300_800_000;

function isoOf(milliseconds: number): string {
  return milliseconds >= 0 && milliseconds < END_OF_TIME ? new Date(milliseconds).toISOString() : '';
}

function part(value: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const inner = value[key];
  return typeof inner === 'object' && inner !== null ? { ...inner } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Returns the events that a filter lets through. @param except a facet that does not count, for its own choices */
export function filtered(rows: readonly AuditRow[], filter: Filter, except?: Facet): AuditRow[] {
  const given = FILTERS.filter((key) => filter[key] !== undefined && key !== except);
  return rows.filter((row) => given.every((key) => row[key] === filter[key]));
}

/** Returns the pattern of an EventBridge rule that matches what a filter lets through. */
export function patternOf({ event, entitlement, userId, execution }: Filter): string {
  const detail = {
    ...(userId === undefined ? {} : { user: { uid: [userId] } }),
    ...(entitlement === undefined ? {} : { privileges: [entitlement] }),
    ...(execution === undefined ? {} : { metadata: { correlation_uid: [execution] } }),
  };
  return JSON.stringify({
    source: ['usher'],
    ...(event === undefined ? {} : { 'detail-type': [event] }),
    ...(Object.keys(detail).length === 0 ? {} : { detail }),
  });
}

/** Before and after an event, in milliseconds: within it, a permanent link to the event looks for it. */
const [BEFORE, AFTER] = [60_000, 3_600_000];

/** Returns the permanent link to an event. It says when to look: a search of all times would take long. */
export function linkTo({ uid, at }: Pick<AuditRow, 'uid' | 'at'>): string {
  const moment = Date.parse(at);
  const minute = (time: number) => `${new Date(time).toISOString().slice(0, 16)}Z`;
  const window = { since: minute(moment - BEFORE), until: minute(moment + AFTER) };
  return `/audit/${encodeURIComponent(uid)}?${new URLSearchParams(window)}`;
}

/** What the CSV file of events has. */
export const FIELDS: readonly Field<AuditRow>[] = (
  ['at', 'event', 'entitlement', 'userId', 'reason', 'execution', 'uid'] as const
).map((key) => ({ key, value: (row) => row[key] }));
