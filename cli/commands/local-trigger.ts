import { type Command, Option } from 'commander';
import type { People } from '../../adapters/operator/people.ts';
import { UsageError } from '../../operator/failures.ts';
import type { Line } from '../../operator/lines/all.ts';
import { TriggerLineSchema } from '../../operator/lines/local.ts';
import { requireGroup } from '../../operator/look-up/find-group.ts';
import { findUser } from '../../operator/look-up/find-user.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { escaped } from '../../operator/text.ts';
import { noteAwsEquivalent } from '../command/aws-equivalent.ts';
import { choiceArgument } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { printUnread } from '../command/unread.ts';
import type { Terminal } from '../ui/terminal.ts';

type Trigger = Extract<Line, { type: 'trigger' }>;

const ActionSchema = TriggerLineSchema.shape.action;
const VERBS: Readonly<Record<Trigger['action'], string>> = {
  join: 'joins',
  leave: 'leaves',
  disable: 'is disabled',
  enable: 'is enabled',
  delete: 'is deleted',
};
/** The actions on a membership; the others are on a user alone. */
const OF_MEMBERSHIPS: ReadonlySet<string> = new Set(['join', 'leave']);

export function triggerCommand(run: Runner): Command {
  return commandOf('trigger', {
    summary: 'Do in the running emulator what an identity provider does through SCIM',
    description:
      'The change is made at once. The event that CloudTrail records of it arrives some seconds later, and starts an execution. The same actions are in scenarios (usher play).',
    examples: [
      ['usher local trigger join alice q-developers', 'a user joins a group'],
      ['usher local trigger leave alice q-developers', 'and leaves it'],
      ['usher local trigger disable alice', 'a user is disabled; enable and delete are alike'],
    ],
    permissions: [],
  })
    .addArgument(choiceArgument('<ACTION>', 'what happens', ActionSchema.options))
    .argument('<USER>', 'id, userName or e-mail address')
    .argument('[GROUP]', 'id or display name, for join and leave')
    .addOption(new Option('--local').default(true).hideHelp())
    .action(run(trigger));
}

async function trigger(context: Context, command: Command): Promise<void> {
  const { emulator, terminal, json } = context;
  const [given, user = '', group] = command.args;
  const action = ActionSchema.parse(given);
  if (OF_MEMBERSHIPS.has(action) !== (group !== undefined)) {
    throw new UsageError(group === undefined ? `${action} needs a group` : `${action} takes a user and no group`);
  }
  const { identityStoreId } = (await context.entitlements()).identityCenter;
  const services = await context.services();
  const people = await services.people(identityStoreId);
  const userId = await findUser(user, { feedback: terminal }, context);
  if (userId === undefined) {
    const near = suggestion(user, await Array.fromAsync(userNames(people)));
    throw new UsageError(`The identity store has no user ${escaped(user)}${near}`);
  }
  const groupId = group === undefined ? undefined : await existingGroup(group, people, terminal);
  printUnread(context);
  const membershipId = await emulator?.trigger({ [action]: { user: userId, ...(groupId && { group: groupId }) } });
  const line: Trigger = { type: 'trigger', action, userId, ...(groupId && { groupId }) };
  if (json) terminal.json(line);
  else terminal.line([userId, VERBS[action], groupId].filter(Boolean).join(' '));
  noteEquivalent(context, line, { 'identity-store-id': identityStoreId, membershipId });
}

/** Also checks a group that is named by id. @throws UsageError */
async function existingGroup(text: string, people: People, terminal: Terminal): Promise<string> {
  const groupId = await requireGroup(text, people, terminal);
  if (await people.group(groupId)) return groupId;
  throw new UsageError(
    `The identity store has no group ${groupId}${suggestion(groupId, await Array.fromAsync(groupIds(people)))}`,
  );
}

async function* userNames(people: People): AsyncIterable<string> {
  for await (const page of people.users()) {
    for (const { userId, userName, emails } of page) yield* [userId, ...(userName ? [userName] : []), ...emails];
  }
}

async function* groupIds(people: People): AsyncIterable<string> {
  for await (const page of people.groups()) yield* page.map(({ groupId }) => groupId);
}

/** The Identity Store API does the same by another way, which CloudTrail records differently. It cannot disable a user. */
function noteEquivalent(
  context: Context,
  { action, userId, groupId = '' }: Trigger,
  { membershipId, ...store }: { 'identity-store-id': string; membershipId: string | undefined },
): void {
  if (action === 'join') {
    const options = { ...store, 'group-id': groupId, 'member-id': `UserId=${userId}` };
    noteAwsEquivalent(context, 'identitystore create-group-membership', options);
  }
  if (action === 'leave' && membershipId !== undefined) {
    noteAwsEquivalent(context, 'identitystore delete-group-membership', { ...store, 'membership-id': membershipId });
  }
  if (action === 'delete') noteAwsEquivalent(context, 'identitystore delete-user', { ...store, 'user-id': userId });
}
