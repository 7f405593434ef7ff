import * as z from 'zod/mini';
import { jsonService, operation, pageToken, parsePageToken, type Service, ServiceError } from '../json-service.ts';

/** A line of a log group: one JSON object. */
export interface LogRecord {
  /** When it arrived, in milliseconds since the epoch. */
  at: number;
  event: Record<string, unknown>;
}

const Timestamp = z.number().check(z.minimum(0));
const FilterInput = z.object({
  logGroupName: z.string(),
  startTime: z.optional(Timestamp),
  endTime: z.optional(Timestamp),
  filterPattern: z.optional(z.string()),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 10_000),
  nextToken: z.optional(z.string()),
});

/**
 * Returns CloudWatch Logs with FilterLogEvents.
 *
 * @param groups records by the name of their log group; the caller may add records later
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export function cloudWatchLogs(groups: ReadonlyMap<string, readonly LogRecord[]>): Service {
  const filter = operation(FilterInput, (input) => {
    const records = groups.get(input.logGroupName);
    if (!records) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
    return filterRecords(records, input);
  });
  return jsonService('CloudWatchLogs', new Map([['FilterLogEvents', filter]]));
}

function filterRecords(records: readonly LogRecord[], input: z.infer<typeof FilterInput>): object {
  const matches = matcherOf(input.filterPattern);
  const from = Number(parsePageToken('events', input.nextToken) ?? 0);
  const { startTime = 0, endTime = Number.POSITIVE_INFINITY } = input;
  const events: object[] = [];
  for (let index = from; index < records.length; index += 1) {
    const record = records[index];
    if (!record || record.at < startTime || record.at > endTime || !matches(record.event)) continue;
    if (events.length === input.limit) return { events, nextToken: pageToken('events', String(index)) };
    events.push({
      logStreamName: 'local',
      timestamp: record.at,
      ingestionTime: record.at,
      eventId: String(index).padStart(56, '0'),
      message: JSON.stringify(record.event),
    });
  }
  return { events };
}

const TERM = /^\(\$((?:\.[\w-]+|\[\d+\])+) = ("(?:[^"\\]|\\.)*")\)$/;

/**
 * Returns a matcher for the part of CloudWatch's filter language that Usher uses: `{ ($.a.b[0] = "x") && ($.c-d = "y") }`.
 *
 * @throws ServiceError InvalidParameterException for any other pattern
 */
function matcherOf(pattern: string | undefined): (event: object) => boolean {
  if (pattern === undefined) return () => true;
  const [, inner = ''] = /^\{ (.+) \}$/.exec(pattern) ?? [];
  const terms = inner.split(' && ').map((term) => {
    const [, path = '', value = ''] = TERM.exec(term) ?? [];
    if (path === '') throw new ServiceError('InvalidParameterException', 'The filter pattern is not one of Usher.');
    const keys = [...path.matchAll(/[\w-]+/g)].map(([key]) => key);
    return { keys, value: JSON.parse(value) };
  });
  return (event) => terms.every(({ keys, value }) => valueAt(event, keys) === value);
}

function valueAt(event: unknown, keys: readonly string[]): unknown {
  return keys.reduce((value, key) => (typeof value === 'object' && value ? Reflect.get(value, key) : undefined), event);
}
