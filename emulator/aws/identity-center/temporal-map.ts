/** The moment that a lagging read sees, in milliseconds since the epoch. Undefined is now. */
export type Moment = number | undefined;

/** Time of the directory file's content: before each change of a run, so that also the slowest read sees it. */
export const BEFORE_ALL = Number.NEGATIVE_INFINITY;

/** One page of a list, ordered by key. `next` is the last key of the page; undefined on the last page. */
export interface TemporalPage<V> {
  values: V[];
  next: string | undefined;
}

/** A map that remembers when each value changed, so that a lagging read sees the past. */
export class TemporalMap<V> {
  /** By key, the oldest change first. An undefined value means that the key was absent. */
  readonly #changes = new Map<string, { at: number; value: V | undefined }[]>();
  /** Sorted. A key stays after its value is removed: a lagging read may still see it. */
  readonly #keys: string[] = [];

  set(key: string, value: V | undefined, at: number): void {
    const changes = this.#changes.get(key);
    if (changes) {
      changes.push({ at, value });
      return;
    }
    this.#changes.set(key, [{ at, value }]);
    this.#keys.splice(this.#after(key), 0, key);
  }

  get(key: string, moment: Moment): V | undefined {
    const changes = this.#changes.get(key);
    return moment === undefined ? changes?.at(-1)?.value : changes?.findLast(({ at }) => at <= moment)?.value;
  }

  /** Returns at most `limit` values. @param after the key after which the page begins */
  page(limit: number, after: string | undefined, moment: Moment): TemporalPage<V> {
    const values: V[] = [];
    let last: string | undefined;
    for (let index = after === undefined ? 0 : this.#after(after); index < this.#keys.length; index += 1) {
      const key = this.#keys[index] ?? '';
      const value = this.get(key, moment);
      if (value === undefined) continue;
      if (values.length === limit) return { values, next: last };
      values.push(value);
      last = key;
    }
    return { values, next: undefined };
  }

  all(): V[] {
    return this.page(Number.POSITIVE_INFINITY, undefined, undefined).values;
  }

  /** Removes all values. */
  clear(at: number): void {
    for (const key of this.#keys) if (this.get(key, undefined) !== undefined) this.set(key, undefined, at);
  }

  /** Returns the index of the first key greater than this one. */
  #after(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') > key) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
