/** A worker thread that is one sandbox of a Lambda function: loads the deployed code, and runs one invocation at a time. */

import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { INVOCATION_HEADER } from '../../emulator/aws/gateway.ts';

/** What a sandbox is made of. */
export const SandboxSchema = z.object({
  /** The module and its export that is the handler. */
  file: z.string(),
  handler: z.string(),
  functionArn: z.string(),
  memoryMegabytes: z.int(),
});

/** An invocation, on its way in. */
const InvocationSchema = z.object({ id: z.string(), payload: z.string() });

const { file, handler: name, functionArn, memoryMegabytes } = SandboxSchema.parse(workerData);
const code: Record<string, unknown> = await import(pathToFileURL(file).href);
const handler = code[name];
if (typeof handler !== 'function') throw new Error(`${file} exports no function ${name}`);

let current = '';
// The calls of an invocation are told apart by this header, as in the local stack.
subscribe('http.client.request.created', (message) => {
  const request = typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined;
  if (request instanceof ClientRequest) request.setHeader(INVOCATION_HEADER, current);
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
  const { id, payload } = InvocationSchema.parse(message);
  current = id;
  parentPort?.postMessage({ id, ...(await run(id, payload)) });
});
parentPort?.postMessage({ ready: true });
