import type { ExecutionDetail } from '../adapters/executions.ts';
import type { Step } from '../adapters/operator/executions.ts';
import type { StarterLine } from './lines/history.ts';

/** Characters of the inputs and outputs of executions: some kilobytes each, a megabyte at most. */
const MOST_CHARACTERS = 32_000_000;
/** Four of the longest histories that AWS keeps: some 20 MB. */
const MOST_STEPS = 100_000;
const MOST_STARTERS = 10_000;

/**
 * What questions have read that does not change, kept for the next question of the same asker: AWS allows all callers
 * together only a few of these calls per second.
 */
export interface Memory {
  /** Executions that have ended, by ARN. A redrive gives one another end. */
  ended: Recent<ExecutionDetail>;
  /** Histories, by ARN of the execution: each from its first event on, as far as it was read. */
  steps: Recent<readonly Step[]>;
  /** Who started executions, by their ARN. */
  starters: Recent<StarterLine>;
}

/** Returns a memory without anything in it. */
export function newMemory(): Memory {
  return {
    ended: new Recent(MOST_CHARACTERS, ({ input, output = '' }) => input.length + output.length),
    steps: new Recent(MOST_STEPS, ({ length }) => length),
    starters: new Recent(MOST_STARTERS),
  };
}

/** Keeps the values that were used last, as many as fit. */
export class Recent<Value> {
  readonly #kept = new Map<string, { value: Value; size: number }>();
  readonly #most: number;
  readonly #sizeOf: (value: Value) => number;
  #size = 0;

  /**
   * @param most what the sizes of all values come to at most; the newest is kept, however large it is
   * @param sizeOf by default, each value has the size 1
   */
  constructor(most: number, sizeOf: (value: Value) => number = () => 1) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  get(key: string): Value | undefined {
    const found = this.#kept.get(key);
    if (!found) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found.value;
  }

  set(key: string, value: Value): void {
    this.#drop(key);
    const size = this.#sizeOf(value);
    this.#kept.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= this.#most || oldest === key) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }
}
