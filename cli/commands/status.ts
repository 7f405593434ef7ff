import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { ExecutionDetail, ExecutionSummary } from '../../adapters/executions.ts';
import type { AuditLog } from '../../adapters/operator/audit-log.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { UsageError } from '../../operator/failures.ts';
import { readStops, stopInWords } from '../../operator/stops.ts';
import { durationOf, escaped, relative, timeOf } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { auditRow } from '../ui/audit-rows.ts';
import { endingOf, OUTCOMES, STATES } from '../ui/outcomes.ts';

const Options = z.object({ limit: z.optional(wholeNumber(1, 1000)) });

export function statusCommand(run: Runner): Command {
  return commandOf('status', {
    summary: 'List executions, or show one in full (read-only)',
    description:
      'EXECUTION is a name or an ARN. For one execution, prints its states, waits, retries, audit events and outcome, with the reason in words.',
    examples: [
      ['usher status', 'running executions, then the newest'],
      ['usher status --limit 100 --json | jq .status', 'for programs'],
      ['usher status 6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21', 'one execution in full'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'states:ListExecutions',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
      'logs:FilterLogEvents',
      'dynamodb:GetItem',
    ],
  })
    .argument('[EXECUTION]', 'name or ARN of an execution')
    .option('--limit <N>', 'number of executions to list (default: 20)')
    .action(run(status));
}

async function status(context: Context, command: Command): Promise<void> {
  const { limit = 20 } = optionsOf(command, Options);
  const services = await context.services();
  const executions = await services.executions();
  const { unread } = context;
  const machines = [
    await services.machineArn(services.names.machine),
    await services.machineArn(services.names.adminMachine),
  ];
  const [name] = command.args;
  if (name === undefined) {
    const found = [];
    for (const machine of machines) found.push(...(await newest(executions, machine, limit, unread)));
    if (found.length > 0 || unread.isEmpty) listExecutions(found, limit, context);
    if (!context.json) await noteStopped(context, unread);
  } else {
    const execution = await find(name, machines, executions, context);
    const stays = (await unread.attempt(() => staysOf(execution.arn, executions)))?.value;
    const log = await services.auditLog();
    const audit = (await unread.attempt(() => auditOf(execution, log)))?.value;
    printExecution(execution, { stays, audit }, context);
  }
  finish(context);
}

/** Lists running executions first, then the newest. */
function listExecutions(executions: readonly ExecutionSummary[], limit: number, context: Context): void {
  const { terminal, clock, json } = context;
  const found = [...executions];
  const order = ({ status: state }: ExecutionSummary) => (state === 'RUNNING' ? 0 : 1);
  found.sort((a, b) => order(a) - order(b) || b.startedAt.getTime() - a.startedAt.getTime());
  const shown = found.slice(0, limit);
  if (json) {
    for (const one of shown) terminal.untypedJson(summaryOf(one));
    return;
  }
  if (shown.length === 0) {
    terminal.line('There is no execution yet.');
    return;
  }
  const now = clock.now();
  terminal.table(
    ['EXECUTION', 'MACHINE', 'STATUS', 'STARTED', 'TOOK'],
    shown.map(({ name, arn, status: state, startedAt, endedAt }) => [
      escaped(name),
      arn.split(':')[6] ?? '',
      coloredStatus(state, context),
      relative(startedAt, now),
      endedAt ? durationOf(secondsBetween(startedAt, endedAt)) : '',
    ]),
  );
}

/** Says what no execution shows: they converge although AWS refuses new subscriptions. */
async function noteStopped(context: Context, unread: Unread): Promise<void> {
  const { terminal, clock } = context;
  for (const stop of (await readStops(context, unread)) ?? []) {
    const words = `${stop.entitlement}: ${stopInWords(stop, clock.now())}. Only AWS Support lifts that: docs/runbook.md#subscriptions-stopped`;
    terminal.note(terminal.noteColors.yellow(words));
  }
}

async function newest(
  executions: Executions,
  machine: string,
  limit: number,
  unread: Unread,
): Promise<ExecutionSummary[]> {
  const found: ExecutionSummary[] = [];
  await unread.attempt(async () => {
    for await (const page of executions.list(machine)) {
      found.push(...page);
      if (found.length >= limit) break;
    }
  });
  return found.slice(0, limit);
}

function coloredStatus(state: string, { terminal: { colors } }: Context): string {
  if (state === 'SUCCEEDED') return colors.green(state);
  return state === 'RUNNING' ? colors.cyan(state) : colors.red(state);
}

function summaryOf({ arn, name, status: state, startedAt, endedAt }: ExecutionSummary) {
  return { execution: arn, name, status: state, startedAt: startedAt.toISOString(), endedAt: endedAt?.toISOString() };
}

/** @throws UsageError if neither state machine has it, or if it belongs to another account */
async function find(
  name: string,
  machines: readonly string[],
  executions: Executions,
  context: Context,
): Promise<ExecutionDetail> {
  const arns = name.startsWith('arn:')
    ? [name]
    : machines.map((machine) => `${machine.replace(':stateMachine:', ':execution:')}:${name}`);
  const ours = machines.map((machine) => machine.replace(':stateMachine:', ':execution:'));
  if (!arns.every((arn) => ours.some((prefix) => arn.startsWith(`${prefix}:`)))) {
    throw new UsageError(`${escaped(name)} is not an execution of this stage, account and Region: ${machines[0]}`);
  }
  for (const arn of arns) {
    const found = await context.unread.attempt(() => executions.describe(arn));
    if (found?.value) return found.value;
  }
  finish(context);
  throw new UsageError(`There is no execution ${escaped(name)} of ${machines.join(' or ')}`);
}

/** Prints one execution in full, without the states or the audit events if they could not be read. */
function printExecution(
  execution: ExecutionDetail,
  { stays, audit }: { stays: Stay[] | undefined; audit: ReturnType<typeof auditRow>[] | undefined },
  context: Context,
): void {
  const { terminal, json, clock } = context;
  const ending = endingOf(execution);
  if (json) {
    const { redrives, isRedrivable } = execution;
    terminal.untypedJson({
      ...summaryOf(execution),
      ...ending,
      redrives,
      isRedrivable,
      states: stays,
      audit: audit?.map(({ event }) => event),
    });
    return;
  }
  const { colors } = terminal;
  terminal.line(`${colors.bold(escaped(execution.name))}  ${coloredStatus(execution.status, context)}`);
  terminal.line(colors.dim(execution.arn));
  const took = secondsBetween(execution.startedAt, execution.endedAt ?? clock.now());
  terminal.line(
    `Started ${timeOf(execution.startedAt)} UTC, ${execution.endedAt ? 'took' : 'has been running for'} ${durationOf(took)}.`,
  );
  terminal.line();
  for (const { state, at, seconds, failures } of stays ?? []) {
    const took = seconds === undefined ? '' : durationOf(seconds);
    const tries =
      failures.length === 0 ? '' : colors.yellow(`  ${failures.length} failed: ${[...new Set(failures)].join(', ')}`);
    terminal.line(
      `${colors.dim(at.slice(11, 19))}  ${state.padEnd(18)}  ${took.padStart(6)}  ${STATES[state] ?? ''}${tries}`,
    );
  }
  terminal.line();
  if (audit && audit.length > 0)
    terminal.table(
      ['TIME', 'EVENT', 'USER', 'ENTITLEMENT', 'REASON'],
      audit.map(({ cells }) => cells),
    );
  else if (audit) terminal.line('It recorded no audit event.');
  if (!ending) {
    terminal.line('It is still running.');
    return;
  }
  terminal.line();
  terminal.line([OUTCOMES[ending.outcome], ending.reason, ending.handedOverTo].filter(Boolean).join(': '));
  if (execution.isRedrivable)
    terminal.line(colors.dim(`Redrive it from the step that failed: usher redrive ${execution.name}`));
}

/** One stay in a state: its duration, and the errors of failed attempts. */
interface Stay {
  state: string;
  at: string;
  seconds?: number;
  failures: string[];
}

async function staysOf(arn: string, executions: Executions): Promise<Stay[]> {
  const stays: Stay[] = [];
  for await (const page of executions.history(arn)) {
    for (const { at, what, state = '', error } of page) {
      if (what === 'entered' && STATES[state]) stays.push({ state, at: at.toISOString(), failures: [] });
      const last = stays.at(-1);
      if (what === 'attempt-failed') last?.failures.push(error ?? 'unknown');
      if (what === 'exited' && last?.state === state && last.seconds === undefined) {
        last.seconds = secondsBetween(last.at, at);
      }
    }
  }
  return stays;
}

async function auditOf({ arn, startedAt }: ExecutionDetail, log: AuditLog) {
  const rows: ReturnType<typeof auditRow>[] = [];
  for await (const page of log.events({ execution: arn, since: startedAt })) {
    for (const event of page ?? []) rows.push(auditRow(event));
  }
  return rows;
}
