import type { Entitlements } from '../entitlements.ts';
import { InvalidRequestError } from '../shared/errors.ts';
import { isObject } from '../shared/json.ts';
import { manualStart } from './manual-start.ts';
import type { Request, StartContext } from './request.ts';

/**
 * Whether a request asks for what only an operator may ask: to release a hold, to adopt, or to give up the seats of an
 * application that is no longer configured. Everything else is a hint, from any sender.
 */
export function isOperatorsRequest(
  { trigger, release, adopt, applications = [] }: Request,
  { entitlements }: Pick<Entitlements, 'entitlements'>,
): boolean {
  const configured = new Set(entitlements.map(({ application }) => application));
  const givesUp = trigger === 'manual' && applications.some((application) => !configured.has(application));
  return release !== undefined || adopt !== undefined || givesUp;
}

/** All that a request asks for. Its times are left out: they are no part of what a manual start asks. */
const ASKED = [
  'trigger',
  'cause',
  'users',
  'groups',
  'applications',
  'release',
  'adopt',
  'adoptSubscriptions',
  'sweep',
  'withStatus',
] as const satisfies (keyof Request)[];

/**
 * Whether an execution was started with exactly this request. Compares what becomes of the input, not its text: the same
 * start may be written in several ways.
 *
 * @param input the input of the execution, in JSON
 */
export function isStartedWith(request: Request, input: string, context: StartContext): boolean {
  const asked = requestOfManualStart(input, context);
  return asked !== undefined && ASKED.every((field) => JSON.stringify(asked[field]) === JSON.stringify(request[field]));
}

function requestOfManualStart(input: string, context: StartContext): Request | undefined {
  try {
    const parsed: unknown = JSON.parse(input);
    return isObject(parsed) ? manualStart(parsed, context).request : undefined;
  } catch (error) {
    if (error instanceof InvalidRequestError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
