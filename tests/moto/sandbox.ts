/** A worker thread that is one sandbox of a Lambda function: loads the deployed code, and runs one invocation at a time. */

import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { INVOCATION_HEADER } from '../../emulator/aws/gateway.ts';
import { SandboxTime } from './sandbox-time.ts';

/** What a sandbox is made of. */
export const SandboxSchema = z.object({
  /** The module and its export that is the handler. */
  file: z.string(),
  handler: z.string(),
  functionArn: z.string(),
  memoryMegabytes: z.int(),
});

/** What comes in: an invocation, or the end of a sleep. `now`: milliseconds since 1970. */
const MessageSchema = z.union([
  z.object({ id: z.string(), payload: z.string(), now: z.number() }),
  z.object({ wakeAt: z.number() }),
]);

const { file, handler: name, functionArn, memoryMegabytes } = SandboxSchema.parse(workerData);
const time = new SandboxTime((moment) => parentPort?.postMessage({ sleepUntil: moment }));
time.install();
const code: Record<string, unknown> = await import(pathToFileURL(file).href);
const handler = code[name];
if (typeof handler !== 'function') throw new Error(`${file} exports no function ${name}`);

let current = '';
// The calls of an invocation are told apart by this header, as in the local stack.
subscribe('http.client.request.created', (message) => {
  const request = typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined;
  if (!(request instanceof ClientRequest)) return;
  request.setHeader(INVOCATION_HEADER, current);
  request.once('close', time.request());
});

/** Runs the handler. `payload` of the result is JSON, of the error when it failed. */
const run = async (id: string, payload: string): Promise<{ payload: string; failed: boolean }> => {
  try {
    const result: unknown = await handler(JSON.parse(payload), {
      awsRequestId: id,
      callbackWaitsForEmptyEventLoop: false,
      functionName: functionArn.split(':').at(-1),
      functionVersion: '$LATEST',
      invokedFunctionArn: functionArn,
      memoryLimitInMB: String(memoryMegabytes),
    });
    return { payload: JSON.stringify(result ?? null), failed: false };
  } catch (error) {
    const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error('not an error');
    return { payload: JSON.stringify({ errorType, errorMessage }), failed: true };
  }
};

parentPort?.on('message', async (message: unknown) => {
  const received = MessageSchema.parse(message);
  if ('wakeAt' in received) {
    time.wake(received.wakeAt);
    return;
  }
  const { id, payload, now } = received;
  current = id;
  time.begin(now);
  const result = await run(id, payload);
  time.end();
  parentPort?.postMessage({ id, ...result });
});
parentPort?.postMessage({ ready: true });
