import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type IgnoredReason, normalize } from '../../domain/request/normalize.ts';
import type { Propagation, Request, StartContext } from '../../domain/request/request.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { readEntitlements } from '../../input/entitlements-file.ts';
import { type EventPlace, eventsIn } from '../../input/event-files.ts';
import { titleOf } from '../../input/event-title.ts';
import { labelOf, readText } from '../../input/files.ts';
import { findExecution } from '../../operator/executions/find.ts';
import { IGNORED } from '../../operator/executions/outcomes.ts';
import { CommandFailed, UsageError } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';

const Options = z.object({ execution: z.optional(z.string()) });

/** What an execution would do with an event. */
type Explanation =
  | { decision: 'start'; request: Request }
  | { decision: 'ignored'; reason: IgnoredReason }
  | { decision: 'invalid'; path: string; message: string };

/** The cause of events that have no id of their own: no execution exists here. */
const NO_EXECUTION = 'the-execution';

/** The number of events after which the command waits for a slow reader of its output. */
const WAIT_EVERY = 1000;

export function explainCommand(run: Runner): Command {
  return commandOf('explain', {
    summary: 'Explain what an event would start, or why it would be ignored (offline, but for --execution)',
    description:
      'FILE holds one JSON object, an array, or JSON Lines: EventBridge events, bare CloudTrail records, or manual starts. - is standard input.\n' +
      'With --json, prints one line per event, in the order of the file:\n' +
      '  {"decision":"start","request":…}  {"decision":"ignored","reason":…}  {"decision":"invalid","path":…,"message":…}\n\n' +
      'Exit code: 1 if any event is invalid, 2 if a file cannot be read.',
    examples: [
      ['usher explain event.json', 'one event, in words'],
      ['usher explain events.jsonl --entitlements next.yml --json', 'the effect of a changed configuration'],
      ['pbpaste | usher explain -', 'an event from the clipboard'],
      ['usher explain --execution 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21', 'what an execution was started with'],
    ],
    permissions: ['sts:GetCallerIdentity (--execution)', 'states:DescribeExecution (--execution)'],
  })
    .argument('[FILE]', 'event file, or - for standard input')
    .option('--execution <EXECUTION>', "an execution's own input, instead of a file")
    .action(run(explain));
}

async function explain(context: Context, command: Command): Promise<void> {
  const { terminal, clock, json } = context;
  const { execution } = optionsOf(command, Options);
  const [file] = command.args;
  if ((file === undefined) === (execution === undefined)) throw new UsageError('Give a FILE, or --execution');
  const input = execution === undefined ? undefined : await findExecution(execution, context);
  if (execution !== undefined && !input) return finish(context);
  const entitlements = await entitlementsFor(context, command);
  const places = input
    ? eventsIn(input.input, input.name)
    : eventsIn(await readText(file ?? '-'), labelOf(file ?? '-'));
  const around = {
    entitlements,
    execution: input?.arn ?? NO_EXECUTION,
    startedAt: input?.startedAt ?? clock.now(),
  };
  const counts = { start: 0, ignored: 0, invalid: 0 };
  for (const [index, place] of places.entries()) {
    const explanation = explanationOf(place, around);
    counts[explanation.decision] += 1;
    if (json) terminal.untypedJson(explanation);
    else printExplanation(place, explanation, context);
    if (index % WAIT_EVERY === 0) await terminal.drained();
  }
  if (!json && places.length > 1) {
    terminal.line();
    terminal.line(`${counts.start} would start, ${counts.ignored} ignored, ${counts.invalid} invalid.`);
  }
  if (counts.invalid > 0) throw new CommandFailed(`${count(counts.invalid, 'event is', 'events are')} invalid`);
}

/** Here, a missing default file is unreadable input, not a missing precondition. */
async function entitlementsFor(context: Context, command: Command): Promise<StartContext['entitlements']> {
  const { entitlements } = command.optsWithGlobals<{ entitlements?: string }>();
  if (entitlements !== undefined || context.local) return context.entitlements();
  return readEntitlements(await readText('entitlements.yml'), 'entitlements.yml');
}

function explanationOf({ path, event, problem }: EventPlace, context: StartContext): Explanation {
  if (!event) return { decision: 'invalid', path: path || 'input', message: problem };
  try {
    const found = normalize(event, context);
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

function printExplanation({ path, event }: EventPlace, explanation: Explanation, { terminal }: Context): void {
  const { bold, green, red, yellow } = terminal.colors;
  const title = [path, event ? titleOf(event) : ''].filter(Boolean).join(': ');
  if (title !== '') terminal.line(bold(escaped(title)));
  switch (explanation.decision) {
    case 'start':
      terminal.paragraph(`start (${explanation.request.trigger}): ${requestInWords(explanation.request)}`, 2, green);
      break;
    case 'ignored':
      terminal.paragraph(`ignored (${explanation.reason}): ${IGNORED[explanation.reason]}`, 2, yellow);
      break;
    case 'invalid':
      terminal.paragraph(`invalid: ${explanation.path}: ${explanation.message}`, 2, red);
      break;
  }
}

/** Says what an execution would check, and what it would wait for. */
function requestInWords(request: Request): string {
  const { users, groups, applications = [], sweep, release, adopt, adoptSubscriptions } = request;
  const parts = [
    ...users.map(({ userId, expected }) => {
      if (!expected) return `checks user ${userId}`;
      const wait = expected.membership === 'member' ? 'a member of' : 'not in';
      return `checks user ${userId} once they are ${wait} group ${expected.groupId}`;
    }),
    ...groups.map(
      (groupId) => `checks all users entitled through group ${groupId}: the event does not say who joined or left`,
    ),
    ...applications.map((application) => `checks all users of ${application}`),
    ...(sweep === 'everything' ? ['checks all users of all entitlements'] : []),
    ...(sweep === 'due' ? ['checks what is due or was left behind'] : []),
    ...(release === undefined ? [] : [`releases the hold ${release}`]),
    ...(adopt === undefined ? [] : [`adopts unmanaged assignments of ${adopt}`]),
    ...(adoptSubscriptions === undefined ? [] : ['adopts subscriptions that others started for entitled users']),
    ...(adoptSubscriptions === 'all'
      ? ['adopts subscriptions that no entitlement covers, and cancels them under the brake']
      : []),
  ];
  if (parts.length === 0) parts.push('checks the user once they exist in the identity store');
  return parts.join('; ');
}
