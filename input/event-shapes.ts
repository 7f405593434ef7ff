import { type Fields, isObject, jsonIn, own } from '../domain/shared/json.ts';

/** The keys of manual starts: what has no other key is one, and holds nothing else. */
const START_KEYS = new Set([
  'adopt',
  'application',
  'email',
  'externalId',
  'groupId',
  'release',
  'scope',
  'subscriptions',
  'userId',
  'userName',
  'waitSeconds',
]);

/** Whether an object has a key of a manual start, perhaps next to others that no start has. */
export function resemblesManualStart(fields: object): boolean {
  return Object.keys(fields).some((key) => START_KEYS.has(key));
}

/** Whether an object has the keys of a manual start, and no others. */
export function isManualStart(fields: Fields): boolean {
  const keys = Object.keys(fields);
  return keys.length > 0 && keys.every((key) => START_KEYS.has(key));
}

/**
 * Returns the event that an object is, in the form in which an execution takes it: an EventBridge event, an entry of
 * PutEvents, a CloudTrail record, or a row of a table of such records. Fields that hold JSON as a text are parsed.
 *
 * @returns undefined if the object is none of these; it may still be an envelope of one
 */
export function eventOf(fields: Fields): Fields | undefined {
  if (Object.hasOwn(fields, 'detail-type')) return withParsed(fields, ['detail']);
  if (typeof own(fields, 'DetailType') === 'string' && own(fields, 'Detail') !== undefined) return entryOf(fields);
  if (isRecord(fields) && RECORD_PARTS.some((part) => Object.hasOwn(fields, part))) {
    return withParsed(fields, RECORD_PARTS);
  }
  return rowOf(fields);
}

const RECORD_PARTS = ['requestParameters', 'responseElements', 'userIdentity'] as const;

/**
 * Whether an object has the two names that identify a CloudTrail record. Without the parts of one, it may be the summary
 * that a search tool puts around the record. A message of a queue has an `eventSource`, too: `aws:sqs`.
 */
export function isRecord(fields: Fields): boolean {
  const [source, name] = [own(fields, 'eventSource'), own(fields, 'eventName')];
  return typeof source === 'string' && typeof name === 'string' && !source.startsWith('aws:');
}

/** An entry of PutEvents, as the event that EventBridge makes of it. The SDK writes its time as a number or a text. */
function entryOf(entry: Fields): Fields {
  const [time, resources] = [own(entry, 'Time'), own(entry, 'Resources')];
  return withParsed(
    {
      'detail-type': own(entry, 'DetailType'),
      source: own(entry, 'Source'),
      ...(typeof time === 'string' ? { time } : {}),
      ...(resources === undefined ? {} : { resources }),
      detail: own(entry, 'Detail'),
    },
    ['detail'],
  );
}

/** What Usher reads of a record, by the name of its column: without regard to case and underscores. */
const COLUMNS: ReadonlyMap<string, string> = new Map(
  [
    'eventSource',
    'eventName',
    'eventTime',
    'eventID',
    'errorCode',
    'readOnly',
    'requestParameters',
    'responseElements',
  ].map((name) => [name.toLowerCase(), name]),
);

/** A row of Athena, Microsoft Sentinel, Steampipe and others, which have names of their own for the fields of a record. */
function rowOf(row: Fields): Fields | undefined {
  const record: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(row)) {
    const name = COLUMNS.get(key.replaceAll('_', '').toLowerCase());
    if (name !== undefined) record[name] = value;
  }
  const isWhole = isRecord(record) && Object.hasOwn(record, 'requestParameters');
  return isWhole ? withParsed(record, RECORD_PARTS) : undefined;
}

/** Parses fields that hold a JSON object as a text; other texts stay. */
function withParsed(fields: Fields, keys: readonly string[]): Fields {
  let parsed = fields;
  for (const key of keys) {
    const value = own(fields, key);
    const inner = typeof value === 'string' ? objectIn(value) : undefined;
    if (inner) parsed = { ...parsed, [key]: inner };
  }
  return parsed;
}

function objectIn(text: string): Fields | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const value = jsonIn(text);
  return isObject(value) ? value : undefined;
}

/**
 * The input of an execution: of `describe-execution`, of the first event of a history, and of what a state machine logs.
 *
 * Later events of a history repeat the input of the execution; they are none of it.
 *
 * @returns undefined if the object is no part of an execution; `value` is missing if the input is not there
 */
export function executionInputIn(fields: Fields): { path: string; value: unknown } | 'none' | undefined {
  const isExecution =
    typeof own(fields, 'executionArn') === 'string' || typeof own(fields, 'stateMachineArn') === 'string';
  if (isExecution && ['input', 'status'].some((key) => Object.hasOwn(fields, key))) {
    return { path: 'input', value: own(fields, 'input') };
  }
  const started = own(fields, 'executionStartedEventDetails');
  if (isObject(started)) return { path: 'executionStartedEventDetails.input', value: own(started, 'input') };
  if (Object.hasOwn(fields, 'previous_event_id') && own(fields, 'type') === 'ExecutionStarted') {
    return { path: 'details.input', value: own(fields, 'details', 'input') };
  }
  return ['previousEventId', 'previous_event_id'].some((key) => Object.hasOwn(fields, key)) ? 'none' : undefined;
}

/** Forms that only name where records are, or have parts of them. */
const REFUSED: readonly { is(fields: Fields): boolean; problem: string }[] = [
  {
    is: (fields) => isObject(own(fields, 's3', 'object')),
    problem:
      'a notification of Amazon S3, which names a log file and holds no record. ' +
      `Name the files: jq -r '.. | .s3? // empty | "s3://\\(.bucket.name)/\\(.object.key)"' FILE; take one: aws s3 cp s3://BUCKET/KEY - | usher explain -`,
  },
  {
    is: (fields) => Object.hasOwn(fields, 's3Bucket') && Object.hasOwn(fields, 's3ObjectKey'),
    problem:
      'a notification of CloudTrail, which names log files and holds no record. ' +
      `Name the files: jq -r '"s3://\\(.s3Bucket)/\\(.s3ObjectKey[])"' FILE; take one: aws s3 cp s3://BUCKET/KEY - | usher explain -`,
  },
  {
    is: (fields) => Object.hasOwn(fields, 'digestS3Object'),
    problem:
      'a digest file of CloudTrail, which names log files and holds no record. ' +
      `Name the files: jq -r '.logFiles[] | "s3://\\(.s3Bucket)/\\(.s3Object)"' FILE; take one: aws s3 cp s3://BUCKET/KEY - | usher explain -`,
  },
  {
    is: (fields) =>
      ['EventId', 'EventName', 'EventSource'].every((key) => Object.hasOwn(fields, key)) &&
      !Object.hasOwn(fields, 'CloudTrailEvent'),
    problem:
      'an entry of lookup-events without its CloudTrailEvent. ' +
      `Keep it: aws cloudtrail lookup-events --query 'Events[].CloudTrailEvent', or jq '[.Events[].CloudTrailEvent]'`,
  },
  {
    is: (fields) => Object.keys(fields).some((key) => /^(?:\w+\.)?requestParameters\./.test(key)),
    problem:
      'a record that is spread over columns, such as requestParameters.groupId. ' +
      `Export the text of the record (in Splunk: | fields _raw), or take it out: jq -r '.. | ._raw? // empty' FILE`,
  },
];

/** Returns why an object of a known form holds no event, with how to get at it; undefined if it may hold one. */
export function refusalOf(fields: Fields): string | undefined {
  return REFUSED.find(({ is }) => is(fields))?.problem;
}
