import type { Directory } from '../../adapters/identity-store.ts';
import type { People, Person } from '../../adapters/operator/people.ts';
import { type Selector, SelectorSchema } from '../../domain/request/request.ts';
import { idNamedBy, type Misnamed } from '../../domain/shared/ids.ts';
import { UsageError } from '../../operator/failures.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { count, escaped } from '../../operator/text.ts';
import { isReadFailure, type Unread } from '../../operator/unread.ts';
import type { Terminal } from '../ui/terminal.ts';

/** How the command line names a user, for help texts. */
export const WHO =
  'id, also as an ARN or d-1234567890.ID; userName or e-mail address; if ambiguous: userName:X, email:X, or externalId:X with --issuer';

/** Returns what a text of the command line may select, the likeliest first. @throws UsageError */
export function selectorsOf(text: string, issuer: string | undefined): readonly Selector[] {
  const [, kind, value = ''] = /^(userName|email|externalId):(.+)$/s.exec(text) ?? [];
  const valid = (candidates: readonly unknown[]): Selector[] => {
    const found = candidates.flatMap((candidate) => SelectorSchema.safeParse(candidate).data ?? []);
    if (found.length === 0)
      throw new UsageError(`${escaped(text)} is neither a user's id, a userName nor an e-mail address`);
    return found;
  };
  if (kind === 'externalId') {
    if (issuer === undefined) throw new UsageError('externalId:… needs --issuer, the name of the identity provider');
    return valid([{ externalId: { issuer, id: value } }]);
  }
  if (kind !== undefined) return valid([{ [kind]: value }]);
  return valid([{ userName: text }, ...(text.includes('@') ? [{ email: text }] : [])]);
}

/** What users and groups are looked up with. */
export interface LookUp {
  directory: Directory;
  people: People;
  terminal: Terminal;
  unread: Unread;
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
export async function findUser(text: string, issuer: string | undefined, lookUp: LookUp): Promise<string | undefined> {
  const { directory, people, terminal, unread } = lookUp;
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
      'externalId' in selector ? undefined : () => listedUsers(selector, people, terminal),
      terminal,
    );
    for (const userId of answer ?? []) found.add(userId);
    // Addresses are not unique. AWS returns one user, even if others have the same address.
    if ('email' in selector && found.size === 1) {
      for (const other of await listedUsers(selector, people, terminal)) found.add(other);
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

const MISNAMED: Readonly<Record<Misnamed, string>> = {
  'a-group': 'is a group',
  'a-membership': 'is a membership',
  'a-store': 'is an identity store',
  'a-user': 'is a user',
  'another-store': 'is of another identity store',
};

/** Returns the id that a text has in one of the forms in which AWS prints it; undefined for a name. @throws UsageError */
function idIn(text: string, kind: 'user' | 'group', { identityStoreId }: People): string | undefined {
  const named = idNamedBy(text.trim(), kind, identityStoreId);
  if (named?.problem === undefined) return named?.id;
  throw new UsageError(
    `${escaped(text)} ${MISNAMED[named.problem]}: expected a ${kind} of ${identityStoreId}, as entitlements.yml has it`,
  );
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
 * Looks something up by name, or in a list if the identity store refuses that.
 *
 * @param search searches the list; undefined if the list does not have what is looked up
 */
async function orInsteadOf(
  find: () => Promise<string | undefined>,
  search: (() => Promise<string[]>) | undefined,
  terminal: Terminal,
): Promise<string[]> {
  try {
    const id = await find();
    return id === undefined ? [] : [id];
  } catch (error) {
    if (!(search && isReadFailure(error))) throw error;
    terminal.note(terminal.noteColors.dim(`${escaped(error.message)}. Searching the list instead`));
    return search();
  }
}

/** Searches the list of all users for a name or an address, without regard to case, as the Identity Store does. */
async function listedUsers(
  selector: Exclude<Selector, { externalId: unknown }>,
  people: People,
  terminal: Terminal,
): Promise<string[]> {
  const wanted = ('email' in selector ? selector.email : selector.userName).toLowerCase();
  const namesOf = ({ userName = '', emails }: Person) => ('email' in selector ? emails : [userName]);
  return terminal.working('Searching the list of all users', async (report) => {
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

/**
 * Finds a group by id or display name; in the list of all groups if the store refuses to find it by name.
 *
 * @returns undefined if no group has this name
 * @throws UsageError if several have it, and if the text names something else
 */
async function findGroup(text: string, people: People, terminal: Terminal): Promise<string | undefined> {
  const id = idIn(text, 'group', people);
  if (id !== undefined) return id;
  const found = await orInsteadOf(
    () => people.findGroup(text),
    () => listedGroups(text, people, terminal),
    terminal,
  );
  if (found.length > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.length, 'group')}: ${found.join(', ')}. Name one by id`,
    );
  }
  return found[0];
}

/** Like {@link findGroup}. @throws UsageError also if no group has this name, with the groups that have one like it */
export async function requireGroup(text: string, people: People, terminal: Terminal): Promise<string> {
  const groupId = await findGroup(text, people, terminal);
  if (groupId !== undefined) return groupId;
  throw new UsageError(
    `The identity store has no group ${escaped(text)}${suggestion(text, await groupNames(people, terminal))}`,
  );
}

/** None if the store refuses to list them: then there is no suggestion. */
async function groupNames(people: People, terminal: Terminal): Promise<string[]> {
  const names: string[] = [];
  try {
    await terminal.working('Searching the list of all groups', async () => {
      for await (const page of people.groups()) names.push(...page.flatMap(({ displayName }) => displayName ?? []));
    });
  } catch (error) {
    if (!isReadFailure(error)) throw error;
  }
  return names;
}

async function listedGroups(displayName: string, people: People, terminal: Terminal): Promise<string[]> {
  const wanted = displayName.toLowerCase();
  return terminal.working('Searching the list of all groups', async () => {
    const found: string[] = [];
    for await (const page of people.groups()) {
      found.push(...page.filter((one) => one.displayName?.toLowerCase() === wanted).map(({ groupId }) => groupId));
    }
    return found;
  });
}
