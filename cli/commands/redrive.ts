import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import type { Message, Queues } from '../../adapters/operator/queues.ts';
import { normalize } from '../../domain/request/normalize.ts';
import type { StartContext } from '../../domain/request/request.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { isObject } from '../../domain/shared/json.ts';
import { titleOf } from '../../input/event-title.ts';
import { CommandFailed, UsageError } from '../../operator/failures.ts';
import type { Services } from '../../operator/services.ts';
import { count, escaped, relative } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { endingOf } from '../ui/outcomes.ts';

const Options = z.object({ yes: z.optional(z.boolean()) });

/** AWS redrives an execution up to this long after its end. */
const REDRIVABLE_DAYS = 14;
/** Hides the messages from other receivers while the operator reads and answers. */
const HIDDEN_SECONDS = 600;

export function redriveCommand(run: Runner): Command {
  return commandOf('redrive', {
    summary: 'Redrive failed executions and start new ones from dead-letter messages',
    description:
      'Without EXECUTION, redrives all executions that failed or timed out in the last 14 days, each at the step that failed. It also starts an execution from each message in the dead-letter queues of events and ticks, and deletes a message only after its start has succeeded. Messages that are not events stay in the queue. Lists everything and asks for confirmation.',
    examples: [
      ['usher redrive', 'list everything, then ask'],
      ['usher redrive 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21', 'one execution, no messages'],
      ['usher redrive --yes --json', 'for programs'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'states:ListExecutions',
      'states:DescribeExecution',
      'states:RedriveExecution',
      'states:StartExecution',
      'sqs:GetQueueUrl',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
    ],
  })
    .argument('[EXECUTION...]', 'names or ARNs of executions')
    .option('--yes', 'do not ask for confirmation')
    .action(run(redrive));
}

async function redrive(context: Context, command: Command): Promise<void> {
  const { yes } = optionsOf(command, Options);
  const services = await context.services();
  const executions = await services.executions();
  const machines = [
    await services.machineArn(services.names.machine),
    await services.machineArn(services.names.adminMachine),
  ];
  const named = command.args;
  const failed =
    named.length > 0
      ? await namedExecutions(named, machines, executions)
      : await context.terminal.working('Reading executions', () => failedExecutions(machines, executions, context));
  const failures = await redriveExecutions(failed, executions, yes === true, context);
  const left =
    named.length > 0 ? 0 : await redriveMessages(machines[0] ?? '', executions, services, yes === true, context);
  if (failed.length === 0 && left === undefined)
    context.terminal.note('There are no failed executions and no dead-letter messages.');
  if (failures > 0) throw new CommandFailed(`AWS refused to redrive ${count(failures, 'execution')}`);
}

/** Reads the executions that the command line names. @throws UsageError if one does not exist */
async function namedExecutions(
  names: readonly string[],
  machines: readonly string[],
  executions: Executions,
): Promise<ExecutionDetail[]> {
  const found: ExecutionDetail[] = [];
  for (const name of names) {
    const prefixes = machines.map((machine) => machine.replace(':stateMachine:', ':execution:'));
    const arns = prefixes.map((prefix) => (name.startsWith(`${prefix}:`) ? name : `${prefix}:${name}`));
    if (name.startsWith('arn:') && !arns.includes(name)) {
      throw new UsageError(`${escaped(name)} is not an execution of this stage, account and Region`);
    }
    let detail: ExecutionDetail | undefined;
    for (const arn of arns) detail ??= await executions.describe(arn);
    if (!detail) throw new UsageError(`There is no execution ${escaped(name)}`);
    found.push(detail);
  }
  return found;
}

async function failedExecutions(
  machines: readonly string[],
  executions: Executions,
  { clock }: Context,
): Promise<ExecutionDetail[]> {
  const oldest = clock.now().getTime() - REDRIVABLE_DAYS * 86_400_000;
  const found: ExecutionDetail[] = [];
  for (const machine of machines) {
    for (const status of ['FAILED', 'TIMED_OUT'] as const) {
      for await (const page of executions.list(machine, status)) {
        const recent = page.filter(({ endedAt }) => endedAt !== undefined && endedAt.getTime() >= oldest);
        for (const { arn } of recent) {
          const detail = await executions.describe(arn);
          if (detail?.isRedrivable) found.push(detail);
        }
        if (recent.length === 0) break;
      }
    }
  }
  return found;
}

/** Redrives executions after confirmation. @returns how many AWS refused */
async function redriveExecutions(
  failed: readonly ExecutionDetail[],
  executions: Executions,
  yes: boolean,
  { terminal, json, clock }: Context,
): Promise<number> {
  if (failed.length === 0) return 0;
  const now = clock.now();
  if (json)
    for (const { arn, status, error } of failed)
      terminal.untypedJson({ type: 'failed', execution: arn, status, error });
  else {
    terminal.table(
      ['EXECUTION', 'STATUS', 'ENDED', 'WHY'],
      failed.map((one) => [
        escaped(one.name),
        one.status,
        one.endedAt ? relative(one.endedAt, now) : '',
        escaped(endingOf(one)?.reason ?? ''),
      ]),
    );
  }
  if (!(await terminal.confirm(`Redrive ${count(failed.length, 'execution')} at the step that failed?`, yes))) return 0;
  let refused = 0;
  for (const { arn, name } of failed) {
    const outcome = await executions.redrive(arn);
    if (outcome === 'refused') refused += 1;
    if (json) terminal.untypedJson({ type: outcome, execution: arn });
    else
      terminal.line(
        outcome === 'redriven'
          ? `redriven ${name}`
          : `${name} is not redriven: it runs, succeeded, or ended more than 14 days ago`,
      );
  }
  return refused;
}

/** A message of a dead-letter queue, and what to do with it. */
interface DeadLetter {
  queue: string;
  message: Message;
  /** The input of the execution to start; undefined if the message is not an event. */
  input?: object;
  /** What the message is, or why it stays. */
  title: string;
  /** The name of the execution: two starts with one name start one execution. */
  name: string;
}

/** Starts executions from messages after confirmation. @returns how many messages stay; undefined if there were none */
async function redriveMessages(
  machine: string,
  executions: Executions,
  services: Services,
  yes: boolean,
  context: Context,
): Promise<number | undefined> {
  const { terminal, json, clock } = context;
  const queues = await services.queues();
  const others = await countOthers(queues, services, context);
  const letters = await lettersIn(queues, services, context);
  if (letters.length === 0) return others > 0 ? others : undefined;
  const started = new Set<DeadLetter>();
  try {
    if (json)
      for (const { queue, message, title } of letters)
        terminal.untypedJson({ type: 'message', queue, id: message.id, title });
    else {
      const now = clock.now();
      terminal.table(
        ['MESSAGE', 'QUEUE', 'SENT', 'WHAT'],
        letters.map(({ queue, message, title }) => [
          message.id,
          queue,
          message.sentAt ? relative(message.sentAt, now) : '',
          title,
        ]),
      );
    }
    const startable = letters.filter((letter) => letter.input !== undefined);
    if (startable.length === 0) return letters.length;
    const question = `Start an execution from ${count(startable.length, 'message')}?`;
    if (!(await terminal.confirm(question, yes))) return letters.length;
    for (const letter of startable) {
      const { arn } = await executions.start(machine, letter.input, letter.name);
      await queues.remove(letter.queue, letter.message);
      started.add(letter);
      if (json) terminal.untypedJson({ type: 'started', id: letter.message.id, execution: arn });
      else terminal.line(`started ${arn}`);
    }
    return letters.length - started.size;
  } finally {
    for (const letter of letters) if (!started.has(letter)) await queues.giveBack(letter.queue, letter.message);
  }
}

async function lettersIn(queues: Queues, { names }: Services, context: Context): Promise<DeadLetter[]> {
  const entitlements = await context.entitlements();
  const around = { entitlements, execution: 'redrive', startedAt: context.clock.now() };
  const letters: DeadLetter[] = [];
  for (const queue of [names.queues.events, names.queues.ticks]) {
    const messages = await queues.receiveAll(queue, HIDDEN_SECONDS);
    const [first] = messages ?? [];
    for (const message of messages ?? []) {
      // One tick does what all missed ticks would have done.
      const name = queue === names.queues.ticks ? `redrive-${first?.id}` : `redrive-${message.id}`;
      letters.push({ queue, message, name, ...contentOf(message.body, queue === names.queues.ticks, around) });
    }
  }
  return letters;
}

/** Parses a message. The queue of events starts only events, and the queue of ticks only ticks. */
function contentOf(body: string, tick: boolean, around: StartContext): Pick<DeadLetter, 'input' | 'title'> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return { title: 'not JSON: stays in the queue' };
    throw error;
  }
  if (!isObject(value)) return { title: 'not an event: stays in the queue' };
  const isEvent = Object.hasOwn(value, 'detail-type') || Object.hasOwn(value, 'source');
  const isTick = Object.keys(value).length === 1 && value['scope'] === 'tick';
  if (!(tick ? isTick : isEvent)) return { title: `not ${tick ? 'a tick' : 'an event'}: stays in the queue` };
  try {
    normalize(value, around);
    return { input: value, title: tick ? 'tick' : titleOf(value) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { title: `an invalid event (${error.path}): stays in the queue` };
  }
}

/** Prints how many messages the other queues have, which start nothing. @returns their number */
async function countOthers(queues: Queues, { names }: Services, { terminal }: Context): Promise<number> {
  let messages = 0;
  for (const [queue, what] of [
    [names.queues.failures, 'failures that are missing on the audit stream'],
    [names.queues.audit, 'audit events that are missing in the log group; the archive has them: usher replay'],
  ] as const) {
    const size = (await queues.size(queue)) ?? 0;
    messages += size;
    if (size > 0)
      terminal.note(`${queue}: ${count(size, 'message')}, ${what}. They start nothing and stay in the queue.`);
  }
  return messages;
}
