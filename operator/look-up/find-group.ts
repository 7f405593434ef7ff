import type { People } from '../../adapters/operator/people.ts';
import { UsageError } from '../failures.ts';
import { suggestion } from '../suggestions.ts';
import { count, escaped } from '../text.ts';
import { isReadFailure } from '../unread.ts';
import { type Feedback, idIn, orInsteadOf } from './look-up.ts';

/**
 * Finds a group by id or display name; in the list of all groups if the store refuses to find it by name.
 *
 * @returns undefined if no group has this name
 * @throws UsageError if several have it, and if the text names something else
 */
async function findGroup(text: string, people: People, feedback: Feedback): Promise<string | undefined> {
  const id = idIn(text, 'group', people);
  if (id !== undefined) return id;
  const found = await orInsteadOf(
    () => people.findGroup(text),
    () => listedGroups(text, people, feedback),
    feedback,
  );
  if (found.length > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.length, 'group')}: ${found.join(', ')}. Name one by id`,
    );
  }
  return found[0];
}

/** Like {@link findGroup}. @throws UsageError also if no group has this name, with the groups that have one like it */
export async function requireGroup(text: string, people: People, feedback: Feedback): Promise<string> {
  const groupId = await findGroup(text, people, feedback);
  if (groupId !== undefined) return groupId;
  throw new UsageError(
    `The identity store has no group ${escaped(text)}${suggestion(text, await groupNames(people, feedback))}`,
  );
}

/** None if the store refuses to list them: then there is no suggestion. */
async function groupNames(people: People, feedback: Feedback): Promise<string[]> {
  const names: string[] = [];
  try {
    await feedback.working('Searching the list of all groups', async () => {
      for await (const page of people.groups()) names.push(...page.flatMap(({ displayName }) => displayName ?? []));
    });
  } catch (error) {
    if (!isReadFailure(error)) throw error;
  }
  return names;
}

async function listedGroups(displayName: string, people: People, feedback: Feedback): Promise<string[]> {
  const wanted = displayName.toLowerCase();
  return feedback.working('Searching the list of all groups', async () => {
    const found: string[] = [];
    for await (const page of people.groups()) {
      found.push(...page.filter((one) => one.displayName?.toLowerCase() === wanted).map(({ groupId }) => groupId));
    }
    return found;
  });
}
