import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { burst } from './burst.ts';
import { firstSweep } from './first-sweep.ts';
import { heap } from './heap.ts';
import { midRound } from './mid-round.ts';
import { contend } from './side-by-side.ts';
import { longWait, singleJoin } from './single.ts';

/** The measurements that run on a thread of their own, by name. */
export const TASKS = { singleJoin, longWait, firstSweep, midRound, burst, contend, heap };
type Tasks = typeof TASKS;

/** The measurement that a thread runs. */
export interface Job {
  name: keyof Tasks;
  args: never[];
}

/** Memory for the logs of the executions for 200,000 users, and for a ledger in memory. */
const HEAP_MEBIBYTES = 8192;

/** Measures on a thread of its own, so that one measurement cannot affect the next. */
export async function onThread<Name extends keyof Tasks>(
  name: Name,
  ...args: Parameters<Tasks[Name]>
): Promise<Awaited<ReturnType<Tasks[Name]>>> {
  const worker = new Worker(new URL('thread.ts', import.meta.url), {
    workerData: { name, args },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  });
  const [result] = await once(worker, 'message');
  await worker.terminate();
  return result;
}
