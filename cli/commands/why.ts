import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { UserLine } from '../../operator/lines/why.ts';
import { findAnyUser } from '../../operator/look-up/any-user.ts';
import { relative } from '../../operator/text.ts';
import { explainUser, LOOK_BACK_DAYS } from '../../operator/why/explain-user.ts';
import { findingsInWords } from '../../operator/why/recorded-findings.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { WHO } from '../command/who.ts';
import { auditRow } from '../ui/audit-rows.ts';

const Options = z.object({ issuer: z.optional(z.string()), names: z.optional(z.boolean()) });

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
  const { issuer, names } = optionsOf(command, Options);
  const { userId } = await findAnyUser(command.args[0] ?? '', { issuer, feedback: context.terminal }, context);
  const line = await explainUser(userId, context, { names: names === true });
  if (context.json) context.terminal.json(line);
  else printUser(line, context);
  finish(context);
}

function printUser(line: UserLine, { terminal, clock }: Context): void {
  const now = clock.now();
  const { bold, dim } = terminal.colors;
  const { userId, name, status, entitlements, subscriptions = [], checks = [], events } = line;
  terminal.line([bold(userId), name, inWords(status)].filter(Boolean).join('  '));
  terminal.line(groupsInWords(line.groups));
  const sections = [
    ...entitlements.map(({ entitlement, words }) => ({ entitlement, words })),
    ...subscriptions.map((one) => ({ entitlement: one.entitlement, words: findingsInWords(one, now) })),
  ];
  for (const [entitlement, some] of Map.groupBy(sections, (section) => section.entitlement)) {
    terminal.line();
    terminal.line(bold(entitlement));
    for (const text of some.flatMap(({ words }) => words)) terminal.paragraph(text, 2);
  }
  if (entitlements.length === 0) terminal.line('No entitlement concerns this user, and Usher has no record of them.');
  for (const { dueAt, execution } of checks) {
    terminal.line();
    terminal.line(`Usher checks this user again ${relative(dueAt, now)} (${execution}).`);
  }
  terminal.line();
  if (events?.length === 0) terminal.line(dim(`The last ${LOOK_BACK_DAYS} days have no audit event about this user.`));
  else if (events) terminal.table(['TIME', 'EVENT', 'ENTITLEMENT', 'REASON'], events.map(eventCells));
}

function eventCells(event: NonNullable<UserLine['events']>[number]): string[] {
  const row = auditRow({ id: '', at: new Date(String(event['time'])), text: JSON.stringify(event) });
  const [time = '', type = '', , entitlement = '', reason = ''] = row.cells;
  return [time, type, entitlement, reason];
}

function groupsInWords(groups: UserLine['groups']): string {
  if (groups === undefined) return 'Usher could not read their groups.';
  if (groups.length === 0) return 'Member of none of the configured groups.';
  return `Member of ${groups.map(({ groupId, name }) => [groupId, name].filter(Boolean).join(' ')).join(', ')}.`;
}

function inWords(status: UserLine['status']): string {
  if (status === undefined) return 'status unknown';
  return status === 'missing' ? 'not in the identity store' : status;
}
