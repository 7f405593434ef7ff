/** `npm run simulate`: plays random histories of the whole service on all cores, and holds each to the invariants. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { stringify } from 'yaml';
import { shrunkHistory } from './histories.ts';
import { playHistory } from './play-history.ts';
import type { Order, Played } from './player.ts';

/** Scenario files of what went wrong go here. */
const FAILURES = join(import.meta.dirname, '..', '..', 'failures');
/** So many failures are made small and written down; more would tell little more. */
const MOST_WRITTEN = 3;

/** Exit code. */
const WRONG_USE = 2;

interface Options {
  runs: number;
  seed: number;
  bail: boolean;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number of at most 9 digits');
  return Number(text);
}

const options = new Command('simulate')
  .description('Plays random histories of the whole service in virtual time and holds each to the invariants.')
  .option('--runs <number>', 'how many histories', wholeNumber, 300)
  .option('--seed <number>', 'history i depends only on the seed and i', wholeNumber, 1)
  .option('--bail', 'stop at the first that goes wrong, and leave it as it is', false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_USE))
  .parse()
  .opts<Options>();

process.exitCode = (await simulate(options)) === 0 ? 0 : 1;

/** @returns how many histories went wrong */
async function simulate({ runs, seed, bail }: Options): Promise<number> {
  const failed: Played[] = [];
  let sent = 0;
  let played = 0;
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {percentage}% | {value} of {total} histories | {failures} failures | {eta_formatted} left',
    hideCursor: true,
    noTTYOutput: false,
  });
  bar.start(runs, 0, { failures: 0 });
  const next = (worker: Worker): void => {
    if (sent === runs || (bail && failed.length > 0)) {
      worker.postMessage(undefined);
      return;
    }
    worker.postMessage({ seed, index: sent } satisfies Order);
    sent += 1;
  };
  const threads = Array.from({ length: Math.min(runs, availableParallelism()) }, async () => {
    const worker = new Worker(new URL('player.ts', import.meta.url));
    worker.on('message', (result: Played) => {
      played += 1;
      if (result.violations.length > 0) failed.push(result);
      bar.update(played, { failures: failed.length });
      next(worker);
    });
    next(worker);
    await once(worker, 'exit');
  });
  await Promise.all(threads);
  bar.stop();
  failed.sort((a, b) => a.index - b.index);
  for (const one of failed) console.error(`\nHistory ${one.index}: ${one.violations.join('\n  ')}`);
  if (!bail) for (const one of failed.slice(0, MOST_WRITTEN)) await writeDown(one);
  console.log(`${played} histories, ${failed.length} failures, seed ${seed}`);
  return failed.length;
}

/** A scenario file that shows it in as few actions as could be found. */
async function writeDown({ seed, index }: Played): Promise<void> {
  const { history, violations } = await shrunkHistory(seed, index, playHistory);
  const file = join(FAILURES, `history-${seed}-${index}.yml`);
  const description = `History ${index} of seed ${seed}. ${violations.join('; ')}`.slice(0, 2000);
  mkdirSync(FAILURES, { recursive: true });
  writeFileSync(file, stringify({ title: 'An invariant is broken', description, ...history }));
  const path = relative(process.cwd(), file);
  console.error(`\nHistory ${index}, made small: ${violations.join('\n  ')}\nSee it happen: npm start -- ${path}`);
}
