import { normalizeId, type ResourceKind } from '../domain/shared/ids.ts';
import { type ErrorRow, translate } from './aws-errors.ts';
import type { Pacer } from './clients.ts';

/**
 * Sends one request when its turn has come.
 *
 * @param ids what is asked about, for the message of an error, e.g. `user 44f8…`
 * @throws TransientAwsError, RefusedError, or the SDK's error when no row of the table fits
 */
export type Ask = <T>(operation: string, ids: readonly string[], send: () => Promise<T>) => Promise<T>;

/** Requests to one service: paced, if a pacer is given, and with its errors translated. */
export function asking(table: readonly ErrorRow[], pacer?: Pacer): Ask {
  return async (operation, ids, send) => {
    await pacer?.turn(operation);
    try {
      return await send();
    } catch (error) {
      throw translate(error, table, operation, ids);
    }
  };
}

/** Five times the pages that 200,000 users, the most an identity store takes, fill at 100 a page. */
const MAX_PAGES = 10_000;

/** The limit of MaxResults, in all list operations of SSO Admin and the Identity Store that are called. */
export const MAX_PER_PAGE = 100;

/**
 * All pages of a list operation, each asked for when it is wanted.
 *
 * @param ask called with the token of the page
 * @throws whatever `ask` throws; Error when the tokens repeat or never end
 */
export async function* pages<Page extends { NextToken?: string | undefined }>(
  operation: string,
  ask: (nextToken: string | undefined) => Promise<Page>,
): AsyncGenerator<Page, void, undefined> {
  const seen = new Set<string>();
  let nextToken: string | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await ask(nextToken);
    yield page;
    nextToken = page.NextToken;
    if (!nextToken) return;
    if (seen.has(nextToken)) throw new Error(`${operation}: the same NextToken twice, the list would never end`);
    seen.add(nextToken);
  }
  throw new Error(`${operation}: more than ${MAX_PAGES} pages, the list seems never to end`);
}

/** An answer of AWS that lacks what its API reference promises: a bug, there or here, and no reason to guess. */
export function malformed(operation: string, field: string): Error {
  return new Error(`${operation}: ${field} is missing or malformed in the answer`);
}

/**
 * The list in an answer.
 *
 * @throws Error when there is none, or a hole in it: an answer cut short must not look like an empty one
 */
export function listIn<T>(value: readonly T[] | undefined, operation: string, field: string): readonly T[] {
  if (!Array.isArray(value) || value.includes(null)) throw malformed(operation, field);
  return value;
}

/**
 * An id in an answer, in the form of {@link normalizeId}.
 *
 * @throws Error when it is no such id: an entry that cannot be read must not look like one that isn't there
 */
export function idIn(value: unknown, kind: ResourceKind, operation: string, field: string): string {
  const id = normalizeId(value, kind);
  if (id === undefined) throw malformed(operation, field);
  return id;
}

/** What a read returns, or undefined if its error means that there is nothing to read. */
export async function undefinedIf<T>(
  isAbsent: (error: unknown) => boolean,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
