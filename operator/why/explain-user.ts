import * as z from 'zod/mini';
import type { AuditLog } from '../../adapters/operator/audit-log.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import type { Asker } from '../asker.ts';
import type { UserLine } from '../lines/why.ts';
import { readersOf } from '../readers.ts';
import { seatFields } from '../seats.ts';
import { nameOf } from '../user-names.ts';
import { recordedFindingsOf } from './recorded-findings.ts';
import { noticesOfSeats, type SeatNotice } from './seat-notice.ts';
import { type EntitlementFinding, findingsOf, type UncheckedEntitlement } from './user-findings.ts';
import { wordsOf, wordsOfUnchecked } from './words.ts';

/** How far back audit events are read. */
export const LOOK_BACK_DAYS = 30;
const MOST_EVENTS = 10;

/** Reads afresh how a user stands with every entitlement, and decides as the next execution would. */
export async function explainUser(userId: string, asker: Asker, { names }: { names: boolean }): Promise<UserLine> {
  const { unread, clock } = asker;
  const now = clock.now();
  const readers = await readersOf(asker);
  const services = await asker.services();
  const groupIds = [...new Set(readers.entitlements.entitlements.flatMap(({ groups }) => groups))];
  const memberOf = await unread.attempt(() => readers.directory.groupsOf(userId, groupIds));
  const groups = memberOf && [...(memberOf.value ?? [])];
  const status = (await unread.attempt(() => readers.directory.statusOf(userId)))?.value;
  const { findings, unchecked } = await findingsOf(userId, now, readers, unread);
  const queue = (await unread.attempt(() => readers.ledger.queue()))?.value;
  const log = await services.auditLog();
  const events = (await unread.attempt(() => eventsOf(userId, now, log)))?.value;
  const told = await noticesOfSeats(
    [
      ...findings.map(({ user }) => user.seat),
      ...unchecked.map(({ seat }) => (seat === 'unread' ? undefined : seat)),
    ].filter((seat) => seat !== undefined),
    { entitlements: readers.entitlements, queue, now, recorded: new Set(events?.keys()) },
    asker,
  );
  const recorded = (await unread.attempt(() => recordedFindingsOf(userId, readers, queue)))?.value;
  const called = names ? await namesFor(userId, groups ?? [], asker) : undefined;
  return {
    type: 'user',
    userId,
    ...(called?.user === undefined ? {} : { name: called.user }),
    ...(status === undefined ? {} : { status }),
    ...(groups
      ? {
          groups: groups.map((groupId) => ({ groupId, ...(called ? { name: called.groups.get(groupId) ?? '' } : {}) })),
        }
      : {}),
    entitlements: [
      ...findings.map((one) => standingOf(one, queue, now)),
      ...unchecked.map((one) => uncheckedStanding(one, now)),
    ].map((standing) => withNotice(standing, told.get(standing.application))),
    ...(recorded
      ? { subscriptions: recorded.map(({ findings: some, ...about }) => ({ ...about, findings: [...some] })) }
      : {}),
    ...(queue ? { checks: checksOf(userId, queue) } : {}),
    ...(events ? { events: [...events.values()].slice(-MOST_EVENTS) } : {}),
  };
}

async function namesFor(userId: string, groupIds: readonly string[], asker: Asker) {
  const { unread } = asker;
  const { identityCenter } = await asker.entitlements();
  const people = await (await asker.services()).people(identityCenter.identityStoreId);
  const person = (await unread.attempt(() => people.person(userId)))?.value;
  const groups = new Map<string, string>();
  for (const groupId of groupIds) {
    const group = await unread.attempt(() => people.group(groupId));
    groups.set(groupId, group?.value?.displayName ?? '');
  }
  return { user: person && nameOf(person), groups };
}

type Standing = UserLine['entitlements'][number];
type AuditEvent = NonNullable<UserLine['events']>[number];

function standingOf(finding: EntitlementFinding, queue: WorkQueue | undefined, now: Date): Standing {
  const { entitlement, user, verdict, line } = finding;
  const { entitled, ineligibility, assigned, seat } = user;
  return {
    entitlement: entitlement.name,
    application: entitlement.application,
    entitled,
    ...(ineligibility === undefined ? {} : { reason: ineligibility }),
    assigned,
    ...(seat ? { seat: seatOf(seat) } : {}),
    ...(line ? { waitlist: { position: line.place, of: line.of } } : {}),
    next: verdict,
    words: wordsOf(finding, queue, now),
  };
}

function uncheckedStanding(unchecked: UncheckedEntitlement, now: Date): Standing {
  const { entitlement, seat } = unchecked;
  return {
    entitlement: entitlement.name,
    application: entitlement.application,
    ...(seat && seat !== 'unread' ? { seat: seatOf(seat) } : {}),
    words: wordsOfUnchecked(unchecked, now),
  };
}

function withNotice(standing: Standing, notice: SeatNotice | undefined): Standing {
  if (!notice) return standing;
  const { kind, became, words } = notice;
  const { uid, status, at, reason, messageId } = typeof became === 'object' ? became : { reason: became };
  return {
    ...standing,
    notice: {
      kind,
      ...(uid === undefined ? {} : { uid }),
      ...(status === undefined ? {} : { status }),
      ...(at === undefined ? {} : { since: at }),
      ...(reason === undefined ? {} : { reason }),
      ...(messageId === undefined ? {} : { messageId }),
    },
    words: [...standing.words, words],
  };
}

function seatOf(seat: Seat): NonNullable<Standing['seat']> {
  const { nextAttemptAt } = seat;
  return { ...seatFields(seat), ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }) };
}

function checksOf(userId: string, { users }: WorkQueue): NonNullable<UserLine['checks']> {
  const item = users[userId];
  return item ? [{ execution: item.by, dueAt: item.dueAt }] : [];
}

/** Untrusted: anyone with write access to the log group may have put anything there. */
const EventSchema = z.looseObject({ detail: z.looseObject({ metadata: z.looseObject({ uid: z.string() }) }) });

/** Reads the audit events of a user by their ids, the oldest first. */
async function eventsOf(userId: string, now: Date, log: AuditLog): Promise<ReadonlyMap<string, AuditEvent>> {
  const events = new Map<string, AuditEvent>();
  const since = new Date(now.getTime() - LOOK_BACK_DAYS * 86_400_000);
  for await (const page of log.events({ userId, since })) {
    for (const { text } of page ?? []) {
      const event = z.safeParse(EventSchema, jsonIn(text)).data;
      if (event) events.set(event.detail.metadata.uid, event);
    }
  }
  return events;
}
