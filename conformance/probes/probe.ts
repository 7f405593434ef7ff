import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import type { Targets, World } from './world.ts';

/** What a probe saw of one belief. */
export interface Finding {
  belief: string;
  /** What AWS would answer if the belief is true, in a few words. */
  expected: string;
  /** What it answered. Ids only. */
  seen: string;
  /** Undefined if it could not be seen. */
  holds: boolean | undefined;
}

/** What the person who runs the probes must ask for by a flag of its own. */
export type Permission = 'write' | 'events' | 'subscriptions';

/** Asks AWS whether beliefs are true. */
export interface Probe {
  name: string;
  /** What it does, in one sentence. */
  does: string;
  /** Ids of the beliefs about which it finds something. */
  beliefs: readonly string[];
  /** What must be named. */
  needs: readonly (keyof Targets)[];
  permissions: readonly Permission[];
  /** The calls that it makes, as IAM actions. */
  calls: readonly string[];
  /** What it costs at most, in words. */
  cost: string;
  run(world: World): Promise<Finding[]>;
}

/** Runs a call. @returns `ok`, or the name of AWS's exception; of a call through an adapter, its reason */
export async function answerOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'ok';
  } catch (error) {
    if (error instanceof RefusedError) return error.reason;
    if (error instanceof TransientAwsError || (error instanceof Error && '$metadata' in error)) return error.name;
    throw error;
  }
}

/** How often a read is repeated until it shows a write. */
const EVERY_SECONDS = 2;

/** Waits until a read shows what was written. @returns the seconds that it took; undefined if it did not within the time */
export async function secondsUntil(
  isShown: () => Promise<boolean>,
  mostSeconds: number,
  { clock }: Pick<World, 'clock'>,
): Promise<number | undefined> {
  const start = clock.now().getTime();
  for (;;) {
    const seconds = (clock.now().getTime() - start) / 1000;
    if (await isShown()) return seconds;
    if (seconds > mostSeconds) return undefined;
    await clock.sleep(EVERY_SECONDS);
  }
}

/** Says how long a read lagged. */
export function lagInWords(seconds: number | undefined, mostSeconds: number): string {
  return seconds === undefined ? `not within ${mostSeconds} s` : `after ${Math.round(seconds)} s`;
}
