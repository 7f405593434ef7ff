import type { People } from '../../adapters/operator/people.ts';
import { UsageError } from '../failures.ts';
import { suggestion } from '../suggestions.ts';
import { count, escaped } from '../text.ts';
import { isReadFailure } from '../unread.ts';
import { type Feedback, idIn, orInsteadOf } from './look-up.ts';

/**
 * Finds a group by id or display name; in the list of all groups if the store refuses to find it by name, or finds one whose name
 * is another in case.
 *
 * @returns undefined if no group has this name
 * @throws UsageError if several have it, and if the text names something else
 */
async function findGroup(text: string, people: People, feedback: Feedback): Promise<string | undefined> {
  const id = idIn(text, 'group', people);
  if (id !== undefined) return id;
  const listed = () => listedGroups(text, people, feedback);
  const answer = await orInsteadOf(() => people.findGroup(text), listed, feedback);
  const found = new Set(answer);
  if (!(await isSurely(answer, text, people))) for (const other of await others(answer, listed)) found.add(other);
  const groupIds = [...found].sort();
  if (groupIds.length > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(groupIds.length, 'group')}: ${groupIds.join(', ')}. Name one by id`,
    );
  }
  return groupIds[0];
}

/** Like {@link findGroup}. @throws UsageError also if no group has this name, with the groups that have one like it */
export async function requireGroup(text: string, people: People, feedback: Feedback): Promise<string> {
  const groupId = await findGroup(text, people, feedback);
  if (groupId !== undefined) return groupId;
  throw new UsageError(
    `The identity store has no group ${escaped(text)}${suggestion(text, await groupNames(people, feedback))}`,
  );
}

/** Whether no other group can be meant: its name is exactly this. Several come from the list, and are all that there are. */
async function isSurely([first, ...others]: readonly string[], text: string, people: People): Promise<boolean> {
  if (first === undefined || others.length > 0) return others.length > 0;
  try {
    return (await people.group(first))?.displayName === text;
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    return false;
  }
}

/** Returns the listed groups; none if AWS refuses the list and found no group before. */
async function others(answer: readonly string[], listed: () => Promise<string[]>): Promise<string[]> {
  try {
    return await listed();
  } catch (error) {
    if (answer.length > 0 || !isReadFailure(error)) throw error;
    return [];
  }
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
