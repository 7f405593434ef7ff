import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
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

const GroupsInput = z.object({
  logGroupNamePrefix: z.optional(z.string()),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(50)), 50),
  nextToken: z.optional(z.string()),
});

const RetentionInput = z.object({
  logGroupName: z.string(),
  // The API reference lists more, and no other number.
  retentionInDays: z.union([z.literal(1), z.literal(3), z.literal(5), z.literal(7), z.literal(30), z.literal(365)]),
});
const DAY_MILLISECONDS = 86_400_000;

/** The log groups, and what the emulator says of each. */
export interface LogGroups {
  /** By the name of the group. The caller may add more later. */
  records: ReadonlyMap<string, readonly LogRecord[]>;
  clock: Pick<Clock, 'now'>;
  /** In milliseconds since the epoch. */
  createdAt(): number;
  /** How long every group keeps its records, until PutRetentionPolicy changes it. */
  keepsDays: number;
}

/**
 * Returns CloudWatch Logs with FilterLogEvents, DescribeLogGroups and PutRetentionPolicy.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export function cloudWatchLogs({ records: groups, clock, createdAt, keepsDays }: LogGroups): Service {
  const changed = new Map<string, number>();
  const keptBy = (name: string) => changed.get(name) ?? keepsDays;
  const existing = (name: string) => {
    const records = groups.get(name);
    if (!records) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
    return records;
  };
  const filter = operation(FilterInput, ({ startTime = 0, ...input }) => {
    const records = existing(input.logGroupName);
    const oldest = clock.now().getTime() - keptBy(input.logGroupName) * DAY_MILLISECONDS;
    return filterRecords(records, { ...input, startTime: Math.max(startTime, oldest) });
  });
  const retain = operation(RetentionInput, ({ logGroupName, retentionInDays }) => {
    existing(logGroupName);
    changed.set(logGroupName, retentionInDays);
    return {};
  });
  const describe = operation(GroupsInput, ({ logGroupNamePrefix = '', limit, nextToken }) => {
    const names = [...groups.keys()].filter((name) => name.startsWith(logGroupNamePrefix)).sort();
    const from = Number(parsePageToken('groups', nextToken) ?? 0);
    const page = names.slice(from, from + limit);
    return {
      logGroups: page.map((logGroupName) => ({
        logGroupName,
        creationTime: createdAt(),
        retentionInDays: keptBy(logGroupName),
      })),
      nextToken: from + limit < names.length ? pageToken('groups', String(from + limit)) : undefined,
    };
  });
  return jsonService(
    'CloudWatchLogs',
    new Map([
      ['FilterLogEvents', filter],
      ['DescribeLogGroups', describe],
      ['PutRetentionPolicy', retain],
    ]),
  );
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
