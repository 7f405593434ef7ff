import { RefusedError } from '../domain/shared/errors.ts';
import { normalizeId, type ResourceKind } from '../domain/shared/ids.ts';
import type { ErrorRow } from './aws-errors.ts';
import type { Pacer } from './clients.ts';
import { isConflict, MALFORMED_ANSWER, translate, withDetails } from './translate-error.ts';

/**
 * Sends one request at the pace of the service.
 *
 * @param ids what the request is about, for the message of an error, e.g. `user 44f8…`
 * @param send returns an exception that is an answer as a value: any that it throws is a failure. It also reads the answer,
 *   so that what is malformed has its ids
 * @throws TransientAwsError, RefusedError, or the error itself if it is a bug
 */
export type Ask = <T>(operation: string, ids: readonly string[], send: () => Promise<T>) => Promise<T>;

/** Returns a function that sends requests to one service, paced if a pacer is given, and translates its errors. */
export function askWith(table: readonly ErrorRow[], pacer?: Pacer): Ask {
  return async (operation, ids, send) => {
    await pacer?.pace(operation);
    try {
      return await send();
    } catch (error) {
      if (isMalformed(error)) throw new RefusedError(error.reason, withDetails(error.message, ids));
      throw translate(error, table, operation, ids);
    }
  };
}

/** Five times the pages of 200,000 users, the most that an identity store takes, at 100 per page. */
const MAX_PAGES = 10_000;

/**
 * Yields all pages of a list operation; requests each page when the caller asks for it.
 *
 * @param ask requests the page of a token
 * @throws every error of `ask`; RefusedError if a token repeats or the tokens never end
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
    if (seen.has(nextToken))
      throw new RefusedError(MALFORMED_ANSWER, `${operation}: AWS returned the same NextToken twice`);
    seen.add(nextToken);
  }
  throw new RefusedError(MALFORMED_ANSWER, `${operation}: AWS returned more than ${MAX_PAGES} pages`);
}

/**
 * Makes the error for an answer of AWS that lacks what its API reference promises, or has a value that it does not list.
 * It is a refusal of this one request, so that all others are served. Thrown within `send` of {@link Ask}, its message gets
 * the ids.
 */
export function malformedAnswer(operation: string, field: string): RefusedError {
  return new RefusedError(MALFORMED_ANSWER, `${operation}: ${field} is missing or malformed in the answer`);
}

function isMalformed(error: unknown): error is RefusedError {
  return error instanceof RefusedError && error.reason === MALFORMED_ANSWER;
}

/**
 * Returns the list in an answer.
 *
 * @throws RefusedError if there is none or an entry is null: an incomplete answer must not look like an empty list
 */
export function listIn<T>(value: readonly T[] | undefined, operation: string, field: string): readonly T[] {
  if (!Array.isArray(value) || value.includes(null)) throw malformedAnswer(operation, field);
  return value;
}

/**
 * Returns an id in an answer, in the form of {@link normalizeId}.
 *
 * @throws RefusedError if it is not an id of this kind: an unreadable entry must not look like a missing one
 */
export function idIn(value: unknown, kind: ResourceKind, operation: string, field: string): string {
  const id = normalizeId(value, kind);
  if (id === undefined) throw malformedAnswer(operation, field);
  return id;
}

/**
 * Returns the result of a read, or undefined if its error means that there is nothing to read. Within `send` of
 * {@link Ask}, so that the exception is an answer.
 */
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

/** Returns the outcome of a write that AWS accepts, or `conflict`. Within `send` of {@link Ask}, as {@link undefinedIf}. */
export async function outcomeOf<T>(outcome: T, write: () => Promise<unknown>): Promise<T | 'conflict'> {
  try {
    await write();
    return outcome;
  } catch (error) {
    if (isConflict(error)) return 'conflict';
    throw error;
  }
}
