import type { Directory } from '../../adapters/identity-store.ts';
import type { People } from '../../adapters/operator/people.ts';
import { type Selector, SelectorSchema } from '../../domain/request/request.ts';
import { normalizeId } from '../../domain/shared/ids.ts';
import { UsageError } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { count, escaped } from '../ui/text.ts';

/** How the command line names a user, for help texts. */
export const WHO = 'id, userName or e-mail address; if ambiguous: userName:X, email:X, or externalId:X with --issuer';

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

/**
 * Finds the user that a text of the command line selects.
 *
 * @returns undefined if there is no such user
 * @throws UsageError with the ids of all candidates if there are several
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
    // Addresses are not unique. AWS returns one user, even if others have the same address.
    if ('email' in selector && found.size === 1) {
      for (const other of await withAddress(selector.email, people, terminal)) found.add(other);
    }
  }
  if (found.size > 1) {
    throw new UsageError(
      `${escaped(text)} may mean ${count(found.size, 'user')}: ${[...found].join(', ')}. Name one by id`,
    );
  }
  return [...found][0];
}

/** Like {@link findUser}. @throws UsageError also if there is no such user */
export async function requireUser(...[text, issuer, services]: Parameters<typeof findUser>): Promise<string> {
  const userId = await findUser(text, issuer, services);
  if (userId !== undefined) return userId;
  throw new UsageError(`The identity store has no user ${escaped(text)}`);
}

async function withAddress(email: string, people: People, terminal: Terminal): Promise<string[]> {
  return terminal.working('Checking whether other users have this address', async (report) => {
    const found: string[] = [];
    let users = 0;
    for await (const page of people.users()) {
      users += page.length;
      report(count(users, 'user'));
      const same = page.filter(({ emails }) => emails.some((one) => one.toLowerCase() === email.toLowerCase()));
      found.push(...same.map(({ userId }) => userId));
    }
    return found;
  });
}

/** Finds a group by id or display name. @returns undefined if no group has this name */
export async function findGroup(text: string, people: People): Promise<string | undefined> {
  return normalizeId(text, 'group') ?? (await people.findGroup(text));
}
