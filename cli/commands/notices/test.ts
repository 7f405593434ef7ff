import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Mailer } from '../../../adapters/notices/mailer.ts';
import { isSendable } from '../../../domain/notices/address.ts';
import { LanguageTag, NOTICE_KINDS } from '../../../domain/notices/schema.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { CommandFailed } from '../../../operator/failures.ts';
import type { NoticeTestLine } from '../../../operator/lines/notices.ts';
import { remedyFor } from '../../../operator/notices/refusals.ts';
import { count } from '../../../operator/text.ts';
import { choiceOption, oneOf } from '../../command/choices.ts';
import { commandOf, type Runner } from '../../command/command.ts';
import { type Context, optionsOf } from '../../command/context.ts';
import type { Sample } from './samples.ts';

const Options = z.object({
  to: z
    .string('expected the address that the samples go to')
    .check(z.refine(isSendable, 'expected an e-mail address in ASCII, without a name')),
  kind: z.optional(oneOf(NOTICE_KINDS)),
  entitlement: z.optional(z.string()),
  language: z.optional(LanguageTag),
  yes: z._default(z.boolean(), false),
});

/** Begins the subject, so that no one takes a sample for news. */
const MARK = '[Test]';

export function testCommand(run: Runner): Command {
  return commandOf('test', {
    summary: 'Send samples of the notices to an address of yours',
    description:
      'Sends them through Amazon SES with your credentials, from the address and with the configuration set of entitlements.yml, and says what Amazon SES answered. Their subjects begin with [Test]. No user is written to, and the daily limit does not count them. Lists what it sends and asks for confirmation.\n\nExit code: 1 if a sample was not sent.',
    examples: [
      ['usher notices test --to me@example.com', 'a sample of each notice that the entitlement sends'],
      ['usher notices test --to me@example.com --kind leaving --entitlement kiro', 'of one of them'],
      ['usher notices test --to success@simulator.amazonses.com --yes', "to Amazon SES's own simulator"],
    ],
    permissions: ['ses:SendEmail'],
  })
    .requiredOption('--to <ADDRESS>', 'where they go')
    .addOption(choiceOption('--kind <KIND>', 'only this notice', NOTICE_KINDS))
    .option('--entitlement <NAME>', 'whose product and texts (default: the only one with notices)')
    .option('--language <TAG>', 'a language such as de or pt-BR (default: that of the configuration)')
    .option('--yes', 'do not ask for confirmation')
    .action(run(test));
}

async function test(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { to, kind, entitlement: wanted, language, yes } = optionsOf(command, Options);
  const { samplerFor } = await import('./samples.ts');
  const { settings, entitlement, mailRegion, sample } = await samplerFor(wanted, command, context);
  const reader = { languages: language === undefined ? [] : [language] };
  const samples = (kind === undefined ? entitlement.notices.send : [kind]).map((one) => sample(one, reader));
  for (const one of samples) terminal.note(`${one.kind}, in ${one.language}: ${one.message.subject}`);
  const question = `Send ${count(samples.length, 'sample')} from ${settings.from} to ${to} through Amazon SES in ${mailRegion}?`;
  if (!(await terminal.confirm(question, yes))) return;
  const mailer = await (await context.services()).mailer(mailRegion, settings);
  const lines: NoticeTestLine[] = [];
  for (const one of samples) {
    const answer = await terminal.working('Sending', () => send(one, { to, mailer }));
    const line: NoticeTestLine = { type: 'notice-test', entitlement: entitlement.name, to, ...answer };
    lines.push(line);
    if (json) terminal.json(line);
    else terminal.line(inWords(line));
  }
  const unsent = lines.filter(({ outcome }) => outcome !== 'sent').length;
  if (unsent > 0) throw new CommandFailed(`${count(unsent, 'sample was', 'samples were')} not sent`);
  if (!json) terminal.line('Sent is not arrived: look into the mailbox, and into its spam folder.');
}

type Answer = Omit<NoticeTestLine, 'type' | 'entitlement' | 'to'>;

async function send(
  { kind, language, message }: Sample,
  { to, mailer }: { to: string; mailer: Mailer },
): Promise<Answer> {
  const marked = { ...message, subject: `${MARK} ${message.subject}` };
  try {
    return { kind, language, ...(await mailer.send({ uid: `sample of ${kind}`, to, message: marked })) };
  } catch (error) {
    if (!(error instanceof TransientAwsError)) throw error;
    return { kind, language, outcome: 'in-doubt', reason: 'no-answer' };
  }
}

function inWords(line: NoticeTestLine): string {
  const { kind, outcome, reason, messageId } = line;
  if (outcome === 'sent') return `${kind}: sent (${messageId})`;
  return `${kind}: ${outcome === 'in-doubt' ? 'in doubt' : outcome} (${reason}): ${remedyFor(line)}`;
}
