import type { Command } from 'commander';
import { requireNotices } from '../../../operator/notices/configured.ts';
import { commandOf, type Runner } from '../../command/command.ts';
import type { Context } from '../../command/context.ts';

export function resendCommand(run: Runner): Command {
  return commandOf('resend', {
    summary: 'Send notices again that were refused, limited or skipped, or that may be lost',
    examples: [['usher notices resend 6d1f0c3e-5a0b-8c2d-9e41-0a8d5b3f7c21', 'one notice']],
    permissions: [],
  })
    .argument('[UID...]', 'ids of audit events, as usher notices and usher audit print them')
    .action(run(resend));
}

async function resend(context: Context): Promise<void> {
  requireNotices(await context.entitlements());
}
