import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import { keyOf, type Seat } from '../../domain/seat/seat.ts';
import { knownApplications } from '../applications.ts';
import type { Asker } from '../asker.ts';
import { CommandFailed } from '../failures.ts';
import { readersOf } from '../readers.ts';
import { changesSince, type Reach, reachOf, type Sources } from './audit-records.ts';
import { type Span, timelineOf } from './timeline.ts';

/** Whose history is asked for: a user's, or that of all users of an application. */
export type Subject = { userId: string } | { application: string };

/** What is asked: everything that overlaps this time. */
export interface Question extends Sources {
  subject: Subject;
  /** Whether all changes are asked for, also those of an application. Those of a user always are. */
  changes?: boolean | undefined;
  /** By default all that the records have. */
  from?: Date | undefined;
  /** By default now. */
  to?: Date | undefined;
}

/** A time in which a user had a seat, or in which the records do not say. */
export interface Access extends Span {
  application: string;
  /** Name of the entitlement at that time. */
  entitlement: string;
  userId: string;
}

/** What the records answer. */
export interface History {
  reach: Reach;
  /** By application and user, oldest first. */
  access: Access[];
  /** All changes in that time; of an application, none unless they are asked for. */
  changes: AuditedChange[];
}

/** Everything that is recorded about one user and one application. */
interface UserRecords {
  application: string;
  userId: string;
  entitlement: string;
  changes: AuditedChange[];
  seat: Seat | undefined;
}

/**
 * Answers who had access when, from the audit stream and the ledger.
 *
 * @throws CommandFailed if the records do not reach so far: what they do not say is never "no one"
 */
export async function historyOf(question: Question, asker: Asker): Promise<History> {
  const reach = await reachOf(question, asker);
  const { from = reach.since, to = asker.clock.now() } = question;
  if (to <= reach.since) throw outOfReach(to, reach, question);
  const start = new Date(Math.max(from.getTime(), reach.since.getTime()));
  const found = new Map<string, UserRecords>();
  const query = question.subject;
  for await (const change of changesSince(start, { query, bucket: question.bucket, reach }, asker)) {
    recordsOf(found, change).changes.push(change);
  }
  // After the stream: what is changed meanwhile is in the ledger, and an event without its seat would be a contradiction.
  const now = asker.clock.now();
  const unread = await addSeats(found, question.subject, asker);
  const inOrder = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, records]) => records);
  const access = inOrder.flatMap((records) => {
    const { application, entitlement, userId, changes } = records;
    const seat = unread.has(application) ? 'unread' : records.seat;
    return timelineOf({ changes, seat }, { from: start, now })
      .filter((span) => span.standing !== 'none' && span.from < to && (span.to === undefined || span.to > from))
      .map((span): Access => ({ ...span, application, entitlement: span.began?.entitlement ?? entitlement, userId }));
  });
  const isWanted = 'userId' in question.subject || question.changes === true;
  const changes = isWanted ? [...found.values()].flatMap((records) => records.changes) : [];
  return { reach, access, changes: distinct(changes).filter(({ at }) => at >= from && at <= to) };
}

function recordsOf(
  found: Map<string, UserRecords>,
  { applicationArn, userId, entitlement }: Pick<AuditedChange, 'applicationArn' | 'userId' | 'entitlement'>,
): UserRecords {
  const key = keyOf({ applicationArn, userId });
  const known = found.get(key);
  if (known) return known;
  const records = { application: applicationArn, userId, entitlement, changes: [], seat: undefined };
  found.set(key, records);
  return records;
}

/** Adds the seats of the ledger, tombstones included. @returns the applications that could not be read */
async function addSeats(found: Map<string, UserRecords>, subject: Subject, asker: Asker): Promise<Set<string>> {
  const readers = await readersOf(asker);
  const { ledger } = readers;
  const unread = new Set<string>();
  const applications =
    'application' in subject
      ? [subject.application]
      : new Set([
          ...(await knownApplications(readers, asker.unread)),
          ...[...found.values()].map(({ application }) => application),
        ]);
  for (const application of applications) {
    const read = await asker.unread.attempt(() =>
      'application' in subject
        ? ledger.holdings(application).then(({ seats }) => seats)
        : ledger.seats([{ applicationArn: application, userId: subject.userId }]),
    );
    if (!read) unread.add(application);
    for (const seat of read?.value ?? []) recordsOf(found, seat).seat = seat;
  }
  return unread;
}

function distinct(changes: readonly AuditedChange[]): AuditedChange[] {
  const known = new Map(changes.map((one) => [`${one.type} ${keyOf(one)} ${one.changeSeq}`, one]));
  return [...known.values()].sort((a, b) => a.at.getTime() - b.at.getTime() || a.changeSeq - b.changeSeq);
}

/** Says how far back the records reach, and what may reach further. */
export function outOfReach(to: Date, { since }: Reach, { bucket }: Sources): CommandFailed {
  const more =
    bucket === undefined
      ? ' With AuditBucketArn deployed, the copy in the bucket may reach further: --bucket NAME.'
      : '';
  return new CommandFailed(
    `The records reach back to ${since.toISOString()}: what was before ${to.toISOString()} is not known.${more} The archive of EventBridge cannot be read; it can only be replayed to a bus: docs/audit.md`,
  );
}
