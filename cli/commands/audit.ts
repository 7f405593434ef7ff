import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { AuditQuery } from '../../adapters/operator/audit-log.ts';
import { CLASSIFICATIONS } from '../../domain/audit/schema.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { readersOf } from '../../operator/readers.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { momentIn } from '../../operator/text.ts';
import { choiceOption } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { pollMilliseconds } from '../command/follow-execution.ts';
import { requireUser, WHO } from '../command/selectors.ts';
import { printUnread } from '../command/unread.ts';
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
});

const DEFAULT_SINCE = '1d';
/** CloudWatch Logs shows an event some seconds late, so each poll overlaps the one before. */
const OVERLAP_MILLISECONDS = 60_000;
/** The time between two reads of the log, in polls: people don't read faster. */
const FOLLOW_POLLS = 3;

export function auditCommand(run: Runner): Command {
  return commandOf('audit', {
    summary: 'Show the audit stream: who got or lost what, when and why (read-only)',
    description: `With --json, prints the events themselves, one per line. TYPE is one of: ${TYPES.join(', ')}; its last word is enough.`,
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
    ],
  })
    .option('--follow', 'wait for more events until Ctrl-C')
    .option('--since <WHEN>', `15m, 3h, 7d, or a time in UTC (default: ${DEFAULT_SINCE})`)
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
  const show = (row: AuditLogRow, id: string) => {
    // A replayed or repeated event has the same id.
    const uid = row.uid ?? id;
    if (seen.has(uid)) return;
    seen.add(uid);
    if (json) terminal.untypedJson(row.event);
    else terminal.line(row.cells.join(terminal.isLive ? '  ' : '\t'));
  };
  const log = await (await context.services()).auditLog();
  if (!(json || options.follow)) terminal.page();
  let from = query.since ?? new Date(0);
  let shown = 0;
  for (;;) {
    let latest = from.getTime();
    for await (const page of log.events({ ...query, since: from })) {
      if (page === undefined)
        throw new MissingPrecondition(
          'This account and Region have no log group of the audit stream. Is Usher deployed here?',
        );
      for (const event of page) {
        show(auditRow(event), event.id);
        latest = Math.max(latest, event.at.getTime());
        shown += 1;
      }
      await terminal.drained();
    }
    if (!options.follow) break;
    from = new Date(Math.max(from.getTime(), latest - OVERLAP_MILLISECONDS));
    await sleep(pollMilliseconds(context) * FOLLOW_POLLS);
  }
  if (shown === 0 && !json) terminal.note('No matching audit event.');
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
    ...(user === undefined ? {} : { userId: await userIdOf(user, issuer, context) }),
    ...(entitlement === undefined ? {} : { entitlement }),
    ...(type === undefined ? {} : { detailType: typeOf(type) }),
  };
}

async function userIdOf(user: string, issuer: string | undefined, context: Context): Promise<string> {
  const readers = await readersOf(context);
  const people = await (await context.services()).people(readers.entitlements.identityCenter.identityStoreId);
  const { terminal } = context;
  const { unread } = context;
  const userId = await requireUser(user, issuer, { ...readers, people, terminal, unread });
  printUnread(context);
  return userId;
}

/** @throws UsageError */
function typeOf(text: string): string {
  const wanted = text.toLowerCase();
  const found = TYPES.find((type) => type.toLowerCase() === wanted || type.toLowerCase().endsWith(` ${wanted}`));
  if (found) return found;
  throw new UsageError(`--type: expected one of ${TYPES.join(', ')}${suggestion(wanted, TYPE_WORDS)}`);
}
