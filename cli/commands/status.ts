import type { Command } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { wholeNumber } from '../shared/whole-number.ts';

const Options = z.object({
  executions: z.optional(z.boolean()),
  limit: z.optional(wholeNumber(1, 1000)),
  ticks: z.optional(z.boolean()),
  names: z.optional(z.boolean()),
  by: z._default(z.boolean(), false),
  steps: z.optional(z.boolean()),
  after: z.optional(wholeNumber(0, 25_000)),
  watch: z.optional(z.boolean()),
});

/** Executions that a list shows, if the command line says nothing else. */
const LIMIT = 20;

export function statusCommand(run: Runner): Command {
  return commandOf('status', {
    summary: 'Show whether anything needs you, list executions, or show one in full (read-only)',
    description:
      'Without arguments, the first line says whether anything needs a person: held revocations, failed executions, dead letters, users put aside, triggers that are off, overdue sweeps. The exit code is 0 also if something does. usher doctor checks more.\n\n' +
      'EXECUTION is a name or an ARN. For one execution, prints its trigger, states, waits, retries, audit events and outcome, with the reason in words; with --steps, every event of its history instead, 1,000 at a time.\n\n' +
      '--watch redraws in a terminal until Ctrl-C. In a pipe, it writes each new line once, with its time.',
    examples: [
      ['usher status', 'does anything need me?'],
      ['usher status --json | jq \'select(.type == "attention")\'', 'for programs'],
      ['usher status --executions', 'what happened lately; ticks without changes are counted'],
      ['usher status --executions --limit 100 --names', 'more of it, with names'],
      ['usher status 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21 --watch', 'one execution, to its end'],
      ['usher status 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21 --by', 'one execution, and who started it'],
      ['usher status 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21 --steps --after 1000', 'its history, from step 1001'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'states:ListExecutions',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
      'logs:FilterLogEvents',
      'dynamodb:GetItem',
      'dynamodb:Query',
      'dynamodb:BatchGetItem (notices)',
      'sqs:GetQueueUrl',
      'sqs:GetQueueAttributes',
      'scheduler:GetSchedule',
      'events:DescribeRule',
      'organizations:DescribeOrganization',
      'organizations:ListDelegatedAdministrators',
      'identitystore:DescribeUser',
      'identitystore:ListUsers',
      'cloudtrail:LookupEvents (--by)',
    ],
  })
    .argument('[EXECUTION]', 'name or ARN of an execution')
    .option('--executions', 'list executions, the newest first')
    .option('--limit <N>', `rows of the list (default: ${LIMIT})`)
    .option('--ticks', 'list each tick, also those that changed nothing')
    .option('--by', 'also who started the EXECUTION, from CloudTrail')
    .option('--steps', 'list the history of the EXECUTION, 1,000 steps at most')
    .option('--after <STEP>', 'list what comes after this step')
    .option('--names', 'also print names')
    .option('--watch', 'show changes as they happen, until Ctrl-C')
    .action(run(status));
}

async function status(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  const { executions, limit, ticks = false, names = false, by, watch: isWatched } = options;
  const [name] = command.args;
  if (name !== undefined && executions) throw new UsageError('Name an EXECUTION, or list --executions');
  if (!executions && (limit !== undefined || ticks)) throw new UsageError('--limit and --ticks go with --executions');
  if (by && name === undefined) throw new UsageError('--by goes with an EXECUTION');
  if (options.steps) {
    if (name === undefined) throw new UsageError('--steps goes with an EXECUTION');
    if (by || names || isWatched) throw new UsageError('--steps excludes --by, --names and --watch');
    await (await import('./status/steps.ts')).printSteps(name, options.after ?? 0, context);
    return finish(context);
  }
  if (options.after !== undefined) throw new UsageError('--after goes with --steps');
  const draw = await drawing();
  if (isWatched) return (await import('../command/watch.ts')).watch(draw, context);
  await context.terminal.working('Reading', () => draw(context));
  finish(context);

  async function drawing() {
    if (name !== undefined) return (await import('./status/execution.ts')).executionDrawing(name, { names, by });
    if (executions)
      return (await import('./status/executions.ts')).executionsDrawing({ limit: limit ?? LIMIT, ticks, names });
    return (await import('./status/overview.ts')).drawOverview;
  }
}
