import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type * as z from 'zod/mini';
import type { Faults } from './faults.ts';
import { callOf, type Envelope, type ServiceName } from './routes.ts';

export type { ServiceName } from './routes.ts';

/** An HTTP answer. */
export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** One AWS service: takes the body of a request as it came and refuses by an {@link Answer}, too. A throw is a bug. */
export interface Service {
  handle(operation: string, body: Uint8Array): Promise<Answer>;
}

/** Each service's version of AWS JSON, and the namespace of its errors. */
const PROTOCOLS: Readonly<Record<ServiceName, { contentType: string; namespace: string }>> = {
  SSOAdmin: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  IdentityStore: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  DynamoDB: { contentType: 'application/x-amz-json-1.0', namespace: 'com.amazonaws.dynamodb.v20120810#' },
  EventBridge: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  SFN: { contentType: 'application/x-amz-json-1.0', namespace: '' },
  SQS: { contentType: 'application/x-amz-json-1.0', namespace: 'com.amazonaws.sqs#' },
  CloudWatchLogs: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  CloudTrail: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  Organizations: { contentType: 'application/x-amz-json-1.1', namespace: '' },
  Scheduler: { contentType: 'application/json', namespace: '' },
  STS: { contentType: 'text/xml', namespace: '' },
};

/** A refusal that the API reference knows, by its code there. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** `ResourceNotFoundException`, … */
  readonly code: string;
  readonly statusCode: number;
  /** Members of the error's shape beside its message. */
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param options `statusCode` is 400 unless given */
  constructor(code: string, message: string, options: { statusCode?: number; fields?: Record<string, unknown> } = {}) {
    super(message);
    this.code = code;
    this.statusCode = options.statusCode ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** Writes out an answer in a service's protocol: its version of AWS JSON, or the XML of its one operation. */
export function jsonAnswer(service: ServiceName, statusCode: number, content: object): Answer {
  const { contentType } = PROTOCOLS[service];
  const headers = { 'content-type': contentType };
  if (service === 'STS') return { statusCode, headers, body: xmlOf('GetCallerIdentityResponse', content) };
  return { statusCode, headers: { 'content-type': contentType }, body: JSON.stringify(content) };
}

/** Writes out a refusal: `__type`, `message` and the fields of the error's shape. */
export function errorAnswer(service: ServiceName, { code, message, statusCode, fields }: ServiceError): Answer {
  const type = PROTOCOLS[service].namespace + code;
  if (service === 'STS') {
    const body = xmlOf('ErrorResponse', { Error: { Type: 'Sender', Code: code, Message: message } });
    return { statusCode, headers: { 'content-type': PROTOCOLS.STS.contentType }, body };
  }
  const answer = jsonAnswer(service, statusCode, { __type: type, message, ...fields });
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': type } };
}

/** Of texts and objects only; nothing in them comes from outside. */
function xmlOf(name: string, content: object): string {
  const inner = Object.entries(content).map(([key, value]) =>
    typeof value === 'object' && value !== null ? xmlOf(key, value) : `<${key}>${value}</${key}>`,
  );
  return `<${name}>${inner.join('')}</${name}>`;
}

/** Checks an input and answers it, or throws a {@link ServiceError}. */
export type Operation = (input: object) => object;

/** Makes an {@link Operation} of a schema and what to do with input that obeys it; other input is a ValidationException. */
export function operation<T>(schema: z.ZodMiniType<T>, answer: (input: T) => object): Operation {
  return (input) => {
    const { success, data, error } = schema.safeParse(input);
    if (success) return answer(data);
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ServiceError('ValidationException', problems.join('; '));
  };
}

/**
 * A service of synchronous operations.
 *
 * @param admit called before an operation's input is read; throws a {@link ServiceError} to refuse the request
 */
export function jsonService(
  name: ServiceName,
  operations: ReadonlyMap<string, Operation>,
  admit?: (operation: string) => void,
): Service {
  const answer = (operation: string, body: Uint8Array): Answer => {
    const run = operations.get(operation);
    if (run === undefined) throw new ServiceError('UnknownOperationException', 'The operation is not known');
    admit?.(operation);
    return jsonAnswer(name, 200, run(parseBody(body)));
  };
  return {
    handle: async (operation, body) => {
      try {
        return answer(operation, body);
      } catch (error) {
        if (error instanceof ServiceError) return errorAnswer(name, error);
        throw error;
      }
    },
  };
}

function parseBody(body: Uint8Array): object {
  const input = parseJson(body);
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  throw new ServiceError('SerializationException', 'The body is not a JSON object');
}

/** What the bytes say; undefined when they aren't JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A list's place to go on from, in the letters that AWS allows in a token. */
export function pageToken(list: string, key: string): string {
  return Buffer.from(JSON.stringify([list, key])).toString('base64');
}

/**
 * The key behind which a list goes on; undefined without a token.
 *
 * @throws ServiceError ValidationException for a token that isn't of this list
 */
export function parsePageToken(list: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const [, key] = /^\["[^"]*","([^"\\]*)"\]$/.exec(Buffer.from(token, 'base64').toString()) ?? [];
  if (key === undefined || pageToken(list, key) !== token) {
    throw new ServiceError('ValidationException', 'NextToken: expected a token that this list gave out');
  }
  return key;
}

/** How a Lambda function may end in the middle of a request. */
export type Death = 'crash' | 'timeout';

/** What the door is made of. A service that is left out answers like one that AWS doesn't have. */
export interface DoorOptions {
  services: Partial<Record<ServiceName, Service>>;
  faults: Faults;
  /** Answers what is no request to AWS; undefined when there is nothing of this name. */
  pages?(method: string, path: string, body: Uint8Array): Answer | undefined;
  /** The invocation that made a request dies now. Requests without {@link INVOCATION_HEADER} only get a failure. */
  onCrash(invocationId: string, death: Death): void;
  /** Told of each request that reaches its service; what it returns is told of the service's answer. */
  onRequest?(request: DoorRequest): ((answer: Answer) => void) | undefined;
}

/** A request as its service gets it, whatever a fault makes of the answer. */
export interface DoorRequest {
  /** `<Service>.<Operation>` */
  call: string;
  body: Uint8Array;
  /** The invocation that made it; undefined for everybody else's. */
  invocation: string | undefined;
}

/** The request header by which a handler's calls are told apart from everybody else's. */
export const INVOCATION_HEADER = 'x-usher-invocation';

/** More than any request of Usher's has; one limit for all, where AWS has one a service. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** Longer than any pause of real time between two calls, so that no client meets a connection being closed. */
const KEEP_ALIVE_MILLISECONDS = 60_000;

/** What the SDK's clients hand to a request handler, as far as it matters here. */
interface SdkRequest {
  method?: string;
  path?: string;
  headers: Record<string, string>;
  body?: unknown;
}

/** Every service of the stand-in behind one address, over HTTP or in process. Counting and faults are here, once for all. */
export class Door {
  /** Every request by `<Service>.<Operation>`, refused ones too. */
  readonly calls = new Map<string, number>();
  /** Those that came over HTTP, and not from a function. */
  readonly callsFromOutside = new Map<string, number>();
  readonly #services: DoorOptions['services'];
  readonly #faults: Faults;
  readonly #onCrash: DoorOptions['onCrash'];
  readonly #pages: DoorOptions['pages'];
  readonly #onRequest: NonNullable<DoorOptions['onRequest']>;
  #requests = 0;

  constructor({ services, faults, onCrash, pages, onRequest = () => undefined }: DoorOptions) {
    this.#services = services;
    this.#faults = faults;
    this.#onCrash = onCrash;
    this.#pages = pages;
    this.#onRequest = onRequest;
  }

  /**
   * The `requestHandler` of an SDK client: no socket, the same answers.
   *
   * @see https://github.com/smithy-lang/smithy-typescript/blob/main/packages/types/src/transfer.ts
   */
  requestHandler() {
    return {
      metadata: { handlerProtocol: 'http/1.1' },
      handle: async ({ method = 'POST', path = '/', headers, body }: SdkRequest) => {
        const answer = await this.#answer({ method, path, headers }, bytesOf(body), false);
        // The SDK reads bytes, and renames the headers in place.
        return { response: { ...answer, body: Buffer.from(answer.body) } };
      },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
    };
  }

  /**
   * Opens the door on the loopback interface, at this port or at one that is free.
   *
   * A service that throws is a bug and ends the process.
   */
  async listen(port = 0): Promise<{ endpoint: string; close(): Promise<void> }> {
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, (request, response) => {
      this.#serve(request, response);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return {
      endpoint: `http://127.0.0.1:${address.port}`,
      close: async () => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      },
    };
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      // One chunk past the limit is enough to know; the rest is drained, so that the client reads its answer.
      if (length <= BODY_LIMIT_BYTES) chunks.push(chunk);
      length += chunk.length;
    });
    // A client that went away gets no answer.
    request.on('error', () => response.destroy());
    request.on('end', async () => {
      const { method = '', url: path = '', headers: given } = request;
      const { statusCode, headers, body } = await this.#answer(
        { method, path, headers: given },
        Buffer.concat(chunks),
        given[INVOCATION_HEADER] === undefined,
      );
      response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  }

  async #answer(envelope: Envelope, body: Uint8Array, outside: boolean): Promise<Answer> {
    this.#requests += 1;
    const requestId = String(this.#requests);
    const answer = await this.#route(envelope, body, outside);
    return { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } };
  }

  async #route(envelope: Envelope, body: Uint8Array, outside: boolean): Promise<Answer> {
    const call = callOf(envelope, body);
    const service = call && this.#services[call.service];
    if (!(call && service)) {
      const page = this.#pages?.(envelope.method, envelope.path, body);
      if (page) return page;
      return errorAnswer('SSOAdmin', new ServiceError('UnknownOperationException', 'The X-Amz-Target is not known'));
    }
    const { service: name, operation } = call;
    const header = envelope.headers[INVOCATION_HEADER];
    this.#count(`${name}.${operation}`, outside);
    if (body.byteLength > BODY_LIMIT_BYTES) {
      const tooLarge = { statusCode: 413 };
      return errorAnswer(name, new ServiceError('RequestEntityTooLargeException', 'The body exceeds 1 MiB', tooLarge));
    }
    const invocation = typeof header === 'string' ? header : undefined;
    const called = `${name}.${operation}`;
    const handle = async (effective: Uint8Array) => {
      const answered = this.#onRequest({ call: called, body: effective, invocation });
      const answer = await service.handle(operation, effective);
      answered?.(answer);
      return answer;
    };
    const fault = this.#faults.match(called, call.body);
    const answer = await (fault ? fault.answer(name, call.body, handle) : handle(call.body));
    if (fault?.death !== undefined && invocation !== undefined) this.#onCrash(invocation, fault.death);
    return answer;
  }

  #count(call: string, outside: boolean): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    if (outside) this.callsFromOutside.set(call, (this.callsFromOutside.get(call) ?? 0) + 1);
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  // The SDK's own bytes also pass for a string, and warn when they are taken for one.
  return body instanceof Uint8Array ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : new Uint8Array();
}
