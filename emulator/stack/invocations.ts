import { AsyncLocalStorage } from 'node:async_hooks';
import { finished, type Readable } from 'node:stream';
import type { Context } from 'aws-lambda';
import type { Termination } from '../aws/faults.ts';
import { INVOCATION_HEADER, nameOfCall, type SdkRequest } from '../aws/gateway.ts';
import type { Activity, VirtualTime } from '../engine/virtual-time.ts';

/** A Lambda handler. */
export type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** An error as Step Functions sees it: Lambda returns only its name and its message. */
export class TaskError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

interface Invocation {
  id: string;
  activity: Activity;
  terminated: boolean;
  terminate(termination: Termination): void;
}

/** The part of the SDK's request handler that is wrapped here. */
export interface RequestHandler {
  handle(request: SdkRequest, options?: object): Promise<{ response: object }>;
}

/** Called when an invocation begins. The function that it returns is called when the invocation ends. */
type InvocationListener = (invocation: { id: string; function: string; payload: string }) => (() => void) | undefined;

/** Returns the seconds that a call of `<Service>.<Operation>` takes. */
export type Latency = (call: string) => number;

/** The errors that Step Functions gets when a function ends early. */
export const TERMINATIONS: Readonly<Record<Termination, { error: string; message: string }>> = {
  crash: { error: 'Lambda.Unknown', message: 'The function ended without an answer' },
  timeout: { error: 'Sandbox.Timedout', message: 'The function ran longer than its time limit' },
};

/** The Lambda service: runs handlers within their time limits, and can end them during a request. */
export class Invocations {
  readonly #time: VirtualTime;
  readonly #current = new AsyncLocalStorage<Invocation>();
  readonly #running = new Map<string, Invocation>();
  readonly #onInvoke: InvocationListener;
  readonly #latency: Latency | undefined;
  #count = 0;

  /** @param onInvoke called before each invocation @param latency of the functions' calls; none by default */
  constructor(time: VirtualTime, onInvoke: InvocationListener = () => undefined, latency?: Latency) {
    this.#time = time;
    this.#onInvoke = onInvoke;
    this.#latency = latency;
  }

  /** Ends an invocation at once. Its later requests have no effect. */
  kill(id: string, termination: Termination): void {
    this.#running.get(id)?.terminate(termination);
  }

  /** Waits in virtual time. Time may pass while a handler waits. */
  sleep(seconds: number): Promise<void> {
    return (this.#current.getStore()?.activity ?? this.#time).sleep(seconds);
  }

  /** Wraps a request handler: a request names its invocation, and gets no answer once the invocation has ended early. */
  watch(handler: RequestHandler) {
    return {
      metadata: { handlerProtocol: 'http/1.1' },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
      handle: async (request: SdkRequest, options?: object) => {
        const invocation = this.#current.getStore();
        if (!invocation) return handler.handle(request, options);
        const seconds = this.#latency?.(nameOfCall(request) ?? '') ?? 0;
        if (seconds > 0) await invocation.activity.sleep(seconds);
        if (invocation.terminated) await neverResolve();
        const headers = { ...request.headers, [INVOCATION_HEADER]: invocation.id };
        const response = await this.#atRest(invocation, () =>
          handler.handle(Object.assign(request, { headers }), options),
        );
        if (invocation.terminated) await neverResolve();
        return response;
      },
    };
  }

  /** Stops time until the answer has been read, also while other work of the same invocation sleeps. */
  async #atRest<T extends { response: object }>(invocation: Invocation, request: () => Promise<T>): Promise<T> {
    // Time passes one turn of the event loop after the end: the caller acts on the answer before that.
    const { end } = this.#time.begin();
    try {
      const answer = await request();
      const body = 'body' in answer.response ? answer.response.body : undefined;
      // An invocation that has ended early reads no answer.
      if (isStream(body) && !invocation.terminated) finished(body, end);
      else end();
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * Invokes a function. Payload and result pass through JSON, as on Lambda.
   *
   * @throws TaskError with the name of the handler's error, `Lambda.Unknown` or `Sandbox.Timedout`
   */
  async invoke(name: string, handler: Handler, payload: string, limitSeconds: number): Promise<string> {
    this.#count += 1;
    const id = `${name}-${this.#count}`;
    const activity = this.#time.begin();
    const { promise: termination, reject } = Promise.withResolvers<never>();
    const invocation: Invocation = {
      id,
      activity,
      terminated: false,
      terminate: (kind) => {
        invocation.terminated = true;
        reject(new TaskError(TERMINATIONS[kind].error, TERMINATIONS[kind].message));
      },
    };
    this.#running.set(id, invocation);
    const onEnd = this.#onInvoke({ id, function: name, payload });
    const end = this.#time.now().getTime() + limitSeconds * 1000;
    const remaining = () => Math.max(0, end - this.#time.now().getTime());
    const cancel = this.#time.after(limitSeconds, () => invocation.terminate('timeout'));
    try {
      const run = async () =>
        JSON.stringify((await handler(JSON.parse(payload), contextOf(name, id, remaining))) ?? null);
      return await Promise.race([this.#current.run(invocation, run), termination]);
    } catch (error) {
      if (error instanceof TaskError) throw error;
      throw error instanceof Error ? new TaskError(error.name, error.message) : new TaskError('Error', 'not an error');
    } finally {
      cancel();
      onEnd?.();
      activity.end();
      this.#running.delete(id);
    }
  }
}

function isStream(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'readableEnded' in body;
}

function neverResolve(): Promise<never> {
  return new Promise(() => undefined);
}

/** @param remaining returns the milliseconds until the time limit */
function contextOf(name: string, id: string, remaining: () => number): Context {
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: '512',
    awsRequestId: id,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: remaining,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
