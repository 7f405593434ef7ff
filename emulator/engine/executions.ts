import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { PAYLOAD_LIMIT_BYTES } from '../../domain/shared/limits.ts';
import type { Interpreter } from './interpreter.ts';
import type { VirtualTime } from './virtual-time.ts';

type InterpreterRun = ReturnType<InstanceType<Interpreter['StateMachine']>['run']>;
/** An entry of the interpreter's own event log. */
export type LogEvent = InterpreterRun['eventLogs'] extends AsyncGenerator<infer Event> ? Event : never;

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One execution. The emulator keeps it in memory. */
export interface Execution {
  arn: string;
  name: string;
  input: string;
  status: ExecutionStatus;
  startedAt: Date;
  endedAt?: Date;
  redrivenAt?: Date;
  output?: string;
  error?: string;
  cause?: string;
  redrives: number;
  /** The interpreter's log, over all redrives. */
  log: LogEvent[];
  /** Number of history events that AWS would have counted so far. */
  historyEvents: number;
}

/** AWS ends an execution with more history events than this. */
export const HISTORY_LIMIT_EVENTS = 25_000;

/** AWS redrives an execution at most this long after its end. */
const REDRIVABLE_DAYS = 14;
/** AWS redrives an execution with at most this many history events. */
const REDRIVABLE_EVENTS = 24_998;

/** Runs the task of a state. Payload and result are JSON. */
export type TaskRunner = (state: string, payload: string) => Promise<string>;

export interface ExecutionsOptions {
  interpreter: Interpreter;
  definition: StateMachineDefinition;
  time: VirtualTime;
  runTask: TaskRunner;
  /** Names of the Task states. */
  taskStates: readonly string[];
  onEvent(execution: Execution, event: LogEvent): void;
  onEnd(execution: Execution): void;
}

/** An error of Step Functions itself, by the name and cause that AWS gives it. */
class StepFunctionsError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Runs and keeps the executions of one state machine. AWS's limits of payload and history end an execution. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #all = new Map<string, Execution>();
  readonly #aborts = new Map<string, () => void>();

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  get(arn: string): Execution | undefined {
    return this.#all.get(arn);
  }

  /** Returns all executions in the order in which they were started. */
  all(): Execution[] {
    return [...this.#all.values()];
  }

  /** Restores the executions of an earlier process. Those that ran when it ended are aborted. */
  restore(saved: readonly Execution[]): void {
    for (const execution of saved) {
      const running = execution.status === 'RUNNING';
      const end = { status: 'ABORTED', endedAt: this.#options.time.now(), error: 'LocalStackStopped' } as const;
      this.#all.set(execution.arn, running ? { ...execution, ...end } : execution);
    }
  }

  /** Drops the oldest executions that have ended, until at most this many executions are left. */
  forgetAllBut(most: number): void {
    for (const [arn, { status }] of this.#all) {
      if (this.#all.size <= most) return;
      if (status !== 'RUNNING') this.#all.delete(arn);
    }
  }

  start(arn: string, name: string, input: string): Execution {
    const startedAt = this.#options.time.now();
    const execution: Execution = {
      arn,
      name,
      input,
      status: 'RUNNING',
      startedAt,
      redrives: 0,
      log: [],
      historyEvents: 0,
    };
    this.#all.set(arn, execution);
    this.#run(execution, this.#options.definition, JSON.parse(input));
    return execution;
  }

  /** Ends a running execution. A running Lambda function continues, as on AWS. */
  stop(execution: Execution, error?: string, cause?: string): void {
    if (execution.status !== 'RUNNING') return;
    if (error !== undefined) execution.error = error;
    if (cause !== undefined) execution.cause = cause;
    execution.log.push({ type: 'ExecutionAborted', timestamp: this.#options.time.now().getTime() });
    this.#end(execution, 'ABORTED');
  }

  /** Whether AWS would redrive this execution. */
  isRedrivable(execution: Execution): boolean {
    return this.notRedrivable(execution) === undefined;
  }

  /**
   * Returns why AWS would not redrive this execution, in AWS's words; undefined if it would.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
   */
  notRedrivable({ status, endedAt, historyEvents }: Execution): string | undefined {
    if (status === 'RUNNING' || status === 'SUCCEEDED' || !endedAt)
      return `Execution is ${status} and cannot be redriven`;
    const days = (this.#options.time.now().getTime() - endedAt.getTime()) / 86_400_000;
    if (days > REDRIVABLE_DAYS) return 'Execution redrivable period exceeded';
    return historyEvents > REDRIVABLE_EVENTS ? 'Execution history event limit exceeded' : undefined;
  }

  /** Continues an ended execution at the state that did not succeed, with that state's input. */
  redrive(execution: Execution): void {
    const failed = lastUnfinished(execution);
    if (!failed) return;
    execution.status = 'RUNNING';
    execution.redrives += 1;
    execution.redrivenAt = this.#options.time.now();
    delete execution.endedAt;
    delete execution.error;
    delete execution.cause;
    this.#run(execution, { ...this.#options.definition, StartAt: failed.state }, failed.input);
  }

  #run(execution: Execution, definition: StateMachineDefinition, input: unknown): void {
    const { interpreter, taskStates, time } = this.#options;
    const drive = execution.redrives;
    const current = () => execution.status === 'RUNNING' && execution.redrives === drive;
    const stateMachine = new interpreter.StateMachine(definition, { validationOptions: { noValidate: true } });
    const run = stateMachine.run(asJson(input), {
      context: { Execution: { Id: execution.arn, Name: execution.name } },
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(
          taskStates.map((state) => [state, (payload: unknown) => this.#task(state, payload, current)]),
        ),
      },
    });
    this.#aborts.set(execution.arn, run.abort);
    const recover = (error: unknown) => {
      // Data may be nested too deeply to be written. It ends its execution; any other error is a bug.
      if (!(error instanceof RangeError)) return time.during(() => Promise.reject(error));
      if (!current()) return;
      execution.error = 'States.Runtime';
      execution.cause = error.name;
      this.#end(execution, 'FAILED');
    };
    const logged = this.#follow(execution, run, current).catch(recover);
    // The log is complete before the end is reported.
    const ended = run.result.then(
      async (output) => {
        await logged;
        if (!current()) return;
        execution.output = JSON.stringify(output);
        this.#end(execution, 'SUCCEEDED');
      },
      async (failure: unknown) => {
        await logged;
        if (!current()) return;
        const { name, cause } = failure instanceof Error ? failure : new Error('not an error');
        const reason = cause instanceof Error ? cause : undefined;
        execution.error = reason?.name ?? name;
        execution.cause = reason?.message ?? '';
        this.#end(execution, name === 'ExecutionTimeoutError' ? 'TIMED_OUT' : 'FAILED');
      },
    );
    ended.catch(recover);
  }

  async #follow(execution: Execution, run: InterpreterRun, current: () => boolean): Promise<void> {
    for await (const event of run.eventLogs) {
      if (!current()) continue;
      execution.log.push(event);
      execution.historyEvents += historyEventsOf(event);
      this.#options.onEvent(execution, event);
      const excess = limitExcessOf(execution, event);
      if (!excess) continue;
      execution.error = excess.name;
      execution.cause = excess.message;
      const { timestamp } = event;
      execution.log.push({ type: 'ExecutionFailed', timestamp, Error: execution.error, Cause: execution.cause });
      this.#end(execution, 'FAILED');
    }
  }

  #end(execution: Execution, status: ExecutionStatus): void {
    execution.status = status;
    execution.endedAt = this.#options.time.now();
    const abort = this.#aborts.get(execution.arn);
    this.#aborts.delete(execution.arn);
    if (status !== 'SUCCEEDED') abort?.();
    this.#options.onEnd(execution);
  }

  async #task(state: string, payload: unknown, current: () => boolean) {
    // The interpreter may still begin a task that it was about to begin.
    if (!current()) throw new StepFunctionsError('ExecutionEnded', 'The execution has ended: no task begins');
    const input = withinLimit(JSON.stringify(payload));
    return JSON.parse(withinLimit(await this.#options.runTask(state, input)));
  }
}

function payloadExcessIn(payload: string): Error | undefined {
  if (Buffer.byteLength(payload) <= PAYLOAD_LIMIT_BYTES) return undefined;
  return new StepFunctionsError('States.DataLimitExceeded', `A payload is larger than ${PAYLOAD_LIMIT_BYTES} bytes.`);
}

/** @throws StepFunctionsError that no Retry or Catch of Usher names, as on AWS */
function withinLimit(payload: string): string {
  const excess = payloadExcessIn(payload);
  if (excess) throw excess;
  return payload;
}

/** Returns the error of the AWS limit that an event exceeds, if any. */
function limitExcessOf({ historyEvents }: Execution, event: LogEvent): Error | undefined {
  if (historyEvents > HISTORY_LIMIT_EVENTS) {
    const cause = `The execution reached the maximum number of history events (${HISTORY_LIMIT_EVENTS}).`;
    return new StepFunctionsError('States.Runtime', cause);
  }
  return event.type === 'StateExited' ? payloadExcessIn(JSON.stringify(event.state.output ?? null)) : undefined;
}

function asJson(value: unknown): Parameters<InstanceType<Interpreter['StateMachine']>['run']>[0] {
  return JSON.parse(JSON.stringify(value));
}

/** Returns the last outermost state that was entered, and its input. */
function lastUnfinished({ log }: Execution): { state: string; input: unknown } | undefined {
  for (const event of log.toReversed()) {
    if (event.type === 'StateEntered') return { state: event.state.name, input: event.state.input };
  }
  return undefined;
}

/** A Lambda task takes three events per attempt: scheduled, started, ended. */
function historyEventsOf(event: LogEvent): number {
  if (!('state' in event)) return 1;
  // Only the interpreter logs these: on AWS the next attempt or state follows.
  if (event.type === 'StateRetried' || event.type === 'StateCaught') return 0;
  const own = event.state.type === 'Task' ? 3 : 0;
  if (event.type === 'StateFailed') return own;
  return event.type === 'StateExited' ? 1 + own : 1;
}
