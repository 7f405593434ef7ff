import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  paginateListExecutions,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import { own } from '../../domain/shared/json.ts';
import { parseJson } from '../../emulator/aws/json-service.ts';
import { KEPT_OUT, type PlayedExecution } from './compare.ts';
import type { Deployed } from './deployment.ts';
import { listAt } from './world.ts';

/** Starts executions as AWS does, and reads how they ended. */
export class Executions {
  readonly #machines: Pick<Deployed, 'machine' | 'adminMachine'>;
  readonly #now: () => Date;
  readonly #sfn: SFNClient;
  readonly #bus: EventBridgeClient;
  /** ARNs in the order of their starts; undefined for an event that started none. */
  readonly #started: (string | undefined)[] = [];

  /** @param now returns the time of the account, at which an event comes that says no other */
  constructor(machines: Pick<Deployed, 'machine' | 'adminMachine'>, settings: ClientSettings, now: () => Date) {
    this.#machines = machines;
    this.#now = now;
    this.#sfn = new SFNClient(settings);
    this.#bus = new EventBridgeClient(settings);
  }

  /** The ARN of the one that has this name in the local stack, `execution-<number>` in the order of starts. */
  arnOf(name: string): string {
    const arn = this.#started[Number(name.split('-').at(-1)) - 1];
    if (!arn) throw new Error(`${name} has not started`);
    return arn;
  }

  /**
   * An event goes on the bus, where the rule finds it or doesn't; anything else is the input of a manual start.
   *
   * @param admin on the state machine onboarding-admin
   */
  async start(input: unknown, admin: boolean): Promise<void> {
    const { machine, adminMachine } = this.#machines;
    if (admin || own(input, 'detail-type') === undefined) {
      const command = new StartExecutionCommand({
        stateMachineArn: admin ? adminMachine : machine,
        name: `manual-${this.#started.length + 1}`,
        input: JSON.stringify(input),
      });
      const { executionArn } = await this.#sfn.send(command);
      this.#started.push(executionArn);
      return;
    }
    const before = await this.#all();
    await this.#publish(input);
    const news = [...(await this.#all())].filter((arn) => !before.has(arn));
    this.#started.push(...(news.length > 0 ? news : [undefined]));
  }

  async #publish(event: unknown): Promise<void> {
    const time = own(event, 'time');
    const { Entries: [result] = [] } = await this.#bus.send(
      new PutEventsCommand({
        Entries: [
          {
            Source: String(own(event, 'source')),
            DetailType: String(own(event, 'detail-type')),
            Detail: JSON.stringify(own(event, 'detail')),
            Resources: listAt(event, 'resources').map(String),
            Time: typeof time === 'string' ? new Date(time) : this.#now(),
          },
        ],
      }),
    );
    if (!result?.EventId) throw new Error(`PutEvents: ${result?.ErrorCode} ${result?.ErrorMessage}`);
  }

  async #all(): Promise<Set<string>> {
    const arns = new Set<string>();
    for await (const { executions = [] } of paginateListExecutions(
      { client: this.#sfn },
      { stateMachineArn: this.#machines.machine },
    )) {
      for (const { executionArn } of executions) if (executionArn) arns.add(executionArn);
    }
    return arns;
  }

  /** How all of them went; one that has not ended is `running`. */
  ended(): Promise<PlayedExecution[]> {
    return Promise.all(this.#started.map((arn) => (arn ? this.#end(arn) : { outcome: KEPT_OUT, states: [] })));
  }

  async #end(executionArn: string): Promise<PlayedExecution> {
    const { status, output, error, cause } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
    const { events = [] } = await this.#sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
    const states = statesIn(events);
    return { outcome: outcomeOf({ status, last: states.at(-1), output, error, cause }), states };
  }
}

function statesIn(events: readonly HistoryEvent[]): string[] {
  return events.flatMap(({ stateEnteredEventDetails: entered }) => (entered?.name ? [entered.name] : []));
}

function outcomeOf(end: {
  status: string | undefined;
  last: string | undefined;
  output: string | undefined;
  error: string | undefined;
  cause: string | undefined;
}): string {
  const { status, last = '', output, error, cause } = end;
  if (status === 'RUNNING') return 'running';
  // Step Functions keeps the whole answer of a function as the cause.
  const message = own(cause === undefined ? undefined : parseJson(Buffer.from(cause)), 'errorMessage') ?? cause;
  if (status !== 'SUCCEEDED') return ['failed', error, message].filter(Boolean).join(': ');
  const outcome = last.charAt(0).toLowerCase() + last.slice(1);
  const reason = output === undefined ? undefined : own(parseJson(Buffer.from(output)), 'ignored');
  return typeof reason === 'string' ? `${outcome}: ${reason}` : outcome;
}
