import { plusSeconds } from '../../domain/shared/time.ts';
import type { Stack } from '../../emulator/stack/stack.ts';
import { type ConsoleEvent, type EventOutcome, handleEvent } from './event-lambda.ts';
import { type BaselineTarget, runScript } from './script.ts';

/** Longer than any script runs here. */
const NO_LIMIT_SECONDS = 7 * 24 * 3600;
const LAMBDA_LIMIT_SECONDS = 60;
/** Lambda retries an event whose function failed after one minute and after two more; then it drops the event. */
const RETRY_SECONDS = [60, 120];

/**
 * Runs the script now.
 *
 * @param onEnd gets the number of changes that the script gave up; a script that broke off gave up all of them
 */
export function startScript(
  stack: Stack,
  target: BaselineTarget,
  onEnd: (end: { givenUp: number } | 'broke-off') => void,
): void {
  const program = () => runScript(target, stack);
  stack.invoke('script', program, {}, NO_LIMIT_SECONDS).then(
    (end) => onEnd(isEnd(end) ? end : 'broke-off'),
    () => onEnd('broke-off'),
  );
}

function isEnd(end: unknown): end is { givenUp: number } {
  return typeof end === 'object' && end !== null && 'givenUp' in end && typeof end.givenUp === 'number';
}

/**
 * Delivers an event to the Lambda now, as EventBridge and Lambda do.
 *
 * @param onEnd gets the outcome
 */
export function deliverEvent(
  stack: Stack,
  event: ConsoleEvent,
  target: BaselineTarget,
  onEnd: (outcome: EventOutcome | 'dropped') => void,
  tries = 0,
): void {
  let outcome: EventOutcome = 'given-up';
  const program = async () => {
    const answer = await handleEvent(event, target, stack);
    outcome = answer.outcome;
    return answer;
  };
  stack.invoke('eventLambda', program, {}, LAMBDA_LIMIT_SECONDS).then(
    () => onEnd(outcome),
    () => {
      const again = RETRY_SECONDS[tries];
      if (again === undefined) return onEnd('dropped');
      const at = new Date(plusSeconds(stack.clock.now(), again));
      stack.at(at, () => deliverEvent(stack, event, target, onEnd, tries + 1));
    },
  );
}
