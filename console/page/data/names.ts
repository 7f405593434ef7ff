import { signal } from '@preact/signals';
import { post } from './session.ts';

type Kind = 'users' | 'groups';
type Names = Readonly<Record<Kind, Readonly<Record<string, string>>>>;

/** Whether names are shown beside ids. Off at first: whoever looks over a shoulder sees ids. */
export const areNamesShown = signal(false);
/** Why names are not shown although they are asked for. */
export const namesProblem = signal<string | undefined>(undefined);

/** Only here: a name is in no address, in no storage and in no log. */
const known = signal<Names>({ users: {}, groups: {} });
const asked: Readonly<Record<Kind, Set<string>>> = { users: new Set(), groups: new Set() };
let wanted: Record<Kind, string[]> = { users: [], groups: [] };
/** Names per request. */
const BATCH = 100;

/** Returns the name of what is shown; undefined while it is not known, or while names are hidden. Asks for it. */
export function nameOf(kind: Kind, id: string): string | undefined {
  if (!areNamesShown.value) return undefined;
  const name = known.value[kind][id];
  if (name === undefined && !asked[kind].has(id)) want(kind, id);
  return name;
}

/** Returns the name of what has been shown with its name. Asks for none: also for 50,000 users in a row. */
export function shownNameOf(kind: Kind, id: string): string | undefined {
  return areNamesShown.value ? known.value[kind][id] : undefined;
}

function want(kind: Kind, id: string): void {
  asked[kind].add(id);
  // All that one drawing of the page shows is one request.
  if (wanted.users.length + wanted.groups.length === 0) queueMicrotask(() => ask().catch(() => undefined));
  wanted[kind].push(id);
}

async function ask(): Promise<void> {
  const { users, groups } = wanted;
  wanted = { users: [], groups: [] };
  for (let from = 0; from < Math.max(users.length, groups.length); from += BATCH) {
    const part = { users: users.slice(from, from + BATCH), groups: groups.slice(from, from + BATCH) };
    try {
      const response = await post('/api/names', part);
      const answer = await response.json();
      if (!response.ok) throw new Error(String(answer.message));
      known.value = {
        users: { ...known.value.users, ...answer.users },
        groups: { ...known.value.groups, ...answer.groups },
      };
      namesProblem.value = undefined;
    } catch (error) {
      for (const id of part.users) asked.users.delete(id);
      for (const id of part.groups) asked.groups.delete(id);
      namesProblem.value = error instanceof Error ? error.message : String(error);
    }
  }
}
