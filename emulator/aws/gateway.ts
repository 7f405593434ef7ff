import { Buffer } from 'node:buffer';
import { createGuard, type Refusal } from '../../http/guard.ts';
import { serveLoopback } from '../../http/server.ts';
import type { Faults, Termination } from './faults.ts';
import { invalidInput } from './input-constraints.ts';
import { type Answer, errorAnswer, type Service, ServiceError, type ServiceName } from './json-service.ts';
import { callOf, type Envelope, mediaTypesOf } from './routes.ts';

/** The parts of a gateway. A request to a service that is left out gets the answer for an unknown operation. */
export interface GatewayOptions {
  services: Partial<Record<ServiceName, Service>>;
  faults: Faults;
  /** Answers a request that is not for AWS; returns undefined if there is no such page. */
  pages?(method: string, path: string, body: Uint8Array): Answer | undefined;
  /** Ends the invocation that made a request. A request without {@link INVOCATION_HEADER} only gets an error. */
  onCrash(invocationId: string, termination: Termination): void;
  /** Called for each request that reaches its service. The function that it returns is called with the answer. */
  onRequest?(request: GatewayRequest): ((answer: Answer) => void) | undefined;
  /** Called with each request that AWS refuses because its input breaks a constraint of the model. */
  onInvalid?(request: GatewayRequest, error: ServiceError): void;
  /** Called with what a service has thrown for a request over HTTP, which alone fails then. By default it ends the process. */
  onBug?(error: unknown, call: string | undefined): void;
}

/** A request as its service gets it. A fault may still change the answer. */
export interface GatewayRequest {
  /** `<Service>.<Operation>` */
  call: string;
  body: Uint8Array;
  /** The invocation that made the request; undefined for a request of another caller. */
  invocation: string | undefined;
}

/** The request header that distinguishes the calls of a handler from those of other callers. */
export const INVOCATION_HEADER = 'x-usher-invocation';

/** More than any request of Usher. The gateway has one limit for all services; AWS has one per service. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** Names under which the gateway answers: SDKs and users write each of them. */
const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** What would take the ledger away from under the functions. Nothing that Usher or its command does needs them over HTTP. */
const NOT_OVER_HTTP: ReadonlySet<string> = new Set(
  ['CreateTable', 'DeleteTable', 'UpdateTable', 'TagResource', 'UntagResource'].map((name) => `DynamoDB.${name}`),
);

const REFUSALS: Readonly<Record<Refusal['statusCode'], string>> = {
  403: 'AccessDeniedException',
  415: 'UnsupportedMediaTypeException',
  421: 'MisdirectedRequestException',
};

/** The parts of a request of an SDK client that the gateway reads. */
export interface SdkRequest {
  method?: string;
  path?: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

/** Serves all services of the emulator at one address, over HTTP or in process. It counts calls and injects faults. */
export class Gateway {
  /** Number of requests by `<Service>.<Operation>`, refused ones included. */
  readonly calls = new Map<string, number>();
  /** Number of requests that came over HTTP and not from a function. */
  readonly callsFromOutside = new Map<string, number>();
  readonly #services: GatewayOptions['services'];
  readonly #faults: Faults;
  readonly #onCrash: GatewayOptions['onCrash'];
  readonly #pages: GatewayOptions['pages'];
  readonly #onRequest: NonNullable<GatewayOptions['onRequest']>;
  readonly #onBug: NonNullable<GatewayOptions['onBug']>;
  readonly #onInvalid: NonNullable<GatewayOptions['onInvalid']>;
  #requests = 0;

  constructor(options: GatewayOptions) {
    const { services, faults, onCrash, pages } = options;
    this.#services = services;
    this.#faults = faults;
    this.#onCrash = onCrash;
    this.#pages = pages;
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#onBug = options.onBug ?? rethrow;
    this.#onInvalid = options.onInvalid ?? (() => undefined);
  }

  /**
   * Returns a `requestHandler` for an SDK client: without a socket, with the same answers.
   *
   * @see https://github.com/smithy-lang/smithy-typescript/blob/main/packages/types/src/transfer.ts
   */
  requestHandler() {
    return {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async (request: SdkRequest) => {
        const answer = await this.#answer(...onTheWire(request), false);
        // The SDK reads bytes and renames the headers in this object.
        return { response: { ...answer, body: Buffer.from(answer.body) } };
      },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
    };
  }

  /** Listens on the loopback interface, at this port or at a free one, for programs of this machine and not for web pages. */
  listen(port = 0): Promise<{ endpoint: string; close(): Promise<void> }> {
    return serveLoopback({
      port,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      guardAt: (listensAt) => createGuard({ hosts: HOSTS, port: listensAt, mediaTypesOf }),
      refuse: ({ statusCode, message }, head) =>
        errorAnswer(serviceOf(head), new ServiceError(REFUSALS[statusCode], message, { statusCode })),
      answer: ({ body, ...envelope }) => this.#answer(envelope, body, true),
      recover: (error, head) => {
        this.#onBug(error, nameOf(head));
        const message = 'The emulator has a bug: its standard error says more';
        return errorAnswer(serviceOf(head), new ServiceError('InternalFailure', message, { statusCode: 500 }));
      },
    });
  }

  async #answer(envelope: Envelope, body: Uint8Array, overHttp: boolean): Promise<Answer> {
    this.#requests += 1;
    const requestId = String(this.#requests);
    const answer = await this.#route(envelope, body, overHttp);
    return { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } };
  }

  async #route(envelope: Envelope, body: Uint8Array, overHttp: boolean): Promise<Answer> {
    const call = callOf(envelope, body);
    const service = call && this.#services[call.service];
    if (!(call && service)) {
      const page = this.#pages?.(envelope.method, envelope.path, body);
      if (page) return page;
      return errorAnswer('SSOAdmin', new ServiceError('UnknownOperationException', 'The X-Amz-Target is not known'));
    }
    const { service: name, operation } = call;
    const called = `${name}.${operation}`;
    const header = envelope.headers[INVOCATION_HEADER];
    this.#count(called, overHttp && header === undefined);
    if (overHttp && NOT_OVER_HTTP.has(called)) {
      const message = 'The emulator makes, changes and deletes its tables itself';
      return errorAnswer(name, new ServiceError('AccessDeniedException', message));
    }
    if (body.byteLength > BODY_LIMIT_BYTES) {
      const tooLarge = { statusCode: 413 };
      return errorAnswer(name, new ServiceError('RequestEntityTooLargeException', 'The body exceeds 1 MiB', tooLarge));
    }
    const invocation = typeof header === 'string' ? header : undefined;
    const invalid = invalidInput(name, operation, call.body);
    if (invalid) {
      this.#onInvalid({ call: called, body: call.body, invocation }, invalid);
      return errorAnswer(name, invalid);
    }
    const handle = async (effective: Uint8Array) => {
      const answered = this.#onRequest({ call: called, body: effective, invocation });
      const answer = await service.handle(operation, effective);
      answered?.(answer);
      return answer;
    };
    const fault = this.#faults.match(called, call.body);
    const answer = await (fault ? fault.answer(name, call.body, handle) : handle(call.body));
    if (fault?.termination !== undefined && invocation !== undefined) this.#onCrash(invocation, fault.termination);
    return answer;
  }

  #count(call: string, outside: boolean): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    if (outside) this.callsFromOutside.set(call, (this.callsFromOutside.get(call) ?? 0) + 1);
  }
}

/** Returns the call that a request of an SDK client makes, as `<Service>.<Operation>`. */
export function nameOfCall(request: SdkRequest): string | undefined {
  return nameOf(...onTheWire(request));
}

function rethrow(error: unknown): never {
  throw error;
}

function nameOf(envelope: Envelope, body: Uint8Array = new Uint8Array()): string | undefined {
  const call = callOf(envelope, body);
  return call && `${call.service}.${call.operation}`;
}

/** Returns the service in whose form an error is answered. */
function serviceOf(envelope: Envelope): ServiceName {
  return callOf(envelope, new Uint8Array())?.service ?? 'SSOAdmin';
}

/** Returns the envelope and the body of a request as they would be on the wire. */
function onTheWire({ method = 'POST', path = '/', query, headers, body }: SdkRequest): [Envelope, Uint8Array] {
  return [{ method, path: path + searchOf(query), headers }, bytesOf(body)];
}

/** Returns a query as it would be on the wire. No operation of the emulator takes a list there. */
function searchOf(query: SdkRequest['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  // The SDK's own bytes also pass for a string, and warn when they are taken for one.
  return body instanceof Uint8Array ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array();
}
