import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { ExecutionDetail, Executions } from '../../adapters/operator/executions.ts';
import type { Message, Queues } from '../../adapters/operator/queues.ts';
import { normalize } from '../../domain/request/normalize.ts';
import type { StartContext } from '../../domain/request/request.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { isObject } from '../../domain/shared/json.ts';
import { titleOf } from '../../input/event-title.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import type { Services } from '../command/services.ts';
import { CommandFailed, UsageError } from '../shared/failures.ts';
import { endingOf } from '../ui/outcomes.ts';
import { count, escaped, relative } from '../ui/text.ts';

const Options = z.object({ yes: z.optional(z.boolean()) });

/** AWS redrives an execution so long after its end. */
const REDRIVABLE_DAYS = 14;
/** While a person reads and answers, nobody else receives the messages. */
const HIDDEN_SECONDS = 600;

export function redriveCommand(run: Runner): Command {
  return commandOf('redrive', {
    summary: 'Run failed executions on, and start dead letters again',
    description:
      'Without EXECUTION: all that failed or timed out in the last 14 days, each at the step that failed, and the messages in the dead-letter queues of events and ticks, each started from its event and deleted only when that has succeeded. What is no event is left where it is. Shows what there is, and asks.',
    examples: [
      ['usher redrive', 'shows, asks'],
      ['usher redrive 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21', 'one execution, and no messages'],
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
    .argument('[EXECUTION...]', 'names or ARNs')
    .option('--yes', "don't ask")
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
      ? await namedOnes(named, machines, executions)
      : await context.terminal.working('Reading executions', () => failedOnes(machines, executions, context));
  const failures = await redriveExecutions(failed, executions, yes === true, context);
  const left =
    named.length > 0 ? 0 : await redriveMessages(machines[0] ?? '', executions, services, yes === true, context);
  if (failed.length === 0 && left === undefined)
    context.terminal.note('Nothing has failed, and there are no dead letters.');
  if (failures > 0) throw new CommandFailed(`${count(failures, 'execution')} could not be redriven`);
}

/** @throws WrongUse when one isn't there */
async function namedOnes(
  names: readonly string[],
  machines: readonly string[],
  executions: Executions,
): Promise<ExecutionDetail[]> {
  const found: ExecutionDetail[] = [];
  for (const name of names) {
    const prefixes = machines.map((machine) => machine.replace(':stateMachine:', ':execution:'));
    const arns = prefixes.map((prefix) => (name.startsWith(`${prefix}:`) ? name : `${prefix}:${name}`));
    if (name.startsWith('arn:') && !arns.includes(name)) {
      throw new UsageError(`${escaped(name)} is no execution of this stage, account and Region`);
    }
    let detail: ExecutionDetail | undefined;
    for (const arn of arns) detail ??= await executions.describe(arn);
    if (!detail) throw new UsageError(`There is no execution ${escaped(name)}`);
    found.push(detail);
  }
  return found;
}

async function failedOnes(
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

/** @returns how many AWS refused */
async function redriveExecutions(
  failed: readonly ExecutionDetail[],
  executions: Executions,
  yes: boolean,
  { terminal, json, clock }: Context,
): Promise<number> {
  if (failed.length === 0) return 0;
  const now = clock.now();
  if (json)
    for (const { arn, status, error } of failed) terminal.json({ type: 'failed', execution: arn, status, error });
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
    if (json) terminal.json({ type: outcome, execution: arn });
    else
      terminal.line(
        outcome === 'redriven' ? `redriven ${name}` : `${name}: it runs, succeeded, or ended more than 14 days ago`,
      );
  }
  return refused;
}

/** A message, and what is to become of it. */
interface Letter {
  queue: string;
  message: Message;
  /** What starts an execution; undefined for what is no event. */
  input?: object;
  /** In a few words: what it is, or why it is left. */
  title: string;
  /** Of the execution; starting it twice under one name starts it once. */
  name: string;
}

/** @returns how many are left; undefined when there were none at all */
async function redriveMessages(
  machine: string,
  executions: Executions,
  services: Services,
  yes: boolean,
  context: Context,
): Promise<number | undefined> {
  const { terminal, json, clock } = context;
  const queues = await services.queues();
  const others = await tellOthers(queues, services, context);
  const letters = await lettersIn(queues, services, context);
  if (letters.length === 0) return others > 0 ? others : undefined;
  const started = new Set<Letter>();
  try {
    if (json)
      for (const { queue, message, title } of letters) terminal.json({ type: 'message', queue, id: message.id, title });
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
    if (!(await terminal.confirm(`Start ${count(startable.length, 'message')} again?`, yes))) return letters.length;
    for (const letter of startable) {
      const { arn } = await executions.start(machine, letter.input, letter.name);
      await queues.remove(letter.queue, letter.message);
      started.add(letter);
      if (json) terminal.json({ type: 'started', id: letter.message.id, execution: arn });
      else terminal.line(`started ${arn}`);
    }
    return letters.length - started.size;
  } finally {
    for (const letter of letters) if (!started.has(letter)) await queues.giveBack(letter.queue, letter.message);
  }
}

async function lettersIn(queues: Queues, { names }: Services, context: Context): Promise<Letter[]> {
  const entitlements = await context.entitlements();
  const around = { entitlements, execution: 'redrive', startedAt: context.clock.now() };
  const letters: Letter[] = [];
  for (const queue of [names.queues.events, names.queues.ticks]) {
    const messages = await queues.receiveAll(queue, HIDDEN_SECONDS);
    const [first] = messages ?? [];
    for (const message of messages ?? []) {
      // One tick does what all that were missed would have done.
      const name = queue === names.queues.ticks ? `redrive-${first?.id}` : `redrive-${message.id}`;
      letters.push({ queue, message, name, ...contentOf(message.body, queue === names.queues.ticks, around) });
    }
  }
  return letters;
}

/** An event from the queue of events, or a tick from that of ticks: nothing else is started from a queue. */
function contentOf(body: string, tick: boolean, around: StartContext): Pick<Letter, 'input' | 'title'> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return { title: 'not JSON: left where it is' };
    throw error;
  }
  if (!isObject(value)) return { title: 'not an event: left where it is' };
  const isEvent = Object.hasOwn(value, 'detail-type') || Object.hasOwn(value, 'source');
  const isTick = Object.keys(value).length === 1 && value['scope'] === 'tick';
  if (!(tick ? isTick : isEvent)) return { title: `not ${tick ? 'a tick' : 'an event'}: left where it is` };
  try {
    normalize(value, around);
    return { input: value, title: tick ? 'tick' : titleOf(value) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { title: `an event that is not understood (${error.path}): left where it is` };
  }
}

/** Queues whose messages start nothing. @returns how many messages they have */
async function tellOthers(queues: Queues, { names }: Services, { terminal }: Context): Promise<number> {
  let messages = 0;
  for (const [queue, what] of [
    [names.queues.failures, 'failures that are not on the audit stream'],
    [names.queues.audit, 'audit events that the log group did not take; the archive has them: usher replay'],
  ] as const) {
    const size = (await queues.size(queue)) ?? 0;
    messages += size;
    if (size > 0)
      terminal.note(`${queue}: ${count(size, 'message')}, ${what}. They start nothing, and are left where they are.`);
  }
  return messages;
}
