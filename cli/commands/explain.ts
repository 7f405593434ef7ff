import type { Command } from 'commander';
import { type IgnoredReason, normalize } from '../../domain/request/normalize.ts';
import type { Propagation, Request, StartContext } from '../../domain/request/request.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { readEntitlements } from '../../input/entitlements-file.ts';
import { type EventPlace, eventsIn } from '../../input/event-files.ts';
import { titleOf } from '../../input/event-title.ts';
import { labelOf, readText } from '../../input/files.ts';
import { commandOf, type Runner } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandFailed } from '../shared/failures.ts';
import { IGNORED } from '../ui/outcomes.ts';
import { count, escaped } from '../ui/text.ts';

/** What an execution would make of an event. */
type Verdict =
  | { decision: 'start'; request: Request }
  | { decision: 'ignored'; reason: IgnoredReason }
  | { decision: 'invalid'; path: string; message: string };

/** For events that have no id of their own: there is no execution here. */
const NO_EXECUTION = 'the-execution';

/** A file is read and written in parts, so that a slow reader of the output is waited for. */
const WAIT_EVERY = 1000;

export function explainCommand(run: Runner): Command {
  return commandOf('explain', {
    summary: 'What an event would start, or why it would be ignored; offline',
    description:
      'FILE holds one JSON object, an array, or JSON Lines: EventBridge events, bare CloudTrail records, or manual starts. - is standard input.\n' +
      'With --json, one line an event, in the order of the file:\n' +
      '  {"decision":"start","request":…}  {"decision":"ignored","reason":…}  {"decision":"invalid","path":…,"message":…}\n\n' +
      'Exit code: 1 if any event is invalid, 2 if a file cannot be read.',
    examples: [
      ['usher explain event.json', 'one event, in words'],
      ['usher explain events.jsonl --entitlements next.yml --json', 'what a changed configuration would make of them'],
      ['pbpaste | usher explain -', 'an event from the clipboard'],
    ],
    permissions: [],
  })
    .argument('<FILE>', 'events')
    .action(run(explain));
}

async function explain(context: Context, command: Command): Promise<void> {
  const { terminal, clock, json } = context;
  const [file = '-'] = command.args;
  const entitlements = await entitlementsFor(context, command);
  const places = eventsIn(await readText(file), labelOf(file));
  const around = { entitlements, execution: NO_EXECUTION, startedAt: clock.now() };
  const counts = { start: 0, ignored: 0, invalid: 0 };
  for (const [index, place] of places.entries()) {
    const verdict = verdictOf(place, around);
    counts[verdict.decision] += 1;
    if (json) terminal.json(verdict);
    else show(place, verdict, context);
    if (index % WAIT_EVERY === 0) await terminal.drained();
  }
  if (!json && places.length > 1) {
    terminal.line();
    terminal.line(`${counts.start} would start, ${counts.ignored} ignored, ${counts.invalid} invalid.`);
  }
  if (counts.invalid > 0) throw new CommandFailed(`${count(counts.invalid, 'event is', 'events are')} invalid`);
}

/** A file that is named by default and isn't there is no precondition here, but input that can't be read. */
async function entitlementsFor(context: Context, command: Command): Promise<StartContext['entitlements']> {
  const { entitlements } = command.optsWithGlobals<{ entitlements?: string }>();
  if (entitlements !== undefined || context.local) return context.entitlements();
  return readEntitlements(await readText('entitlements.yml'), 'entitlements.yml');
}

function verdictOf({ path, event, problem }: EventPlace, context: StartContext): Verdict {
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

/** A manual start names its user beside the request; whom it is about belongs to what it would start. */
function withUser(request: Request, { userId, groupId }: Propagation): Request {
  if (userId === undefined) return request;
  const expected = groupId === undefined ? {} : { expected: { groupId, membership: 'member' as const } };
  return { ...request, users: [...request.users, { userId, ...expected }] };
}

function show({ path, event }: EventPlace, verdict: Verdict, { terminal }: Context): void {
  const { bold, green, red, yellow } = terminal.colors;
  const title = [path, event ? titleOf(event) : ''].filter(Boolean).join(': ');
  if (title !== '') terminal.line(bold(escaped(title)));
  switch (verdict.decision) {
    case 'start':
      terminal.paragraph(`start (${verdict.request.trigger}): ${requestInWords(verdict.request)}`, 2, green);
      break;
    case 'ignored':
      terminal.paragraph(`ignored (${verdict.reason}): ${IGNORED[verdict.reason]}`, 2, yellow);
      break;
    case 'invalid':
      terminal.paragraph(`invalid: ${verdict.path}: ${verdict.message}`, 2, red);
      break;
  }
}

/** Whom an execution would look at, and what it would wait for. */
function requestInWords({ users, groups, applications = [], sweep, release, adopt }: Request): string {
  const parts = [
    ...users.map(({ userId, expected }) => {
      if (!expected) return `looks at user ${userId}`;
      const wait = expected.membership === 'member' ? 'a member of' : 'absent from';
      return `looks at user ${userId}, as soon as they are ${wait} group ${expected.groupId}`;
    }),
    ...groups.map((groupId) => `compares everybody entitled through group ${groupId}: who joined or left is not told`),
    ...applications.map((application) => `compares everybody of ${application}`),
    ...(sweep === 'everything' ? ['compares everybody of all entitlements'] : []),
    ...(sweep === 'due' ? ['looks at what is due or was left behind'] : []),
    ...(release === undefined ? [] : [`releases the hold ${release}`]),
    ...(adopt === undefined ? [] : [`adopts unmanaged assignments of ${adopt}`]),
  ];
  if (parts.length === 0) parts.push('looks at the person as soon as the identity store knows them');
  return parts.join('; ');
}
