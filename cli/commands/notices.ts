import type { Command } from 'commander';
import * as z from 'zod/mini';
import { DeliveryStatusSchema } from '../../domain/notices/delivery.ts';
import { UsageError } from '../../operator/failures.ts';
import type { NoticeLine } from '../../operator/lines/notices.ts';
import { requireNotices } from '../../operator/notices/configured.ts';
import { noticeLine } from '../../operator/notices/notice-line.ts';
import { noticesNotDeployed, openNotices } from '../../operator/notices/open-notices.ts';
import { seatsOf } from '../../operator/notices/resendable.ts';
import { requireEntitlement } from '../../operator/suggestions.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { nameIn, namesOfUsers } from '../command/user-names.ts';
import { resendCommand } from './notices/resend.ts';
import { noticesInWords, printNotices } from './notices/table.ts';

const STATUSES = DeliveryStatusSchema.options;
const Options = z.object({
  entitlement: z.optional(z.string()),
  status: z.optional(oneOf(STATUSES)),
  names: z.optional(z.boolean()),
});

export function noticesCommand(run: Runner): Command {
  const notices = commandOf('notices', {
    summary: "List the notices that need an operator, or what became of a user's (read-only)",
    description:
      'Without options, lists the notices that are in doubt, were refused, or exceeded the daily limit; the newest first, at most 1,000. RESEND says whether a notice is still true: only then can it be sent again.',
    examples: [
      ['usher notices', 'what was refused, or may be lost'],
      ['usher notices --status in-doubt --names', 'who may not have got theirs'],
      ['usher notices resend 3f0c9a52-7d1e-8b44-9c6a-5e0b1f2d3a4c', 'send one again'],
    ],
    permissions: [
      'dynamodb:Query',
      'dynamodb:BatchGetItem',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
      'sqs:GetQueueUrl (resend)',
      'sqs:SendMessage (resend)',
    ],
  })
    .option('--entitlement <NAME>', 'only notices of this entitlement')
    .addOption(choiceOption('--status <STATUS>', 'only notices of this status', STATUSES))
    .option('--names', 'also print names')
    .hook('preAction', passOptions)
    .action(run(list));
  for (const make of [resendCommand]) notices.addCommand(make(run).configureHelp({ showGlobalOptions: true }));
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
  const { names, ...filter } = optionsOf(command, Options);
  const { entitlements, notices } = await context.entitlements();
  requireNotices({ notices });
  if (filter.entitlement !== undefined) requireEntitlement(filter.entitlement, entitlements);
  const found = await terminal.working('Reading notices', () => openNotices(filter, context));
  if (!found) throw noticesNotDeployed();
  const seats = await seatsOf(found.deliveries, context);
  const lines = found.deliveries.map((delivery) => noticeLine(delivery, seats));
  const called = names ? await namesOfUsers(new Set(lines.map(({ userId }) => userId)), context, unread) : undefined;
  const named = lines.map((line): NoticeLine => ({ ...line, ...nameIn(called, line.userId) }));
  if (json) {
    for (const line of named) terminal.json(line);
    if (found.more) terminal.json({ type: 'more', of: 'notice', read: named.length });
    if (named.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'notice' });
    return finish(context);
  }
  if (named.length === 0) {
    if (unread.isEmpty) terminal.line('No notice needs you.');
    return finish(context);
  }
  printNotices(named, context, called !== undefined);
  terminal.line();
  for (const text of noticesInWords(named)) terminal.paragraph(text);
  finish(context);
}
