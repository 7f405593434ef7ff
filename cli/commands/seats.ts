import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Applications } from '../../adapters/sso-admin.ts';
import { byRequest } from '../../domain/decision/waitlist.ts';
import type { UserFindings } from '../../domain/findings/recorded-findings.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { SeatStatusSchema, takesSlot } from '../../domain/seat/seat.ts';
import { readersOf } from '../../operator/readers.ts';
import { unknownEntitlement } from '../../operator/suggestions.ts';
import { count, numberOf, relative } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { csvOf } from '../ui/csv.ts';

const UNMANAGED = 'unmanaged';
const SEAT_STATUSES: readonly string[] = [...SeatStatusSchema.options, UNMANAGED];

const Options = z.object({
  people: z.optional(z.boolean()),
  entitlement: z.optional(z.string()),
  status: z.optional(oneOf(SEAT_STATUSES)),
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
    .addOption(choiceOption('--status <STATUS>', 'only users of this status', SEAT_STATUSES))
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
  /** Undefined if the ledger could not be read. */
  seats: Seat[] | undefined;
  /** By user: the kinds of what the hourly comparison found about the subscription. */
  findings: ReadonlyMap<string, string>;
  /** Undefined if the assignments, or the seats among them, could not be read. */
  assignments: { unmanaged: string[]; assignedGroups: string[] } | undefined;
}

/** A row of the list of users. */
interface Row {
  entitlement: string;
  userId: string;
  status: string;
  since: string | undefined;
  dueAt: string | undefined;
  reason: string | undefined;
  /** What was found about the subscription. */
  subscription: string | undefined;
  /** The plan of the subscription that is Usher's. */
  plan: string | undefined;
  /** `foreign`: the seat is Usher's for its subscription alone. */
  access: Seat['access'];
  requestedAt: string;
}

async function seats(context: Context, command: Command): Promise<void> {
  const { people, entitlement, status, names, csv } = optionsOf(command, Options);
  const { unread } = context;
  const found = await context.terminal.working('Reading seats and assignments', (report) =>
    readSeats(context, entitlement, unread, report),
  );
  if (!(people || csv || status !== undefined)) {
    summarize(found, context);
    return finish(context);
  }
  const rows = found
    .flatMap(rowsOf)
    .filter((row) => (status === undefined ? row.status !== 'revoked' : row.status === status));
  const called = names ? await namesOfUsers(new Set(rows.map(({ userId }) => userId)), context, unread) : undefined;
  await listUsers(rows, called, csv === true, context);
  finish(context);
}

async function readSeats(
  context: Context,
  only: string | undefined,
  unread: Unread,
  report: (detail: string) => void,
): Promise<EntitlementSeats[]> {
  const { applications, ledger, entitlements } = await readersOf(context);
  const configured = entitlements.entitlements.map(({ name, application, seats: cap }) => ({
    name,
    application,
    max: cap.max,
  }));
  const known = new Set(configured.map(({ application }) => application));
  const swept = (await unread.attempt(() => ledger.queue()))?.value.sweptAt ?? {};
  const others = Object.keys(swept).filter((application) => !known.has(application));
  const gone = others.map((application) => ({ name: undefined, application, max: undefined }));
  const found: EntitlementSeats[] = [];
  for (const { name, application, max } of [...configured, ...gone]) {
    if (only !== undefined && name !== only) continue;
    report(application);
    const { seats, findings = [] } = (await unread.attempt(() => ledger.itemsOf(application)))?.value ?? {};
    const assigned = await unread.attempt(() => assignmentsOf(application, applications, seats ?? []));
    const assignments = seats && assigned?.value;
    found.push({
      entitlement: name ?? seats?.[0]?.entitlement ?? application,
      application,
      max,
      seats,
      findings: new Map(findings.flatMap(kindsOf)),
      assignments,
    });
  }
  if (only !== undefined && found.length === 0) throw unknownEntitlement(only, entitlements.entitlements);
  return found;
}

function kindsOf({ userId, findings }: UserFindings): [string, string][] {
  return findings.length > 0 ? [[userId, findings.map(({ kind }) => kind).join(', ')]] : [];
}

/** Reads who is assigned without a seat of Usher's, and which groups are assigned as a whole. */
async function assignmentsOf(application: string, applications: Applications, seats: readonly Seat[]) {
  const ours = new Set(seats.filter(takesSlot).map(({ userId }) => userId));
  const unmanaged: string[] = [];
  const assignedGroups: string[] = [];
  for await (const page of applications.assigneesOf(application)) {
    for (const { principalId, principalType } of page) {
      if (principalType === 'GROUP') assignedGroups.push(principalId);
      else if (!ours.has(principalId)) unmanaged.push(principalId);
    }
  }
  return { unmanaged, assignedGroups };
}

/** Stands in a table for what could not be read. */
const UNREAD = '?';

const COUNTED = ['waitlisted', 'leaving', 'held', 'failed'] as const;

function summarize(found: readonly EntitlementSeats[], { terminal, json }: Context): void {
  if (json) {
    for (const { seats: all, assignments, findings: _, ...rest } of found) {
      const counts = all && {
        seats: all.filter(takesSlot).length,
        ...Object.fromEntries(COUNTED.map((status) => [status, all.filter((seat) => seat.status === status).length])),
      };
      const { unmanaged, assignedGroups } = assignments ?? {};
      terminal.untypedJson({ ...rest, assignedGroups, ...counts, unmanaged: unmanaged?.length });
    }
    return;
  }
  const { colors } = terminal;
  terminal.table(
    ['ENTITLEMENT', 'SEATS', 'MAX', 'WAITING', 'LEAVING', 'HELD', 'FAILED', 'UNMANAGED'],
    found.map(({ entitlement, seats: all, max, assignments }) => {
      const taken = all?.filter(takesSlot).length;
      const full = max !== undefined && taken !== undefined && taken >= max;
      const numbers = COUNTED.map((status) => all?.filter((seat) => seat.status === status).length);
      const shown = (number: number | undefined) => (number === undefined ? UNREAD : numberOf(number));
      return [
        entitlement,
        full ? colors.yellow(shown(taken)) : shown(taken),
        max === undefined ? 'not configured' : numberOf(max),
        ...numbers.map((number, index) =>
          number !== undefined && number > 0 && index > 1 ? colors.red(numberOf(number)) : shown(number),
        ),
        shown(assignments?.unmanaged.length),
      ];
    }),
  );
  for (const { entitlement, assignments } of found) {
    const { assignedGroups = [] } = assignments ?? {};
    if (assignedGroups.length === 0) continue;
    terminal.note(
      `${entitlement}: ${count(assignedGroups.length, 'group is', 'groups are')} assigned as a whole (${assignedGroups.join(', ')}). Their members have access with or without a seat`,
    );
  }
}

/** Sorts by status; within a status in the order of the waitlist, users without a seat by id. */
function rowsOf({ entitlement, seats: all = [], findings, assignments }: EntitlementSeats): Row[] {
  const ours = all.map(({ userId, status, changedAt, dueAt, refusal, requestedAt, ...seat }) => ({
    entitlement,
    userId,
    status,
    since: status === 'waitlisted' ? requestedAt : changedAt,
    dueAt,
    reason: refusal?.reason,
    subscription: findings.get(userId),
    plan: takesSlot({ status }) ? seat.subscription?.plan : undefined,
    access: takesSlot({ status }) ? seat.access : undefined,
    requestedAt,
  }));
  const others = (assignments?.unmanaged ?? []).map((userId) => ({
    entitlement,
    userId,
    status: UNMANAGED,
    since: undefined,
    dueAt: undefined,
    reason: undefined,
    subscription: findings.get(userId),
    plan: undefined,
    access: undefined,
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
  // Most configurations ask for no subscription.
  const more = (['plan', 'access', 'subscription'] as const).filter((field) =>
    rows.some((row) => row[field] !== undefined),
  );
  if (json) {
    for (const row of named) terminal.untypedJson(row);
    return;
  }
  if (csv) {
    const fields = ['userId', 'entitlement', 'status', 'since', 'dueAt', 'reason'];
    const columns = [...(names ? ['name'] : []), ...fields, ...more];
    terminal.line(await csvOf(named, columns));
    return;
  }
  const now = clock.now();
  const when = (time: string | undefined) => (time === undefined ? '' : relative(time, now));
  terminal.table(
    [
      ...(names ? ['NAME'] : []),
      'USER',
      'ENTITLEMENT',
      'STATUS',
      'SINCE',
      'DUE',
      'REASON',
      ...more.map((field) => field.toUpperCase()),
    ],
    named.map(({ userId, entitlement, status, since, dueAt, reason, ...row }) => [
      ...('name' in row ? [row.name] : []),
      userId,
      entitlement,
      status,
      when(since),
      when(dueAt),
      reason ?? '',
      ...more.map((field) => row[field] ?? ''),
    ]),
  );
}
