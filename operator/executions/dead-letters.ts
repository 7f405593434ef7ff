import type { Message, Queues } from '../../adapters/operator/queues.ts';
import { normalize } from '../../domain/request/normalize.ts';
import type { StartContext } from '../../domain/request/request.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { isObject, jsonIn } from '../../domain/shared/json.ts';
import type { Asker } from '../asker.ts';
import type { Services } from '../services.ts';
import { machinesOf } from './find.ts';
import { subjectOf, triggerInWords } from './subject.ts';

/** Hides the messages from other receivers while the operator reads and answers. */
export const HIDDEN_SECONDS = 600;

/** A message of a dead-letter queue, and what to do with it. */
export interface DeadLetter {
  queue: string;
  message: Message;
  /** The input of the execution to start; undefined if the message is not an event. */
  input?: object;
  /** What the message is, or why it stays. */
  title: string;
  /** The name of the execution: two starts with one name start one execution. */
  name: string;
}

/** A dead-letter queue whose messages start nothing. */
export interface OtherQueue {
  queue: string;
  messages: number;
  reason: string;
}

/** Counts the messages of the queues that start nothing. */
export async function otherQueues(asker: Pick<Asker, 'services'>): Promise<OtherQueue[]> {
  const { queues, names } = await asker.services();
  const found: OtherQueue[] = [];
  for (const [queue, reason] of [
    [names.queues.failures, 'failures that are missing on the audit stream'],
    [names.queues.audit, 'audit events that are missing in the log group; the archive has them: usher replay'],
  ] as const) {
    const messages = (await (await queues()).size(queue)) ?? 0;
    if (messages > 0) found.push({ queue, messages, reason });
  }
  return found;
}

/**
 * Receives the messages of the queues for events and ticks. The caller gives back those that it does not start.
 *
 * @throws RefusedError, TransientAwsError if a queue cannot be read; then the messages of the other are given back
 */
export async function receiveDeadLetters(
  asker: Pick<Asker, 'services' | 'entitlements' | 'clock'>,
): Promise<DeadLetter[]> {
  const services = await asker.services();
  const { names } = services;
  const queues = await services.queues();
  const entitlements = await asker.entitlements();
  const around = { entitlements, execution: 'redrive', startedAt: asker.clock.now() };
  const letters: DeadLetter[] = [];
  try {
    for (const queue of [names.queues.events, names.queues.ticks]) {
      const messages = await queues.receiveAll(queue, HIDDEN_SECONDS);
      const [first] = messages ?? [];
      for (const message of messages ?? []) {
        // One tick does what all missed ticks would have done.
        const name = queue === names.queues.ticks ? `redrive-${first?.id}` : `redrive-${message.id}`;
        letters.push({ queue, message, name, ...contentOf(message.body, queue === names.queues.ticks, around) });
      }
    }
  } catch (error) {
    // Hidden, they would look like an empty queue to the next attempt.
    await giveBack(letters, queues);
    throw error;
  }
  return letters;
}

/** Parses a message. The queue of events starts only events, and the queue of ticks only ticks. */
function contentOf(body: string, tick: boolean, around: StartContext): Pick<DeadLetter, 'input' | 'title'> {
  const value = jsonIn(body);
  if (value === undefined) return { title: 'not JSON: stays in the queue' };
  if (!isObject(value)) return { title: 'not an event: stays in the queue' };
  const isEvent = Object.hasOwn(value, 'detail-type') || Object.hasOwn(value, 'source');
  const isTick = Object.keys(value).length === 1 && value['scope'] === 'tick';
  if (!(tick ? isTick : isEvent)) return { title: `not ${tick ? 'a tick' : 'an event'}: stays in the queue` };
  try {
    normalize(value, around);
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { title: `an invalid event (${error.path}): stays in the queue` };
  }
  const about = { input: body, arn: around.execution, startedAt: around.startedAt };
  const title = triggerInWords(subjectOf(about, around.entitlements));
  return { input: value, title: tick ? title : `event ${title}` };
}

/** Starts an execution from a message, and deletes the message only then. @returns the ARN of the execution */
export async function startDeadLetter(
  { input, name, queue, message }: DeadLetter,
  services: Services,
): Promise<string> {
  const executions = await services.executions();
  const [machine] = await machinesOf(services);
  const { arn } = await executions.start(machine, input, name);
  await (await services.queues()).remove(queue, message);
  return arn;
}

/** Makes messages visible to other receivers again. */
export async function giveBack(
  letters: readonly Pick<DeadLetter, 'queue' | 'message'>[],
  queues: Queues,
): Promise<void> {
  for (const { queue, message } of letters) await queues.giveBack(queue, message);
}
