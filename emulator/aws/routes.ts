/** The services behind the gateway, by the names under which it counts calls. */
export type ServiceName =
  | 'SSOAdmin'
  | 'IdentityStore'
  | 'DynamoDB'
  | 'EventBridge'
  | 'SFN'
  | 'SQS'
  | 'CloudWatchLogs'
  | 'CloudTrail'
  | 'Organizations'
  | 'Scheduler'
  | 'STS';

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
]);

/**
 * Returns the service, the operation and the input of a request, or undefined if the emulator has no such service.
 *
 * The body is the input as JSON, also where the service's protocol carries it in the path.
 */
export function callOf(
  { method, path, headers }: Envelope,
  body: Uint8Array,
): { service: ServiceName; operation: string; body: Uint8Array } | undefined {
  const [, target = '', operation = ''] = /^(\w+)\.(\w{1,128})$/.exec(String(headers['x-amz-target'])) ?? [];
  const service = TARGETS.get(target);
  if (service) return { service, operation, body };
  if (headers['x-amz-target'] !== undefined) return undefined;
  const schedule = method === 'GET' ? /^\/schedules\/([\w.-]{1,64})(?:\?(.*))?$/.exec(path) : null;
  if (schedule) {
    const [, Name, query] = schedule;
    const input = { Name, GroupName: new URLSearchParams(query).get('groupName') ?? 'default' };
    return { service: 'Scheduler', operation: 'GetSchedule', body: Buffer.from(JSON.stringify(input)) };
  }
  if (method !== 'POST' || !String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
    return undefined;
  }
  const action = new URLSearchParams(Buffer.from(body).toString()).get('Action') ?? '';
  return /^\w{1,128}$/.test(action) ? { service: 'STS', operation: action, body: Buffer.from('{}') } : undefined;
}
