import { SFNServiceException } from '@aws-sdk/client-sfn';
import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { openStack, type Stack, type StackListener } from '../stack/stack.ts';
import type { Script, Start, Step } from './script.ts';

/** What the stack held and had counted when nothing was left to do; all lists sorted. */
export interface Result {
  executions: Record<ExecutionOutcome, number>;
  /** `entitlement` is its name. */
  seats: { entitlement: string; userId: string; status: string }[];
  /** All that the applications hold, also what somebody else assigned. */
  assignments: { applicationArn: string; principalId: string }[];
  /** By `<Service>.<Operation>`. */
  calls: Record<string, number>;
  surprises: Surprise[];
}

/** An execution that ended otherwise than expected; without `execution` it could not even be started. */
export interface Surprise {
  title: string;
  execution?: string;
  outcome: ExecutionOutcome;
}

/** Shows a play as it goes. Calls come in the order of virtual time; the listener's are the stack's own. */
export interface Reporter extends StackListener {
  begin?(play: Script): void;
  step?(step: Step): void;
  finish?(result: Result): void;
  /** What has to be waited for before the play goes on, such as a reader; undefined when nothing. */
  behind(): Promise<unknown> | undefined;
}

/** EventBridge goes on for a day; this many make 17 minutes, longer than any fault of a scenario has to last. */
const START_TRIES = 10;
/**
 * Plays to the end, over real HTTP.
 *
 * @throws what the local stack throws, which is a bug
 */
export async function play(script: Script, reporter: Reporter): Promise<Result> {
  const { entitlements, directory, quirks, start, steps } = script;
  const executions: Result['executions'] = { converged: 0, handedOver: 0, ignored: 0, held: 0, failed: 0 };
  let waiting = false;
  /** Virtual time stands still until the reporter has caught up, so that nothing piles up for a slow reader. */
  const keepPace = () => {
    const behind = waiting ? undefined : reporter.behind();
    if (!behind) return;
    waiting = true;
    stack.at(stack.clock.now(), async () => {
      await behind;
      waiting = false;
    });
  };
  const listener: StackListener = {
    state(moment) {
      reporter.state?.(moment);
      keepPace();
    },
    ended(end) {
      executions[end.outcome] += 1;
      reporter.ended?.(end);
      keepPace();
    },
    audit(entry) {
      reporter.audit?.(entry);
      keepPace();
    },
  };
  const stack = await openStack({ entitlements, directory, quirks, start, transport: 'http', listener });
  try {
    reporter.begin?.(script);
    const starts = perform(stack, steps, async (step, make) => {
      reporter.step?.(step);
      await make();
      keepPace();
    });
    await stack.runUntilIdle();
    const result = { executions, ...(await holdings(stack)), surprises: surprisesIn(stack, starts) };
    reporter.finish?.(result);
    return result;
  } finally {
    await stack.close();
  }
}

/** `execution` is missing when it could not be started. */
interface Started {
  step: Step;
  execution?: string;
}

/**
 * Has the steps made at their times, one after another: those of one moment keep their order.
 *
 * @param around called for each step when its time has come; `make` does what the step says
 * @returns what was started, a list that grows as time passes
 */
export function perform(
  stack: Stack,
  steps: readonly Step[],
  around: (step: Step, make: () => Promise<void>) => Promise<void>,
): readonly Started[] {
  const starts: Started[] = [];
  const goOn = (from: number): void => {
    const next = steps[from];
    if (!next) return;
    stack.at(next.at, async () => {
      let index = from;
      for (let step = steps[index]; step && step.at <= stack.clock.now(); step = steps[index]) {
        const due = step;
        await around(due, async () => {
          due.act?.(stack);
          await due.operate?.(stack);
          await startExecution(stack, due, starts);
        });
        index += 1;
      }
      goOn(index);
    });
  };
  goOn(0);
  return starts;
}

/** As EventBridge does it: a start that was refused is tried again, later and later. */
async function startExecution(stack: Stack, step: Step, starts: Started[], tries = 0): Promise<void> {
  if (!step.start) return;
  try {
    starts.push({ step, execution: await startOn(stack, step.start) });
  } catch (error) {
    if (!(error instanceof SFNServiceException)) throw error;
    if (tries === START_TRIES) {
      starts.push({ step });
      return;
    }
    const again = new Date(stack.clock.now().getTime() + 2 ** tries * 1000);
    stack.at(again, () => startExecution(stack, step, starts, tries + 1));
  }
}

/** No hold has it. */
const NO_DIGEST = '0'.repeat(64);

async function startOn(stack: Stack, start: Start): Promise<string> {
  if (start.input) return start.admin ? stack.startAdmin(start.input) : stack.start(start.input);
  const digests = (await stack.hold(start.release))?.digests ?? [];
  const found = start.digest === 'told' ? digests.at(0) : digests.at(-1);
  return stack.startAdmin({ release: found?.digest ?? NO_DIGEST });
}

function surprisesIn(stack: Stack, starts: readonly Started[]): Surprise[] {
  return starts.flatMap(({ step: { title, start }, execution }) => {
    const outcome = execution === undefined ? 'failed' : stack.endOf(execution)?.outcome;
    if (outcome === undefined) throw new Error(`${execution} did not end`);
    if (execution !== undefined && start?.expected.includes(outcome)) return [];
    return [{ title, outcome, ...(execution === undefined ? {} : { execution }) }];
  });
}

async function holdings(stack: Stack) {
  const seats = (await stack.seats()).map(({ entitlement, userId, status }) => ({ entitlement, userId, status }));
  const assignments = stack.identityCenter
    .assignments()
    .map(({ applicationArn, principalId }) => ({ applicationArn, principalId }));
  return {
    seats: seats.sort(by(({ entitlement, userId }) => `${entitlement} ${userId}`)),
    assignments: assignments.sort(by(({ applicationArn, principalId }) => `${applicationArn} ${principalId}`)),
    calls: stack.calls(),
  };
}

/** Orders by code units, the same on every machine. */
function by<T>(keyOf: (element: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (left === right) return 0;
    return left < right ? -1 : 1;
  };
}
