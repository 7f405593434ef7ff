import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { UserStatus } from '../../adapters/identity-store.ts';
import type { AuditLog } from '../../adapters/operator/audit-log.ts';
import type { Verdict } from '../../domain/decision/application-state.ts';
import { type Hold, isHeld } from '../../domain/decision/hold.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { readersOf } from '../../operator/readers.ts';
import { relative } from '../../operator/text.ts';
import { requireAnyUser } from '../command/any-user.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { nextByList, subscriptionInWords } from '../command/managed-subscription.ts';
import { findingsInWords, recordedFindingsOf } from '../command/recorded-findings.ts';
import { WHO } from '../command/selectors.ts';
import { finish } from '../command/unread.ts';
import { type EntitlementFinding, findingsOf, type UncheckedEntitlement } from '../command/user-findings.ts';
import { nameOf } from '../command/user-names.ts';
import { type AuditLogRow, auditRow } from '../ui/audit-rows.ts';
import { SHORT_DIGEST } from './held.ts';

const Options = z.object({ issuer: z.optional(z.string()), names: z.optional(z.boolean()) });
/** How far back the command reads audit events. */
const LOOK_BACK_DAYS = 30;
const MOST_EVENTS = 10;

export function whyCommand(run: Runner): Command {
  return commandOf('why', {
    summary: 'Explain why a user has a seat, has none, or will lose it (read-only)',
    description: 'Reads memberships, assignments and the ledger afresh, and decides as the next execution would.',
    examples: [
      ['usher why alice@example.com', 'in words'],
      ['usher why 94e80458-9021-70ea-08fa-c3a10a1d8a92 --json', 'for programs'],
    ],
    permissions: [
      'identitystore:DescribeUser',
      'identitystore:GetUserId',
      'identitystore:ListUsers',
      'identitystore:IsMemberInGroups',
      'identitystore:ListGroupMembershipsForMember',
      'identitystore:DescribeGroup',
      'sso:DescribeApplicationAssignment',
      'dynamodb:GetItem',
      'dynamodb:BatchGetItem',
      'dynamodb:Query',
      'logs:FilterLogEvents',
    ],
  })
    .argument('<USER>', WHO)
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--names', 'also print the names of the user and the groups')
    .action(run(why));
}

async function why(context: Context, command: Command): Promise<void> {
  const { terminal, clock } = context;
  const { issuer, names } = optionsOf(command, Options);
  const readers = await readersOf(context);
  const services = await context.services();
  const { identityStoreId } = readers.entitlements.identityCenter;
  const people = await services.people(identityStoreId);
  const { unread } = context;
  const { userId } = await requireAnyUser(command.args[0] ?? '', issuer, context);
  const now = clock.now();
  const groupIds = [...new Set(readers.entitlements.entitlements.flatMap(({ groups }) => groups))];
  const memberOf = await unread.attempt(() => readers.directory.groupsOf(userId, groupIds));
  const groups = memberOf && [...(memberOf.value ?? [])];
  const status = (await unread.attempt(() => readers.directory.statusOf(userId)))?.value;
  const { findings, unchecked } = await findingsOf(userId, now, readers, unread);
  const queue = (await unread.attempt(() => readers.ledger.queue()))?.value;
  const items = queue && pendingItems(userId, queue);
  const subscriptions = (await unread.attempt(() => recordedFindingsOf(userId, readers, queue)))?.value;
  const log = await services.auditLog();
  const events = (await unread.attempt(() => eventsOf(userId, now, log)))?.value;
  if (context.json) {
    terminal.untypedJson({
      userId,
      status,
      groups,
      entitlements: [
        ...findings.map((finding) => ({
          entitlement: finding.entitlement.name,
          entitled: finding.user.entitled,
          absence: finding.user.ineligibility,
          assigned: finding.user.assigned,
          seat: finding.user.seat,
          line: finding.line,
          next: nextInJson(finding.verdict),
          words: wordsOf(finding, queue, now),
        })),
        ...unchecked.map((one) => ({
          entitlement: one.entitlement.name,
          seat: one.seat,
          words: wordsOfUnchecked(one, now),
        })),
      ],
      subscriptions,
      looksPending: items,
      events: events?.map(({ event }) => event),
    });
    finish(context);
    return;
  }
  const person = names ? (await unread.attempt(() => people.person(userId)))?.value : undefined;
  const { bold, dim } = terminal.colors;
  terminal.line(`${bold(userId)}${person ? `  ${nameOf(person)}` : ''}  ${inWords(status)}`);
  const called = new Map<string, string>();
  for (const groupId of names ? (groups ?? []) : []) {
    const group = await unread.attempt(() => people.group(groupId));
    called.set(groupId, group?.value?.displayName ?? '');
  }
  terminal.line(groupsInWords(groups, called));
  const sections = [
    ...findings.map((one) => ({ name: one.entitlement.name, words: wordsOf(one, queue, now) })),
    ...unchecked.map((one) => ({ name: one.entitlement.name, words: wordsOfUnchecked(one, now) })),
    ...(subscriptions ?? []).map((one) => ({ name: one.entitlement, words: findingsInWords(one, now) })),
  ];
  for (const [name, some] of Map.groupBy(sections, (section) => section.name)) {
    terminal.line();
    terminal.line(bold(name));
    for (const line of some.flatMap(({ words }) => words)) terminal.paragraph(line, 2);
  }
  if (findings.length + unchecked.length === 0)
    terminal.line('No entitlement concerns this user, and Usher has no record of them.');
  for (const item of items ?? []) {
    terminal.line();
    terminal.line(`Usher checks this user again ${relative(item.dueAt, now)} (${item.by}).`);
  }
  terminal.line();
  if (events?.length === 0) terminal.line(dim(`The last ${LOOK_BACK_DAYS} days have no audit event about this user.`));
  else if (events) {
    terminal.table(
      ['TIME', 'EVENT', 'ENTITLEMENT', 'REASON'],
      events.map(({ cells: [time = '', event = '', , entitlement = '', reason = ''] }) => [
        time,
        event,
        entitlement,
        reason,
      ]),
    );
  }
  finish(context);
}

function groupsInWords(groups: readonly string[] | undefined, called: ReadonlyMap<string, string>): string {
  if (groups === undefined) return 'Usher could not read their groups.';
  if (groups.length === 0) return 'Member of none of the configured groups.';
  return `Member of ${groups.map((groupId) => [groupId, called.get(groupId)].filter(Boolean).join(' ')).join(', ')}.`;
}

function inWords(status: UserStatus | undefined): string {
  if (status === undefined) return 'status unknown';
  return status === 'missing' ? 'not in the identity store' : status;
}

/** JSON keeps the names that `next.do` has had from the beginning. */
const NEXT_IN_JSON: Partial<Record<Verdict['do'], string>> = {
  waitlist: 'grant',
  hold: 'revoke',
  'begin-grace': 'leave',
  restore: 'keep',
  'record-removal': 'gone',
  drop: 'forget',
};

function nextInJson(verdict: Verdict): object {
  return { ...verdict, do: NEXT_IN_JSON[verdict.do] ?? verdict.do };
}

const ABSENCES = {
  'group-leave': 'they are in none of its groups',
  'user-disabled': 'they are disabled',
  'user-deleted': 'they were deleted from the identity store',
  'entitlement-removed': 'the entitlement was removed',
} as const;

/** Says how the user stands with an entitlement, why, and what comes next. */
function wordsOf(finding: EntitlementFinding, queue: WorkQueue | undefined, now: Date): string[] {
  const { entitlement, user, verdict, hold, line } = finding;
  const { entitled, ineligibility, assigned, seat } = user;
  const because = entitled
    ? 'they are in one of its groups'
    : ineligibility
      ? ABSENCES[ineligibility]
      : 'the reads contradict each other';
  const words: string[] = [];
  if (!seat || seat.status === 'revoked') {
    if (assigned)
      words.push(
        `assigned, but not by Usher, so Usher never revokes the assignment. Entitled: ${entitled ? 'yes' : 'no'}, ${because}.`,
      );
    else if (entitled) words.push(`no seat yet, although ${because}.`);
    else words.push(`no seat: ${because}.`);
  } else {
    const since = relative(seat.changedAt, now);
    switch (seat.status) {
      case 'waitlisted':
        words.push(
          `on the waitlist${line ? `, position ${line.place} of ${line.of}` : ''}, since ${relative(seat.requestedAt, now)}: all ${entitlement.seats.max} slots are taken.`,
        );
        break;
      case 'failed':
        words.push(`no seat: AWS refused it (${seat.refusal?.reason ?? 'unknown'}) ${since}.`);
        break;
      case 'held':
        words.push(`has a seat, although ${because}: the brake holds its revocation, since ${since}.`);
        break;
      case 'leaving':
        words.push(`has a seat in its days of grace, because ${because}.`);
        break;
      default:
        words.push(
          `${assigned ? 'has a seat' : 'has a seat in the ledger, but no assignment in Identity Center'} (${seat.status} ${since}); ${entitled ? `entitled: ${because}` : `not entitled: ${because}`}.`,
        );
    }
    words.push(...lastAttemptOf(seat, now));
  }
  words.push(...subscriptionInWords(finding, queue, now));
  const isObserving = entitlement.mode === 'observe';
  if (isObserving) words.push('The mode of this entitlement is observe, so Usher changes nothing.');
  const next = nextByList(finding) ?? nextOf(verdict, { hold, dueAt: seat?.dueAt }, now);
  words.push(isObserving ? `With mode: enforce, this would come next: ${next}` : `Next: ${next}`);
  return words;
}

/** Why the last attempt to change a seat did not succeed, and when the next follows. */
function lastAttemptOf({ refusal, nextAttemptAt, userId }: Seat, now: Date): string[] {
  if (!refusal || nextAttemptAt === undefined) return [];
  const what = refusal.attempts === undefined ? 'Refused' : `Failed ${refusal.attempts} times`;
  return [
    `${what}: ${refusal.reason}. Next attempt: ${relative(nextAttemptAt, now)}, or now: usher start --user ${userId}`,
  ];
}

/** Says what the ledger holds of a user where AWS refuses the reads that a decision needs. */
function wordsOfUnchecked({ seat }: UncheckedEntitlement, now: Date): string[] {
  const held = seat
    ? `a seat in the ledger (${seat.status} ${relative(seat.changedAt, now)})`
    : 'no seat in the ledger';
  return [
    `${held}; whether they are entitled could not be checked.`,
    'Next: an execution fails in the same way, and is tried again within the hour.',
  ];
}

function nextOf(
  verdict: Verdict,
  { hold, dueAt }: { hold: Hold | undefined; dueAt: string | undefined },
  now: Date,
): string {
  switch (verdict.do) {
    case 'grant':
      return 'the next check gives them their seat.';
    case 'waitlist':
      return 'a slot has to become free; then they get a seat.';
    case 'revoke':
      return 'the next check revokes the seat.';
    case 'hold': {
      const digest = isHeld(hold) ? hold.digests.at(-1)?.digest : undefined;
      const release = digest ? `usher release ${digest.slice(0, SHORT_DIGEST)}` : 'usher held';
      return `the brake holds the revocation until an operator releases it: ${release}`;
    }
    case 'begin-grace':
      return `the next check begins their days of grace, until ${verdict.dueAt}.`;
    case 'confirm':
      return 'the next check confirms the seat.';
    case 'restore':
      return 'the next check lets them keep the seat.';
    case 'record-removal':
    case 'drop':
      return 'the next check brings the ledger in line.';
    case 'wait':
      return `too early to tell: reads of AWS lag. Ask again ${relative(verdict.until, now)}.`;
    case 'nothing':
      return dueAt === undefined ? 'nothing.' : `the seat is revoked ${relative(dueAt, now)}, unless they come back.`;
  }
}

function pendingItems(userId: string, { users }: WorkQueue): { by: string; dueAt: string }[] {
  const entry = users[userId];
  return entry ? [{ by: entry.by, dueAt: entry.dueAt }] : [];
}

async function eventsOf(userId: string, now: Date, log: AuditLog): Promise<AuditLogRow[]> {
  const rows = new Map<string, AuditLogRow>();
  const since = new Date(now.getTime() - LOOK_BACK_DAYS * 86_400_000);
  for await (const page of log.events({ userId, since })) {
    for (const event of page ?? []) {
      const row = auditRow(event);
      rows.set(row.uid ?? event.id, row);
    }
  }
  return [...rows.values()].slice(-MOST_EVENTS);
}
