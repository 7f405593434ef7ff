import { createRequire } from 'node:module';
import { commonJs } from './common-js.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Interpreter = typeof import('aws-local-stepfunctions');

const projectRequire = createRequire(import.meta.url);
const file = projectRequire.resolve('aws-local-stepfunctions');
const interpreterRequire = createRequire(file);
const inVirtualTime = commonJs(file, ['setTimeout', 'clearTimeout', 'Date', 'Math']);

/**
 * The interpreter of `aws-local-stepfunctions`, living in virtual time.
 *
 * @param random the dice of the retries' jitter
 */
export function loadInterpreter(time: VirtualTime, random: () => number): Interpreter {
  const { setTimeout, clearTimeout, Date: VirtualDate } = time.timers;
  const dice = Object.create(Math, { random: { value: random } });
  const exports: Partial<Interpreter> = inVirtualTime(requireOnly, setTimeout, clearTimeout, VirtualDate, dice);
  if (!isComplete(exports)) throw new Error('aws-local-stepfunctions does not export what it did');
  return exports;
}

/** Every task runs here; the SDK, with which the interpreter would call AWS, is not even loaded. */
function requireOnly(id: string): unknown {
  if (id === 'p-limit') return limitedTo;
  if (id === 'jsonpath-plus') return untraced(interpreterRequire(id));
  return id.startsWith('@aws-sdk/') ? {} : interpreterRequire(id);
}

/** `jsonpath-plus` returns what isn't an object by throwing an error, of which nobody reads the trace. */
function untraced({ JSONPath }: { JSONPath(options: object): unknown }) {
  return {
    JSONPath(options: object): unknown {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0;
      try {
        return JSONPath(options);
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    },
  };
}

/**
 * What the interpreter runs the iterations of a map with, in place of `p-limit`: AWS begins no further iteration when one
 * has failed, `p-limit` would begin all that are left.
 */
function limitedTo(concurrency: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = () => {
    if (running < concurrency) waiting.shift()?.();
  };
  return <T>(run: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const end = (tell: () => void) => {
      running -= 1;
      tell();
      next();
    };
    waiting.push(() => {
      running += 1;
      Promise.resolve()
        .then(run)
        .then(
          (result) => end(() => resolve(result)),
          (error: unknown) => {
            waiting.length = 0;
            end(() => reject(error));
          },
        );
    });
    next();
    return promise;
  };
}

function isComplete(exports: Partial<Interpreter>): exports is Interpreter {
  return exports.StateMachine !== undefined && exports.ExecutionError !== undefined;
}

/** Dice that fall the same way for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
