import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { AuditQuery } from '../../adapters/operator/audit-log.ts';
import { CLASSIFICATIONS } from '../../domain/audit/schema.ts';
import { UsageError } from '../../operator/failures.ts';
import { noLogGroup } from '../../operator/history/audit-records.ts';
import { starterInWords, startersOf } from '../../operator/history/starters.ts';
import { findAnyUser } from '../../operator/look-up/any-user.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { escaped, momentIn } from '../../operator/text.ts';
import { choiceOption } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { pollMilliseconds } from '../command/follow-execution.ts';
import { finish } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { WHO } from '../command/who.ts';
import { type AuditLogRow, auditRow } from '../ui/audit-rows.ts';

const TYPES = Object.keys(CLASSIFICATIONS);
const TYPE_WORDS = TYPES.map((type) => type.toLowerCase().split(' ').at(-1) ?? '');

const Options = z.object({
  follow: z.optional(z.boolean()),
  since: z.optional(z.string()),
  until: z.optional(z.string()),
  user: z.optional(z.string()),
  issuer: z.optional(z.string()),
  entitlement: z.optional(z.string()),
  type: z.optional(z.string()),
  by: z.optional(z.boolean()),
  names: z.optional(z.boolean()),
});

const DEFAULT_SINCE = '1d';
/** CloudWatch Logs shows an event some seconds late, so each poll overlaps the one before. */
const OVERLAP_MILLISECONDS = 60_000;
/** The time between two reads of the log, in polls: people don't read faster. */
const FOLLOW_POLLS = 3;

export function auditCommand(run: Runner): Command {
  return commandOf('audit', {
    summary: 'Show the audit stream: who got or lost what, when and why (read-only)',
    description: `With --json, prints the events themselves, one per line, with the type audit-event. TYPE is one of: ${TYPES.join(', ')}; its last word is enough. A user who was deleted is named by id.`,
    examples: [
      ['usher audit', 'events of the last day'],
      ['usher audit --follow', 'events as they arrive'],
      ['usher audit --since 30d --user alice@example.com', 'events of one user'],
      ['usher audit --since 2026-11-01 --type revoked --json | jq .detail', 'for programs'],
    ],
    permissions: [
      'logs:FilterLogEvents',
      'identitystore:GetUserId',
      'identitystore:DescribeUser',
      'identitystore:DescribeGroup',
      'identitystore:ListUsers',
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'cloudtrail:LookupEvents (--by)',
      'states:DescribeExecution (--by)',
    ],
  })
    .option('--follow', 'wait for more events until Ctrl-C')
    .option('--by', 'also who started the executions of the events, from CloudTrail')
    .option('--names', 'also print names of users who still exist')
    .option('--since <WHEN>', `15m, 3h, 7d, or a time in UTC, as this command prints it (default: ${DEFAULT_SINCE})`)
    .option('--until <WHEN>', 'a time likewise (default: now)')
    .option('--user <WHO>', WHO)
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--entitlement <NAME>', 'only events of this entitlement')
    .addOption(choiceOption('--type <TYPE>', 'only events of this type', TYPE_WORDS))
    .action(run(audit));
}

async function audit(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const options = optionsOf(command, Options);
  const query = await queryOf(options, context);
  const seen = new Set<string>();
  const log = await (await context.services()).auditLog();
  if (!(json || options.follow)) terminal.page();
  let from = query.since ?? new Date(0);
  for (;;) {
    let latest = from.getTime();
    for await (const page of log.events({ ...query, since: from })) {
      if (page === undefined) throw noLogGroup();
      const rows = page.flatMap((event) => {
        latest = Math.max(latest, event.at.getTime());
        const row = auditRow(event);
        // A replayed or repeated event has the same id.
        const uid = row.uid ?? event.id;
        if (seen.has(uid)) return [];
        seen.add(uid);
        return [row];
      });
      if (rows.length > 0) await show(rows, options, context);
      await terminal.drained();
    }
    if (!options.follow) break;
    from = new Date(Math.max(from.getTime(), latest - OVERLAP_MILLISECONDS));
    await sleep(pollMilliseconds(context) * FOLLOW_POLLS);
  }
  if (seen.size === 0 && json) terminal.json({ type: 'none', of: 'audit-event' });
  if (seen.size === 0 && !json) terminal.note('No matching audit event.');
  finish(context);
}

async function show(
  rows: readonly AuditLogRow[],
  { by, names }: Pick<z.infer<typeof Options>, 'by' | 'names'>,
  context: Context,
): Promise<void> {
  const { terminal, json } = context;
  const starters = by ? await startersOf(present(rows, 'execution'), context) : undefined;
  const called = names ? await namesOfUsers(present(rows, 'userId'), context, context.unread) : undefined;
  for (const { event, text, cells, execution = '', userId = '' } of rows) {
    const starter = starters?.get(execution);
    const name = called?.get(userId);
    if (json) terminal.json({ ...lineOf(event ?? { text }), ...more(starter, name) });
    else {
      const others = [...(called ? [name ?? ''] : []), ...(starters ? [starter ? starterInWords(starter) : ''] : [])];
      terminal.line([...cells, ...others.map(escaped)].join(terminal.isLive ? '  ' : '\t'));
    }
  }
}

/** The log may have anything, also a type of its own. */
function lineOf(event: object): { type: 'audit-event' } {
  const { type: _, ...fields }: { type?: unknown } = event;
  return { type: 'audit-event', ...fields };
}

function present(rows: readonly AuditLogRow[], field: 'execution' | 'userId'): string[] {
  return rows.flatMap((row) => row[field] ?? []);
}

function more(starter: { by: string } | undefined, name: string | undefined) {
  return { ...(starter ? { startedBy: starter.by } : {}), ...(name === undefined ? {} : { name }) };
}

async function queryOf(options: z.infer<typeof Options>, context: Context): Promise<AuditQuery> {
  const { since = DEFAULT_SINCE, until, user, issuer, entitlement, type, follow } = options;
  const now = context.clock.now();
  const momentOf = (flag: string, text: string) => {
    const moment = momentIn(text, now);
    if (moment) return moment;
    throw new UsageError(`${flag}: expected 15m, 3h, 7d, or a time in UTC such as 2026-11-25T08:00Z`);
  };
  if (follow && until !== undefined) throw new UsageError('--follow and --until exclude each other');
  const { entitlements } = await context.entitlements();
  if (entitlement !== undefined && !entitlements.some(({ name }) => name === entitlement)) {
    context.terminal.note(`No entitlement has the name ${entitlement} now. Searching for its earlier events.`);
  }
  return {
    since: momentOf('--since', since),
    ...(until === undefined ? {} : { until: momentOf('--until', until) }),
    ...(user === undefined
      ? {}
      : { userId: (await findAnyUser(user, { issuer, feedback: context.terminal }, context)).userId }),
    ...(entitlement === undefined ? {} : { entitlement }),
    ...(type === undefined ? {} : { detailType: typeOf(type) }),
  };
}

/** @throws UsageError */
function typeOf(text: string): string {
  const wanted = text.toLowerCase();
  const found = TYPES.find((type) => type.toLowerCase() === wanted || type.toLowerCase().endsWith(` ${wanted}`));
  if (found) return found;
  throw new UsageError(`--type: expected one of ${TYPES.join(', ')}${suggestion(wanted, TYPE_WORDS)}`);
}
