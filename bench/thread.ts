/** Runs one measurement on a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Job, TASKS } from './tasks.ts';

const { name, args }: Job = workerData;
const task: (...args: never[]) => Promise<unknown> = TASKS[name];
parentPort?.postMessage(await task(...args));
