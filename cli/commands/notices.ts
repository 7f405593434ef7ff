import type { Command } from 'commander';
import { requireNotices } from '../../operator/notices/configured.ts';
import { commandOf, type Runner } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { resendCommand } from './notices/resend.ts';

export function noticesCommand(run: Runner): Command {
  const notices = commandOf('notices', {
    summary: "List notices that need an operator, or what became of a user's (read-only)",
    examples: [['usher notices', 'what was refused, or may be lost']],
    permissions: [],
  }).action(run(list));
  // A sub-command has a file of its own in notices/.
  for (const make of [resendCommand]) notices.addCommand(make(run).configureHelp({ showGlobalOptions: true }));
  return notices;
}

async function list(context: Context): Promise<void> {
  requireNotices(await context.entitlements());
}
