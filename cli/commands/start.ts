import type { Command } from 'commander';
import * as z from 'zod/mini';
import { startInputOf } from '../../operator/executions/start-input.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { startAndFollow } from '../command/start-execution.ts';
import { printUnread } from '../command/unread.ts';
import { WHO } from '../command/who.ts';
import { wholeNumber } from '../shared/whole-number.ts';

const Options = z.object({
  user: z.optional(z.string()),
  issuer: z.optional(z.string()),
  group: z.optional(z.string()),
  all: z.optional(z.boolean()),
  expected: z.optional(z.boolean()),
  waitSeconds: z.optional(wholeNumber(0, 604_800)),
  wait: z.optional(z.boolean()),
});

export function startCommand(run: Runner): Command {
  return commandOf('start', {
    summary: 'Start a user, a group or everything by hand',
    description:
      'A start only makes Usher check: Identity Center decides who gets or loses a seat.\n\n' +
      'Only ids go into the execution, except with --expected: then its input has the name or address that you typed, until SCIM has provisioned the user.',
    examples: [
      ['usher start --user alice@example.com --wait', 'one user, followed state by state'],
      ['usher start --user alice@example.com --expected', 'a user whom SCIM provisions within a day'],
      ['usher start --user alice --group q-developers', 'also wait for this membership'],
      ['usher start --group q-developers', 'all users of a group'],
      ['usher start --all', 'all users of all entitlements'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'identitystore:DescribeUser',
      'identitystore:DescribeGroup',
      'identitystore:GetUserId',
      'identitystore:GetGroupId',
      'identitystore:ListUsers',
      'identitystore:ListGroups',
      'states:StartExecution',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
    ],
  })
    .option('--user <WHO>', WHO)
    .option('--issuer <ISSUER>', 'issuer of an external id')
    .option('--group <GROUP>', 'id or display name of a group; with --user, a membership to wait for')
    .option('--all', 'all users of all entitlements')
    .option('--expected', 'accept a user whom the identity store does not have yet')
    .option('--wait-seconds <N>', 'how long the execution waits for the user (default: one day)')
    .option('--wait', 'follow the execution to its end')
    .action(run(start));
}

async function start(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  const input = await startInputOf(options, context.terminal, context);
  printUnread(context);
  await startAndFollow({ machine: 'machine', input, wait: options.wait === true }, context);
}
