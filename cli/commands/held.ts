import type { Command } from 'commander';
import * as z from 'zod/mini';
import { changesBehind } from '../../operator/held/changes.ts';
import { holdLine } from '../../operator/held/hold-line.ts';
import { HOLD_REASONS, readHolds } from '../../operator/held/holds.ts';
import type { WayOut } from '../../operator/held/ways-out.ts';
import type { DirectoryChangeLine, HoldLine } from '../../operator/lines/holds.ts';
import { readersOf } from '../../operator/readers.ts';
import { count, escaped, numberOf, relative } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { DECISION_READS } from '../command/permissions.ts';
import { finish } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';

const Options = z.object({ names: z.optional(z.boolean()), by: z.optional(z.boolean()) });

export function heldCommand(run: Runner): Command {
  return commandOf('held', {
    summary: 'Show what the brake holds, why, and the two ways out (read-only)',
    description:
      'For each hold: which group fell from how many members to how many, and since when; the budget of the brake; each user; how to undo the cause, and how to release the revocations. Counts the members of the groups.\n\n' +
      'With --by, also who took users from these groups, or changed the users, as far as CloudTrail of this account and Region has it. AWS records changes through SCIM in the management account.',
    examples: [
      ['usher held', 'ids only'],
      ['usher held --names', 'also names'],
      ['usher held --by', 'also whose calls may have caused it'],
    ],
    permissions: [
      ...DECISION_READS,
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'cloudtrail:LookupEvents (--by)',
    ],
  })
    .option('--by', 'also whose calls may have caused it, from CloudTrail')
    .option('--names', 'also print names')
    .action(run(held));
}

async function held(context: Context, command: Command): Promise<void> {
  const { terminal, json, unread } = context;
  const { names, by } = optionsOf(command, Options);
  const readers = await readersOf(context);
  const holds = await readHolds(readers, unread);
  const users = holds.flatMap(({ members }) => members.map(({ userId }) => userId));
  const called = names ? await namesOfUsers(users, context, unread) : undefined;
  const lines: HoldLine[] = [];
  const changes = new Map<HoldLine, DirectoryChangeLine[] | undefined>();
  for (const active of holds) {
    const line = await terminal.working('Reading memberships and groups', () =>
      holdLine(active, readers, context, called),
    );
    lines.push(line);
    if (by) changes.set(line, await terminal.working('Asking CloudTrail', () => changesBehind(line, context)));
  }
  if (json) {
    for (const line of lines) for (const one of [line, ...(changes.get(line) ?? [])]) terminal.json(one);
    if (lines.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'hold' });
    return finish(context);
  }
  if (lines.length === 0 && unread.isEmpty) return terminal.line('Nothing is held.');
  for (const [index, line] of lines.entries()) {
    if (index > 0) terminal.line();
    printHold(line, context, called !== undefined);
    printChanges(changes.get(line), context);
  }
  finish(context);
}

function printHold(line: HoldLine, { terminal, clock }: Context, isNamed: boolean): void {
  const { bold, yellow } = terminal.colors;
  const now = clock.now();
  const { entitlement, users, since, reason } = line;
  terminal.paragraph(
    `${bold(entitlement)}: ${yellow(`${count(users.length, 'revocation')} held`)} since ${relative(since, now)}: ${HOLD_REASONS[reason]}.`,
  );
  for (const text of [...causeInWords(line, now), budgetInWords(line, now)]) terminal.paragraph(text, 2);
  terminal.line();
  terminal.table(
    [...(isNamed ? ['NAME'] : []), 'USER', 'HELD', 'WHY'],
    users.map(({ userId, name = '', since: heldSince, reason: why = 'not read', entitled }) => [
      ...(isNamed ? [name] : []),
      userId,
      terminal.when(heldSince, now),
      entitled ? 'entitled again: keeps the seat' : why,
    ]),
  );
  printWayOut('If this is a mistake, undo it:', line.undo, terminal);
  printWayOut('If this is intended, release it:', line.release, terminal);
}

function printChanges(changes: readonly DirectoryChangeLine[] | undefined, { terminal, clock }: Context): void {
  if (!changes) return;
  const now = clock.now();
  terminal.line();
  terminal.line(terminal.colors.bold('Calls that may have caused it:'));
  if (changes.length === 0) {
    terminal.paragraph(
      'CloudTrail of this account and Region has none. AWS records changes through SCIM in the management account: ask there.',
      2,
    );
    return;
  }
  terminal.table(
    ['CALLS', 'OPERATION', 'BY', 'GROUP', 'FIRST', 'LAST'],
    changes.map(({ count: calls, call, source, by = 'not recorded', groupId = 'not recorded', since, until }) => [
      numberOf(calls),
      escaped(`${call} of ${source}`),
      escaped(by),
      OF_USERS.test(call) ? '' : groupId,
      terminal.when(since, now),
      terminal.when(until, now),
    ]),
  );
}

const OF_USERS = /User$/;

function causeInWords({ cause }: HoldLine, now: Date): string[] {
  if (!cause) return ['Which group has become smaller is not known: a group could not be read.'];
  if (cause.length === 0) return ['No group is smaller than it was before, as far as sweeps have counted.'];
  return cause.map(({ groupId, before, after, since, at, missing }) => {
    const when =
      since === at ? `counted ${relative(at, now)}` : `first ${relative(since, now)}, last ${relative(at, now)}`;
    if (after === undefined)
      return `Group ${groupId}, with ${count(before, 'member')}, is no longer configured (${when}).`;
    const what = missing ? 'no longer exists: it had' : 'fell from';
    const to = missing ? count(before, 'member') : `${numberOf(before)} to ${count(after, 'member')}`;
    return `Group ${groupId} ${what} ${to} (${when}).`;
  });
}

function budgetInWords({ budget: { allowed, used, left, nextFreeAt, allFreeAt } }: HoldLine, now: Date): string {
  const budget = `The brake allows ${count(allowed, 'revocation')} in 24 hours: ${numberOf(used)} used, ${numberOf(left)} left`;
  if (nextFreeAt === undefined || allFreeAt === undefined) return `${budget}.`;
  const frees = nextFreeAt === allFreeAt ? '' : `, the last ${relative(allFreeAt, now)}`;
  return `${budget}; the first of them no longer counts ${relative(nextFreeAt, now)}${frees}.`;
}

function printWayOut(title: string, { steps, commands }: WayOut, terminal: Context['terminal']): void {
  terminal.line();
  terminal.line(terminal.colors.bold(title));
  for (const step of steps) terminal.paragraph(step, 2);
  for (const { command, does } of commands) terminal.line(`    ${command}  ${terminal.colors.dim(`# ${does}`)}`);
}
