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
import { askWith, listIn, malformedAnswer, undefinedIf } from '../requests.ts';

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
  createdAt: Date | undefined;
}

/**
 * The deployed resources around functions and state machines; undefined for a missing one.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Deployment {
  rule(name: string, bus?: string): Promise<Rule | undefined>;
  /** The state of the rule, which takes half the requests. */
  ruleState(name: string, bus?: string): Promise<Rule['state'] | undefined>;
  schedule(name: string, group: string): Promise<Schedule | undefined>;
  /** The ARN of the bus. */
  bus(name: string): Promise<string | undefined>;
  archive(name: string): Promise<{ arn: string; state: string; days: number } | undefined>;
}

/** Exceptions of EventBridge Scheduler. */
const SCHEDULER_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  { exception: 'InternalServerException', as: 'transient', because: 'Unexpected error encountered while processing.' },
  { exception: 'AccessDeniedException', as: 'access-denied', because: 'You do not have sufficient access.' },
];

const unlessMissing = <T>(send: () => Promise<T>) =>
  undefinedIf((error) => error instanceof Error && error.name === 'ResourceNotFoundException', send);

/** The deployment, over the SDK. */
export function awsDeployment(clients: { events: EventBridgeClient; scheduler: SchedulerClient }): Deployment {
  const { events, scheduler } = clients;
  const askEvents = askWith(EVENT_BRIDGE_ERRORS);
  const ask = askWith(SCHEDULER_ERRORS);

  function describeRule(name: string, bus = 'default') {
    return askEvents('DescribeRule', [`rule ${name}`], async () => {
      const command = new DescribeRuleCommand({ Name: name, EventBusName: bus });
      return withState(await unlessMissing(() => events.send(command)), 'DescribeRule');
    });
  }

  return {
    async rule(name, bus = 'default') {
      const rule = await describeRule(name, bus);
      const targets = await askEvents('ListTargetsByRule', [`rule ${name}`], () =>
        unlessMissing(() => events.send(new ListTargetsByRuleCommand({ Rule: name, EventBusName: bus }))),
      );
      if (!(rule && targets)) return undefined;
      return {
        state: rule.State,
        pattern: rule.EventPattern ?? '{}',
        targets: listIn(targets.Targets ?? [], 'ListTargetsByRule', 'Targets').map(
          ({ Arn = '', DeadLetterConfig }) => ({ arn: Arn, deadLetterArn: DeadLetterConfig?.Arn }),
        ),
      };
    },

    ruleState: async (name, bus) => (await describeRule(name, bus))?.State,

    async schedule(name, group) {
      const found = await ask('GetSchedule', [`schedule ${name}`], async () => {
        const command = new GetScheduleCommand({ Name: name, GroupName: group });
        return withState(await unlessMissing(() => scheduler.send(command)), 'GetSchedule');
      });
      return (
        found && {
          state: found.State,
          expression: found.ScheduleExpression ?? '',
          target: { arn: found.Target?.Arn ?? '', deadLetterArn: found.Target?.DeadLetterConfig?.Arn },
          input: found.Target?.Input,
          createdAt: found.CreationDate,
        }
      );
    },

    async bus(name) {
      const found = await askEvents('DescribeEventBus', [`bus ${name}`], () =>
        unlessMissing(() => events.send(new DescribeEventBusCommand({ Name: name }))),
      );
      return found && (found.Arn ?? '');
    },

    async archive(name) {
      const found = await askEvents('DescribeArchive', [`archive ${name}`], () =>
        unlessMissing(() => events.send(new DescribeArchiveCommand({ ArchiveName: name }))),
      );
      return found && { arn: found.ArchiveArn ?? '', state: found.State ?? '', days: found.RetentionDays ?? 0 };
    },
  };
}

/** Returns an answer that says whether something is enabled. An answer that does not must not look like `DISABLED`. */
function withState<T extends { State?: string | undefined }>(
  answer: T | undefined,
  operation: string,
): (T & { State: string }) | undefined {
  if (answer === undefined) return undefined;
  const { State } = answer;
  if (State === undefined) throw malformedAnswer(operation, 'State');
  return { ...answer, State };
}

/** {@link awsDeployment} with clients of its own. */
export function connectDeployment(settings: ClientSettings): Deployment {
  return awsDeployment({ events: new EventBridgeClient(settings), scheduler: new SchedulerClient(settings) });
}
