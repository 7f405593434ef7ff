import type { LineOf } from '../data/answers.ts';
import { count, countOf, Status } from './text.tsx';
import { Id } from './user.tsx';

type Line = LineOf<'plan'>;

/** What the numbers of a plan do not say: what the brake holds, what is refused, and what is empty. */
export function PlanNotes({
  plans,
  groupNames,
}: {
  plans: readonly Line[];
  groupNames: readonly LineOf<'group-name'>[];
}) {
  const noted = plans
    .map((line) => ({ name: line.entitlement ?? line.application, notes: notesOf(line) }))
    .filter(({ notes }) => notes.length > 0);
  return (
    <ul class="attention">
      {noted.map(({ name, notes }) => (
        <li key={name}>
          <strong>{name}</strong>
          {notes.map((note) => (
            <p key={note}>{note}</p>
          ))}
        </li>
      ))}
      {groupNames.map(({ groupId, exists, namesakeId }) => (
        <li key={groupId}>
          <Status tone="wait">
            {exists ? 'The name in the file is not that of the group' : 'There is no such group'}
          </Status>{' '}
          <Id value={groupId} />
          {namesakeId !== undefined && (
            <>
              . The group of that name is <Id value={namesakeId} />
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** In words, so that two notes differ. */
function notesOf(line: Line): string[] {
  const { configuration, mode, hold, budget, asked, aboveCap = 0, undecided = 0, adoptable = 0, refused = [] } = line;
  const groups = (ids: readonly string[] | undefined, what: string) =>
    ids && ids.length > 0 ? [`${what}: ${ids.join(', ')}. While it is so, the brake holds every new revocation.`] : [];
  return [
    ...(configuration === 'removed' ? ['Not in this configuration: its seats stay, and Usher changes none.'] : []),
    ...(configuration === 'retired' ? ['Retired: its seats stay until someone starts their revocation.'] : []),
    ...(mode === 'observe' ? ['Observed only: nothing is changed; the numbers say what enforce would do.'] : []),
    ...(hold
      ? [
          `The brake holds ${countOf(hold.held, 'revocation')} (${hold.reason}): ${count(asked)} are asked for, ${count(budget?.left)} are left of a budget of ${count(budget?.allowed)} in 24 hours.`,
        ]
      : []),
    ...groups(line.missingGroups, 'There is no group'),
    ...groups(line.emptyGroups, 'Groups without members'),
    ...(aboveCap > 0 ? [`${count(aboveCap)} seats are above the cap. They stay; no one else gets one.`] : []),
    ...(undecided > 0 ? [`${countOf(undecided, 'user')} cannot be decided about yet.`] : []),
    ...(adoptable > 0 ? [`${count(adoptable)} entitled users have an assignment that is not of Usher.`] : []),
    ...(line.subscriptionsStopped ? ['AWS refuses new subscriptions to the account: no seat begins.'] : []),
    ...refused.map(({ message }) => `Nothing can be changed: ${message}`),
  ];
}
