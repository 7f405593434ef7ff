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
]);

interface Call {
  service: ServiceName;
  operation: string;
  body: Uint8Array;
}

/**
 * Returns the service, the operation and the input of a request, or undefined if the emulator has no such service.
 *
 * The body is the input as JSON, also where the service's protocol carries it in the path.
 */
export function callOf({ method, path, headers }: Envelope, body: Uint8Array): Call | undefined {
  const [, target = '', operation = ''] = /^(\w+)\.(\w{1,128})$/.exec(String(headers['x-amz-target'])) ?? [];
  const service = TARGETS.get(target);
  if (service) return { service, operation, body };
  if (headers['x-amz-target'] !== undefined) return undefined;
  if (method === 'GET') return readOf(path);
  if (method !== 'POST' || !String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
    return undefined;
  }
  const { Action = '', ...input } = Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()));
  return /^\w{1,128}$/.test(Action) ? callWith('STS', Action, input) : undefined;
}

function callWith(service: ServiceName, operation: string, input: object): Call {
  return { service, operation, body: Buffer.from(JSON.stringify(input)) };
}

/** Returns the call of a request that has its input in the path and the query. */
function readOf(pathAndQuery: string): Call | undefined {
  const [path = '', search] = pathAndQuery.split('?');
  const query = new URLSearchParams(search);
  const [, Name] = /^\/schedules\/([\w.-]{1,64})$/.exec(path) ?? [];
  if (Name !== undefined) {
    return callWith('Scheduler', 'GetSchedule', { Name, GroupName: query.get('groupName') ?? 'default' });
  }
  const [found, applicationId, list] = /^\/applications(?:\/([\w-]{1,64})(\/subscriptions)?)?$/.exec(path) ?? [];
  if (found === undefined) return undefined;
  const operation =
    applicationId === undefined ? 'ListApplications' : list === undefined ? 'GetApplication' : 'ListSubscriptions';
  const maxResults = query.get('maxResults');
  return callWith('QBusiness', operation, {
    applicationId,
    nextToken: query.get('nextToken') ?? undefined,
    maxResults: maxResults === null ? undefined : Number(maxResults),
  });
}
