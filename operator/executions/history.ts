import type { Executions, Step } from '../../adapters/operator/executions.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import type { Move, Stay, StepLine } from '../lines/executions.ts';
import { findExecution } from './find.ts';
import { STATES } from './states.ts';

/** As many as AWS has on a page. */
const STEPS_PER_CALL = 1000;

/** A part of the history of an execution. */
export interface StepPage {
  steps: StepLine[];
  /** There are steps after these. */
  more: boolean;
}

/**
 * Reads a part of the history of an execution.
 *
 * @param after the number of the last step before it
 * @returns undefined if AWS refused to show it
 * @throws UsageError if there is no such execution
 */
export async function stepsOf(name: string, after: number, asker: Asker): Promise<StepPage | undefined> {
  const found = await findExecution(name, asker);
  if (!found) return undefined;
  const { arn } = found;
  const executions = await (await asker.services()).executions();
  const until = after + STEPS_PER_CALL;
  const history = (await asker.unread.attempt(() => readHistory(arn, { executions, until: until + 1 }, asker)))?.value;
  if (!history) return undefined;
  const steps = history.filter(({ id }) => id > after && id <= until);
  return { steps: steps.map((step) => stepLine(arn, step)), more: (history.at(-1)?.id ?? 0) > until };
}

/**
 * Reads the history of an execution, from its first step on: of what was read before, only the rest.
 *
 * @param until the number of the last step that is needed; by default all are
 */
export async function readHistory(
  arn: string,
  { executions, until }: { executions: Pick<Executions, 'history'>; until?: number },
  { memory }: Pick<Asker, 'memory'>,
): Promise<readonly Step[]> {
  const steps = [...(memory.steps.get(arn) ?? [])];
  await addSteps(steps, executions.history(arn, steps.at(-1)?.id), until);
  memory.steps.set(arn, steps);
  return steps;
}

/** Adds to a history what comes after it. @param until see {@link readHistory} */
export async function addSteps(
  steps: Step[],
  pages: AsyncIterable<readonly Step[]>,
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  if ((steps.at(-1)?.id ?? 0) >= until) return;
  for await (const page of pages) {
    for (const step of page) steps.push(step);
    if ((steps.at(-1)?.id ?? 0) >= until) return;
  }
}

function stepLine(execution: string, { id, at, what, event, state, error }: Step): StepLine {
  return {
    type: 'step',
    execution,
    id,
    at: at.toISOString(),
    what,
    ...(event === undefined ? {} : { event }),
    ...(state === undefined ? {} : { state }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Returns the stays in states that do something or wait; states that only choose the next one are left out. */
export function staysIn(steps: readonly Step[]): Stay[] {
  const stays: Stay[] = [];
  for (const { at, what, state = '', error } of steps) {
    if (what === 'entered' && STATES[state]) stays.push({ state, at: at.toISOString(), failures: [] });
    const last = stays.at(-1);
    if (what === 'attempt-failed') last?.failures.push(error ?? 'unknown');
    if (what === 'exited' && last?.state === state && last.seconds === undefined) {
      last.seconds = secondsBetween(last.at, at);
    }
  }
  return stays;
}

/**
 * Returns how often an execution went from one state to the next, in the order in which it first did.
 *
 * Only an exit shows that: after a redrive, a state may be entered again that was never left.
 */
export function movesIn(steps: readonly Step[]): Move[] {
  const moves = new Map<string, Move>();
  let left: string | undefined;
  for (const { what, state } of steps) {
    if (what === 'exited') left = state;
    if (what !== 'entered') continue;
    if (left !== undefined && state !== undefined) {
      const key = `${left} ${state}`;
      const move = moves.get(key) ?? { from: left, to: state, count: 0 };
      moves.set(key, { ...move, count: move.count + 1 });
    }
    left = undefined;
  }
  return [...moves.values()];
}
