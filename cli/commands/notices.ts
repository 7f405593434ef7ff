import type { Command } from 'commander';
import * as z from 'zod/mini';
import { DeliveryStatusSchema } from '../../domain/notices/delivery.ts';
import { UsageError } from '../../operator/failures.ts';
import type { NoticeLine } from '../../operator/lines/notices.ts';
import { findAnyUser } from '../../operator/look-up/any-user.ts';
import { requireNotices } from '../../operator/notices/configured.ts';
import { noticeLine } from '../../operator/notices/notice-line.ts';
import { noticesNotDeployed, OPEN_STATUSES, openNotices } from '../../operator/notices/open-notices.ts';
import { resendContextOf } from '../../operator/notices/resendable.ts';
import { requireEntitlement } from '../../operator/suggestions.ts';
import { momentIn, numberOf } from '../../operator/text.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner, SUB_COMMAND_HELP } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { nameIn, namesOfUsers } from '../command/user-names.ts';
import { WHO } from '../command/who.ts';
import { previewCommand } from './notices/preview.ts';
import { resendCommand } from './notices/resend.ts';
import { noticesInWords, printNotices } from './notices/table.ts';
import { testCommand } from './notices/test.ts';

const STATUSES = DeliveryStatusSchema.options;
const Options = z.object({
  entitlement: z.optional(z.string()),
  status: z.optional(oneOf(STATUSES)),
  user: z.optional(z.string()),
  issuer: z.optional(z.string()),
  since: z.optional(z.string()),
  names: z.optional(z.boolean()),
});
type ListOptions = z.infer<typeof Options>;

/** How far back the notices of one user are shown: as long as they are remembered. */
const SINCE_OF_USER = '30d';

export function noticesCommand(run: Runner): Command {
  const notices = commandOf('notices', {
    summary: "List the notices that need an operator, or what became of a user's (read-only)",
    description:
      'Without --user and --since, lists the notices that are in doubt, were refused, or exceeded the daily limit. With one of them, lists every audited change that has a notice, also those of which none was begun. The newest first, at most 1,000. RESEND says whether a notice is still true: only then can it be sent again.',
    examples: [
      ['usher notices', 'what was refused, or may be lost'],
      ['usher notices --status in-doubt --names', 'who may not have got theirs'],
      ['usher notices --user alice@example.com', 'did she get the mail?'],
      ['usher notices --since 1d --json', 'what became of all of a day, for programs'],
      ['usher notices preview assigned --open', 'how a notice looks'],
      ['usher notices test --to me@example.com', 'does it arrive?'],
      ['usher notices resend 3f0c9a52-7d1e-8b44-9c6a-5e0b1f2d3a4c', 'send one again'],
    ],
    permissions: [
      'dynamodb:Query',
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'logs:FilterLogEvents',
      'identitystore:GetUserId',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
      'sqs:GetQueueUrl (resend)',
      'sqs:SendMessage (resend)',
      'ses:SendEmail (test)',
    ],
  })
    .option('--entitlement <NAME>', 'only notices of this entitlement')
    .addOption(choiceOption('--status <STATUS>', 'only notices of this status', STATUSES))
    .option('--user <WHO>', `${WHO}; of the last 30 days, unless --since says another time`)
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--since <WHEN>', '15m, 3h, 7d, or a time in UTC: also the notices that need no one')
    .option('--names', 'also print names')
    .hook('preAction', passOptions)
    .action(run(list));
  for (const make of [resendCommand, previewCommand, testCommand])
    notices.addCommand(make(run).configureHelp(SUB_COMMAND_HELP));
  return notices;
}

/** Gives a sub-command the options that commander has read for the list. @throws UsageError if it has no such option */
function passOptions(notices: Command, action: Command): void {
  if (action === notices) return;
  for (const option of notices.options) {
    const name = option.attributeName();
    const value: unknown = notices.getOptionValue(name);
    if (value === undefined) continue;
    if (!action.options.some((one) => one.attributeName() === name))
      throw new UsageError(`usher notices ${action.name()} has no option ${option.long}`);
    action.setOptionValue(name, value);
  }
}

async function list(context: Context, command: Command): Promise<void> {
  const { terminal, json, unread } = context;
  const options = optionsOf(command, Options);
  const { names, entitlement } = options;
  const { entitlements, notices } = await context.entitlements();
  requireNotices({ notices });
  if (entitlement !== undefined) requireEntitlement(entitlement, entitlements);
  const found = await terminal.working('Reading notices', () => noticesFor(options, context));
  if (!found) throw noticesNotDeployed();
  const { lines, more } = found;
  const called = names ? await namesOfUsers(new Set(lines.map(({ userId }) => userId)), context, unread) : undefined;
  const named = lines.map((line): NoticeLine => ({ ...line, ...nameIn(called, line.userId) }));
  if (json) {
    for (const line of named) terminal.json(line);
    if (more) terminal.json({ type: 'more', of: 'notice', read: named.length });
    if (named.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'notice' });
    return finish(context);
  }
  if (named.length === 0) {
    if (unread.isEmpty) terminal.line(isHistory(options) ? 'No such notice.' : 'No notice needs you.');
    return finish(context);
  }
  printNotices(named, context, called !== undefined);
  terminal.line();
  for (const text of noticesInWords(named)) terminal.paragraph(text);
  const again = named.filter(({ resend }) => resend?.possible).map(({ status }) => status);
  if (again.length > 0) {
    // Of one in doubt, a user may get two: it is named last.
    const whole = (['refused', 'limited', 'in-doubt'] as const).find((status) => again.includes(status));
    const all = whole === undefined ? '' : `, or all of a status: usher notices resend --status ${whole}`;
    terminal.paragraph(`To send them again: usher notices resend UID${all}`, 0, terminal.colors.dim);
  }
  if (more)
    terminal.note(
      `There are more than ${numberOf(named.length)}. Ask for less: --entitlement, --status, a later --since`,
    );
  finish(context);
}

/** Whether all changes are listed, not only what needs an operator. */
function isHistory({ user, since }: ListOptions): boolean {
  return user !== undefined || since !== undefined;
}

/** @returns undefined without a table @throws UsageError */
async function noticesFor(
  options: ListOptions,
  context: Context,
): Promise<{ lines: NoticeLine[]; more: boolean } | undefined> {
  const { entitlement, status, user, issuer, since = SINCE_OF_USER } = options;
  const filter = { entitlement, status };
  if (isHistory(options)) {
    const from = momentIn(since, context.clock.now());
    if (!from) throw new UsageError('--since: expected 15m, 3h, 7d, or a time in UTC such as 2026-11-25T08:00Z');
    const found =
      user === undefined ? undefined : await findAnyUser(user, { issuer, feedback: context.terminal }, context);
    const { noticeHistory } = await import('../../operator/notices/notice-history.ts');
    return noticeHistory({ ...filter, since: from, userId: found?.userId }, context);
  }
  if (status !== undefined && !OPEN_STATUSES.some((one) => one === status))
    throw new UsageError(`--status ${status} goes with --user or --since: without them, only what needs you is listed`);
  const open = await openNotices(filter, context);
  if (!open) return undefined;
  const around = await resendContextOf(open.deliveries, context);
  return { lines: open.deliveries.map((delivery) => noticeLine(delivery, around)), more: open.more };
}
