import * as z from 'zod/mini';
import { namesOf } from '../../../adapters/resource-names.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { Template } from '../../engine/template.ts';
import { ACCOUNT, accountServices } from '../account/account.ts';
import { lookupEvents, type Recorded } from '../cloudtrail/lookup-events.ts';
import { AuditStream } from '../eventbridge/audit-stream.ts';
import { jsonService, type Operation, operation, type Service, ServiceError } from '../json-service.ts';
import { deliveredObjects } from '../s3/audit-bucket.ts';
import { s3 } from '../s3/s3.ts';
import { Queues } from '../sqs/queues.ts';

/** Names of the deployed resources, for the stage of the emulator. */
export const NAMES = namesOf('local');
/** The bucket with the copy of the audit stream. */
export const AUDIT_BUCKET = `${NAMES.prefix}-audit-copy`;
/** Seconds between two ticks of the schedule. */
export const TICK_SECONDS = 300;

/** The deployed resources that the operator's command reads, except functions, state machines and ledger. */
export interface ControlPlane {
  queues: Queues;
  audit: AuditStream;
  /** Operations of EventBridge on rules, buses, archives and replays. */
  eventOperations: ReadonlyMap<string, Operation>;
  services: Record<'SQS' | 'CloudWatchLogs' | 'CloudTrail' | 'Organizations' | 'Scheduler' | 'STS' | 'S3', Service>;
}

const RuleInput = z.object({ Name: z.string(), EventBusName: z._default(z.string(), 'default') });
const TargetsInput = z.object({ Rule: z.string(), EventBusName: z._default(z.string(), 'default') });
const BusInput = z.object({ Name: z._default(z.string(), 'default') });
const ScheduleInput = z.object({ Name: z.string(), GroupName: z._default(z.string(), 'default') });

function doesNotExist(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${what} does not exist.`, { statusCode: 404 });
}

/** Returns the resources that are deployed in this Region. @param template has the event patterns of the rules */
export function controlPlane({
  clock,
  region,
  stateMachineArn,
  template: { patterns, notices },
  recorded,
  caller,
  onAudit,
}: {
  clock: Clock;
  region: string;
  stateMachineArn: string;
  template: Pick<Template, 'patterns' | 'notices'>;
  /** What CloudTrail has recorded. */
  recorded: Recorded;
  /** The account that calls; that of the deployment if left out. */
  caller?: string | undefined;
  /** Called with each event of the audit bus, as a rule sees it. */
  onAudit?(event: object): void;
}): ControlPlane {
  const events = (kind: string, name: string) => `arn:aws:events:${region}:${ACCOUNT}:${kind}/${name}`;
  const queueArn = (name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`;
  const queues = new Queues(Object.values(NAMES.queues), { clock, account: ACCOUNT, region });
  const audit = new AuditStream(
    {
      archive: NAMES.auditArchive,
      bus: NAMES.auditBus,
      logGroup: NAMES.auditLogGroup,
      functionLogGroup: NAMES.normalizeLogGroup,
      region,
      account: ACCOUNT,
    },
    clock,
    onAudit,
  );

  const rules = new Map([
    [`default/${NAMES.eventRule}`, { pattern: patterns.events, target: stateMachineArn, queue: NAMES.queues.events }],
    [
      `default/${NAMES.failureRule}`,
      {
        pattern: patterns.failures,
        target: `arn:aws:lambda:${region}:${ACCOUNT}:function:${NAMES.prefix}-recordAudit`,
        queue: NAMES.queues.failures,
      },
    ],
    [
      `${NAMES.auditBus}/${NAMES.auditRule}`,
      {
        pattern: { source: ['usher'] },
        target: `arn:aws:logs:${region}:${ACCOUNT}:log-group:${NAMES.auditLogGroup}`,
        queue: NAMES.queues.audit,
      },
    ],
    [
      `${NAMES.auditBus}/${NAMES.noticesRule}`,
      { pattern: notices.pattern, target: queueArn(NAMES.noticesQueue), queue: NAMES.noticesDeadLetters },
    ],
  ]);
  const ruleOf = (bus: string, name: string) => {
    const rule = rules.get(`${bus}/${name}`);
    // The rule of the notices exists only with its queues.
    if (!(rule && queues.has(rule.queue))) throw doesNotExist(`Rule ${name}`);
    return rule;
  };
  const eventOperations = new Map<string, Operation>([
    ...audit.archiveOperations,
    [
      'DescribeRule',
      operation(RuleInput, ({ Name, EventBusName }) => ({
        Name,
        Arn: events('rule', EventBusName === 'default' ? Name : `${EventBusName}/${Name}`),
        EventPattern: JSON.stringify(ruleOf(EventBusName, Name).pattern),
        State: 'ENABLED',
        EventBusName,
      })),
    ],
    [
      'ListTargetsByRule',
      operation(TargetsInput, ({ Rule, EventBusName }) => {
        const { target, queue } = ruleOf(EventBusName, Rule);
        return { Targets: [{ Id: 'target', Arn: target, DeadLetterConfig: { Arn: queueArn(queue) } }] };
      }),
    ],
    [
      'DescribeEventBus',
      operation(BusInput, ({ Name }) => {
        if (Name !== 'default' && Name !== NAMES.auditBus) throw doesNotExist(`Event bus ${Name}`);
        return { Name, Arn: events('event-bus', Name) };
      }),
    ],
  ]);

  const createdAt = clock.now().getTime() / 1000;
  const schedule = operation(ScheduleInput, ({ Name, GroupName }) => {
    if (Name !== NAMES.schedule || GroupName !== NAMES.scheduleGroup) throw doesNotExist(`Schedule ${Name}`);
    return {
      Name,
      GroupName,
      State: 'ENABLED',
      CreationDate: createdAt,
      ScheduleExpression: `rate(${TICK_SECONDS / 60} minutes)`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: stateMachineArn,
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/tick`,
        Input: '{ "scope": "tick" }',
        DeadLetterConfig: { Arn: queueArn(NAMES.queues.ticks) },
      },
    };
  });
  return {
    queues,
    audit,
    eventOperations,
    services: {
      SQS: queues.service,
      CloudWatchLogs: audit.log,
      Scheduler: jsonService('Scheduler', new Map([['GetSchedule', schedule]])),
      ...accountServices(region, lookupEvents(recorded, clock), caller),
      S3: s3(
        new Map([
          [
            AUDIT_BUCKET,
            () => deliveredObjects(audit.kept(), { stack: NAMES.prefix, stream: NAMES.auditBus, now: clock.now() }),
          ],
        ]),
      ),
    },
  };
}
