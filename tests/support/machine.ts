import { type Execution, Executions, type LogEvent } from '../../emulator/engine/executions.ts';
import { loadInterpreter } from '../../emulator/engine/interpreter.ts';
import { readTemplate } from '../../emulator/engine/template.ts';
import { VirtualTime } from '../../emulator/engine/virtual-time.ts';
import { APPLICATION, START } from './ids.ts';

/** What a task does: answers, fails, or never ends. */
export type Act = object | Error | 'hangs';

/** What the tasks of a state do, one after another; the last goes on and on. */
export type Script = Readonly<Record<string, readonly Act[]>>;

/** Errors of the Lambda service itself; a function that runs out of time is `Sandbox.Timedout`. */
export const LAMBDA_ERRORS = [
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
];

/** An error as Lambda hands it to Step Functions: a name and a message. */
export function failure(name: string): Error {
  return Object.assign(new Error(`the task failed with ${name}`), { name });
}

const PROGRESS = { round: 1, batches: 1, stalled: 0, checked: [] };
export const NORMALIZED = {
  request: { users: [] },
  propagation: { visible: false, checkAfterSeconds: 0 },
  plan: { progress: PROGRESS },
};
export const IGNORED = { ignored: 'read-only' };
export const VISIBLE = { visible: true, checkAfterSeconds: 0 };
export const INVISIBLE = { visible: false, checkAfterSeconds: 5 };
export const APPLY = {
  outcome: 'apply',
  round: 1,
  batch: 0,
  batches: 1,
  term: 1,
  progress: PROGRESS,
};
export const SETTLE = { outcome: 'settle', settle: { waitSeconds: 30 }, progress: PROGRESS };
export const CONVERGED = { outcome: 'converged', progress: PROGRESS };
export const HELD = { outcome: 'held', progress: { ...PROGRESS, held: [APPLICATION] } };
export const HANDED_OVER = { outcome: 'handedOver', handedOverTo: 'other', progress: PROGRESS };

/** One person joins and gets a seat. */
const USUAL: Script = {
  NormalizeRequest: [NORMALIZED],
  CheckPropagation: [VISIBLE],
  PlanChanges: [APPLY, CONVERGED],
  ApplyChanges: [{ granted: 1 }],
  RecordAudit: [{ waitSeconds: 30 }],
};

interface MachineOptions {
  random?: () => number;
  /** Called with each event, after it was kept. */
  onEvent?(event: LogEvent): void;
  /** Called with each execution that has ended, after it was kept. */
  onEnd?(execution: Execution): void;
}

/** The real machine in the interpreter, with tasks that do as they are told. */
export function aMachine(script: Script = {}, { random = () => 0.999_999, onEvent, onEnd }: MachineOptions = {}) {
  const time = new VirtualTime(START);
  const template = readTemplate();
  const acts = new Map(Object.entries({ ...USUAL, ...script }).map(([state, list]) => [state, [...list]]));
  const tasks: { state: string; payload: Record<string, unknown>; at: number }[] = [];
  const events: LogEvent[] = [];
  const ended: Execution[] = [];
  const seconds = () => (time.now().getTime() - START.getTime()) / 1000;

  const executions = new Executions({
    interpreter: loadInterpreter(time, random),
    definition: template.definition,
    time,
    taskStates: [...template.functions.keys()],
    runTask: async (state, payload) => {
      tasks.push({ state, payload: JSON.parse(payload), at: seconds() });
      const list = acts.get(state) ?? [];
      const act = list.length > 1 ? list.shift() : list[0];
      if (act === 'hangs') return new Promise(() => undefined);
      if (act instanceof Error) throw act;
      return JSON.stringify(act ?? null);
    },
    onEvent(_execution, event) {
      events.push(event);
      onEvent?.(event);
    },
    onEnd(execution) {
      ended.push(execution);
      onEnd?.(execution);
    },
  });

  return {
    time,
    executions,
    acts,
    tasks,
    events,
    ended,
    seconds,
    start: (name = 'one', input: object = {}) => executions.start(`arn:${name}`, name, JSON.stringify(input)),
    /** Starts an execution and lets time pass until it has ended. */
    async run(input: object = {}): Promise<Execution> {
      const execution = executions.start('arn:one', 'one', JSON.stringify(input));
      await time.runUntilIdle();
      return execution;
    },
    /** How often the task of a state ran. */
    tries: (state: string) => tasks.filter((task) => task.state === state).length,
  };
}

/** States that an execution entered, in order; those within a map are left out. */
export function pathOf({ log }: Execution): string[] {
  return log.flatMap((event) => (event.type === 'StateEntered' && event.index === undefined ? [event.state.name] : []));
}
