import { CommandFailed } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import type { Context } from './context.ts';

/** Says what could not be read, as far as it has not been said, and what to do; each hint once. */
export function printUnread({ terminal, json, unread }: Pick<Context, 'terminal' | 'json' | 'unread'>): void {
  const { yellow, dim } = terminal.noteColors;
  const hints = new Set<string>();
  for (const { message, hint } of unread.report()) {
    if (json) terminal.json({ type: 'unread', message, ...(hint === undefined ? {} : { hint }) });
    terminal.note(`${yellow('not read:')} ${escaped(message)}`);
    if (hint !== undefined) hints.add(hint);
  }
  for (const hint of hints) terminal.note(dim(hint));
}

/** Ends a command that has printed what it could read. @throws CommandFailed if something could not be read */
export function finish(context: Pick<Context, 'terminal' | 'json' | 'unread'>): void {
  printUnread(context);
  const { size } = context.unread;
  if (size > 0)
    throw new CommandFailed(`${count(size, 'read')} failed: what depends on ${size === 1 ? 'it' : 'them'} is left out`);
}
