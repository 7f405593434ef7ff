import { evaluateInterpreter, requireForInterpreter } from './interpreter-module.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Interpreter = typeof import('aws-local-stepfunctions');

/**
 * Loads the interpreter of `aws-local-stepfunctions` so that it runs in virtual time.
 *
 * @param random source of the jitter of retries
 */
export function loadInterpreter(time: VirtualTime, random: () => number): Interpreter {
  const { setTimeout, clearTimeout, Date: VirtualDate } = time.timers;
  const seededMath = Object.create(Math, { random: { value: random } });
  const exports: Partial<Interpreter> = evaluateInterpreter(
    requireOnly,
    setTimeout,
    clearTimeout,
    VirtualDate,
    seededMath,
  );
  if (!isComplete(exports)) throw new Error('aws-local-stepfunctions does not export StateMachine and ExecutionError');
  return exports;
}

/**
 * Tasks run in this process, and tests validate the definition. So neither the SDK, with which the interpreter would call AWS,
 * nor its validator is loaded.
 */
function requireOnly(id: string): unknown {
  if (id === 'jsonpath-plus') return withoutStackTrace(requireForInterpreter(id));
  return id.startsWith('@aws-sdk/') || id === 'asl-validator' ? {} : requireForInterpreter(id);
}

/** `jsonpath-plus` returns a value that is not an object by throwing an error. Its stack trace costs time and is never read. */
function withoutStackTrace({ JSONPath }: { JSONPath(options: object): unknown }) {
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

function isComplete(exports: Partial<Interpreter>): exports is Interpreter {
  return exports.StateMachine !== undefined && exports.ExecutionError !== undefined;
}
