import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { devNull } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import * as z from 'zod/mini';
import type { Termination } from '../../emulator/aws/faults.ts';
import { TERMINATIONS } from '../../emulator/stack/invocations.ts';
import { type AccountTime, Work } from './account-time.ts';

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

/** What a sandbox says: that its code is loaded, that it waits for a timer, or what came of an invocation. */
const MessageSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ sleepUntil: z.number() }),
  z.object({ id: z.string(), payload: z.string(), failed: z.boolean() }),
]);

interface Invocation {
  sandbox: Worker;
  /** Keeps time from passing. */
  work: Work;
  /** Ends the sleep that it is in, or was in. */
  wake?: () => void;
  end(result: Result): void;
}

/** What moto asks about the time of an account. */
const TimeRequestSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('begin') }),
  z.object({ do: z.enum(['end', 'wake']), work: z.string() }),
  z.object({ do: z.literal('sleep'), work: z.string(), seconds: z.number() }),
]);

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
 * limit that were deployed, in the time of their account. Over HTTP it also keeps that time for moto.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export class Lambda {
  readonly #functions = new Map<string, LambdaFunction>();
  /** Sandboxes that wait for an invocation, by function. */
  readonly #idle = new Map<string, Worker[]>();
  /** With the account of each. */
  readonly #all = new Map<Worker, string>();
  readonly #running = new Map<string, Invocation>();
  readonly #times = new Map<string, AccountTime>();
  readonly #logs = new Map<string, string[]>();
  #count = 0;

  /** Takes a function in, with a sandbox that is warm. */
  async register(one: LambdaFunction): Promise<void> {
    this.#functions.set(one.arn, one);
    const sandbox = this.#openSandbox(one);
    const [message] = await once(sandbox, 'message');
    if (!('ready' in MessageSchema.parse(message))) throw new Error(`${one.arn} is invoked before it is loaded`);
    this.#release(one.arn, sandbox);
  }

  #release(functionArn: string, sandbox: Worker): void {
    this.#idle.set(functionArn, [...(this.#idle.get(functionArn) ?? []), sandbox]);
  }

  /** Opens an account. */
  open(account: string, time: AccountTime): void {
    this.#times.set(account, time);
  }

  /** Ends the sandboxes of an account, which is used no more. */
  async close(account: string): Promise<void> {
    const its = [...this.#all].filter(([, owner]) => owner === account);
    await Promise.all(its.map(([sandbox]) => sandbox.terminate()));
  }

  #timeOf(account: string): AccountTime {
    const time = this.#times.get(account);
    if (!time) throw new Error(`The account ${account} is not open`);
    return time;
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
    invocation.wake?.();
    invocation.end(failure(error, message));
  }

  /** @param working the work of moto that waits for it; by default it is work of its own */
  async invoke(functionArn: string, payload: string, working?: string): Promise<Result> {
    const one = this.#functions.get(functionArn);
    if (!one) return failure('ResourceNotFoundException', `Function not found: ${functionArn}`);
    this.#count += 1;
    const id = `${functionArn}:${this.#count}`;
    const account = this.#timeOf(accountOf(functionArn));
    account.progress();
    const { time } = account;
    const sandbox = this.#idle.get(functionArn)?.pop() ?? this.#openSandbox(one);
    const { promise, resolve } = Promise.withResolvers<Result>();
    const work = working === undefined ? new Work(time) : account.workOf(working);
    this.#running.set(id, { sandbox, work, end: resolve });
    const cancelLimit = time.after(one.timeoutSeconds, () => this.kill(id, 'timeout'));
    sandbox.postMessage({ id, payload, now: time.now().getTime() });
    try {
      return await promise;
    } finally {
      cancelLimit();
      this.#running.delete(id);
      if (working === undefined) work.end();
      account.progress();
    }
  }

  #openSandbox(one: LambdaFunction): Worker {
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
    this.#all.set(sandbox, accountOf(one.arn));
    const log = this.#logs.get(accountOf(one.arn)) ?? [];
    this.#logs.set(accountOf(one.arn), log);
    for (const stream of [sandbox.stdout, sandbox.stderr]) {
      stream.on('data', (chunk: Buffer) => log.push(...chunk.toString().trimEnd().split('\n')));
    }
    sandbox.on('message', (message: unknown) => {
      const told = MessageSchema.parse(message);
      if ('ready' in told) return;
      if ('sleepUntil' in told) {
        this.#sleep(sandbox, one, new Date(told.sleepUntil));
        return;
      }
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

  #sleep(sandbox: Worker, { arn }: LambdaFunction, moment: Date): void {
    const invocation = [...this.#running.values()].find((running) => running.sandbox === sandbox);
    if (!invocation) return;
    const account = this.#timeOf(accountOf(arn));
    account.progress();
    invocation.wake = invocation.work.sleepUntil(moment, () => {
      account.progress();
      sandbox.postMessage({ wakeAt: account.time.now().getTime() });
    });
  }

  /** Opens it on the loopback interface. @returns the port */
  async listen(): Promise<{ port: number; close(): Promise<void> }> {
    const server = createServer(async (request, response) => {
      const { statusCode, headers, payload } = await this.#answer(request).catch((error: unknown) => ({
        statusCode: 500,
        headers: {},
        payload: JSON.stringify({ message: String(error) }),
      }));
      response.writeHead(statusCode, { 'content-type': 'application/json', ...headers });
      response.end(payload);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return { port: address.port, close: () => this.#shut(server) };
  }

  async #shut(server: Server): Promise<void> {
    server.close();
    server.closeAllConnections();
    await Promise.all([...this.#all.keys()].map((sandbox) => sandbox.terminate()));
  }

  async #answer(request: IncomingMessage) {
    const body = (await buffer(request)).toString();
    const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    if (request.method === 'POST' && name) {
      const context = request.headers['x-amz-client-context'];
      const result = await this.invoke(
        decodeURIComponent(name),
        body,
        typeof context === 'string' ? context : undefined,
      );
      const headers: Record<string, string> = result.failed ? { 'x-amz-function-error': 'Unhandled' } : {};
      return { statusCode: 200, headers, payload: result.payload };
    }
    const [, account] = /^\/time\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (request.method === 'POST' && account) {
      const answer = await this.#timeOf(account).answer(TimeRequestSchema.parse(JSON.parse(body)));
      return { statusCode: 200, headers: {}, payload: JSON.stringify(answer) };
    }
    return { statusCode: 404, headers: {}, payload: JSON.stringify({ message: `Nothing at ${request.url}` }) };
  }
}

function failure(errorType: string, errorMessage: string): Result {
  return { payload: JSON.stringify({ errorType, errorMessage }), failed: true };
}

/** The account in an ARN. */
function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
