import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { UsageError } from '../../operator/failures.ts';
import { readersOf } from '../../operator/readers.ts';
import { count, relative } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import { readUser } from '../../reconcile/plan/read-user.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { ADMIN_STARTS, DECISION_READS } from '../command/permissions.ts';
import { startAndFollow } from '../command/start-execution.ts';
import { finish, printUnread } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';

/** The digits of a digest that identify it for people. */
export const SHORT_DIGEST = 12;

const ListOptions = z.object({ names: z.optional(z.boolean()) });
const ActOptions = z.object({ yes: z.optional(z.boolean()), wait: z.optional(z.boolean()) });

const REASONS: Readonly<Record<HoldReason, string>> = {
  brake: 'more revocations than the brake allows in 24 hours',
  'nobody-entitled': 'no user would be entitled',
  'group-empty': 'a configured group is empty or missing',
};

export function heldCommand(run: Runner): Command {
  return commandOf('held', {
    summary: 'Show what the brake holds, and why, user by user (read-only)',
    examples: [
      ['usher held', 'ids only'],
      ['usher held --names', 'also names'],
    ],
    permissions: [...DECISION_READS, 'identitystore:ListUsers'],
  })
    .option('--names', 'also print names')
    .action(run(held));
}

export function releaseCommand(run: Runner): Command {
  return commandOf('release', {
    summary: 'Release the held revocations that a digest covers (see usher held)',
    description:
      'Revokes the seats of the covered users who are still not entitled. Users who joined the hold later stay held. The first 8 digits of DIGEST are enough. Lists the users and asks for confirmation.',
    examples: [
      ['usher release 3f6b2c1d', 'list the users, then ask'],
      ['usher release 3f6b2c1d --yes --wait', 'do not ask; follow the execution'],
    ],
    permissions: [...DECISION_READS, ...ADMIN_STARTS],
  })
    .argument('<DIGEST>', 'digest of a hold, from usher held')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'follow the execution to its end')
    .action(run(release));
}

/** A hold in force, and the seats in it. */
interface ActiveHold {
  application: string;
  hold: Hold;
  members: Seat[];
}

async function holdsOf({ ledger, entitlements }: Readers, unread: Unread): Promise<ActiveHold[]> {
  const configured = entitlements.entitlements.map(({ application }) => application);
  const swept = (await unread.attempt(() => ledger.queue()))?.value.sweptAt ?? {};
  const known = new Set([...configured, ...Object.keys(swept)]);
  const found: ActiveHold[] = [];
  for (const application of known) {
    const holdings = await unread.attempt(() => ledger.holdings(application));
    const { hold, seats = [] } = holdings?.value ?? {};
    if (!isHeld(hold)) continue;
    const members = seats.filter((seat) => seat.status === 'held' && isMember(hold, seat.hold));
    found.push({ application, hold, members });
  }
  return found;
}

function digestOf({ digests }: Hold): string {
  return digests.at(-1)?.digest ?? '';
}

async function held(context: Context, command: Command): Promise<void> {
  const { terminal, json, clock } = context;
  const { names } = optionsOf(command, ListOptions);
  const readers = await readersOf(context);
  const { unread } = context;
  const holds = await holdsOf(readers, unread);
  const now = clock.now();
  const seats = holds.flatMap(({ members }) => members);
  const called = names ? await namesOfUsers(new Set(seats.map(({ userId }) => userId)), context, unread) : undefined;
  const why = await terminal.working('Reading memberships', (report) =>
    ineligibilitiesOf(seats, now, readers, { unread, report }),
  );
  if (json) {
    for (const { application, hold, members } of holds) {
      const { entitlement, reason, since, released } = hold;
      const people = members.map(({ userId }) => ({ userId, name: called?.get(userId), why: why.get(userId) }));
      terminal.untypedJson({
        entitlement,
        application,
        reason,
        since,
        released: released !== undefined,
        digest: digestOf(hold),
        people,
      });
    }
    return finish(context);
  }
  if (holds.length === 0 && unread.isEmpty) return terminal.line('Nothing is held.');
  for (const [index, { hold, members }] of holds.entries()) {
    if (index > 0) terminal.line();
    const { bold, yellow, dim } = terminal.colors;
    terminal.line(
      `${bold(hold.entitlement)}: ${yellow(`${count(members.length, 'revocation')} held`)} since ${relative(hold.since, now)}: ${REASONS[hold.reason]}.`,
    );
    terminal.table(
      [...(called ? ['NAME'] : []), 'USER', 'HELD', 'WHY'],
      members.map(({ userId, changedAt }) => [
        ...(called ? [called.get(userId) ?? ''] : []),
        userId,
        relative(changedAt, now),
        why.get(userId) ?? '',
      ]),
    );
    terminal.line(
      hold.released === undefined
        ? dim(`To revoke these seats: usher release ${digestOf(hold).slice(0, SHORT_DIGEST)}`)
        : dim('Released. The next sweep revokes the seats.'),
    );
  }
  finish(context);
}

/** Reads why each user is not entitled, as of now; says so where AWS refuses the reads. */
async function ineligibilitiesOf(
  seats: readonly Seat[],
  now: Date,
  readers: Readers,
  { unread, report }: { unread: Unread; report: (text: string) => void },
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const at = now.toISOString();
  for (const [index, { userId, applicationArn }] of seats.entries()) {
    report(`${index} of ${seats.length}`);
    const read = await unread.attempt(() => readUser(userId, { at, expected: [] }, now, readers));
    if (!read) {
      found.set(userId, 'not read');
      continue;
    }
    const own = read.value.applications.find(({ entitlement }) => entitlement.application === applicationArn);
    const entitled = own?.user.entitled ? 'entitled again: keeps the seat' : undefined;
    found.set(userId, entitled ?? own?.user.ineligibility ?? 'entitlement-removed');
  }
  return found;
}

async function release(context: Context, command: Command): Promise<void> {
  const { terminal, clock } = context;
  const { yes, wait } = optionsOf(command, ActOptions);
  const given = (command.args[0] ?? '').toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(given)) throw new UsageError('DIGEST: expected 8 to 64 hex digits, from usher held');
  const readers = await readersOf(context);
  const { unread } = context;
  const found = (await holdsOf(readers, unread)).flatMap((one) =>
    one.hold.digests.filter(({ digest }) => digest.startsWith(given)).map((covered) => ({ ...one, covered })),
  );
  const [only, ...others] = found;
  if (!only) {
    // The hold may be that of an application whose holdings could not be read.
    finish(context);
    throw new UsageError('No hold has this digest. List current holds: usher held');
  }
  if (others.length > 0) throw new UsageError('Ambiguous digest: give more characters');
  const { hold, members, covered } = only;
  const released = members.filter((seat) => (seat.hold ?? 0) <= covered.generation);
  const later = members.length - released.length;
  const now = clock.now();
  const why = await ineligibilitiesOf(released, now, readers, { unread, report: () => undefined });
  terminal.note(
    `${hold.entitlement}: this releases ${count(released.length, 'revocation')} (${REASONS[hold.reason]}):`,
  );
  for (const { userId } of released) terminal.note(`  ${userId}  ${why.get(userId) ?? ''}`);
  printUnread(context);
  if (later > 0)
    terminal.note(
      `${count(later, 'user')} joined the hold after this digest and ${later === 1 ? 'stays' : 'stay'} held.`,
    );
  if (!(await terminal.confirm(`Revoke ${count(released.length, 'seat')}?`, yes === true))) return;
  await startAndFollow({ machine: 'adminMachine', input: { release: covered.digest }, wait: wait === true }, context);
}
