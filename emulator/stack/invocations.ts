import { AsyncLocalStorage } from 'node:async_hooks';
import { finished, type Readable } from 'node:stream';
import type { Context } from 'aws-lambda';
import type { Termination } from '../aws/faults.ts';
import { INVOCATION_HEADER } from '../aws/gateway.ts';
import { callOf } from '../aws/routes.ts';
import type { Activity, VirtualTime } from '../engine/virtual-time.ts';

/** A Lambda handler. */
export type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** An error as Step Functions sees it: only its name and its message come back from Lambda. */
class TaskError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

interface Invocation {
  id: string;
  activity: Activity;
  dead: boolean;
  die(death: Termination): void;
}

/** The SDK's request handler, as far as it is wrapped here. */
export interface RequestHandler {
  handle(request: { headers: Record<string, string> }, options?: object): Promise<{ response: object }>;
}

/** An invocation as its beginning is told; what the listener returns is called at its end. */
type OnInvoke = (invocation: { id: string; function: string; payload: string }) => (() => void) | undefined;

/** Seconds that a call takes, by `<Service>.<Operation>`. */
export type Latency = (call: string) => number;

/** What Step Functions is told of the death of a function. */
export const TERMINATIONS: Readonly<Record<Termination, { error: string; message: string }>> = {
  crash: { error: 'Lambda.Unknown', message: 'The function ended without an answer' },
  timeout: { error: 'Sandbox.Timedout', message: 'The function ran longer than its time limit' },
};

/** The Lambda service: runs handlers within their time limits, and lets them die in the middle of a request. */
export class Invocations {
  readonly #time: VirtualTime;
  readonly #current = new AsyncLocalStorage<Invocation>();
  readonly #running = new Map<string, Invocation>();
  readonly #onInvoke: OnInvoke;
  readonly #latency: Latency | undefined;
  #count = 0;

  /** @param onInvoke told of each invocation before it runs @param latency of the calls that functions make; none when left out */
  constructor(time: VirtualTime, onInvoke: OnInvoke = () => undefined, latency?: Latency) {
    this.#time = time;
    this.#onInvoke = onInvoke;
    this.#latency = latency;
  }

  /** Ends an invocation at once; whatever it still has under way has no effect. */
  kill(id: string, death: Termination): void {
    this.#running.get(id)?.die(death);
  }

  /** Waits in virtual time; within a handler, time may pass meanwhile. */
  sleep(seconds: number): Promise<void> {
    return (this.#current.getStore()?.activity ?? this.#time).sleep(seconds);
  }

  /** A request handler whose requests carry the invocation that makes them, and get no answer once it is dead. */
  watch(handler: RequestHandler) {
    return {
      metadata: { handlerProtocol: 'http/1.1' },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
      handle: async (request: { headers: Record<string, string> }, options?: object) => {
        const invocation = this.#current.getStore();
        if (!invocation) return handler.handle(request, options);
        const seconds = this.#latency?.(nameOf(request.headers)) ?? 0;
        if (seconds > 0) await invocation.activity.sleep(seconds);
        if (invocation.dead) await never();
        const headers = { ...request.headers, [INVOCATION_HEADER]: invocation.id };
        const response = await this.#atRest(invocation, () =>
          handler.handle(Object.assign(request, { headers }), options),
        );
        if (invocation.dead) await never();
        return response;
      },
    };
  }

  /** Time stands still until the answer has been read, also while others of the same function sleep. */
  async #atRest<T extends { response: object }>(invocation: Invocation, request: () => Promise<T>): Promise<T> {
    // Time moves on a turn of the event loop after the end; what the caller does next, it does before.
    const { end } = this.#time.begin();
    try {
      const answer = await request();
      const body = 'body' in answer.response ? answer.response.body : undefined;
      // The dead read no answer.
      if (isStream(body) && !invocation.dead) finished(body, end);
      else end();
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * Invokes a function with a payload, both ways through JSON as Lambda does it.
   *
   * @throws TaskError with the name of the handler's error, `Lambda.Unknown` or `Sandbox.Timedout`
   */
  async invoke(name: string, handler: Handler, payload: string, limitSeconds: number): Promise<string> {
    this.#count += 1;
    const id = `${name}-${this.#count}`;
    const activity = this.#time.begin();
    const { promise: death, reject } = Promise.withResolvers<never>();
    const invocation: Invocation = {
      id,
      activity,
      dead: false,
      die: (kind) => {
        invocation.dead = true;
        reject(new TaskError(TERMINATIONS[kind].error, TERMINATIONS[kind].message));
      },
    };
    this.#running.set(id, invocation);
    const told = this.#onInvoke({ id, function: name, payload });
    const cancel = this.#time.after(limitSeconds, () => invocation.die('timeout'));
    try {
      const run = async () => JSON.stringify((await handler(JSON.parse(payload), contextOf(name, id))) ?? null);
      return await Promise.race([this.#current.run(invocation, run), death]);
    } catch (error) {
      if (error instanceof TaskError) throw error;
      throw error instanceof Error ? new TaskError(error.name, error.message) : new TaskError('Error', 'not an error');
    } finally {
      cancel();
      told?.();
      activity.end();
      this.#running.delete(id);
    }
  }
}

/** Functions speak AWS JSON only, where the headers say what is called. */
function nameOf(headers: Record<string, string>): string {
  const call = callOf({ method: 'POST', path: '/', headers }, new Uint8Array());
  return call ? `${call.service}.${call.operation}` : '';
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'readableEnded' in body;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function contextOf(name: string, id: string): Context {
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: '512',
    awsRequestId: id,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => 900_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
