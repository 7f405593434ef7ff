import type * as z from 'zod/mini';
import { type IgnoredReason, normalize } from '../domain/request/normalize.ts';
import type { Propagation, Request, StartContext } from '../domain/request/request.ts';
import { InvalidRequestError } from '../domain/shared/errors.ts';
import type { ExplanationLineSchema } from './lines/events.ts';

/** What an execution would do with an input. */
export type Explanation =
  | { decision: 'start'; request: Request }
  | { decision: 'ignored'; reason: IgnoredReason }
  | { decision: 'invalid'; path: string; message: string };

/** The cause of events that have no id of their own, if no execution exists. */
export const NO_EXECUTION = 'the-execution';

/** Returns what an execution would do with an input: the decision of its first state. */
export function explain(input: unknown, context: StartContext): Explanation {
  try {
    const found = normalize(input, context);
    return 'ignored' in found
      ? { decision: 'ignored', reason: found.ignored }
      : { decision: 'start', request: withUser(found.request, found.propagation) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { decision: 'invalid', path: error.path, message: error.message.slice(`${error.path}: `.length) };
  }
}

/** Adds the user that a manual start names outside the request: the user belongs to what it would start. */
function withUser(request: Request, { userId, groupId }: Propagation): Request {
  if (userId === undefined) return request;
  const expected = groupId === undefined ? {} : { expected: { groupId, membership: 'member' as const } };
  return { ...request, users: [...request.users, { userId, ...expected }] };
}

/**
 * Returns what a program reads of an explanation.
 *
 * @param place where the event is in its file; empty if it is the file
 */
export function explanationLine(explanation: Explanation, place: string): z.infer<typeof ExplanationLineSchema> {
  const line = { type: 'explanation' as const, ...(place === '' ? {} : { place }) };
  if (explanation.decision !== 'start') return { ...line, ...explanation };
  const { cause, ...request } = explanation.request;
  return { ...line, decision: 'start', request: cause === NO_EXECUTION ? request : { ...request, cause } };
}
