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
import { listAt } from './world.ts';

const POLL_MILLISECONDS = 1000;

/** Starts executions as AWS does, and follows them to their ends. */
export class Executions {
  readonly #machine: string;
  readonly #sfn: SFNClient;
  readonly #bus: EventBridgeClient;
  /** ARNs in the order of their starts; undefined for an event that started none. */
  readonly #started: (string | undefined)[] = [];

  /** @param machine ARN of the one that the rule starts */
  constructor(machine: string, settings: ClientSettings) {
    this.#machine = machine;
    this.#sfn = new SFNClient(settings);
    this.#bus = new EventBridgeClient(settings);
  }

  /** An event goes on the bus, where the rule finds it or doesn't; anything else is the input of a manual start. */
  async start(input: unknown): Promise<void> {
    if (own(input, 'detail-type') === undefined) {
      const command = new StartExecutionCommand({
        stateMachineArn: this.#machine,
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
            ...(typeof time === 'string' ? { Time: new Date(time) } : {}),
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
      { stateMachineArn: this.#machine },
    )) {
      for (const { executionArn } of executions) if (executionArn) arns.add(executionArn);
    }
    return arns;
  }

  /** How all of them went; one that doesn't end in time is `running`. */
  async ended(withinSeconds: number): Promise<PlayedExecution[]> {
    const deadline = Date.now() + withinSeconds * 1000;
    const executions: PlayedExecution[] = [];
    for (const arn of this.#started)
      executions.push(arn ? await this.#end(arn, deadline) : { outcome: KEPT_OUT, states: [] });
    return executions;
  }

  async #end(executionArn: string, deadline: number): Promise<PlayedExecution> {
    for (;;) {
      const { status, output, error, cause } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (status !== 'RUNNING' || Date.now() > deadline) {
        const { events = [] } = await this.#sfn.send(
          new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
        );
        const states = statesIn(events);
        return { outcome: outcomeOf({ status, last: states.at(-1), output, error, cause }), states };
      }
      await sleep(POLL_MILLISECONDS);
    }
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

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
