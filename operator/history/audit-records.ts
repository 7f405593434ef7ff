import { gunzipSync } from 'node:zlib';
import type { AuditObject } from '../../adapters/operator/audit-copy.ts';
import type { AuditQuery } from '../../adapters/operator/audit-log.ts';
import { type AuditedChange, auditedChangeIn } from '../../domain/seat/audited-changes.ts';
import { dayOf, plusDays } from '../../domain/shared/day.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import { CommandFailed, MissingPrecondition } from '../failures.ts';

/** How far back the audit stream can be read, and by what. */
export interface Reach {
  /** The records have every change that was audited since then. */
  since: Date;
  /** `oldest-event`: AWS does not show how long the log group keeps events. */
  by: 'log-created' | 'log-retention' | 'oldest-event' | 'bucket';
  /** Since when the log group has them; absent if only the bucket has. */
  logSince?: Date;
}

/** The places with audit events. */
export interface Sources {
  /** Name of the bucket with the copy of the stream. */
  bucket?: string | undefined;
}

const DAY_SECONDS = 86_400;
/** EventBridge delivers for a day what it cannot deliver at once, and so does Firehose. */
const LATE_DAYS = 2;
/** The first bytes of gzip. An HTTP client may have unpacked an object that says how it is packed. */
const GZIP = Buffer.from([0x1f, 0x8b]);
/** Firehose collects 5 MB for an object; a small one that someone else made may hold gigabytes. */
const MOST_UNPACKED_BYTES = 128 * 1024 * 1024;

/**
 * Returns how far back the stream can be read.
 *
 * @throws MissingPrecondition without a log group
 */
export async function reachOf({ bucket }: Sources, asker: Asker): Promise<Reach> {
  const log = await logReach(asker);
  if (bucket === undefined) return log;
  const copy = await (await asker.services()).auditCopy(bucket);
  const since = await copy.since();
  if (since === undefined || since >= log.since) return log;
  return { since, by: 'bucket', logSince: log.since };
}

async function logReach(asker: Asker): Promise<Reach> {
  const log = await (await asker.services()).auditLog();
  const now = asker.clock.now();
  try {
    const group = await log.group();
    if (!group) throw noLogGroup();
    const { createdAt, keepsDays } = group;
    const oldest = keepsDays === undefined ? undefined : new Date(plusSeconds(now, -keepsDays * DAY_SECONDS));
    const [since, by] =
      oldest && oldest > createdAt ? [oldest, 'log-retention' as const] : [createdAt, 'log-created' as const];
    return { since, by, logSince: since };
  } catch (error) {
    if (!(error instanceof RefusedError && error.reason === 'access-denied')) throw error;
  }
  for await (const page of log.events({})) {
    if (page === undefined) throw noLogGroup();
    const [first] = page;
    if (first) return { since: first.at, by: 'oldest-event', logSince: first.at };
  }
  return { since: now, by: 'oldest-event', logSince: now };
}

/** Says that there is no audit stream. */
export function noLogGroup(): MissingPrecondition {
  return new MissingPrecondition(
    'This account and Region have no log group of the audit stream. Is Usher deployed here?',
  );
}

/**
 * Yields the changes of the stream since a time, in about their order, copies included. The bucket is read only for the days
 * that the log group does not have.
 */
export async function* changesSince(
  from: Date,
  { query, bucket, reach }: { query: Pick<AuditQuery, 'userId' | 'application'>; reach: Reach } & Sources,
  asker: Asker,
): AsyncGenerator<AuditedChange> {
  const services = await asker.services();
  const { logSince = asker.clock.now() } = reach;
  const isWanted = ({ at, userId, applicationArn }: AuditedChange) =>
    at >= from &&
    (query.userId === undefined || userId === query.userId) &&
    (query.application === undefined || applicationArn === query.application);
  if (bucket !== undefined && from < logSince) {
    const copy = await services.auditCopy(bucket);
    const days = [plusDays(dayOf(logSince), LATE_DAYS), dayOf(asker.clock.now())].sort();
    let objects = 0;
    for await (const object of copy.objects(dayOf(from), days[0] ?? dayOf(from))) {
      objects += 1;
      asker.progress(`${objects} objects of the bucket`);
      for (const change of changesIn(linesOf(object))) if (isWanted(change)) yield change;
    }
  }
  let events = 0;
  const log = await services.auditLog();
  const start = from < logSince ? logSince : from;
  for await (const page of log.events({ ...query, since: start })) {
    if (page === undefined) throw noLogGroup();
    events += page.length;
    asker.progress(`${events} events of the log`);
    for (const change of changesIn(page.map(({ text }) => text))) if (isWanted(change)) yield change;
  }
}

/** @throws CommandFailed for an object that cannot be unpacked: its changes would be missing in the answer */
function linesOf({ key, bytes }: AuditObject): string[] {
  const stored = Buffer.from(bytes);
  if (!stored.subarray(0, GZIP.length).equals(GZIP)) return stored.toString().split('\n');
  try {
    return gunzipSync(stored, { maxOutputLength: MOST_UNPACKED_BYTES }).toString().split('\n');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'ERR_BUFFER_TOO_LARGE' && !code.startsWith('Z_')) throw error;
    throw new CommandFailed(
      `Object ${key} of the bucket is truncated or damaged, or unpacks to more than ${MOST_UNPACKED_BYTES / 1024 / 1024} MiB. Restore an earlier version of it, or ask for a time that the log group has`,
    );
  }
}

/** Who can write to the log or the bucket may have put anything there: what is no audit event is skipped. */
function changesIn(lines: readonly string[]): AuditedChange[] {
  return lines.flatMap((line) => auditedChangeIn(jsonIn(line)) ?? []);
}
