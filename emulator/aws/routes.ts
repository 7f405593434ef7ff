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
] as const;
export type ServiceName = (typeof SERVICES)[number];

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

interface Call {
  service: ServiceName;
  operation: string;
  body: Uint8Array;
}

/**
 * Returns the service, the operation and the input of a request, or undefined if the emulator has no such service.
 *
 * The body is the input as JSON, also where the service's protocol carries it in the path. For Q it also has the Region to
 * which the request goes.
 */
export function callOf({ method, path, headers }: Envelope, body: Uint8Array): Call | undefined {
  const [, target = '', operation = ''] = /^(\w+)\.(\w{1,128})$/.exec(String(headers['x-amz-target'])) ?? [];
  const service = TARGETS.get(target);
  if (service === 'Q') return callWith(service, operation, { ...objectIn(body), region: regionOf(headers) });
  if (service) return { service, operation, body };
  if (headers['x-amz-target'] !== undefined) return undefined;
  const rest = qBusinessCallOf(method, path, body) ?? (method === 'GET' ? scheduleCallOf(path) : undefined);
  if (rest) return rest;
  if (method !== 'POST' || !String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
    return undefined;
  }
  const { Action = '', ...input } = Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()));
  return /^\w{1,128}$/.test(Action) ? callWith('STS', Action, input) : undefined;
}

/** Returns the Region for which a request is signed. */
function regionOf(headers: Envelope['headers']): string | undefined {
  return / Credential=[^/]+\/\d{8}\/([a-z\d-]{1,40})\//.exec(String(headers['authorization']))?.[1];
}

function callWith(service: ServiceName, operation: string, input: object): Call {
  return { service, operation, body: Buffer.from(JSON.stringify(input)) };
}

function scheduleCallOf(pathAndQuery: string): Call | undefined {
  const [path = '', search] = pathAndQuery.split('?');
  const [, Name] = /^\/schedules\/([\w.-]{1,64})$/.exec(path) ?? [];
  if (Name === undefined) return undefined;
  const GroupName = new URLSearchParams(search).get('groupName') ?? 'default';
  return callWith('Scheduler', 'GetSchedule', { Name, GroupName });
}

/** `/applications`, `/applications/{id}`, `/applications/{id}/subscriptions` or `/applications/{id}/subscriptions/{id}`. */
const Q_BUSINESS_PATH = /^\/applications(?:\/([\w-]{1,64})(\/subscriptions(?:\/([\w-]{1,1224}))?)?)?$/;

/** By method, and by what the path names. */
const Q_BUSINESS_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['GET applications', 'ListApplications'],
  ['GET application', 'GetApplication'],
  ['GET subscriptions', 'ListSubscriptions'],
  ['POST subscriptions', 'CreateSubscription'],
  ['PUT subscription', 'UpdateSubscription'],
  ['DELETE subscription', 'CancelSubscription'],
]);

function qBusinessCallOf(method: string, pathAndQuery: string, body: Uint8Array): Call | undefined {
  const [path = '', search] = pathAndQuery.split('?');
  const [found, applicationId, list, subscriptionId] = Q_BUSINESS_PATH.exec(path) ?? [];
  if (found === undefined) return undefined;
  const ofOne = subscriptionId === undefined ? 'subscriptions' : 'subscription';
  const named = applicationId === undefined ? 'applications' : list === undefined ? 'application' : ofOne;
  const operation = Q_BUSINESS_OPERATIONS.get(`${method} ${named}`);
  if (operation === undefined) return undefined;
  const query = new URLSearchParams(search);
  const maxResults = query.get('maxResults');
  return callWith('QBusiness', operation, {
    ...objectIn(body),
    applicationId,
    subscriptionId,
    nextToken: query.get('nextToken') ?? undefined,
    maxResults: maxResults === null ? undefined : Number(maxResults),
  });
}

/** Returns the object in a body; an empty one for any other body, whose fields the service then misses. */
function objectIn(body: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
