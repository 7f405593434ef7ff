import type { Command } from 'commander';
import * as z from 'zod/mini';
import { validate } from '../../domain/shared/validation.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { readText } from '../../input/files.ts';
import { InputError } from '../../input/input-error.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { LOCAL_PORT } from '../shared/endpoint.ts';
import { CommandFailed } from '../shared/failures.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { count } from '../ui/text.ts';

const Options = z.object({
  port: z.optional(wholeNumber(0, 65_535)),
  speed: z.optional(wholeNumber(1, 100_000)),
  people: z.optional(wholeNumber(0, 100_000)),
  directory: z.optional(z.string()),
  state: z.optional(z.string()),
});
const DEFAULT_PEOPLE = 20;

export function localCommand(run: Runner): Command {
  return commandOf('local', {
    summary: 'Serve the whole service on this machine, without AWS, until Ctrl-C',
    description:
      'Other commands use it with --local; so does every AWS tool that takes an endpoint (aws --endpoint-url …).\n' +
      'It holds the configuration of --entitlements and, unless --directory names one, a made-up directory that fits it. Its clock goes like yours, or --speed times as fast; the tick comes every five minutes.',
    examples: [
      ['usher local', 'then, in another terminal: usher --local doctor'],
      ['usher local --speed 60 --state ./state', 'an hour a minute; go on tomorrow where it was'],
      ['usher local --people 5000', 'a large company'],
      ['usher local --directory directory.yml', 'a directory of your own (docs/scenarios.md)'],
    ],
    permissions: [],
  })
    .option('--port <N>', `${LOCAL_PORT} unless given; 0 for a free one`)
    .option('--speed <N>', 'seconds in one; 1 unless given')
    .option('--people <N>', `in the made-up directory; ${DEFAULT_PEOPLE} unless given`)
    .option('--directory <FILE>', 'users, groups and applications')
    .option('--state <DIR>', 'keep everything here')
    .action(run(local));
}

async function local(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { port = LOCAL_PORT, speed = 1, people = DEFAULT_PEOPLE, directory: file, state } = optionsOf(command, Options);
  const entitlements = await context.configuration();
  const { DirectorySeedSchema } = await import('../../emulator/aws/identity-center/directory-seed.ts');
  const { exampleDirectory } = await import('../../emulator/scenario/example-directory.ts');
  const { serve } = await import('../../emulator/server.ts');
  const directory =
    file === undefined ? exampleDirectory(entitlements, people) : await directoryIn(file, DirectorySeedSchema);
  if (directory.identityStoreId !== entitlements.identityCenter.identityStoreId) {
    const problem = 'not the identity store of the entitlements (identityCenter.identityStoreId)';
    throw new InputError(file ?? '', [{ path: 'identityStoreId', problem }]);
  }
  const ending = new AbortController();
  context.onEnd(() => ending.abort());
  try {
    await serve({
      entitlements,
      directory,
      port,
      speed,
      folder: state,
      signal: ending.signal,
      onListen({ endpoint, resumed }) {
        if (json) return terminal.json({ type: 'listening', endpoint });
        terminal.line(`The local stack listens at ${endpoint}. Ctrl-C ends it.`);
        terminal.line(
          `It has ${count(directory.users.length, 'user')}, ${count(directory.groups.length, 'group')}, ${count(directory.applications.length, 'application')}${resumed ? `, as ${state} has kept them` : ''}.`,
        );
        const other = port === LOCAL_PORT ? '' : `AWS_ENDPOINT_URL=${endpoint} `;
        terminal.line(terminal.colors.dim(`In another terminal: ${other}npx usher --local doctor`));
      },
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new CommandFailed(`Somebody listens at port ${port} already: another usher local? Choose one by --port`);
    }
    throw error;
  }
}

async function directoryIn<Schema extends z.ZodMiniType>(file: string, schema: Schema): Promise<z.infer<Schema>> {
  const result = validate(schema, readYaml(await readText(file), file));
  if ('faults' in result) throw new InputError(file, result.faults);
  return result.value;
}
