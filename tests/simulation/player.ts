import { parentPort } from 'node:worker_threads';
import { historyAt } from './histories.ts';
import { playHistory } from './play-history.ts';

/** One thread of `npm run simulate`: plays the histories that it is sent the numbers of. */
export interface Order {
  seed: number;
  index: number;
}

/** What came of one. */
export interface Played extends Order {
  /** In words; empty when every invariant held. */
  violations: string[];
}

parentPort?.on('message', async (order: Order | undefined) => {
  if (!order) return parentPort?.close();
  const { seed, index } = order;
  const violations = await playHistory(historyAt(seed, index)).catch((error: unknown) => [
    `it ended in an error: ${error instanceof Error ? error.stack : error}`,
  ]);
  return parentPort?.postMessage({ seed, index, violations } satisfies Played);
});
