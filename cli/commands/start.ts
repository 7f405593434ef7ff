import type { Command } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { findUser, requireGroup, selectorsOf, WHO } from '../command/selectors.ts';
import { startAndFollow } from '../command/start-execution.ts';
import { printUnread } from '../command/unread.ts';
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
type StartOptions = z.infer<typeof Options>;

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
  const input = await inputOf(options, context);
  await startAndFollow({ machine: 'machine', input, wait: options.wait === true }, context);
}

/** Returns the input of a manual start. @throws UsageError */
async function inputOf(options: StartOptions, context: Context): Promise<Record<string, unknown>> {
  const { user, group, all, expected, waitSeconds } = options;
  const ways = [user !== undefined, group !== undefined && user === undefined, all === true].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('Name one of --user, --group or --all');
  if (user === undefined && (expected || waitSeconds !== undefined)) {
    throw new UsageError('--expected and --wait-seconds go with --user');
  }
  const groupId = group === undefined ? undefined : await configuredGroup(group, context);
  if (all) return { scope: 'everything' };
  if (user === undefined) return { groupId };
  const more = { ...(groupId && { groupId }), ...(waitSeconds !== undefined && { waitSeconds }) };
  return { ...(await userInputOf(user, options, context)), ...more };
}

async function userInputOf(
  user: string,
  { issuer, expected }: StartOptions,
  context: Context,
): Promise<Record<string, unknown>> {
  const { identityCenter } = await context.entitlements();
  const services = await context.services();
  const directory = await services.directory(identityCenter.identityStoreId);
  const people = await services.people(identityCenter.identityStoreId);
  const { terminal } = context;
  const { unread } = context;
  const userId = await findUser(user, issuer, { directory, people, terminal, unread });
  printUnread(context);
  if (userId !== undefined) return { userId };
  if (!expected) {
    throw new UsageError(
      `The identity store has no user ${escaped(user)}. If SCIM will provision them, add --expected: then the execution waits`,
    );
  }
  const selectors = selectorsOf(user, issuer);
  const [first] = selectors;
  if (selectors.length > 1 || !first) {
    throw new UsageError(`Say what ${escaped(user)} is, so that the execution can wait for it: userName:… or email:…`);
  }
  return first;
}

/** @throws UsageError if there is no such group, or no entitlement names it */
async function configuredGroup(group: string, context: Context): Promise<string> {
  const { identityCenter, entitlements } = await context.entitlements();
  const services = await context.services();
  const people = await services.people(identityCenter.identityStoreId);
  const groupId = await requireGroup(group, people, context.terminal);
  const configured = [...new Set(entitlements.flatMap(({ groups }) => groups))];
  if (configured.includes(groupId)) return groupId;
  throw new UsageError(
    `No entitlement names the group ${groupId}, so a start would do nothing. ${count(configured.length, 'group is', 'groups are')} configured: ${configured.slice(0, 10).join(', ')}${configured.length > 10 ? ', …' : ''}`,
  );
}
