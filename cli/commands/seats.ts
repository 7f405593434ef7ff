import type { Command } from 'commander';
import * as z from 'zod/mini';
import { byRequest } from '../../domain/decision/waitlist.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { SeatStatusSchema, takesSlot } from '../../domain/seat/seat.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { readersOf } from '../command/readers.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { UsageError } from '../shared/failures.ts';
import { count, escaped, numberOf, relative } from '../ui/text.ts';

const UNMANAGED = 'unmanaged';
const SEAT_STATUSES = [...SeatStatusSchema.options, UNMANAGED];

const Options = z.object({
  people: z.optional(z.boolean()),
  entitlement: z.optional(z.string()),
  status: z.optional(
    z
      .string()
      .check(z.refine((status) => SEAT_STATUSES.includes(status), `expected one of ${SEAT_STATUSES.join(', ')}`)),
  ),
  names: z.optional(z.boolean()),
  csv: z.optional(z.boolean()),
});

export function seatsCommand(run: Runner): Command {
  return commandOf('seats', {
    summary: 'Show seats, waitlist, leaving, held, failed and unmanaged (read-only)',
    description:
      'Counts seats by entitlement or, with --people, lists them user by user. Prints ids only, unless you add --names.',
    examples: [
      ['usher seats', 'seats and cap of each entitlement'],
      ['usher seats --people --status waitlisted --names', 'the waitlist, in its order'],
      ['usher seats --csv --names > seats.csv', 'for a spreadsheet'],
    ],
    permissions: [
      'dynamodb:Query',
      'dynamodb:GetItem',
      'sso:ListApplicationAssignments',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
    ],
  })
    .option('--people', 'list user by user')
    .option('--entitlement <NAME>', 'only this entitlement')
    .option('--status <STATUS>', `only users of this status: ${SEAT_STATUSES.join(', ')}`)
    .option('--names', 'also print names')
    .option('--csv', 'comma-separated values; implies --people')
    .action(run(seats));
}

/** The seats and assignments of an entitlement. */
interface EntitlementSeats {
  entitlement: string;
  application: string;
  /** Undefined for an application that is no longer configured. */
  max: number | undefined;
  seats: Seat[];
  /** Ids of users whom others have assigned. */
  unmanaged: string[];
  assignedGroups: string[];
}

/** A row of the list of users. */
interface Row {
  entitlement: string;
  userId: string;
  status: string;
  since: string | undefined;
  dueAt: string | undefined;
  reason: string | undefined;
  requestedAt: string;
}

async function seats(context: Context, command: Command): Promise<void> {
  const { people, entitlement, status, names, csv } = optionsOf(command, Options);
  const found = await context.terminal.working('Reading seats and assignments', (report) =>
    readSeats(context, entitlement, report),
  );
  if (!(people || csv || status !== undefined)) return summarize(found, context);
  const rows = found
    .flatMap(rowsOf)
    .filter((row) => (status === undefined ? row.status !== 'revoked' : row.status === status));
  const called = names ? await namesOfUsers(new Set(rows.map(({ userId }) => userId)), context) : undefined;
  await listUsers(rows, called, csv === true, context);
}

async function readSeats(
  context: Context,
  only: string | undefined,
  report: (detail: string) => void,
): Promise<EntitlementSeats[]> {
  const { applications, ledger, entitlements } = await readersOf(context);
  const configured = entitlements.entitlements.map(({ name, application, seats: cap }) => ({
    name,
    application,
    max: cap.max,
  }));
  const known = new Set(configured.map(({ application }) => application));
  const others = Object.keys((await ledger.queue()).sweptAt).filter((application) => !known.has(application));
  const gone = others.map((application) => ({ name: undefined, application, max: undefined }));
  const found: EntitlementSeats[] = [];
  for (const { name, application, max } of [...configured, ...gone]) {
    if (only !== undefined && name !== only) continue;
    report(application);
    const { seats: held } = await ledger.holdings(application);
    const ours = new Set(held.filter(takesSlot).map(({ userId }) => userId));
    const unmanaged: string[] = [];
    const assignedGroups: string[] = [];
    for await (const page of applications.assigneesOf(application)) {
      for (const { principalId, principalType } of page) {
        if (principalType === 'GROUP') assignedGroups.push(principalId);
        else if (!ours.has(principalId)) unmanaged.push(principalId);
      }
    }
    const entitlement = name ?? held[0]?.entitlement ?? application;
    found.push({ entitlement, application, max, seats: held, unmanaged, assignedGroups });
  }
  if (only !== undefined && found.length === 0) throw new UsageError(`No entitlement has the name ${escaped(only)}`);
  return found;
}

const COUNTED = ['waitlisted', 'leaving', 'held', 'failed'] as const;

function summarize(found: readonly EntitlementSeats[], { terminal, json }: Context): void {
  const counted = found.map(({ seats: all, unmanaged, ...rest }) => ({
    ...rest,
    seats: all.filter(takesSlot).length,
    ...Object.fromEntries(COUNTED.map((status) => [status, all.filter((seat) => seat.status === status).length])),
    unmanaged: unmanaged.length,
  }));
  if (json) {
    for (const one of counted) terminal.json(one);
    return;
  }
  const { colors } = terminal;
  terminal.table(
    ['ENTITLEMENT', 'SEATS', 'MAX', 'WAITING', 'LEAVING', 'HELD', 'FAILED', 'UNMANAGED'],
    found.map(({ entitlement, seats: all, max, unmanaged }) => {
      const taken = all.filter(takesSlot).length;
      const full = max !== undefined && taken >= max;
      const numbers = COUNTED.map((status) => all.filter((seat) => seat.status === status).length);
      return [
        entitlement,
        full ? colors.yellow(numberOf(taken)) : numberOf(taken),
        max === undefined ? 'not configured' : numberOf(max),
        ...numbers.map((number, index) => (number > 0 && index > 1 ? colors.red(numberOf(number)) : numberOf(number))),
        numberOf(unmanaged.length),
      ];
    }),
  );
  for (const { entitlement, assignedGroups } of found) {
    if (assignedGroups.length === 0) continue;
    terminal.note(
      `${entitlement}: ${count(assignedGroups.length, 'group is', 'groups are')} assigned as a whole (${assignedGroups.join(', ')}). Their members have access with or without a seat`,
    );
  }
}

/** Sorts by status; within a status in the order of the waitlist, users without a seat by id. */
function rowsOf({ entitlement, seats: all, unmanaged }: EntitlementSeats): Row[] {
  const ours = all.map(({ userId, status, changedAt, dueAt, refusal, requestedAt }) => ({
    entitlement,
    userId,
    status,
    since: status === 'waitlisted' ? requestedAt : changedAt,
    dueAt,
    reason: refusal?.reason,
    requestedAt,
  }));
  const others = unmanaged.map((userId) => ({
    entitlement,
    userId,
    status: UNMANAGED,
    since: undefined,
    dueAt: undefined,
    reason: undefined,
    requestedAt: '',
  }));
  const order = ({ status }: Row) => SEAT_STATUSES.indexOf(status);
  const bySeat = (a: Row, b: Row) => (a.status === UNMANAGED ? (a.userId < b.userId ? -1 : 1) : byRequest(a, b));
  return [...ours, ...others].sort((a, b) => order(a) - order(b) || bySeat(a, b));
}

async function listUsers(
  rows: readonly Row[],
  names: ReadonlyMap<string, string> | undefined,
  csv: boolean,
  { terminal, clock, json }: Context,
): Promise<void> {
  const named = rows.map(({ requestedAt: _, ...row }) => ({
    ...row,
    ...(names ? { name: names.get(row.userId) ?? '' } : {}),
  }));
  if (json) {
    for (const row of named) terminal.json(row);
    return;
  }
  if (csv) {
    const columns = [...(names ? ['name'] : []), 'userId', 'entitlement', 'status', 'since', 'dueAt', 'reason'];
    // In a spreadsheet, a name that begins with = would be a formula.
    const { stringify } = await import('csv-stringify/sync');
    terminal.line(stringify(named, { header: true, columns, escape_formulas: true }).trimEnd());
    return;
  }
  const now = clock.now();
  const when = (time: string | undefined) => (time === undefined ? '' : relative(time, now));
  terminal.table(
    [...(names ? ['NAME'] : []), 'USER', 'ENTITLEMENT', 'STATUS', 'SINCE', 'DUE', 'REASON'],
    named.map(({ userId, entitlement, status, since, dueAt, reason, ...row }) => [
      ...('name' in row ? [row.name] : []),
      userId,
      entitlement,
      status,
      when(since),
      when(dueAt),
      reason ?? '',
    ]),
  );
}
