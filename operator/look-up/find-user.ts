import type { People, Person } from '../../adapters/operator/people.ts';
import type { Selector } from '../../domain/request/request.ts';
import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import { count, escaped } from '../text.ts';
import { isReadFailure } from '../unread.ts';
import { type Feedback, idIn, orInsteadOf } from './look-up.ts';
import { selectorsOf } from './selectors.ts';

/** How a user is named, and where to say that it takes long. */
export interface Wanted {
  /** Issuer of an external id. */
  issuer?: string | undefined;
  feedback: Feedback;
}

/**
 * Finds the user that a text of the command line selects.
 *
 * A store may refuse to find a user by name or address; then the list of all users is searched. If it refuses to show a
 * user who is named by id, they count as one who exists.
 *
 * @returns undefined if there is no such user
 * @throws UsageError with the ids and userNames of all candidates if there are several, and if the text names something else: a group, or
 *   a user of another identity store
 */
export async function findUser(
  text: string,
  { issuer, feedback }: Wanted,
  asker: Pick<Asker, 'entitlements' | 'services' | 'unread'>,
): Promise<string | undefined> {
  const { unread } = asker;
  const { identityStoreId } = (await asker.entitlements()).identityCenter;
  const services = await asker.services();
  const directory = await services.directory(identityStoreId);
  const people = await services.people(identityStoreId);
  const id = idIn(text, 'user', people);
  if (id !== undefined) {
    const status = await unread.attempt(() => directory.statusOf(id));
    if (status?.value !== 'missing') return id;
    if (await isGroup(id, people)) throw new UsageError(`${id} is the id of a group, not of a user`);
    return undefined;
  }
  const found = new Set<string>();
  const uncertain: NameSelector[] = [];
  let isRefused = false;
  for (const selector of selectorsOf(text, issuer)) {
    const refuse = async () => {
      isRefused = true;
      return [];
    };
    const isListed = !('externalId' in selector);
    const [answer] = await orInsteadOf(() => directory.findUser(selector), isListed ? refuse : undefined, feedback);
    if (answer !== undefined) found.add(answer);
    if (isListed && !(answer !== undefined && (await isSurely(answer, selector, people)))) uncertain.push(selector);
  }
  if (uncertain.length > 0) {
    const mayDoWithout = found.size === 0 && !isRefused;
    for (const other of await listedUsers(uncertain, { people, feedback, mayDoWithout })) found.add(other);
  }
  if (found.size > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.size, 'user')}: ${await candidates([...found].sort(), people)}. Name one by id`,
    );
  }
  return [...found][0];
}

/** A name or an address. AWS does not say whether their case matters, and which of several users it returns. */
type NameSelector = Exclude<Selector, { externalId: unknown }>;

/** Whether no other user can be meant: the only one whose userName is exactly this. Several users may have one address. */
async function isSurely(userId: string, selector: NameSelector, people: People): Promise<boolean> {
  if (!('userName' in selector)) return false;
  return (await shownPerson(userId, people))?.userName === selector.userName;
}

/** Returns ids with the userNames, by which a person knows which one is meant; without, where AWS refuses to show them. */
async function candidates(userIds: readonly string[], people: People): Promise<string> {
  const shown: string[] = [];
  for (const userId of userIds) {
    const person = await shownPerson(userId, people);
    shown.push(person?.userName === undefined ? userId : `${escaped(person.userName)} (${userId})`);
  }
  return shown.join(', ');
}

/** Returns a user with names; undefined if there is none, and if AWS refuses to show one. */
async function shownPerson(userId: string, people: People): Promise<Person | undefined> {
  try {
    return await people.person(userId);
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    return undefined;
  }
}

/** Whether an id is a group's; if AWS refuses to say so, it is unknown, and so not said. */
async function isGroup(id: string, people: People): Promise<boolean> {
  try {
    return (await people.group(id)) !== undefined;
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    return false;
  }
}

/**
 * Searches the list of all users for names or addresses, in any case.
 *
 * @param context `mayDoWithout`: whether none is an answer if AWS refuses the list
 */
async function listedUsers(
  selectors: readonly NameSelector[],
  { people, feedback, mayDoWithout }: { people: People; feedback: Feedback; mayDoWithout: boolean },
): Promise<string[]> {
  const isMeant = ({ userName = '', emails }: Person) =>
    selectors.some((selector) => {
      const [wanted, names] = 'email' in selector ? [selector.email, emails] : [selector.userName, [userName]];
      return names.some((name) => name.toLowerCase() === wanted.toLowerCase());
    });
  const search = () =>
    feedback.working('Searching the list of all users', async (report) => {
      const found: string[] = [];
      let users = 0;
      for await (const page of people.users()) {
        users += page.length;
        report(count(users, 'user'));
        found.push(...page.filter(isMeant).map(({ userId }) => userId));
      }
      return found;
    });
  try {
    return await search();
  } catch (error) {
    if (!(mayDoWithout && isReadFailure(error))) throw error;
    feedback.note(`${escaped(error.message)}. A user may have this name or address in another case`);
    return [];
  }
}
