import * as z from 'zod/mini';
import { namesOf } from '../../../adapters/resource-names.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { Template } from '../../engine/template.ts';
import { AuditStream } from '../eventbridge/audit-archive.ts';
import { jsonService, type Operation, operation, type Service, ServiceError } from '../json-service.ts';
import { Queues } from '../sqs/queues.ts';

/** Whom the local stack belongs to: it is the delegated administrator of another account's Identity Center. */
export const ACCOUNT = '000000000000';
export const MANAGEMENT_ACCOUNT = '111122223333';
/** The stage of the local stack. */
export const NAMES = namesOf('local');
/** Seconds between two ticks, as the schedule has it. */
export const TICK_SECONDS = 300;

/** What a deployment consists of beside functions, machines and ledger, as far as the operator's command looks at it. */
export interface ControlPlane {
  queues: Queues;
  audit: AuditStream;
  /** To be served by EventBridge beside PutEvents. */
  eventOperations: ReadonlyMap<string, Operation>;
  services: Record<'SQS' | 'CloudWatchLogs' | 'CloudTrail' | 'Organizations' | 'Scheduler' | 'STS', Service>;
}

const RuleInput = z.object({ Name: z.string(), EventBusName: z._default(z.string(), 'default') });
const TargetsInput = z.object({ Rule: z.string(), EventBusName: z._default(z.string(), 'default') });
const BusInput = z.object({ Name: z._default(z.string(), 'default') });
const ScheduleInput = z.object({ Name: z.string(), GroupName: z.string() });
const Anything = z.object({});

function missing(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${what} does not exist.`, { statusCode: 404 });
}

/** Makes what is deployed in this Region, for a machine and the patterns of the template. */
export function controlPlane({
  clock,
  region,
  machineArn,
  patterns,
}: {
  clock: Clock;
  region: string;
  machineArn: string;
  patterns: Template['patterns'];
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
  );

  const rules = new Map([
    [`default/${NAMES.eventRule}`, { pattern: patterns.events, target: machineArn, queue: NAMES.queues.events }],
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
  ]);
  const ruleOf = (bus: string, name: string) => {
    const rule = rules.get(`${bus}/${name}`);
    if (!rule) throw missing(`Rule ${name}`);
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
        if (Name !== 'default' && Name !== NAMES.auditBus) throw missing(`Event bus ${Name}`);
        return { Name, Arn: events('event-bus', Name) };
      }),
    ],
  ]);

  const schedule = operation(ScheduleInput, ({ Name, GroupName }) => {
    if (Name !== NAMES.schedule || GroupName !== NAMES.scheduleGroup) throw missing(`Schedule ${Name}`);
    return {
      Name,
      GroupName,
      State: 'ENABLED',
      ScheduleExpression: `rate(${TICK_SECONDS / 60} minutes)`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: machineArn,
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
      ...accountServices(region),
    },
  };
}

/** Who calls, in which organization, and the trail that records management events there. */
function accountServices(region: string): Pick<ControlPlane['services'], 'STS' | 'Organizations' | 'CloudTrail'> {
  const trailArn = `arn:aws:cloudtrail:${region}:${MANAGEMENT_ACCOUNT}:trail/organization`;
  const identity = operation(Anything, () => ({
    GetCallerIdentityResult: {
      Arn: `arn:aws:iam::${ACCOUNT}:user/local`,
      UserId: 'AIDALOCAL',
      Account: ACCOUNT,
    },
    ResponseMetadata: { RequestId: 'local' },
  }));
  const organization = operation(Anything, () => ({
    Organization: { Id: 'o-local00000', MasterAccountId: MANAGEMENT_ACCOUNT, FeatureSet: 'ALL' },
  }));
  const administrators = operation(Anything, () => ({ DelegatedAdministrators: [{ Id: ACCOUNT, Status: 'ACTIVE' }] }));
  const trails = operation(Anything, () => ({
    trailList: [
      {
        Name: 'organization',
        TrailARN: trailArn,
        HomeRegion: region,
        IsMultiRegionTrail: true,
        IsOrganizationTrail: true,
      },
    ],
  }));
  const trailStatus = operation(Anything, () => ({ IsLogging: true }));
  const selectors = operation(Anything, () => ({
    TrailARN: trailArn,
    EventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true, DataResources: [] }],
  }));
  return {
    STS: jsonService('STS', new Map([['GetCallerIdentity', identity]])),
    Organizations: jsonService(
      'Organizations',
      new Map([
        ['DescribeOrganization', organization],
        ['ListDelegatedAdministrators', administrators],
      ]),
    ),
    CloudTrail: jsonService(
      'CloudTrail',
      new Map([
        ['DescribeTrails', trails],
        ['GetTrailStatus', trailStatus],
        ['GetEventSelectors', selectors],
      ]),
    ),
  };
}
