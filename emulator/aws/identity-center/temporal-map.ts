/** A moment of the past in milliseconds since the epoch, as a lagging read sees it; undefined is now. */
export type Moment = number | undefined;

/** Part of a list in the order of its keys; `next` is the last key, undefined on the last page. */
export interface Page<V> {
  values: V[];
  next: string | undefined;
}

/** Facts by key that remember when they changed, so that a lagging read sees the past. */
export class TemporalMap<V> {
  /** Oldest first; undefined is "not there". */
  readonly #changes = new Map<string, { at: number; value: V | undefined }[]>();
  /** In order. Keys stay when their fact ends, or a lagging read would miss them. */
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

  /** @param limit how many at most @param after the key behind which the page begins */
  page(limit: number, after: string | undefined, moment: Moment): Page<V> {
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

  /** Ends every fact. */
  end(at: number): void {
    for (const key of this.#keys) if (this.get(key, undefined) !== undefined) this.set(key, undefined, at);
  }

  /** Where the first key greater than this one stands. */
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
