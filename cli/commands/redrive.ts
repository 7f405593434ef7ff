import type { Command } from 'commander';
import * as z from 'zod/mini';
import { giveBack, otherQueues, receiveDeadLetters, startDeadLetter } from '../../operator/executions/dead-letters.ts';
import { nameIn } from '../../operator/executions/find.ts';
import {
  type FailedExecution,
  failedExecution,
  namedExecutions,
  readFailures,
} from '../../operator/executions/redrive.ts';
import { subjectInWords } from '../../operator/executions/subject.ts';
import { CommandFailed } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { followToEnd } from '../command/start-execution.ts';
import { finish } from '../command/unread.ts';
import { addNames } from '../command/user-names.ts';
import { printMessages } from './redrive/messages.ts';

const Options = z.object({
  names: z.optional(z.boolean()),
  yes: z.optional(z.boolean()),
  wait: z.optional(z.boolean()),
});
type RedriveOptions = z.infer<typeof Options>;

export function redriveCommand(run: Runner): Command {
  return commandOf('redrive', {
    summary: 'Redrive failed executions, and start or move what is in the dead-letter queues',
    description:
      'Without EXECUTION, redrives all executions that failed or timed out in the last 14 days, each at the step that failed. It also starts an execution from each message in the dead-letter queues of events and ticks, and deletes a message only after its start has succeeded. Messages that are not events stay in the queue. With notices, it moves their dead letters back into the queue of notices; NotifyUser then sends what is younger than 24 hours and still true. Lists everything and asks for confirmation.\n\n' +
      'Some failures are only listed, each with the reason and what helps: AWS does not redrive them, or a redrive would repeat the failure. An execution that someone stopped, or whose input is invalid, is redriven only if you name it.\n\n' +
      'Exit code with --wait: 1 if one of them fails again.',
    examples: [
      ['usher redrive', 'list everything, then ask'],
      ['usher redrive --wait', 'the same; follow each to its end'],
      ['usher redrive 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21', 'one execution, no messages'],
      ['usher redrive --yes --json', 'for programs'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'states:ListExecutions',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
      'states:RedriveExecution',
      'states:StartExecution',
      'sqs:GetQueueUrl',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:SendMessage (notices)',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
    ],
  })
    .argument('[EXECUTION...]', 'names or ARNs of executions')
    .option('--names', 'also print names')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'follow each execution to its end')
    .action(run(redrive));
}

async function redrive(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  const { terminal } = context;
  const names = command.args;
  const failures = names.length > 0 ? await namedFailures(names, context) : await allFailures(context);
  if (options.names)
    await addNames(
      failures.map(({ subject }) => subject),
      context,
    );
  for (const failure of failures) if (context.json) printFailure(failure, context);
  if (!context.json) printFailures(failures, context);
  const isNamed = names.length > 0;
  const wanted = failures.filter(
    ({ redrive: { possible } }) => possible === 'yes' || (isNamed && possible === 'by-name'),
  );
  const started = await redriveAll(wanted, options, context);
  const letters = isNamed ? undefined : await redriveMessages(options, context);
  const notices = isNamed ? 0 : await noticeMessages(options, context);
  if (failures.length === 0 && letters?.found === 0 && notices === 0) {
    if (context.json) terminal.json({ type: 'none', of: 'failure' });
    terminal.note('There are no failed executions and no dead-letter messages.');
  }
  const failed = options.wait ? await waitForAll([...started.arns, ...(letters?.arns ?? [])], context) : 0;
  finish(context);
  if (started.refused > 0) throw new CommandFailed(`AWS refused to redrive ${count(started.refused, 'execution')}`);
  if (failed > 0) throw new CommandFailed(`${count(failed, 'execution')} failed again`);
  if (isNamed && wanted.length < names.length)
    throw new CommandFailed(`${count(names.length - wanted.length, 'execution is', 'executions are')} not redriven`);
}

/** @throws UsageError if one does not exist */
async function namedFailures(names: readonly string[], context: Context): Promise<FailedExecution[]> {
  const failures: FailedExecution[] = [];
  for (const execution of await namedExecutions(names, context)) {
    const failure = await failedExecution(execution, context);
    if (failure) failures.push(failure);
    else
      context.terminal.note(
        `${escaped(execution.name)} is not redriven: it ${execution.status === 'RUNNING' ? 'runs' : 'has succeeded'}.`,
      );
  }
  return failures;
}

async function allFailures(context: Context): Promise<FailedExecution[]> {
  const { terminal, json } = context;
  const { failures, more } = await terminal.working('Reading executions', () => readFailures(context));
  if (!more) return failures;
  if (json) terminal.json({ type: 'more', of: 'failure', read: failures.length });
  terminal.note(
    `More executions failed than were read: ${count(failures.length, 'execution')}. Repeat the command after this`,
  );
  return failures;
}

function printFailure({ execution, reason, subject, redrive }: FailedExecution, { terminal }: Context): void {
  const { arn, status, endedAt, error } = execution;
  terminal.json({
    type: 'failure',
    execution: arn,
    status,
    ...(endedAt ? { since: endedAt.toISOString() } : {}),
    ...(error === undefined ? {} : { error }),
    reason,
    subject,
    redrive,
  });
}

/** Lists the failures, and for those that are not redriven why, and what helps. */
function printFailures(failures: readonly FailedExecution[], { terminal, clock }: Context): void {
  if (failures.length === 0) return;
  const now = clock.now();
  terminal.table(
    ['EXECUTION', 'STATUS', 'ENDED', 'SUBJECT', 'WHY'],
    failures.map(({ execution: { arn, status, endedAt }, subject, reason }) => [
      escaped(nameIn(arn)),
      status,
      terminal.when(endedAt, now),
      escaped(subjectInWords(subject)),
      escaped(reason),
    ]),
  );
  for (const { execution, redrive } of failures) {
    if (redrive.reason === undefined) continue;
    const when = redrive.possible === 'by-name' ? 'redriven only by name' : 'not redriven';
    terminal.paragraph(
      escaped(`${execution.name} is ${when}: ${redrive.reason}. ${redrive.fix}`),
      0,
      terminal.colors.yellow,
    );
  }
}

/** Redrives executions after confirmation. @returns those that run again, and how many AWS refused */
async function redriveAll(
  failures: readonly FailedExecution[],
  { yes }: RedriveOptions,
  { terminal, json, services }: Context,
): Promise<{ arns: string[]; refused: number }> {
  const question = `Redrive ${count(failures.length, 'execution')} at the step that failed?`;
  if (failures.length === 0 || !(await terminal.confirm(question, yes === true))) return { arns: [], refused: 0 };
  const executions = await (await services()).executions();
  const arns: string[] = [];
  for (const { execution } of failures) {
    const { arn, name } = execution;
    const outcome = await executions.redrive(arn);
    if (outcome === 'redriven') arns.push(arn);
    if (json) terminal.json({ type: 'redrive', execution: arn, outcome });
    else
      terminal.line(
        outcome === 'redriven'
          ? `redriven ${escaped(name)}`
          : `AWS does not redrive ${escaped(name)}: see usher status ${escaped(name)}`,
      );
  }
  return { arns, refused: failures.length - arns.length };
}

/** Starts executions from messages after confirmation. @returns those that were started, and how many messages there were */
async function redriveMessages({ yes }: RedriveOptions, context: Context): Promise<{ arns: string[]; found: number }> {
  const { terminal, json } = context;
  const others = await otherQueues(context);
  for (const { queue, messages, reason } of others) {
    if (json) terminal.json({ type: 'queue', queue, messages, reason });
    terminal.note(`${queue}: ${count(messages, 'message')}, ${reason}. They start nothing and stay in the queue.`);
  }
  const letters = await receiveDeadLetters(context);
  const left = new Set(letters);
  const arns: string[] = [];
  const services = await context.services();
  try {
    printMessages(
      letters.map((letter) => ({ ...letter, isStartable: letter.input !== undefined })),
      context,
    );
    const startable = letters.filter(({ input }) => input !== undefined);
    const question = `Start an execution from ${count(startable.length, 'message')}?`;
    if (startable.length > 0 && (await terminal.confirm(question, yes === true))) {
      for (const letter of startable) {
        const execution = await startDeadLetter(letter, services);
        left.delete(letter);
        arns.push(execution);
        if (json) terminal.json({ type: 'start', execution, messageId: letter.message.id });
        else terminal.line(`started ${execution}`);
      }
    }
  } finally {
    await giveBack([...left], await services.queues());
  }
  return { arns: [...new Set(arns)], found: others.length + letters.length };
}

/** Moves dead letters of notices back. @returns how many there were */
async function noticeMessages({ yes }: RedriveOptions, context: Context): Promise<number> {
  const { notices } = await context.entitlements();
  if (!notices) return 0;
  return (await import('./redrive/notices.ts')).redriveNotices(yes === true, context);
}

/** Follows executions one after another, each to its end. @returns how many failed */
async function waitForAll(arns: readonly string[], context: Context): Promise<number> {
  let failed = 0;
  for (const arn of arns) {
    if (!context.json) context.terminal.line(context.terminal.colors.bold(escaped(nameIn(arn))));
    try {
      await followToEnd(arn, context);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      failed += 1;
      context.terminal.note(context.terminal.noteColors.red(escaped(error.message)));
    }
  }
  return failed;
}
