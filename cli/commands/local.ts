import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Delivery } from '../../domain/notices/delivery.ts';
import { validate } from '../../domain/shared/validation.ts';
import type { Listening } from '../../emulator/server.ts';
import type { FolderInUseError } from '../../emulator/stack/state-lock.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { readText } from '../../input/files.ts';
import { InputError } from '../../input/input-error.ts';
import { CommandFailed, MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { deliveryLine } from '../../operator/notices/notice-line.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner, SUB_COMMAND_HELP } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { EMULATOR_PEOPLE, EMULATOR_PORT, emulatorEndpoint } from '../shared/endpoint.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { triggerCommand } from './local-trigger.ts';

const Options = z.object({
  port: z.optional(wholeNumber(0, 65_535)),
  speed: z.optional(wholeNumber(1, 100_000)),
  people: z.optional(wholeNumber(0, 100_000)),
  directory: z.optional(z.string()),
  state: z.optional(z.string()),
});
/** Codes of Node for a file that may not grow: the disk is full, or a quota or limit is reached. */
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export function localCommand(run: Runner): Command {
  return commandOf('local', {
    summary: 'Serve the emulator until Ctrl-C, without AWS',
    description:
      'The emulator is the whole service on this machine. Other commands use it with --local, and so can every AWS tool that takes an endpoint (aws --endpoint-url …).\n' +
      'No e-mail leaves it. With notices in the configuration, it prints a line per notice, and serves the e-mails at /outbox.\n' +
      'It takes the configuration of --entitlements, and the directory of --directory or a generated one that fits. Its clock runs like yours, or --speed times as fast; the tick comes every five minutes.',
    examples: [
      ['usher local', 'then in another terminal: usher --local doctor'],
      ['usher local --speed 60 --state ./state', 'one hour per minute; keeps its state'],
      ['usher local --people 5000', 'a large company'],
      ['usher local --directory directory.yml', 'a directory of your own'],
      ['usher local trigger join alice q-developers', 'in another terminal: a user joins a group'],
    ],
    permissions: [],
  })
    .option('--port <N>', `port to listen at, or 0 for a free one (default: ${EMULATOR_PORT})`)
    .option('--speed <N>', 'seconds per real second (default: 1)')
    .option('--people <N>', `users in the generated directory (default: ${EMULATOR_PEOPLE})`)
    .option('--directory <FILE>', 'users, groups and applications (docs/scenarios.md)')
    .option('--state <DIR>', 'folder that keeps the state, for one usher local at a time')
    .action(run(local))
    .addCommand(triggerCommand(run).configureHelp(SUB_COMMAND_HELP));
}

async function local(context: Context, command: Command): Promise<void> {
  const { terminal } = context;
  const { port = EMULATOR_PORT, speed = 1, people, directory: file, state } = optionsOf(command, Options);
  if (people !== undefined && file !== undefined)
    throw new UsageError('--people is for a generated directory: it goes without --directory');
  const { configuration: entitlements } = await context.configuration();
  const { DirectorySeedSchema } = await import('../../emulator/aws/identity-center/directory-seed.ts');
  const { exampleDirectory } = await import('../../emulator/scenario/example-directory.ts');
  const { serve } = await import('../../emulator/server.ts');
  const directory =
    file === undefined
      ? exampleDirectory(entitlements, people ?? EMULATOR_PEOPLE)
      : await directoryIn(file, DirectorySeedSchema);
  if (directory.identityStoreId !== entitlements.identityCenter.identityStoreId) {
    const problem = 'not the identity store of the entitlements (identityCenter.identityStoreId)';
    throw new InputError(file ?? '', [{ path: 'identityStoreId', problem }]);
  }
  const { templatesNextTo } = await import('../command/notice-templates.ts');
  const templates = entitlements.notices && templatesNextTo(command, entitlements);
  const ending = new AbortController();
  context.onEnd(() => ending.abort());
  try {
    await serve({
      entitlements,
      directory,
      templates,
      port,
      speed,
      folder: state,
      signal: ending.signal,
      onProblem: (problem) => terminal.note(problem.split('\n').map(escaped).join('\n')),
      onNotice: (delivery) => printNotice(delivery, context),
      onListen: (listening) => printListening(listening, state, context),
    });
  } catch (error) {
    const { FolderInUseError } = await import('../../emulator/stack/state-lock.ts');
    if (error instanceof FolderInUseError) throw folderInUse(error, state);
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EADDRINUSE') {
      throw new CommandFailed(
        `Port ${port} is in use. Is another usher local running? Choose another port with --port`,
      );
    }
    // Without room on the disk, the error has no path.
    if (state === undefined || !('path' in error || NO_ROOM.has(String(error.code)))) throw error;
    throw new CommandFailed(`The state cannot be kept in ${state} (${error.code})`, { cause: error });
  }
}

/** Counts what is there, which may come from an earlier state and not from the directory. */
function printListening(listening: Listening, state: string | undefined, { terminal, json }: Context): void {
  if (json) {
    terminal.json({ type: 'local', ...listening });
    return;
  }
  const { endpoint, region, resumed, users, groups, applications, seats, pendingEvents, outbox } = listening;
  const there = [
    count(users, 'user'),
    count(groups, 'group'),
    count(applications, 'application'),
    count(seats, 'seat'),
    count(pendingEvents, 'pending event'),
  ];
  terminal.line(`The emulator of ${region} listens at ${endpoint}. Ctrl-C ends it.`);
  terminal.line(`It has ${there.join(', ')}${resumed ? `, from ${state}` : ''}.`);
  if (outbox !== undefined) terminal.line(`No e-mail leaves it: notices are at ${outbox}, the newest last.`);
  const other = endpoint === emulatorEndpoint({}) ? '' : `AWS_ENDPOINT_URL=${endpoint} `;
  terminal.line(terminal.colors.dim(`In another terminal: ${other}usher --local doctor`));
}

/** Prints what became of a notice, in ids. */
function printNotice(delivery: Delivery, { terminal, json }: Context): void {
  const { kind, entitlement, userId, status, reason } = delivery;
  if (json) terminal.json(deliveryLine(delivery));
  else terminal.line(`notice ${kind} ${entitlement}: ${userId} (${[status, reason].filter(Boolean).join(', ')})`);
}

/** Two processes would write over each other's state. */
function folderInUse(
  { holder: { pid, port }, file }: FolderInUseError,
  state: string | undefined,
): MissingPrecondition {
  const where = port === 0 ? 'It does not listen yet' : `It listens at http://127.0.0.1:${port}`;
  return new MissingPrecondition(
    `Another usher local (process ${pid}) keeps its state in ${state}. ${where}. Ask it, end it, or name another folder with --state. If process ${pid} is something else, delete ${file}`,
  );
}

async function directoryIn<Schema extends z.ZodMiniType>(file: string, schema: Schema): Promise<z.infer<Schema>> {
  const result = validate(schema, readYaml(await readText(file), file));
  if ('issues' in result) throw new InputError(file, result.issues);
  return result.value;
}
