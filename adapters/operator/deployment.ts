import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeArchiveCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { type ErrorRow, EVENT_BRIDGE_ERRORS } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { DYNAMODB_ERRORS } from '../ledger.ts';
import { type Ask, askWith, listIn, undefinedIf } from '../requests.ts';

/** The target of a rule or a schedule, and the queue for events that it could not deliver. */
export interface Target {
  arn: string;
  deadLetterArn: string | undefined;
}

/** A rule on an event bus. */
export interface Rule {
  /** `ENABLED`, `DISABLED`, … */
  state: string;
  /** JSON. */
  pattern: string;
  targets: readonly Target[];
}

/** A schedule of EventBridge Scheduler. */
export interface Schedule {
  state: string;
  expression: string;
  target: Target;
  /** JSON: the input of the target. */
  input: string | undefined;
}

/** A trail of CloudTrail. */
export interface Trail {
  arn: string;
  /** Undefined if this account may not read it. */
  isLogging: boolean | undefined;
  /** Whether the trail records writes of management events; undefined if this account may not read that. */
  recordsWrites: boolean | undefined;
}

/**
 * The deployed resources around functions and state machines; undefined for a missing one.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Deployment {
  rule(name: string, bus?: string): Promise<Rule | undefined>;
  schedule(name: string, group: string): Promise<Schedule | undefined>;
  /** The status of the table: `ACTIVE`, … */
  table(name: string): Promise<string | undefined>;
  /** The ARN of the bus. */
  bus(name: string): Promise<string | undefined>;
  archive(name: string): Promise<{ arn: string; state: string; days: number } | undefined>;
  /** Trails that record in this Region, including those of the organization. */
  trails(): Promise<readonly Trail[]>;
}

/** Errors that all of these services share. */
const COMMON: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'InternalServerException', as: 'transient', because: 'Unexpected error encountered while processing.' },
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'You do not have sufficient access.' },
];

function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

const unlessMissing = <T>(read: () => Promise<T>) =>
  undefinedIf((error) => isNamed(error, 'ResourceNotFoundException'), read);

/** A member account sees the organization's trail, but may not read everything about it. */
const unlessForeign = <T>(read: () => Promise<T>) =>
  undefinedIf(
    (error) => isNamed(error, 'TrailNotFoundException', 'CloudTrailARNInvalidException', 'RefusedError'),
    read,
  );

/** The deployment, over the SDK. */
export function awsDeployment(clients: {
  events: EventBridgeClient;
  scheduler: SchedulerClient;
  dynamo: DynamoDBClient;
  cloudTrail: CloudTrailClient;
}): Deployment {
  const { events, scheduler, dynamo, cloudTrail } = clients;
  const askEvents = askWith(EVENT_BRIDGE_ERRORS);
  const ask = askWith(COMMON);
  // Here, a missing table is an answer, not a refusal.
  const askTables = askWith(DYNAMODB_ERRORS.filter(({ exception }) => exception !== 'ResourceNotFoundException'));

  return {
    rule: (name, bus = 'default') =>
      unlessMissing(async () => {
        const ids = [`rule ${name}`];
        const rule = await askEvents('DescribeRule', ids, () =>
          events.send(new DescribeRuleCommand({ Name: name, EventBusName: bus })),
        );
        const { Targets } = await askEvents('ListTargetsByRule', ids, () =>
          events.send(new ListTargetsByRuleCommand({ Rule: name, EventBusName: bus })),
        );
        return {
          state: rule.State ?? '',
          pattern: rule.EventPattern ?? '{}',
          targets: listIn(Targets ?? [], 'ListTargetsByRule', 'Targets').map(({ Arn = '', DeadLetterConfig }) => ({
            arn: Arn,
            deadLetterArn: DeadLetterConfig?.Arn,
          })),
        };
      }),

    schedule: (name, group) =>
      unlessMissing(async () => {
        const found = await ask('GetSchedule', [`schedule ${name}`], () =>
          scheduler.send(new GetScheduleCommand({ Name: name, GroupName: group })),
        );
        return {
          state: found.State ?? '',
          expression: found.ScheduleExpression ?? '',
          target: { arn: found.Target?.Arn ?? '', deadLetterArn: found.Target?.DeadLetterConfig?.Arn },
          input: found.Target?.Input,
        };
      }),

    table: (name) =>
      unlessMissing(async () => {
        const { Table } = await askTables('DescribeTable', [`table ${name}`], () =>
          dynamo.send(new DescribeTableCommand({ TableName: name })),
        );
        return Table?.TableStatus ?? '';
      }),

    bus: (name) =>
      unlessMissing(async () => {
        const { Arn } = await askEvents('DescribeEventBus', [`bus ${name}`], () =>
          events.send(new DescribeEventBusCommand({ Name: name })),
        );
        return Arn ?? '';
      }),

    archive: (name) =>
      unlessMissing(async () => {
        const { ArchiveArn, State, RetentionDays } = await askEvents('DescribeArchive', [`archive ${name}`], () =>
          events.send(new DescribeArchiveCommand({ ArchiveName: name })),
        );
        return { arn: ArchiveArn ?? '', state: State ?? '', days: RetentionDays ?? 0 };
      }),

    async trails() {
      const { trailList } = await ask('DescribeTrails', [], () => cloudTrail.send(new DescribeTrailsCommand({})));
      const found: Trail[] = [];
      for (const { TrailARN: arn } of listIn(trailList ?? [], 'DescribeTrails', 'trailList')) {
        if (!arn) continue;
        const isLogging = await unlessForeign(async () => {
          const { IsLogging } = await ask('GetTrailStatus', [`trail ${arn}`], () =>
            cloudTrail.send(new GetTrailStatusCommand({ Name: arn })),
          );
          return IsLogging === true;
        });
        found.push({ arn, isLogging, recordsWrites: await unlessForeign(() => recordsWrites(arn, cloudTrail, ask)) });
      }
      return found;
    },
  };
}

async function recordsWrites(arn: string, client: CloudTrailClient, ask: Ask): Promise<boolean> {
  const { EventSelectors, AdvancedEventSelectors } = await ask('GetEventSelectors', [`trail ${arn}`], () =>
    client.send(new GetEventSelectorsCommand({ TrailName: arn })),
  );
  const basic = (EventSelectors ?? []).some(
    ({ IncludeManagementEvents, ReadWriteType }) => IncludeManagementEvents && ReadWriteType !== 'ReadOnly',
  );
  const advanced = (AdvancedEventSelectors ?? []).some(({ FieldSelectors = [] }) => {
    const management = FieldSelectors.some(
      ({ Field, Equals = [] }) => Field === 'eventCategory' && Equals.includes('Management'),
    );
    const onlyReads = FieldSelectors.some(({ Field, Equals = [] }) => Field === 'readOnly' && Equals.includes('true'));
    return management && !onlyReads;
  });
  return basic || advanced;
}

/** {@link awsDeployment} with clients of its own. */
export function connectDeployment(settings: ClientSettings): Deployment {
  return awsDeployment({
    events: new EventBridgeClient(settings),
    scheduler: new SchedulerClient(settings),
    dynamo: new DynamoDBClient(settings),
    cloudTrail: new CloudTrailClient(settings),
  });
}
