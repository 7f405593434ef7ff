import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { COMMON_ERRORS, type ErrorRow, THROTTLES } from './aws-errors.ts';

/** Node's codes for a connection that failed or broke ("socket hang up" is an ECONNRESET), as in the SDK's own list. */
const NETWORK_CODES: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Error names of the SDK for a request that got no answer in time. */
const UNANSWERED: ReadonlySet<unknown> = new Set([
  'AbortError',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
]);

/** What an answer without a name of its own says of the rate of calls. */
const TOO_MANY = 'HTTP 429';

/** Returns a property of a value that may be anything; undefined if it has none of this name. */
export function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function rowFor(error: unknown, table: readonly ErrorRow[], operation: string): ErrorRow | undefined {
  return [...table, ...COMMON_ERRORS].find(
    (row) =>
      row.exception === property(error, 'name') &&
      (row.reason === undefined || row.reason === property(error, 'Reason')) &&
      (row.resourceType === undefined || row.resourceType === property(error, 'ResourceType')) &&
      (row.operation === undefined || row.operation === operation) &&
      (row.text === undefined || textOf(property(error, 'message'))?.includes(row.text)),
  );
}

/** The fields with which AWS may name a resource that it does not find. */
interface NotFoundAnswer {
  ResourceType?: string;
  ResourceId?: string;
}

/**
 * Whether AWS answers that a resource does not exist. A Reason means that the service could not use its KMS key, which
 * says nothing about the resource.
 */
export function isNotFound(error: unknown): error is NotFoundAnswer {
  return property(error, 'name') === 'ResourceNotFoundException' && property(error, 'Reason') === undefined;
}

/** Whether AWS answers that a write conflicts with what there is. */
export function isConflict(error: unknown): boolean {
  return property(error, 'name') === 'ConflictException';
}

/**
 * Whether AWS answers that it does not offer an operation here, as an identity store that AD Sync feeds.
 *
 * @see https://github.com/aws/aws-sdk/issues/682
 */
export function isUnknownOperation(error: unknown): boolean {
  return property(error, 'name') === 'UnknownOperationException';
}

/** Returns the HTTP status of the answer that led to an error; undefined if there was no answer. */
function statusOf(error: unknown): number | undefined {
  const status = property(property(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** Returns a short name for an error of the connection or of AWS itself; undefined for any other error. */
function outageOf(error: unknown): string | undefined {
  const code = property(error, 'code');
  if (NETWORK_CODES.has(code)) return textOf(code);
  const name = property(error, 'name');
  if (UNANSWERED.has(name)) return textOf(name);
  const status = statusOf(error);
  if (status === undefined) return undefined;
  // A SyntaxError means that the body is not JSON, but the page of a proxy or cut short. The parser's message quotes it.
  return status >= 500 || status === 429 || status === 408 || name === 'SyntaxError' ? `HTTP ${status}` : undefined;
}

/** A name that is safe in logs, audit events and the ledger. It comes from outside, and could be any text. */
const SAFE_NAME = /^[A-Za-z0-9]{1,64}$/;
/** The name that the SDK gives to an exception without one. */
const NAMELESS = 'Unknown';

/** Returns the name of an exception of a service, as safe text; undefined for any other error. */
function exceptionOf(error: unknown): string | undefined {
  const fault = property(error, '$fault');
  if (fault !== 'client' && fault !== 'server') return undefined;
  const name = property(error, 'name');
  const isUsable = typeof name === 'string' && SAFE_NAME.test(name) && name !== NAMELESS;
  return isUsable ? name : 'unknown-exception';
}

/** The reason of a refusal whose cause is an answer that its API reference does not allow. */
export const MALFORMED_ANSWER = 'malformed-answer';

/** What an error says, as safe text, and the reason if it is a refusal. */
interface Meaning {
  what: string;
  refusal?: string;
}

/** Returns undefined for an error that no answer of AWS, and no lack of one, has led to. */
function meaningOf(error: unknown, table: readonly ErrorRow[], operation: string): Meaning | undefined {
  const row = rowFor(error, table, operation);
  if (row) return row.as === 'transient' ? { what: row.exception } : { what: row.exception, refusal: row.as };
  const outage = outageOf(error);
  if (outage !== undefined) return { what: outage };
  const exception = exceptionOf(error);
  // The service's own model says that a retry helps.
  if (exception !== undefined && property(error, '$retryable') !== undefined) return { what: exception };
  const refusal = exception ?? (statusOf(error) === undefined ? undefined : MALFORMED_ANSWER);
  return refusal === undefined ? undefined : { what: refusal, refusal };
}

/**
 * Translates an error of the SDK into one of Usher's.
 *
 * An exception without a row is a refusal, and its name is the reason: AWS will invent exceptions, and unless it says
 * so, nothing suggests that a retry helps. So is an answer that the SDK cannot read. Any other error is a bug and passes
 * through.
 *
 * The message has the operation, the exception, the given ids and AWS's request id. AWS's own message may contain names
 * and addresses, so it is neither quoted nor attached as `cause`.
 *
 * @param ids what the call was about, e.g. `user 44f8…`
 * @returns TransientAwsError, RefusedError, or the error itself if it is a bug
 */
export function translate(
  error: unknown,
  table: readonly ErrorRow[],
  operation: string,
  ids: readonly string[],
): unknown {
  const meaning = meaningOf(error, table, operation);
  if (meaning === undefined) return error;
  const { what, refusal } = meaning;
  const requestId = textOf(property(property(error, '$metadata'), 'requestId')) ?? textOf(property(error, 'RequestId'));
  const details = [...ids, ...(requestId === undefined ? [] : [`request ${requestId}`])];
  const message = withDetails(`${operation}: ${what}`, details);
  if (refusal !== undefined) return new RefusedError(refusal, message);
  return what === TOO_MANY || THROTTLES.includes(what)
    ? TransientAwsError.throttled(message)
    : new TransientAwsError(message);
}

/** Returns a message with what it is about, such as ids, in parentheses. */
export function withDetails(message: string, details: readonly string[]): string {
  return details.length === 0 ? message : `${message} (${details.join(', ')})`;
}
