import { parseJson, type ServiceName } from './json-service.ts';

/** The parts of a request that name its service and operation. */
export interface Envelope {
  method: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The services that speak AWS JSON, by the prefix of `X-Amz-Target`. */
const TARGETS: ReadonlyMap<string, ServiceName> = new Map([
  ['SWBExternalService', 'SSOAdmin'],
  ['AWSIdentityStore', 'IdentityStore'],
  ['DynamoDB_20120810', 'DynamoDB'],
  ['AWSEvents', 'EventBridge'],
  ['AWSStepFunctions', 'SFN'],
  ['AmazonSQS', 'SQS'],
  ['Logs_20140328', 'CloudWatchLogs'],
  ['CloudTrail_20131101', 'CloudTrail'],
  ['AWSOrganizationsV20161128', 'Organizations'],
  ['AWSZornControlPlaneService', 'UserSubscriptions'],
  ['AmazonQDeveloperService', 'Q'],
  ['KiroControlPlaneQDeveloperService', 'Q'],
]);

/** The services that speak REST, by method and path. What braces enclose is a member of the input. */
const PATHS: readonly [method: string, path: string, ServiceName, operation: string][] = [
  ['GET', '/schedules/{Name}', 'Scheduler', 'GetSchedule'],
  ['GET', '/applications', 'QBusiness', 'ListApplications'],
  ['GET', '/applications/{applicationId}', 'QBusiness', 'GetApplication'],
  ['GET', '/applications/{applicationId}/subscriptions', 'QBusiness', 'ListSubscriptions'],
  ['POST', '/applications/{applicationId}/subscriptions', 'QBusiness', 'CreateSubscription'],
  ['PUT', '/applications/{applicationId}/subscriptions/{subscriptionId}', 'QBusiness', 'UpdateSubscription'],
  ['DELETE', '/applications/{applicationId}/subscriptions/{subscriptionId}', 'QBusiness', 'CancelSubscription'],
  ['POST', '/v2/email/outbound-emails', 'SESv2', 'SendEmail'],
  ['GET', '/v2/email/account', 'SESv2', 'GetAccount'],
  ['GET', '/v2/email/identities/{EmailIdentity}', 'SESv2', 'GetEmailIdentity'],
];
const ROUTES = PATHS.map(([method, path, service, operation]) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>(?:[\\w.~-]|%[0-9A-F]{2}){1,1224})')}$`),
  service,
  operation,
}));

interface Call {
  service: ServiceName;
  operation: string;
  body: Uint8Array;
}

const JSON_TYPES = ['application/x-amz-json-1.0', 'application/x-amz-json-1.1', 'application/json'];
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Returns the media types that the body of a request may have: JSON of one kind, or the form of a call of STS. */
export function mediaTypesOf({ path, headers }: Envelope): readonly string[] {
  return path === '/' && headers['x-amz-target'] === undefined ? [...JSON_TYPES, FORM_TYPE] : JSON_TYPES;
}

/**
 * Returns the service, the operation and the input of a request, or undefined if the emulator has no such service.
 *
 * The body is the input as JSON, also where the service's protocol carries it in path, query or form. For Q it also has the
 * Region to which the request goes.
 */
export function callOf(envelope: Envelope, body: Uint8Array): Call | undefined {
  if (envelope.headers['x-amz-target'] !== undefined) return targetCallOf(envelope, body);
  return bucketCallOf(envelope) ?? pathCallOf(envelope, body) ?? formCallOf(envelope, body);
}

/** Returns a call in AWS JSON. */
function targetCallOf({ headers }: Envelope, body: Uint8Array): Call | undefined {
  const [, target = '', operation = ''] = /^(\w+)\.(\w{1,128})$/.exec(String(headers['x-amz-target'])) ?? [];
  const service = TARGETS.get(target);
  if (service === 'Q') return callWith(service, operation, { ...objectIn(body), region: regionOf(headers) });
  return service && { service, operation, body };
}

/** Returns the Region for which a request is signed. */
function regionOf(headers: Envelope['headers']): string | undefined {
  return / Credential=[^/]+\/\d{8}\/([a-z\d-]{1,40})\//.exec(String(headers['authorization']))?.[1];
}

/**
 * Returns a call of S3. Its paths are names that callers choose: only the signature distinguishes them from those of other
 * services. A request has no name of its operation; one that does not read has its method as the name.
 */
function bucketCallOf({ method, path, headers }: Envelope): Call | undefined {
  if (!/ Credential=[^/]+\/\d{8}\/[a-z\d-]{1,40}\/s3\//.test(String(headers['authorization']))) return undefined;
  const [place = '', query] = path.split('?');
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(decodedPath(place)) ?? [];
  if (method !== 'GET') return callWith('S3', method, { bucket, key });
  if (key !== '') return callWith('S3', 'GetObject', { bucket, key });
  return callWith('S3', 'ListObjectsV2', { bucket, ...Object.fromEntries(new URLSearchParams(query)) });
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return path;
  }
}

/** Returns a call in REST. */
function pathCallOf({ method, path: pathAndQuery }: Envelope, body: Uint8Array): Call | undefined {
  const [path = '', query] = pathAndQuery.split('?');
  for (const route of ROUTES) {
    const found = route.method === method ? route.pattern.exec(path) : null;
    if (!found) continue;
    const named = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodedPath(value)]);
    const input = { ...objectIn(body), ...membersIn(query), ...Object.fromEntries(named) };
    return callWith(route.service, route.operation, input);
  }
  return undefined;
}

/** Returns the members of an input that come in the query. */
function membersIn(query: string | undefined): object {
  const { groupName: GroupName, maxResults, nextToken } = Object.fromEntries(new URLSearchParams(query));
  return { GroupName, maxResults: maxResults === undefined ? undefined : Number(maxResults), nextToken };
}

/** Returns a call of STS, the only service here that takes its input as a form. */
function formCallOf({ method, headers }: Envelope, body: Uint8Array): Call | undefined {
  if (method !== 'POST' || !String(headers['content-type']).startsWith(FORM_TYPE)) {
    return undefined;
  }
  const { Action = '', ...input } = Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()));
  return /^\w{1,128}$/.test(Action) ? callWith('STS', Action, input) : undefined;
}

function callWith(service: ServiceName, operation: string, input: object): Call {
  return { service, operation, body: Buffer.from(textOf(input)) };
}

/** Returns an input as JSON; an empty one if it is nested too deeply to be written. */
function textOf(input: object): string {
  try {
    return JSON.stringify(input);
  } catch (error) {
    if (error instanceof RangeError) return '{}';
    throw error;
  }
}

/** Returns the object in a body; an empty one for any other body, whose fields the service then misses. */
function objectIn(body: Uint8Array): object {
  const value = parseJson(body);
  return typeof value === 'object' && value !== null ? value : {};
}
