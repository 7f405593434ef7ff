import type { Command } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
import type { EntitlementLine, SeatLine } from '../../operator/lines/seats.ts';
import { entitlementLine, readSeats, SEAT_STATUSES, seatLines } from '../../operator/seats.ts';
import { count, numberOf } from '../../operator/text.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { nameIn, namesOfUsers } from '../command/user-names.ts';
import { csvOf } from '../ui/csv.ts';

const Options = z.object({
  people: z.optional(z.boolean()),
  entitlement: z.optional(z.string()),
  status: z.optional(oneOf(SEAT_STATUSES)),
  names: z.optional(z.boolean()),
  csv: z.optional(z.boolean()),
  groups: z.optional(z.boolean()),
  count: z.optional(z.boolean()),
  settings: z.optional(z.boolean()),
});

export function seatsCommand(run: Runner): Command {
  return commandOf('seats', {
    summary: 'Show seats, waitlist, leaving, held, failed and unmanaged (read-only)',
    description:
      'Counts seats by entitlement or, with --people, lists them user by user. With --groups, shows how large the groups of the entitlements were at the last sweep, and which have become smaller. With --settings, shows how they are configured: by the file and, with --local, as deployed. Prints ids only, unless you add --names.',
    examples: [
      ['usher seats', 'seats and cap of each entitlement'],
      ['usher seats --people --status waitlisted --names', 'the waitlist, in its order'],
      ['usher seats --csv --names > seats.csv', 'for a spreadsheet'],
      ['usher seats --groups --count', 'the groups, with their members as of now'],
    ],
    permissions: [
      'dynamodb:Query',
      'dynamodb:GetItem',
      'sso:ListApplicationAssignments',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
      'identitystore:DescribeGroup (--groups --names)',
      'identitystore:ListGroupMemberships (--groups --count)',
    ],
  })
    .option('--people', 'list user by user')
    .option('--entitlement <NAME>', 'only this entitlement; of what is no longer configured, its last name or ARN')
    .addOption(choiceOption('--status <STATUS>', 'only users of this status', SEAT_STATUSES))
    .option('--groups', 'show the groups instead')
    .option('--count', 'count the members of the groups now, instead of at the last sweep')
    .option('--settings', 'show how the entitlements are configured instead')
    .option('--names', 'also print names')
    .option('--csv', 'comma-separated values; implies --people')
    .action(run(seats));
}

async function seats(context: Context, command: Command): Promise<void> {
  const { people, entitlement, status, names, csv, groups, count: counts, settings } = optionsOf(command, Options);
  const { terminal, unread } = context;
  const listsUsers = people || csv || status !== undefined;
  if ((groups || settings) && listsUsers)
    throw new UsageError('--groups and --settings exclude --people, --status and --csv');
  if (groups && settings) throw new UsageError('--groups excludes --settings');
  if (counts && !groups) throw new UsageError('--count goes with --groups');
  if (settings) return (await import('./seats/settings.ts')).printSettings(entitlement, context);
  if (groups) {
    const { printGroups } = await import('./seats/groups.ts');
    await printGroups({ entitlement, count: counts, names }, context);
    return finish(context);
  }
  const found = await terminal.working('Reading seats and assignments', () => readSeats(context, entitlement));
  if (!listsUsers) {
    summarize(found.map(entitlementLine), context);
    return finish(context);
  }
  const lines = found.flatMap((one) => seatLines(one, status));
  const called = names ? await namesOfUsers(new Set(lines.map(({ userId }) => userId)), context, unread) : undefined;
  const named = lines.map((line) => ({ ...line, ...nameIn(called, line.userId) }));
  if (csv) terminal.line(await csvOf(named.map(cellsOf), [...(called ? ['name'] : []), ...FIELDS, ...moreOf(named)]));
  else listUsers(named, called !== undefined, context);
  finish(context);
}

/** Stands in a table for what could not be read. */
const UNREAD = '?';

const COUNTED = ['waitlisted', 'leaving', 'held', 'failed'] as const;

function summarize(lines: readonly EntitlementLine[], { terminal, json }: Context): void {
  if (json) {
    for (const line of lines) terminal.json(line);
    return;
  }
  const { colors } = terminal;
  const shown = (number: number | undefined) => (number === undefined ? UNREAD : numberOf(number));
  terminal.table(
    ['ENTITLEMENT', 'SEATS', 'MAX', 'WAITLISTED', 'LEAVING', 'HELD', 'FAILED', 'UNMANAGED'],
    lines.map((line) => {
      const { entitlement, seats: taken, max, unmanaged } = line;
      const full = max !== undefined && taken !== undefined && taken >= max;
      return [
        entitlement,
        full ? colors.yellow(shown(taken)) : shown(taken),
        max === undefined ? 'not configured' : numberOf(max),
        ...COUNTED.map((field, index) => {
          const number = line[field];
          return number !== undefined && number > 0 && index > 1 ? colors.red(numberOf(number)) : shown(number);
        }),
        shown(unmanaged),
      ];
    }),
  );
  for (const { entitlement, assignedGroups = [] } of lines) {
    if (assignedGroups.length === 0) continue;
    terminal.note(
      `${entitlement}: ${count(assignedGroups.length, 'group is', 'groups are')} assigned as a whole (${assignedGroups.join(', ')}). Their members have access with or without a seat`,
    );
  }
}

const FIELDS = ['userId', 'entitlement', 'status', 'since', 'dueAt', 'reason'];
type Cells = Record<string, string | undefined>;

function cellsOf({ findings, userId, ...line }: SeatLine): Cells {
  return { ...line, userId, subscription: findings?.join(', ') };
}

/** Columns that most configurations do not need: they ask for no subscription. */
function moreOf(lines: readonly SeatLine[]): string[] {
  const cells = lines.map(cellsOf);
  return ['plan', 'access', 'subscription'].filter((field) => cells.some((row) => row[field] !== undefined));
}

function listUsers(lines: readonly SeatLine[], isNamed: boolean, { terminal, clock, json, unread }: Context): void {
  if (json) {
    for (const line of lines) terminal.json(line);
    if (lines.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'seat' });
    return;
  }
  const now = clock.now();
  const more = moreOf(lines);
  const when = (time: string | undefined) => terminal.when(time, now);
  terminal.table(
    [
      ...(isNamed ? ['NAME'] : []),
      'USER',
      'ENTITLEMENT',
      'STATUS',
      'SINCE',
      'DUE',
      'REASON',
      ...more.map((field) => field.toUpperCase()),
    ],
    lines.map((line) => [
      ...(isNamed ? [line.name ?? ''] : []),
      line.userId,
      line.entitlement,
      line.status,
      when(line.since),
      when(line.dueAt),
      line.reason ?? '',
      ...more.map((field) => cellsOf(line)[field] ?? ''),
    ]),
  );
}
