import type { Command } from 'commander';
import * as z from 'zod/mini';
import { LanguageTag, NOTICE_KINDS } from '../../../domain/notices/schema.ts';
import { UsageError } from '../../../operator/failures.ts';
import { findUser } from '../../../operator/look-up/find-user.ts';
import { escaped } from '../../../operator/text.ts';
import { choiceArgument } from '../../command/choices.ts';
import { commandOf, type Runner } from '../../command/command.ts';
import { type Context, optionsOf } from '../../command/context.ts';
import { finish } from '../../command/unread.ts';
import { WHO } from '../../command/who.ts';
import { writeTemporary } from '../../shared/temporary-file.ts';
import { writeFor } from '../../shared/write-file.ts';
import type { Reader, Sample, Sampler } from './samples.ts';

const Options = z.object({
  entitlement: z.optional(z.string()),
  user: z.optional(z.string()),
  issuer: z.optional(z.string()),
  language: z.optional(LanguageTag),
  html: z._default(z.boolean(), false),
  out: z.optional(z.string()),
  open: z._default(z.boolean(), false),
});
type PreviewOptions = z.infer<typeof Options>;

/** Who is greeted if no user is named. */
const ANYONE: Reader = { name: 'Ana Silva', languages: [] };

export function previewCommand(run: Runner): Command {
  return commandOf('preview', {
    summary: 'Show a notice as users get it (read-only)',
    description:
      'Renders the templates of this version and your own in notices/own next to the entitlements, and sends nothing. Without --user, someone of another name is greeted and no AWS call is made. With --user, also says to which address it would go. The date of leaving is an example.',
    examples: [
      ['usher notices preview assigned', 'the text, with its subject'],
      ['usher notices preview assigned --open', 'in the browser'],
      ['usher notices preview leaving --entitlement kiro --language de', 'in another language'],
      ['usher notices preview assigned --user alice@example.com', 'with her name, in her language'],
      ['usher notices preview revoked --html --out revoked.html', 'the HTML part, as a file'],
    ],
    permissions: [
      'identitystore:GetUserId (--user)',
      'identitystore:DescribeUser (--user)',
      'identitystore:ListUsers (--user)',
    ],
  })
    .addArgument(choiceArgument('<KIND>', 'what the notice says', NOTICE_KINDS))
    .option('--entitlement <NAME>', 'whose product and texts (default: the only one with notices)')
    .option('--user <WHO>', WHO)
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--language <TAG>', "a language such as de or pt-BR (default: the user's, or that of the configuration)")
    .option('--html', 'the HTML part, not the text part')
    .option('--out <FILE>', 'write a file, only for you')
    .option('--open', 'open the HTML part in the browser; without --out, from a temporary file')
    .action(run(preview));
}

async function preview(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  const kind = z.enum(NOTICE_KINDS).parse(command.args[0]);
  if (options.html && options.open) throw new UsageError('--open opens the HTML part: leave out --html');
  const { samplerFor } = await import('./samples.ts');
  const sampler = await samplerFor(options.entitlement, command, context);
  const { userId, address, reader } = await readerOf(options, context);
  const sample = sampler.sample(kind, reader);
  note(sample, { sampler, wanted: options.language, address }, context);
  await show(sample, options, { context, entitlement: sampler.entitlement.name, userId, address });
  finish(context);
}

interface Recipient {
  userId?: string;
  /** Where a notice would go, or why nowhere. */
  address?: string | { missing: string };
  reader: Reader;
}

/** @throws UsageError if there is no such user */
async function readerOf({ user, issuer, language }: PreviewOptions, context: Context): Promise<Recipient> {
  const inLanguage = language === undefined ? {} : { languages: [language] };
  if (user === undefined) {
    if (issuer !== undefined) throw new UsageError('--issuer goes with --user');
    return { reader: { ...ANYONE, ...inLanguage } };
  }
  const userId = await findUser(user, { issuer, feedback: context.terminal }, context);
  if (userId === undefined) throw new UsageError(`The identity store has no user ${escaped(user)}`);
  const { identityCenter } = await context.entitlements();
  const contacts = await (await context.services()).contacts(identityCenter.identityStoreId);
  const contact = await contacts.contactOf(userId);
  if (typeof contact === 'string')
    return {
      userId,
      address: { missing: `user-${contact === 'missing' ? 'deleted' : contact}` },
      reader: { languages: [], ...inLanguage },
    };
  return { userId, address: contact.address, reader: { ...contact, ...inLanguage } };
}

/** Says what the notice itself does not show. */
function note(
  { kind, language }: Sample,
  { sampler, wanted, address }: { sampler: Sampler; wanted: string | undefined; address: Recipient['address'] },
  { terminal }: Context,
): void {
  const { name, mode, notices } = sampler.entitlement;
  if (!notices.send.includes(kind)) terminal.note(`${name} does not send this notice: its notices.send has no ${kind}`);
  if (mode === 'observe') terminal.note(`${name} sends no notices: its mode is observe`);
  if (wanted !== undefined && language.toLowerCase() !== wanted.toLowerCase())
    terminal.note(`There are no templates of it in ${wanted}: users get it in ${language}`);
  if (typeof address === 'string') terminal.note(`It would go to ${address}`);
  else if (address) terminal.note(`It would go to no one: ${address.missing}`);
}

interface Shown {
  context: Context;
  entitlement: string;
  userId: string | undefined;
  address: Recipient['address'];
}

async function show(
  { kind, language, message }: Sample,
  { html, out, open }: PreviewOptions,
  { context, entitlement, userId, address }: Shown,
): Promise<void> {
  const { terminal, json } = context;
  const text = `Subject: ${message.subject}\n\n${message.text}`;
  if (out !== undefined) writeFor(out, html || open ? message.html : text, { isPrivate: true });
  const file = open ? (out ?? writeTemporary(`${kind}.html`, message.html)) : out;
  if (open && file !== undefined) await terminal.openFile(file);
  if (json) {
    terminal.json({
      type: 'notice-preview',
      kind,
      entitlement,
      language,
      ...message,
      ...(userId === undefined ? {} : { userId }),
      ...(typeof address === 'string' ? { to: address } : {}),
      ...(file === undefined ? {} : { file }),
    });
  } else if (file !== undefined) terminal.line(file);
  else for (const line of (html ? message.html : text).trimEnd().split('\n')) terminal.line(line);
}
