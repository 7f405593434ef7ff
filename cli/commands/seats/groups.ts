import { type GroupsQuestion, readGroups } from '../../../operator/groups.ts';
import type { GroupLine } from '../../../operator/lines/seats.ts';
import { escaped, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';

/** Prints how large the groups of the entitlements are, and which have become smaller. */
export async function printGroups(question: GroupsQuestion, context: Context): Promise<void> {
  const { terminal, json, unread } = context;
  const lines = await terminal.working('Reading groups', () => readGroups(question, context));
  if (json) for (const line of lines) terminal.json(line);
  else if (lines.length > 0) print(lines, question.names === true, context);
  if (json && lines.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'group' });
}

function print(lines: readonly GroupLine[], isNamed: boolean, { terminal, clock }: Context): void {
  const now = clock.now();
  const { yellow } = terminal.colors;
  const numbers = (number: number | undefined) => (number === undefined ? '' : numberOf(number));
  terminal.table(
    ['ENTITLEMENT', 'GROUP', ...(isNamed ? ['NAME'] : []), 'MEMBERS', 'BEFORE', 'SMALLER SINCE', 'LAST FALL'],
    lines.map(({ entitlement, groupId, name = '', members, before, since, at, missing, removed }) => [
      entitlement,
      groupId,
      ...(isNamed ? [escaped(name)] : []),
      missing ? yellow('does not exist') : removed ? 'not configured' : numbers(members) || 'not counted yet',
      numbers(before),
      terminal.when(since, now),
      terminal.when(at, now),
    ]),
  );
}
