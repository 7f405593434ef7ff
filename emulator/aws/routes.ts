/** What stands behind the door, by the names under which calls are counted. */
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

/** A request, as far as it tells who is meant. */
export interface Envelope {
  method: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The services of AWS JSON by the prefix of `X-Amz-Target`. */
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
 * Service and operation of a request, and its input where the protocol has it elsewhere than in a JSON body; undefined
 * when it is none of AWS's that the local stack has.
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
