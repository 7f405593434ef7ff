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

/** A write of a probe, and the call that undoes it. */
export interface Undo {
  /** What is left if the call fails, as the beginning of a sentence. */
  what: string;
  call(): Promise<unknown>;
}

/** AWS answers so about what is not there. */
const GONE: ReadonlySet<string> = new Set(['ok', 'ResourceNotFoundException']);
/** A write right after another one may be refused as a conflict, which passes. */
const MOST_ATTEMPTS = 5;

/** Undoes writes, each whatever becomes of the others, also after Ctrl-C. @throws Error that says what is left */
export async function undo(writes: readonly Undo[], { clock }: Pick<World, 'clock'>): Promise<void> {
  const left: string[] = [];
  for (const { what, call } of writes) {
    let answer = '';
    for (let attempt = 1; attempt <= MOST_ATTEMPTS && !GONE.has(answer); attempt += 1) {
      if (attempt > 1) await clock.sleep(EVERY_SECONDS);
      answer = await answerOf(call).catch(() => 'no answer');
    }
    if (!GONE.has(answer)) left.push(`${what} is left (${answer}): remove it by hand`);
  }
  if (left.length > 0) throw new Error(left.join('. '));
}

/** Waits. @throws the reason of the signal if the person stops the probes meanwhile: what was written is then undone */
export async function pause(seconds: number, { clock, stop }: Pick<World, 'clock' | 'stop'>): Promise<void> {
  stop.throwIfAborted();
  let wake: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    wake = resolve;
    stop.addEventListener('abort', wake);
  });
  await Promise.race([clock.sleep(seconds), stopped]);
  stop.removeEventListener('abort', wake);
  stop.throwIfAborted();
}

/** How often a read is repeated until it shows a write. */
const EVERY_SECONDS = 2;

/** Waits until a read shows what was written. @returns the seconds that it took; undefined if it did not within the time */
export async function secondsUntil(
  isShown: () => Promise<boolean>,
  mostSeconds: number,
  world: Pick<World, 'clock' | 'stop'>,
): Promise<number | undefined> {
  const { clock, stop } = world;
  const start = clock.now().getTime();
  for (;;) {
    const seconds = (clock.now().getTime() - start) / 1000;
    stop.throwIfAborted();
    if (await isShown()) return seconds;
    if (seconds > mostSeconds) return undefined;
    await pause(EVERY_SECONDS, world);
  }
}

/** Says how long a read lagged. */
export function lagInWords(seconds: number | undefined, mostSeconds: number): string {
  return seconds === undefined ? `not within ${mostSeconds} s` : `after ${Math.round(seconds)} s`;
}
