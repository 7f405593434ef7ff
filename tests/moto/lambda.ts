import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { devNull } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import * as z from 'zod/mini';
import type { Termination } from '../../emulator/aws/faults.ts';
import { TERMINATIONS } from '../../emulator/stack/invocations.ts';

/** A function as it was deployed, and where its code lies. */
export interface LambdaFunction {
  arn: string;
  /** The module of the handler, and its export. */
  file: string;
  handler: string;
  memoryMegabytes: number;
  timeoutSeconds: number;
  environment: Readonly<Record<string, string>>;
}

/** What came of an invocation; `payload` is JSON, of the error when it failed. */
interface Result {
  payload: string;
  failed: boolean;
}

/** What a sandbox says: that its code is loaded, or what came of an invocation. */
const MessageSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.string(), payload: z.string(), failed: z.boolean() }),
]);

interface Invocation {
  sandbox: Worker;
  end(result: Result): void;
}

/** What Lambda itself gives a function; nothing of this machine's own settings may reach the SDK. */
function surroundings({ arn, memoryMegabytes }: LambdaFunction): Record<string, string> {
  const [, , , region = '', , , name = ''] = arn.split(':');
  return {
    AWS_ACCESS_KEY_ID: 'moto',
    AWS_SECRET_ACCESS_KEY: 'moto',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    TZ: ':UTC',
  };
}

/**
 * The Lambda service: takes invocations over HTTP and runs them in sandboxes, each with the environment and the time
 * limit that were deployed.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export class Lambda {
  readonly #functions = new Map<string, LambdaFunction>();
  /** Sandboxes that wait for an invocation, by function. */
  readonly #idle = new Map<string, Worker[]>();
  readonly #all = new Set<Worker>();
  readonly #running = new Map<string, Invocation>();
  readonly #lastUsed = new Map<string, number>();
  readonly #logs = new Map<string, string[]>();
  #count = 0;

  /** Takes a function in, with a sandbox that is warm. */
  async register(one: LambdaFunction): Promise<void> {
    this.#functions.set(one.arn, one);
    const sandbox = this.#open(one);
    const [message] = await once(sandbox, 'message');
    if (!('ready' in MessageSchema.parse(message))) throw new Error(`${one.arn} is invoked before it is loaded`);
    this.#release(one.arn, sandbox);
  }

  #release(functionArn: string, sandbox: Worker): void {
    this.#idle.set(functionArn, [...(this.#idle.get(functionArn) ?? []), sandbox]);
  }

  /** Since when no invocation runs in an account, in milliseconds of the epoch; undefined while one does. */
  quietSince(account: string): number | undefined {
    const busy = [...this.#running.keys()].some((id) => accountOf(id) === account);
    return busy ? undefined : (this.#lastUsed.get(account) ?? 0);
  }

  /** What the functions of an account have logged, by lines. */
  log(account: string): readonly string[] {
    return this.#logs.get(account) ?? [];
  }

  /** Ends the sandbox of an invocation, and so the invocation. */
  kill(id: string, death: Termination): void {
    const invocation = this.#running.get(id);
    if (!invocation) return;
    const { error, message } = TERMINATIONS[death];
    invocation.sandbox.terminate();
    invocation.end(failure(error, message));
  }

  async invoke(functionArn: string, payload: string): Promise<Result> {
    const one = this.#functions.get(functionArn);
    if (!one) return failure('ResourceNotFoundException', `Function not found: ${functionArn}`);
    this.#count += 1;
    const id = `${functionArn}:${this.#count}`;
    const sandbox = this.#idle.get(functionArn)?.pop() ?? this.#open(one);
    const { promise, resolve } = Promise.withResolvers<Result>();
    this.#running.set(id, { sandbox, end: resolve });
    const limit = setTimeout(() => this.kill(id, 'timeout'), one.timeoutSeconds * 1000);
    sandbox.postMessage({ id, payload });
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      this.#running.delete(id);
      this.#lastUsed.set(accountOf(id), Date.now());
    }
  }

  #open(one: LambdaFunction): Worker {
    const sandbox = new Worker(new URL('./sandbox.ts', import.meta.url), {
      workerData: {
        file: one.file,
        handler: one.handler,
        functionArn: one.arn,
        memoryMegabytes: one.memoryMegabytes,
      },
      env: { ...surroundings(one), ...one.environment },
      stdout: true,
      stderr: true,
    });
    this.#all.add(sandbox);
    const log = this.#logs.get(accountOf(one.arn)) ?? [];
    this.#logs.set(accountOf(one.arn), log);
    for (const stream of [sandbox.stdout, sandbox.stderr]) {
      stream.on('data', (chunk: Buffer) => log.push(...chunk.toString().trimEnd().split('\n')));
    }
    sandbox.on('message', (message: unknown) => {
      const told = MessageSchema.parse(message);
      if ('ready' in told) return;
      this.#release(one.arn, sandbox);
      this.#running.get(told.id)?.end(told);
    });
    sandbox.on('error', (error: unknown) => log.push(String(error)));
    sandbox.on('exit', () => {
      this.#all.delete(sandbox);
      const idle = this.#idle.get(one.arn) ?? [];
      this.#idle.set(
        one.arn,
        idle.filter((other) => other !== sandbox),
      );
      for (const [id, invocation] of this.#running) if (invocation.sandbox === sandbox) this.kill(id, 'crash');
    });
    return sandbox;
  }

  /** Opens it on the loopback interface. @returns the port */
  async listen(): Promise<{ port: number; close(): Promise<void> }> {
    const server = createServer(async (request, response) => {
      const { statusCode, headers, payload } = await this.#answer(request);
      response.writeHead(statusCode, { 'content-type': 'application/json', ...headers });
      response.end(payload);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return { port: address.port, close: () => this.#close(server) };
  }

  async #close(server: Server): Promise<void> {
    server.close();
    server.closeAllConnections();
    await Promise.all([...this.#all].map((sandbox) => sandbox.terminate()));
  }

  async #answer(request: IncomingMessage) {
    const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    const payload = (await buffer(request)).toString();
    if (request.method !== 'POST' || !name) {
      return { statusCode: 404, headers: {}, payload: JSON.stringify({ message: `Nothing at ${request.url}` }) };
    }
    const result = await this.invoke(decodeURIComponent(name), payload);
    const headers: Record<string, string> = result.failed ? { 'x-amz-function-error': 'Unhandled' } : {};
    return { statusCode: 200, headers, payload: result.payload };
  }
}

function failure(errorType: string, errorMessage: string): Result {
  return { payload: JSON.stringify({ errorType, errorMessage }), failed: true };
}

/** The account in an ARN. */
function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
