/** What a key does on every page. */
export type Act = 'search' | 'next' | 'previous' | 'names' | 'times' | 'help' | { go: string };

/** Where `g` and a letter go. */
export const GOES: Readonly<Record<string, { path: string; title: string }>> = {
  o: { path: '/', title: 'Overview' },
  e: { path: '/executions', title: 'Executions' },
  h: { path: '/held', title: 'Held' },
  p: { path: '/plan', title: 'Plan' },
  a: { path: '/audit', title: 'Audit' },
  r: { path: '/report', title: 'Report' },
  s: { path: '/subscriptions', title: 'Subscriptions' },
  n: { path: '/notices', title: 'Notices' },
  d: { path: '/doctor', title: 'Doctor' },
  l: { path: '/lab', title: 'Lab' },
};

/** What the single keys do. */
export const KEYS: Readonly<Record<string, { act: Act; title: string }>> = {
  '/': { act: 'search', title: 'Search for a person, an execution or an entitlement' },
  j: { act: 'next', title: 'Next row' },
  k: { act: 'previous', title: 'Row before' },
  n: { act: 'names', title: 'Show or hide names' },
  t: { act: 'times', title: 'Times: relative, local, UTC' },
  '?': { act: 'help', title: 'These keys' },
};

/** A key as it was pressed. */
export interface Pressed {
  key: string;
  /** Someone types, or a key is held that makes it a key of the browser. */
  isTaken: boolean;
  /** The key before was `g`. */
  isAfterG: boolean;
}

/** Returns what a key does; undefined if nothing. */
export function actOf({ key, isTaken, isAfterG }: Pressed): Act | undefined {
  if (isTaken) return undefined;
  if (isAfterG) return Object.hasOwn(GOES, key) ? { go: GOES[key]?.path ?? '/' } : undefined;
  return Object.hasOwn(KEYS, key) ? KEYS[key]?.act : undefined;
}
