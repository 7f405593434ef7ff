import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Request, StartContext } from '../../domain/request/request.ts';
import { readEntitlements } from '../../input/entitlements-file.ts';
import { executionInput, readEvents } from '../../input/event-files.ts';
import { resemblesManualStart } from '../../input/event-shapes.ts';
import { titleOf } from '../../input/event-title.ts';
import { readText } from '../../input/files.ts';
import type { EventPlace } from '../../input/unwrap.ts';
import { findExecution } from '../../operator/executions/find.ts';
import { IGNORED } from '../../operator/executions/outcomes.ts';
import { type Explanation, explanationLine, explain as explanationOf, NO_EXECUTION } from '../../operator/explain.ts';
import { CommandFailed, UsageError } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import type { Terminal } from '../ui/terminal.ts';

const Options = z.object({ execution: z.optional(z.string()) });

/** The number of events after which the command waits for a slow reader of its output. */
const WAIT_EVERY = 1000;

export function explainCommand(run: Runner): Command {
  return commandOf('explain', {
    summary: 'Explain what an event would start, or why it would be ignored (offline, but for --execution)',
    description:
      'FILE holds EventBridge events, CloudTrail records or manual starts: one, an array, or JSON Lines; - is standard input. They may be in what AWS and others put around them, also compressed: a log file of CloudTrail, messages of SQS and SNS, CloudWatch Logs, lookup-events, describe-execution, PutEvents, or the export of a search tool. docs/operator.md lists the forms.\n\n' +
      'Exit code: 1 if any event is invalid, 2 if a file cannot be read or holds no event.',
    examples: [
      ['usher explain event.json', 'one event, in words'],
      ['usher explain events.jsonl --entitlements next.yml --json', 'the effect of a changed configuration'],
      ['usher explain 444455556666_CloudTrail_us-east-1.json.gz', 'a log file of CloudTrail'],
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
  const { execution } = optionsOf(command, Options);
  const [file] = command.args;
  if (execution !== undefined) {
    if (file !== undefined) throw new UsageError('Give a FILE, or --execution');
    return explainExecution(execution, context, command);
  }
  if (file === undefined) throw new UsageError('Give a FILE, or --execution');
  const entitlements = await entitlementsFor(context, command);
  const { places, leftOut } = await readEvents(file, context.stdin);
  if (leftOut > 0) context.terminal.note(`${count(leftOut, 'entry holds', 'entries hold')} no event.`);
  await explainAll(places, { entitlements, execution: NO_EXECUTION, startedAt: context.clock.now() }, context);
}

/** Explains an execution by its own input, which Step Functions keeps for 90 days. @throws UsageError if there is none */
async function explainExecution(name: string, context: Context, command: Command): Promise<void> {
  const found = await findExecution(name, context);
  if (!found) return finish(context);
  const entitlements = await entitlementsFor(context, command);
  const around = { entitlements, execution: found.arn, startedAt: found.startedAt };
  await explainAll([executionInput(found.input)], around, context);
}

/** Prints what each event would start. @throws CommandFailed if one is invalid, after all of them */
async function explainAll(
  places: readonly EventPlace[],
  around: StartContext,
  { terminal, json }: Context,
): Promise<void> {
  const counts = { start: 0, ignored: 0, invalid: 0 };
  if (!json) terminal.page();
  for (const [index, place] of places.entries()) {
    const explanation: Explanation = place.event
      ? explanationOf(place.event, around)
      : { decision: 'invalid', path: 'input', message: place.problem };
    counts[explanation.decision] += 1;
    if (json) terminal.json(explanationLine(explanation, place.path));
    else printExplanation(place, explanation, terminal);
    if (index % WAIT_EVERY === 0) await terminal.drained();
  }
  if (!json && places.length > 1) {
    terminal.line();
    terminal.line(`${counts.start} would start, ${counts.ignored} ignored, ${counts.invalid} invalid.`);
  }
  if (counts.invalid > 0) throw new CommandFailed(`${count(counts.invalid, 'event is', 'events are')} invalid`);
}

/** Here, a missing default file is unreadable input, not a missing precondition. */
async function entitlementsFor(context: Context, command: Command): Promise<Entitlements> {
  const { entitlements } = command.optsWithGlobals<{ entitlements?: string }>();
  if (entitlements !== undefined || context.local) return context.entitlements();
  return readEntitlements(await readText('entitlements.yml'), 'entitlements.yml');
}

function printExplanation({ path, event }: EventPlace, explanation: Explanation, terminal: Terminal): void {
  const { bold, green, red, yellow } = terminal.colors;
  const title = [path, event ? kindOf(event) : ''].filter(Boolean).join(': ');
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

/** A file may hold anything: what has no key of an event or of a start is called neither. */
function kindOf(event: object): string {
  const title = titleOf(event);
  return title === 'manual start' && !resemblesManualStart(event) ? 'neither an event nor a manual start' : title;
}

/** Says what an execution would check, and what it would wait for. */
function requestInWords(request: Request): string {
  const { trigger, users, groups, applications = [], sweep, withStatus = [] } = request;
  const { release, adopt, adoptSubscriptions } = request;
  const status = withStatus.length === 0 ? '' : ', with the status of each';
  const unnamed = trigger === 'event' ? `${status}: the event does not say whom it is about` : '';
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
    ...(sweep === 'everything' ? [`checks all users of all entitlements${unnamed}`] : []),
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
