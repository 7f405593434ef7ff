import type { Command } from 'commander';
import * as z from 'zod/mini';
import { CommandFailed, UsageError } from '../../../operator/failures.ts';
import type { NoticeLine } from '../../../operator/lines/notices.ts';
import { requireNotices } from '../../../operator/notices/configured.ts';
import { noticeLine } from '../../../operator/notices/notice-line.ts';
import {
  namedNotices,
  noticesNotDeployed,
  OPEN_STATUSES,
  openNotices,
} from '../../../operator/notices/open-notices.ts';
import { resendContextOf } from '../../../operator/notices/resendable.ts';
import { requireEntitlement } from '../../../operator/suggestions.ts';
import { count, numberOf } from '../../../operator/text.ts';
import { choiceOption, oneOf } from '../../command/choices.ts';
import { commandOf, type Runner } from '../../command/command.ts';
import { type Context, optionsOf } from '../../command/context.ts';
import { finish, printUnread } from '../../command/unread.ts';
import { nameIn, namesOfUsers } from '../../command/user-names.ts';
import { printNotices } from './table.ts';

const Options = z.object({
  entitlement: z.optional(z.string()),
  status: z.optional(oneOf(OPEN_STATUSES)),
  names: z.optional(z.boolean()),
  yes: z._default(z.boolean(), false),
});
type ResendOptions = z.infer<typeof Options>;

export function resendCommand(run: Runner): Command {
  return commandOf('resend', {
    summary: 'Send notices again that were refused, limited or skipped, or that may be lost',
    description:
      'UID is the id of an audit event (metadata.uid), as usher notices and usher audit --json print it. A notice is sent again only if the seat still is as it says. One that was sent is never sent again. A notice in doubt may have been sent: its user may get it twice. Lists everything and asks for confirmation.\n\n' +
      'Exit code: 1 if a notice that you name is not sent again, 2 if none has this UID.',
    examples: [
      ['usher notices resend 3f0c9a52-7d1e-8b44-9c6a-5e0b1f2d3a4c', 'one notice'],
      ['usher notices resend --status refused --names', 'all that were refused, once the cause is removed'],
      ['usher notices resend --status limited --yes --json', 'for programs, the day after'],
    ],
    permissions: [
      'dynamodb:Query (--status)',
      'dynamodb:BatchGetItem',
      'sqs:GetQueueUrl',
      'sqs:SendMessage',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
    ],
  })
    .argument('[UID...]', 'ids of notices')
    .addOption(choiceOption('--status <STATUS>', 'instead of UID: all notices of this status', OPEN_STATUSES))
    .option('--entitlement <NAME>', 'with --status: only notices of this entitlement')
    .option('--names', 'also print names')
    .option('--yes', 'do not ask for confirmation')
    .action(run(resend));
}

async function resend(context: Context, command: Command): Promise<void> {
  const { terminal, json, unread } = context;
  const options = optionsOf(command, Options);
  const uids = command.args;
  refuseContradictions(uids, options);
  const { dailyLimit } = requireNotices(await context.entitlements());
  const services = await context.services();
  const send = await (await services.queues()).sender(services.names.noticesQueue);
  const lines = await terminal.working('Reading notices', () => wantedNotices(uids, options, context));
  if (!(send && lines)) throw noticesNotDeployed();
  const called = options.names
    ? await namesOfUsers(new Set(lines.map(({ userId }) => userId)), context, unread)
    : undefined;
  const named = lines.map((line): NoticeLine => ({ ...line, ...nameIn(called, line.userId) }));
  const wanted = named.filter(({ resend: { possible } = {} }) => possible);
  if (json) for (const line of named) terminal.json(line);
  else if (named.length > 0) printNotices(named, context, called !== undefined);
  if (json && named.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'notice' });
  printUnread(context);
  if (wanted.length === 0)
    terminal.note(named.length === 0 ? 'There is no such notice.' : 'None of them can be sent again.');
  else if (await confirmed(wanted, { dailyLimit, yes: options.yes }, context)) {
    for (const { uid } of wanted) {
      await send(JSON.stringify({ resend: uid }));
      if (json) terminal.json({ type: 'resent', uid });
    }
    if (!json)
      terminal.line(
        `${count(wanted.length, 'notice is', 'notices are')} in the queue. Check in a minute: usher notices`,
      );
  }
  finish(context);
  if (uids.length > 0 && wanted.length < named.length)
    throw new CommandFailed(`${count(named.length - wanted.length, 'notice is', 'notices are')} not sent again`);
}

/** @throws UsageError */
function refuseContradictions(uids: readonly string[], { status, entitlement }: ResendOptions): void {
  if (uids.length === 0 && status === undefined)
    throw new UsageError('Name notices by their UID, or all of a status with --status. List them: usher notices');
  if (uids.length > 0 && (status !== undefined || entitlement !== undefined))
    throw new UsageError('--status and --entitlement go without UID');
}

/** @returns undefined if there is no table @throws UsageError if a notice has no marker */
async function wantedNotices(
  uids: readonly string[],
  { entitlement, status }: ResendOptions,
  context: Context,
): Promise<NoticeLine[] | undefined> {
  const { terminal, json } = context;
  if (entitlement !== undefined) requireEntitlement(entitlement, (await context.entitlements()).entitlements);
  const found =
    uids.length > 0 ? await namedNotices(uids, context) : await openNotices({ entitlement, status }, context);
  if (!found) return undefined;
  const { deliveries, more } = found;
  if (more && json) terminal.json({ type: 'more', of: 'notice', read: deliveries.length });
  if (more) terminal.note(`There are more than ${numberOf(deliveries.length)}. Repeat the command after this`);
  const around = await resendContextOf(deliveries, context);
  return deliveries.map((delivery) => noticeLine(delivery, around));
}

/** Says what a resend means, and asks. */
async function confirmed(
  wanted: readonly NoticeLine[],
  { dailyLimit, yes }: { dailyLimit: number; yes: boolean },
  { terminal }: Context,
): Promise<boolean> {
  const inDoubt = wanted.filter(({ status }) => status === 'in-doubt').length;
  if (inDoubt > 0)
    terminal.note(
      `${count(inDoubt, 'notice is', 'notices are')} in doubt: Amazon SES may have sent ${inDoubt === 1 ? 'it' : 'them'}, so that users may get the same message twice.`,
    );
  if (wanted.length > dailyLimit)
    terminal.note(
      `At most ${numberOf(dailyLimit)} notices are sent per day (notices.dailyLimit): the rest will be limited again.`,
    );
  return terminal.confirm(`Send ${count(wanted.length, 'notice')} again?`, yes);
}
