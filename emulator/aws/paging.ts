import type { Clock } from '../../domain/shared/clock.ts';
import type { Quirks } from './identity-center/quirks.ts';
import type { TemporalPage } from './identity-center/temporal-map.ts';
import { pageToken, parsePageToken, ServiceError } from './json-service.ts';
import { seededRandom } from './random.ts';

/** With `pages: varying`: of four pages, one is empty, two have a few values, and one has as many as the caller asks for. */
const VARYING_PARTS = [0, 0.02, 0.1, 1];

/** With `pageTokens: expire`. AWS documents no lifetime of its tokens. */
const TOKEN_SECONDS = 600;

/** The part of a request that says which page of a list it asks for. */
interface PageRequest {
  MaxResults: number;
  NextToken?: string | undefined;
}

/** Returns a function that reads pages of a whole list. */
export function pagesOf<T>(all: readonly T[]) {
  return (limit: number, after = '-1'): TemporalPage<T> => {
    const start = Number(after) + 1;
    const end = start + limit;
    return { values: all.slice(start, end), next: end < all.length ? String(end - 1) : undefined };
  };
}

/** The pages of the lists of one service, with the quirks that AWS may have. */
export class Paging {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #quirks: Required<Pick<Quirks, 'pages' | 'pageTokens'>>;
  readonly #random = seededRandom(1);
  #pages = 0;

  constructor(clock: Pick<Clock, 'now'>, quirks: Required<Pick<Quirks, 'pages' | 'pageTokens'>>) {
    this.#clock = clock;
    this.#quirks = quirks;
  }

  /**
   * Returns a page of a list, and the token of the next one, if there is one.
   *
   * @param read returns at most `limit` values that come after a key
   * @throws ServiceError ValidationException for a token of another list, or one that has expired
   */
  page<T>(
    list: string,
    { MaxResults, NextToken }: PageRequest,
    read: (limit: number, after: string | undefined) => TemporalPage<T>,
  ): { values: T[]; token: { NextToken?: string } } {
    const { key, isAfterEmpty } = this.#placeOf(list, NextToken);
    const limit = this.#limitOf(MaxResults, isAfterEmpty);
    if (limit === 0) return { values: [], token: this.#tokenOf(list, key ?? '', true) };
    const { values, next } = read(limit, key);
    return { values, token: next === undefined ? {} : this.#tokenOf(list, next, false) };
  }

  /** Returns how many values a page may have. */
  #limitOf(most: number, isAfterEmpty: boolean): number {
    switch (this.#quirks.pages) {
      case 'short':
        // Before each page of half the size comes an empty one.
        return isAfterEmpty ? Math.ceil(most / 2) : 0;
      case 'varying':
        return Math.ceil(most * (VARYING_PARTS[Math.floor(this.#random() * VARYING_PARTS.length)] ?? 1));
      default:
        return most;
    }
  }

  #placeOf(list: string, token: string | undefined): { key: string | undefined; isAfterEmpty: boolean } {
    const place = parsePageToken(list, token);
    if (place === undefined) return { key: undefined, isAfterEmpty: false };
    const [, issued, empty, key = ''] = /^(\d+) ([01]) \d+ (.*)$/.exec(place) ?? [];
    if (this.#quirks.pageTokens === 'expire' && this.#now() - Number(issued) >= TOKEN_SECONDS) {
      throw new ServiceError('ValidationException', 'NextToken: the token has expired');
    }
    return { key: key === '' ? undefined : key, isAfterEmpty: empty === '1' };
  }

  #tokenOf(list: string, key: string, isAfterEmpty: boolean): { NextToken: string } {
    // Empty pages may follow one another, and AWS returns no token twice.
    this.#pages += 1;
    return { NextToken: pageToken(list, `${this.#now()} ${isAfterEmpty ? 1 : 0} ${this.#pages} ${key}`) };
  }

  /** Seconds since the epoch. */
  #now(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }
}
