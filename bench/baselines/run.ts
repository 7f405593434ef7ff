import { plusSeconds } from '../../domain/shared/time.ts';
import type { Stack } from '../../emulator/stack/stack.ts';
import { type ConsoleEvent, handleEvent, type Outcome } from './event-lambda.ts';
import { runScript, type Seats } from './script.ts';

/** Longer than any script runs here. */
const NO_LIMIT_SECONDS = 7 * 24 * 3600;
const LAMBDA_LIMIT_SECONDS = 60;
/** Lambda invokes a function again when it failed on an event: after a minute, and after two more; then it drops it. */
const RETRY_SECONDS = [60, 120];

/** Runs the script now. @param onEnd told how many changes it gave up; a script that broke off gave up all of them */
export function startScript(stack: Stack, seats: Seats, onEnd: (end: { givenUp: number } | 'broke-off') => void): void {
  const program = () => runScript(seats, stack);
  stack.invoke('script', program, {}, NO_LIMIT_SECONDS).then(
    (end) => onEnd(isEnd(end) ? end : 'broke-off'),
    () => onEnd('broke-off'),
  );
}

function isEnd(end: unknown): end is { givenUp: number } {
  return typeof end === 'object' && end !== null && 'givenUp' in end && typeof end.givenUp === 'number';
}

/** Delivers an event to the Lambda now, as EventBridge and Lambda do. @param onEnd told what it came to */
export function deliverEvent(
  stack: Stack,
  event: ConsoleEvent,
  seats: Seats,
  onEnd: (outcome: Outcome | 'dropped') => void,
  tries = 0,
): void {
  let outcome: Outcome = 'given-up';
  const program = async () => {
    const answer = await handleEvent(event, seats, stack);
    outcome = answer.outcome;
    return answer;
  };
  stack.invoke('eventLambda', program, {}, LAMBDA_LIMIT_SECONDS).then(
    () => onEnd(outcome),
    () => {
      const again = RETRY_SECONDS[tries];
      if (again === undefined) return onEnd('dropped');
      const at = new Date(plusSeconds(stack.clock.now(), again));
      stack.at(at, () => deliverEvent(stack, event, seats, onEnd, tries + 1));
    },
  );
}
