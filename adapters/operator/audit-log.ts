import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';

/** An event of the audit stream, as the log group stores it. */
export interface LoggedEvent {
  /** CloudWatch's own id. It identifies a log entry; two copies of one audit event have two ids. */
  id: string;
  /** The time of the log entry. */
  at: Date;
  /** JSON: the event in EventBridge's envelope. */
  text: string;
}

/** A filter; an event must match every given field. */
export interface AuditQuery {
  since?: Date;
  until?: Date;
  userId?: string;
  /** Name of an entitlement. */
  entitlement?: string;
  /** ARN of an application. */
  application?: string;
  /** `Seat Assigned`, … */
  detailType?: string;
  /** ARN of the execution that recorded the event. */
  execution?: string;
}

/** The part of a function's log that `usher doctor` reads. */
export interface FunctionLog {
  /**
   * Whether NormalizeRequest has received an event that was recorded in this account, since a time; undefined if the log
   * group does not exist.
   */
  hasEventOf(accountId: string, since: Date): Promise<boolean | undefined>;
}

/**
 * The log group that stores the audit stream.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface AuditLog {
  /** Matching events, oldest first, by pages, some of which may be empty. A missing log group yields undefined once. */
  events(query: AuditQuery): AsyncIterable<readonly LoggedEvent[] | undefined>;
  /** When the log group was created, and how long it keeps events; undefined if there is none. */
  group(): Promise<LogGroup | undefined>;
}

/** A log group. */
export interface LogGroup {
  createdAt: Date;
  /** Absent: it keeps events forever. */
  keepsDays?: number;
}

/**
 * CloudWatch Logs.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
const LOGS_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was throttled because of quota limits.' },
  { exception: 'ServiceUnavailableException', as: 'transient', because: 'The service cannot complete the request.' },
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: "You don't have sufficient permissions to perform this action.",
  },
  { exception: 'InvalidParameterException', as: 'validation', because: 'A parameter is specified incorrectly.' },
];

type Filter = Partial<Pick<FilterLogEventsCommandInput, 'startTime' | 'endTime' | 'filterPattern'>>;

/** Yields matching events, oldest first, by pages; for a missing log group yields undefined once. */
async function* filtered(client: CloudWatchLogsClient, logGroupName: string, filter: Filter) {
  const operation = 'FilterLogEvents';
  const ask = askWith(LOGS_ERRORS);
  for await (const { events, isMissing } of pages(operation, (nextToken) =>
    ask(operation, [`log group ${logGroupName}`], async () => {
      const command = new FilterLogEventsCommand({ logGroupName, ...filter, nextToken });
      const page = await undefinedIf(
        (error) => error instanceof ResourceNotFoundException,
        () => client.send(command),
      );
      return { events: page?.events, NextToken: page?.nextToken, isMissing: page === undefined };
    }),
  )) {
    if (isMissing) {
      yield undefined;
      return;
    }
    yield listIn(events ?? [], operation, 'events').map(({ eventId = '', timestamp = 0, message = '' }) => ({
      id: eventId,
      at: new Date(timestamp),
      text: message,
    }));
  }
}

/** The audit stream in a log group of CloudWatch Logs. */
export function cloudWatchAuditLog(client: CloudWatchLogsClient, logGroup: string): AuditLog {
  return {
    events: (query) =>
      filtered(client, logGroup, {
        startTime: query.since?.getTime(),
        endTime: query.until?.getTime(),
        filterPattern: patternOf(query),
      }),

    group: () => describeGroup(client, logGroup),
  };
}

/** DescribeLogGroups lists all groups whose names begin with a text. */
async function describeGroup(client: CloudWatchLogsClient, logGroup: string): Promise<LogGroup | undefined> {
  const operation = 'DescribeLogGroups';
  const ask = askWith(LOGS_ERRORS);
  for await (const { logGroups } of pages(operation, (nextToken) =>
    ask(operation, [`log group ${logGroup}`], async () => {
      const page = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroup, nextToken }));
      return { logGroups: page.logGroups, NextToken: page.nextToken };
    }),
  )) {
    const found = listIn(logGroups ?? [], operation, 'logGroups').find((one) => one.logGroupName === logGroup);
    if (!found) continue;
    const { creationTime, retentionInDays } = found;
    if (creationTime === undefined) throw malformedAnswer(operation, 'logGroups.creationTime');
    return { createdAt: new Date(creationTime), ...(retentionInDays ? { keepsDays: retentionInDays } : {}) };
  }
  return undefined;
}

/** The log of the function NormalizeRequest. */
export function cloudWatchFunctionLog(client: CloudWatchLogsClient, logGroup: string): FunctionLog {
  return {
    async hasEventOf(accountId, since) {
      const filterPattern = `{ ($.eventAccount = ${JSON.stringify(accountId)}) }`;
      for await (const page of filtered(client, logGroup, { startTime: since.getTime(), filterPattern })) {
        if (page === undefined) return undefined;
        if (page.length > 0) return true;
      }
      return false;
    },
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
function patternOf({ userId, entitlement, application, detailType, execution }: AuditQuery): string | undefined {
  const terms = [
    ['$.detail.user.uid', userId],
    ['$.detail.privileges[0]', entitlement],
    ['$.detail.resources[0].uid', application],
    ['$.detail-type', detailType],
    ['$.detail.metadata.correlation_uid', execution],
  ].flatMap(([place, value]) => (value === undefined ? [] : [`(${place} = ${JSON.stringify(value)})`]));
  return terms.length === 0 ? undefined : `{ ${terms.join(' && ')} }`;
}

/** {@link cloudWatchAuditLog} with a client of its own. */
export function connectAuditLog(settings: ClientSettings, logGroup: string): AuditLog {
  return cloudWatchAuditLog(new CloudWatchLogsClient(settings), logGroup);
}

/** {@link cloudWatchFunctionLog} with a client of its own. */
export function connectFunctionLog(settings: ClientSettings, logGroup: string): FunctionLog {
  return cloudWatchFunctionLog(new CloudWatchLogsClient(settings), logGroup);
}
