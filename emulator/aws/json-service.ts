import { Buffer } from 'node:buffer';
import type * as z from 'zod/mini';
import type { Answer } from '../../http/server.ts';

export type { Answer } from '../../http/server.ts';

/** One AWS service. It takes the body of a request as received. A refusal is an {@link Answer}, too; a throw is a bug. */
export interface Service {
  handle(operation: string, body: Uint8Array): Promise<Answer>;
}

/** The services behind the gateway, by the names under which it counts calls. */
export const SERVICES = [
  'SSOAdmin',
  'IdentityStore',
  'DynamoDB',
  'EventBridge',
  'SFN',
  'SQS',
  'CloudWatchLogs',
  'CloudTrail',
  'Organizations',
  'Scheduler',
  'UserSubscriptions',
  'QBusiness',
  'Q',
  'STS',
  'S3',
  'SESv2',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The content type of each service, and the namespace of its errors. */
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
  UserSubscriptions: { contentType: 'application/x-amz-json-1.0', namespace: 'com.amazon.kiro.controlplane#' },
  QBusiness: { contentType: 'application/json', namespace: '' },
  Q: { contentType: 'application/x-amz-json-1.0', namespace: 'com.amazon.kiro.controlplane#' },
  STS: { contentType: 'text/xml', namespace: '' },
  S3: { contentType: 'application/xml', namespace: '' },
  SESv2: { contentType: 'application/json', namespace: '' },
};

/** An error that the API reference documents, with its code. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** `ResourceNotFoundException`, … */
  readonly code: string;
  readonly statusCode: number;
  /** Members of the error's shape, without its message. */
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param options `statusCode` defaults to 400 */
  constructor(code: string, message: string, options: { statusCode?: number; fields?: Record<string, unknown> } = {}) {
    super(message);
    this.code = code;
    this.statusCode = options.statusCode ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** Returns an answer in the protocol of the service: its version of AWS JSON, or XML for STS. */
export function jsonAnswer(service: ServiceName, statusCode: number, content: object): Answer {
  const { contentType } = PROTOCOLS[service];
  const headers = { 'content-type': contentType };
  if (service === 'STS') {
    const [result = ''] = Object.keys(content);
    return { statusCode, headers, body: xmlOf(result.replace(/Result$/, 'Response'), content) };
  }
  return { statusCode, headers: { 'content-type': contentType }, body: JSON.stringify(content) };
}

/** Returns an error as an answer: `__type`, `message` and the fields of the error's shape. */
export function errorAnswer(service: ServiceName, { code, message, statusCode, fields }: ServiceError): Answer {
  const type = PROTOCOLS[service].namespace + code;
  if (service === 'STS') {
    const body = xmlOf('ErrorResponse', { Error: { Type: 'Sender', Code: code, Message: message } });
    return { statusCode, headers: { 'content-type': PROTOCOLS.STS.contentType }, body };
  }
  if (service === 'S3') {
    const body = xmlOf('Error', { Code: code, Message: message });
    return { statusCode, headers: { 'content-type': PROTOCOLS.S3.contentType }, body };
  }
  const answer = jsonAnswer(service, statusCode, { __type: type, message, ...fields });
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': type } };
}

/** Returns an element of XML. An array has objects whose members follow one another, since names may recur there. */
export function xmlOf(name: string, content: object): string {
  const members = (Array.isArray(content) ? content : [content]).flatMap((one) => Object.entries(one));
  const inner = members.map(([key, value]) =>
    typeof value === 'object' && value !== null ? xmlOf(key, value) : `<${key}>${xmlText(String(value))}</${key}>`,
  );
  return `<${name}>${inner.join('')}</${name}>`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Answers an input, or throws a {@link ServiceError}. */
export type Operation = (input: object) => object;

/** Returns an {@link Operation} that validates its input. Invalid input is a ValidationException. */
export function operation<T>(schema: z.ZodMiniType<T>, answer: (input: T) => object): Operation {
  return (input) => {
    const { success, data, error } = schema.safeParse(input);
    if (success) return answer(data);
    const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ServiceError('ValidationException', problems.join('; '));
  };
}

/**
 * Returns a service with these operations.
 *
 * @param admit called before the input is read; throws a {@link ServiceError} to refuse the request
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

/** Parses bytes; returns undefined if they are not JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Returns a token for the next page of a list, in the characters that AWS allows. */
export function pageToken(list: string, key: string): string {
  return Buffer.from(JSON.stringify([list, key])).toString('base64');
}

/**
 * Returns the key after which the next page begins; undefined without a token.
 *
 * @throws ServiceError ValidationException for a token of another list
 */
export function parsePageToken(list: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const [, key] = /^\["[^"]*","([^"\\]*)"\]$/.exec(Buffer.from(token, 'base64').toString()) ?? [];
  if (key === undefined || pageToken(list, key) !== token) {
    throw new ServiceError('ValidationException', 'NextToken: expected a token that this list returned');
  }
  return key;
}
