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
  for (const selector of selectorsOf(text, issuer)) {
    const answer = await orInsteadOf(
      () => directory.findUser(selector),
      'externalId' in selector ? undefined : () => listedUsers(selector, people, feedback),
      feedback,
    );
    for (const userId of answer ?? []) found.add(userId);
    // Addresses are not unique. AWS returns one user, even if others have the same address.
    if ('email' in selector && found.size === 1) {
      for (const other of await listedUsers(selector, people, feedback)) found.add(other);
    }
  }
  if (found.size > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.size, 'user')}: ${await candidates([...found], people)}. Name one by id`,
    );
  }
  return [...found][0];
}

/** Returns ids with the userNames, by which a person knows which one is meant; without, where AWS refuses to show them. */
async function candidates(userIds: readonly string[], people: People): Promise<string> {
  const shown: string[] = [];
  for (const userId of userIds) {
    const person = await people.person(userId).catch((error: unknown) => {
      if (!isReadFailure(error)) throw error;
      return undefined;
    });
    shown.push(person?.userName === undefined ? userId : `${escaped(person.userName)} (${userId})`);
  }
  return shown.join(', ');
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

/** Searches the list of all users for a name or an address, without regard to case, as the Identity Store does. */
async function listedUsers(
  selector: Exclude<Selector, { externalId: unknown }>,
  people: People,
  feedback: Feedback,
): Promise<string[]> {
  const wanted = ('email' in selector ? selector.email : selector.userName).toLowerCase();
  const namesOf = ({ userName = '', emails }: Person) => ('email' in selector ? emails : [userName]);
  return feedback.working('Searching the list of all users', async (report) => {
    const found: string[] = [];
    let users = 0;
    for await (const page of people.users()) {
      users += page.length;
      report(count(users, 'user'));
      const same = page.filter((person) => namesOf(person).some((name) => name.toLowerCase() === wanted));
      found.push(...same.map(({ userId }) => userId));
    }
    return found;
  });
}
