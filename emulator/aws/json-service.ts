import { Buffer } from 'node:buffer';
import type * as z from 'zod/mini';
import type { ServiceName } from './routes.ts';

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

/** @throws ServiceError SerializationException for anything but a JSON object */
export function parseBody(body: Uint8Array): object {
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
