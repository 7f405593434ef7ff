import type { Directory } from '../../adapters/identity-store.ts';
import type { People } from '../../adapters/operator/people.ts';
import { type Selector, SelectorSchema } from '../../domain/request/request.ts';
import { normalizeId } from '../../domain/shared/ids.ts';
import { UsageError } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { count, escaped } from '../ui/text.ts';

/** How a person may be named on the command line, for help texts. */
export const WHO =
  'id, userName or e-mail address; userName:X, email:X, or externalId:X with --issuer, where that is ambiguous';

/** What a text of the command line may mean, the likeliest first. @throws WrongUse */
export function selectorsOf(text: string, issuer: string | undefined): readonly Selector[] {
  const [, kind, value = ''] = /^(userName|email|externalId):(.+)$/s.exec(text) ?? [];
  const valid = (candidates: readonly unknown[]): Selector[] => {
    const found = candidates.flatMap((candidate) => SelectorSchema.safeParse(candidate).data ?? []);
    if (found.length === 0) throw new UsageError(`${escaped(text)}: neither a user's id, userName nor e-mail address`);
    return found;
  };
  if (kind === 'externalId') {
    if (issuer === undefined)
      throw new UsageError('externalId:… also needs --issuer, as the identity provider names itself');
    return valid([{ externalId: { issuer, id: value } }]);
  }
  if (kind !== undefined) return valid([{ [kind]: value }]);
  return valid([{ userName: text }, ...(text.includes('@') ? [{ email: text }] : [])]);
}

/**
 * Finds the one user whom a text of the command line means.
 *
 * @returns undefined when there is none
 * @throws WrongUse when it may mean several, naming them by their ids
 */
export async function findUser(
  text: string,
  issuer: string | undefined,
  { directory, people, terminal }: { directory: Directory; people: People; terminal: Terminal },
): Promise<string | undefined> {
  const id = normalizeId(text, 'user');
  if (id !== undefined) return (await directory.statusOf(id)) === 'missing' ? undefined : id;
  const found = new Set<string>();
  for (const selector of selectorsOf(text, issuer)) {
    const userId = await directory.findUser(selector);
    if (userId === undefined) continue;
    found.add(userId);
    // Nothing promises that an address is unique: AWS answers with one user, whoever else has it.
    if ('email' in selector && found.size === 1) {
      for (const other of await withAddress(selector.email, people, terminal)) found.add(other);
    }
  }
  if (found.size > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.size, 'user')}: ${[...found].join(', ')}. Name one by their id`,
    );
  }
  return [...found][0];
}

/** @throws WrongUse when there is no such user */
export async function requireUser(...[text, issuer, services]: Parameters<typeof findUser>): Promise<string> {
  const userId = await findUser(text, issuer, services);
  if (userId !== undefined) return userId;
  throw new UsageError(`The identity store has no user ${escaped(text)}`);
}

async function withAddress(email: string, people: People, terminal: Terminal): Promise<string[]> {
  return terminal.working('Looking whether anybody else has this address', async (tell) => {
    const found: string[] = [];
    let users = 0;
    for await (const page of people.everybody()) {
      users += page.length;
      tell(count(users, 'user'));
      const same = page.filter(({ emails }) => emails.some((one) => one.toLowerCase() === email.toLowerCase()));
      found.push(...same.map(({ userId }) => userId));
    }
    return found;
  });
}

/** Finds the group that a text means, an id or a display name. @returns undefined when there is none of this name */
export async function findGroup(text: string, people: People): Promise<string | undefined> {
  return normalizeId(text, 'group') ?? (await people.findGroup(text));
}
