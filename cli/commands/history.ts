import type { Command } from 'commander';
import * as z from 'zod/mini';
import { plusSeconds } from '../../domain/shared/time.ts';
import { UsageError } from '../../operator/failures.ts';
import { type Access, type History, historyOf, type Subject } from '../../operator/history/access.ts';
import { accessLine, changeLine } from '../../operator/history/lines.ts';
import { personsStarts, starterInWords, startersOf } from '../../operator/history/starters.ts';
import type { StarterLine } from '../../operator/lines/history.ts';
import { findAnyUser } from '../../operator/look-up/any-user.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { escaped, momentIn, timeOf } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { nameIn, namesOfUsers } from '../command/user-names.ts';
import { WHO } from '../command/who.ts';
import { REACH_IN_WORDS } from '../ui/reach.ts';

const Options = z.object({
  at: z.optional(z.string()),
  from: z.optional(z.string()),
  to: z.optional(z.string()),
  issuer: z.optional(z.string()),
  bucket: z.optional(z.string()),
  changes: z.optional(z.boolean()),
  by: z.optional(z.boolean()),
  names: z.optional(z.boolean()),
});

const DAY_SECONDS = 86_400;
const IS_DAY = /^\d{4}-\d\d-\d\d$/;

export function historyCommand(run: Runner): Command {
  return commandOf('history', {
    summary: 'Show who had a seat on a day, or the whole history of one user (read-only)',
    description:
      'Reconstructs it from the audit stream and the ledger, also for a user who was deleted (by id). It knows the seats of Usher only, and says how far back it can see. A day before that is an error, never an empty answer.',
    examples: [
      ['usher history amazon-q-developer --at 2026-11-20', 'who had a seat on that day'],
      ['usher history 94e80458-9021-70ea-08fa-c3a10a1d8a92', 'everything about one user'],
      ['usher history kiro --from 2026-10-01 --to 2026-10-31 --json', 'a period, for programs'],
      ['usher history kiro --from 30d --changes', 'also every change: joins, leaves, waits'],
      ['usher history kiro --at 2024-05-02 --bucket acme-audit', 'further back, from the copy in S3'],
    ],
    permissions: [
      'logs:FilterLogEvents',
      'logs:DescribeLogGroups',
      'dynamodb:Query',
      'dynamodb:GetItem',
      'dynamodb:BatchGetItem',
      'identitystore:DescribeUser',
      'identitystore:GetUserId',
      'identitystore:ListUsers',
      's3:ListBucket (--bucket)',
      's3:GetObject (--bucket)',
      'cloudtrail:LookupEvents (--by)',
      'states:DescribeExecution (--by)',
    ],
  })
    .argument('<USER|ENTITLEMENT>', `a user (${WHO}), an entitlement, or the ARN of an application`)
    .option('--at <WHEN>', 'a day, or a time in UTC')
    .option('--from <WHEN>', 'the first day or time (default: as far as the records reach)')
    .option('--to <WHEN>', 'the last day or time (default: now)')
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--bucket <NAME>', 'bucket with the copy of the audit stream (AuditBucketArn)')
    .option('--changes', 'also every change of an ENTITLEMENT; those of a user are always listed')
    .option('--by', 'also who started the executions that people started, from CloudTrail')
    .option('--names', 'also print names of users who still exist')
    .action(run(history));
}

async function history(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const options = optionsOf(command, Options);
  const window = windowOf(options, context.clock.now());
  const subject = await subjectOf(command.args[0] ?? '', options.issuer, context);
  const found = await terminal.working('Reading the audit stream and the ledger', () =>
    historyOf({ subject, ...window, changes: options.changes, bucket: options.bucket }, context),
  );
  const { access, changes, reach } = found;
  const starters = options.by
    ? await terminal.working('Asking CloudTrail', () => startersOf(personsStarts(found), context))
    : new Map<string, StarterLine>();
  const userIds = new Set([...access, ...changes].map(({ userId }) => userId));
  const names = options.names ? await namesOfUsers(userIds, context, context.unread) : undefined;
  if (json) {
    terminal.json({ type: 'reach', since: reach.since.toISOString(), by: reach.by });
    for (const one of access) terminal.json({ ...accessLine(one), ...nameIn(names, one.userId) });
    for (const one of changes) terminal.json({ ...changeLine(one), ...nameIn(names, one.userId) });
    for (const line of starters.values()) terminal.json(line);
    if (access.length + changes.length === 0 && context.unread.isEmpty) terminal.json({ type: 'none', of: 'access' });
  } else {
    print(found, { subject, names, starters }, context);
  }
  finish(context);
}

/** @throws UsageError for what is no time, or in the future */
function windowOf({ at, from, to }: z.infer<typeof Options>, now: Date): { from?: Date; to?: Date } {
  if (at !== undefined && (from !== undefined || to !== undefined))
    throw new UsageError('--at excludes --from and --to');
  const momentOf = (flag: string, text: string): Date => {
    const moment = momentIn(text, now);
    if (!moment)
      throw new UsageError(`${flag}: expected a day such as 2026-11-25, a time such as 2026-11-25T08:00Z, or 7d`);
    if (moment > now) throw new UsageError(`${flag}: ${text} is in the future`);
    return moment;
  };
  /** A day ends with its last moment; one that is not over, with the present. */
  const endOf = (flag: string, text: string): Date => {
    const moment = momentOf(flag, text);
    const end = IS_DAY.test(text) ? new Date(plusSeconds(moment, DAY_SECONDS)) : new Date(moment.getTime() + 1);
    return end < now ? end : now;
  };
  if (at !== undefined) return { from: momentOf('--at', at), to: endOf('--at', at) };
  const window = {
    ...(from === undefined ? {} : { from: momentOf('--from', from) }),
    ...(to === undefined ? {} : { to: endOf('--to', to) }),
  };
  if (window.from && window.to && window.from >= window.to) throw new UsageError('--from must be before --to');
  return window;
}

async function subjectOf(text: string, issuer: string | undefined, context: Context): Promise<Subject> {
  const { entitlements } = await context.entitlements();
  const entitlement = entitlements.find(({ name, application }) => name === text || application === text);
  if (entitlement) return { application: entitlement.application };
  // An entitlement that is gone is known by its application.
  if (/^arn:[^:]+:sso:.*:application\//.test(text)) return { application: text };
  try {
    const { userId, isDeleted } = await findAnyUser(text, { issuer, feedback: context.terminal }, context);
    if (isDeleted) context.terminal.note(`User ${userId} is no longer in the identity store.`);
    return { userId };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const names = entitlements.map(({ name }) => name);
    throw new UsageError(`${error.message}. No entitlement has this name either${suggestion(text, names)}`);
  }
}

interface Around {
  subject: Subject;
  names: ReadonlyMap<string, string> | undefined;
  starters: ReadonlyMap<string, StarterLine>;
}

function print(
  { access, changes, reach }: History,
  { subject, names, starters }: Around,
  { terminal, unread }: Context,
): void {
  const called = (userId: string) => (names ? [names.get(userId) ?? ''] : []);
  const by = (execution: string | undefined) => {
    const starter = execution === undefined ? undefined : starters.get(execution);
    return starters.size === 0 ? [] : [starter ? escaped(starterInWords(starter)) : ''];
  };
  if (access.length > 0) {
    const head = ['USER', 'ENTITLEMENT', 'STATUS', 'SINCE', 'UNTIL', 'WHY', 'ENDED'];
    terminal.table(
      [...(names ? ['NAME'] : []), ...head, ...(starters.size > 0 ? ['STARTED BY'] : [])],
      access.map((one) => [
        ...called(one.userId),
        one.userId,
        escaped(one.entitlement),
        one.standing,
        sinceOf(one),
        untilOf(one),
        escaped(one.began?.reason ?? ''),
        escaped(one.ended?.reason ?? ''),
        ...by(one.ended?.execution ?? one.began?.execution),
      ]),
    );
  } else if (unread.isEmpty) terminal.note('No one had a seat of Usher then, as its records say.');
  if (changes.length > 0) {
    const isOfOne = 'userId' in subject;
    const head = ['ENTITLEMENT', 'REASON'];
    terminal.line();
    terminal.table(
      ['TIME', 'EVENT', ...(isOfOne ? [] : ['USER']), ...head, ...(starters.size > 0 ? ['STARTED BY'] : [])],
      changes.map(({ at, type, userId, entitlement, reason, execution }) => [
        timeOf(at),
        type,
        ...(isOfOne ? [] : [userId]),
        escaped(entitlement),
        escaped(reason),
        ...by(execution),
      ]),
    );
  }
  terminal.note(`The records reach back to ${timeOf(reach.since)} UTC: ${REACH_IN_WORDS[reach.by]}.`);
}

function sinceOf({ from, begins }: Access): string {
  return `${begins ? '' : 'before '}${timeOf(from)}`;
}

function untilOf({ to, ends }: Access): string {
  if (to === undefined) return '';
  return `${ends ? '' : 'after '}${timeOf(to)}`;
}
