import type { Command } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
import { heldUsers } from '../../operator/held/hold-line.ts';
import { HOLD_REASONS, readHolds } from '../../operator/held/holds.ts';
import { coveredBy, isReleasable, retireFirst } from '../../operator/held/release.ts';
import { standingsOf } from '../../operator/held/standings.ts';
import type { ReleaseLine } from '../../operator/lines/holds.ts';
import { readersOf } from '../../operator/readers.ts';
import { count } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { ADMIN_STARTS, DECISION_READS } from '../command/permissions.ts';
import { startAndFollow } from '../command/start-execution.ts';
import { finish, printUnread } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';

const Options = z.object({
  names: z._default(z.boolean(), false),
  yes: z._default(z.boolean(), false),
  wait: z._default(z.boolean(), false),
});

export function releaseCommand(run: Runner): Command {
  return commandOf('release', {
    summary: 'Release the held revocations that a digest covers (see usher held)',
    description:
      'Revokes the seats of the covered users who are still not entitled. Users who joined the hold later stay held. The first 8 digits of DIGEST are enough. Lists the users and asks for confirmation. A digest that covers no user who is held starts nothing.',
    examples: [
      ['usher release 3f6b2c1d --names', 'list the users with their names, then ask'],
      ['usher release 3f6b2c1d --yes --wait', 'do not ask; follow the execution'],
    ],
    permissions: [...DECISION_READS, 'identitystore:ListUsers', ...ADMIN_STARTS],
  })
    .argument('<DIGEST>', 'digest of a hold, from usher held')
    .option('--names', 'also print names')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'follow the execution to its end')
    .action(run(release));
}

async function release(context: Context, command: Command): Promise<void> {
  const { terminal, json, unread } = context;
  const { names, yes, wait } = optionsOf(command, Options);
  const given = (command.args[0] ?? '').toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(given)) throw new UsageError('DIGEST: expected 8 to 64 hex digits, from usher held');
  const readers = await readersOf(context);
  const holds = await readHolds(readers, unread);
  const isKnown = holds.some(({ hold }) => hold.digests.some(({ digest }) => digest.startsWith(given)));
  // The hold may be that of an application whose holdings could not be read.
  if (!isKnown) finish(context);
  const { active, digest, members, later } = coveredBy(given, holds);
  const { hold } = active;
  if (!isReleasable(hold.applicationArn, readers.entitlements)) throw new UsageError(retireFirst(hold));
  const standings = await terminal.working('Reading memberships', () => standingsOf(members, readers, context));
  const userIds = members.map(({ userId }) => userId);
  const called = names ? await namesOfUsers(userIds, context, unread) : undefined;
  const line: ReleaseLine = {
    type: 'release',
    entitlement: hold.entitlement,
    application: hold.applicationArn,
    reason: hold.reason,
    digest,
    users: heldUsers(members, standings, called),
    later,
  };
  if (json) terminal.json(line);
  printRelease(line, context);
  printUnread(context);
  if (!(await terminal.confirm(`Revoke ${count(members.length, 'seat')}?`, yes))) return;
  await startAndFollow({ machine: 'adminMachine', input: { release: digest }, wait }, context);
}

function printRelease({ entitlement, reason, users, later }: ReleaseLine, { terminal }: Context): void {
  terminal.note(`${entitlement}: this releases ${count(users.length, 'revocation')} (${HOLD_REASONS[reason]}):`);
  for (const { userId, name, reason: why = 'not read', entitled } of users) {
    const stands = entitled ? 'entitled again: keeps the seat' : why;
    terminal.note(`  ${[userId, name, stands].filter(Boolean).join('  ')}`);
  }
  if (later > 0)
    terminal.note(
      `${count(later, 'user')} joined the hold after this digest and ${later === 1 ? 'stays' : 'stay'} held.`,
    );
}
