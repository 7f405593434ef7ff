import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import { normalize } from '../../domain/request/normalize.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { readEvents, validEvents } from '../../input/event-files.ts';
import { labelOf } from '../../input/files.ts';
import { InputError } from '../../input/input-error.ts';
import { CommandFailed, MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { count, escaped, momentIn, timeOf } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { pollMilliseconds } from '../command/follow-execution.ts';

const Options = z.object({
  since: z.optional(z.string()),
  until: z.optional(z.string()),
  yes: z.optional(z.boolean()),
});

export function replayCommand(run: Runner): Command {
  return commandOf('replay', {
    summary: 'Replay events of a file, or the audit archive',
    description:
      'With FILE, starts one execution per event, as the rule would do; FILE has any of the forms that usher explain takes. Without FILE, EventBridge replays the audit archive since WHEN to the audit bus; consumers drop second copies by metadata.uid. The command itself puts no event on a bus. Asks for confirmation.',
    examples: [
      ['usher replay events.jsonl', 'start one execution per event'],
      ['usher replay --since 3h', 'replay the audit stream of three hours'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'states:StartExecution',
      'events:DescribeArchive',
      'events:DescribeEventBus',
      'events:StartReplay',
      'events:DescribeReplay',
    ],
  })
    .argument('[FILE]', 'event file, or - for standard input')
    .option('--since <WHEN>', 'start of the replay: 15m, 3h, 7d, or a time in UTC')
    .option('--until <WHEN>', 'end of the replay, likewise (default: now)')
    .option('--yes', 'do not ask for confirmation')
    .action(run(replay));
}

async function replay(context: Context, command: Command): Promise<void> {
  const { since, until, yes } = optionsOf(command, Options);
  const [file] = command.args;
  if (file === undefined) {
    if (since === undefined) throw new UsageError('Give FILE, or --since for the audit archive');
    return replayArchive(since, until, yes === true, context);
  }
  if (since !== undefined || until !== undefined)
    throw new UsageError('--since and --until belong to the audit archive, not to FILE');
  await replayToMachine(file, yes === true, context);
}

async function replayToMachine(file: string, yes: boolean, context: Context): Promise<void> {
  const { terminal, json, clock } = context;
  const found = await readEvents(file, context.stdin);
  const events = validEvents(found, labelOf(file));
  const entitlements = await context.entitlements();
  const around = { entitlements, execution: 'replay', startedAt: clock.now() };
  const ignored = events.filter(({ path, event }) => {
    // A file of events must not be a way to start what only an operator may start.
    if (!['detail-type', 'source', 'eventSource', 'eventName'].some((key) => Object.hasOwn(event, key))) {
      throw new InputError(labelOf(file), [{ path, problem: 'not an event. For a manual start: usher start' }]);
    }
    try {
      return 'ignored' in normalize(event, around);
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      throw new InputError(labelOf(file), [{ path, problem: error.message }]);
    }
  }).length;
  terminal.note(`${count(events.length, 'event')}, ${ignored} of which will be ignored.`);
  if (found.leftOut > 0) terminal.note(`${count(found.leftOut, 'entry holds', 'entries hold')} no event.`);
  if (!(await terminal.confirm(`Start ${count(events.length, 'execution')}?`, yes))) return;
  const services = await context.services();
  const executions = await services.executions();
  const machine = await services.machineArn(services.names.machine);
  const bar = json ? undefined : terminal.bar('executions', events.length);
  let done = 0;
  context.onInterrupt(() => {
    bar?.stop();
    terminal.note(`\n${done} of ${count(events.length, 'execution')} started.`);
  });
  for (const { path, event } of events) {
    const { arn } = await executions.start(machine, event);
    done += 1;
    bar?.update(done);
    if (json) terminal.json({ type: 'start', ...(path === '' ? {} : { place: path }), execution: arn });
  }
  bar?.stop();
  if (!json) terminal.line(`started ${count(done, 'execution')}`);
}

async function replayArchive(since: string, until: string | undefined, yes: boolean, context: Context): Promise<void> {
  const { terminal, json, clock } = context;
  const now = clock.now();
  const from = momentIn(since, now);
  const to = until === undefined ? now : momentIn(until, now);
  if (!(from && to))
    throw new UsageError('--since, --until: expected 15m, 3h, 7d, or a time in UTC such as 2026-11-25T08:00Z');
  if (from >= to) throw new UsageError('--since must be before --until');
  const services = await context.services();
  const deployment = await services.deployment();
  const { names } = services;
  const archive = await deployment.archive(names.auditArchive);
  const busArn = await deployment.bus(names.auditBus);
  if (!archive || busArn === undefined)
    throw new MissingPrecondition(`There is no archive ${names.auditArchive} with its bus. Is Usher deployed here?`);
  terminal.note(
    `From ${timeOf(from)} to ${timeOf(to)} UTC, to ${names.auditBus}: every rule of this bus sees the events again.`,
  );
  if (!(await terminal.confirm('Replay these events?', yes))) return;
  const replays = await services.replays();
  const name = `${names.prefix}-${now.toISOString().replace(/[:.]/g, '-')}`;
  await replays.start({ name, archiveArn: archive.arn, busArn, from, to });
  const { state, reason } = await terminal.working(`Replaying as ${name}`, async (report) => {
    for (;;) {
      const found = await replays.state(name);
      if (found.state !== 'STARTING' && found.state !== 'RUNNING') return found;
      report(found.state.toLowerCase());
      await sleep(pollMilliseconds(context));
    }
  });
  if (json) terminal.json({ type: 'replay', replay: name, status: state });
  else terminal.line(`${name}: ${state}`);
  if (state !== 'COMPLETED')
    throw new CommandFailed(`The replay ended ${state}${reason === undefined ? '' : `: ${escaped(reason)}`}`);
}
