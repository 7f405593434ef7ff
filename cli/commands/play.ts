import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Script } from '../../emulator/scenario/script.ts';
import { CommandFailed, EndsWith, EXIT, EXIT_MEANINGS, type ExitCode, UsageError } from '../../operator/failures.ts';
import { count, escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';

const STORY = fileURLToPath(new URL('../../examples/story.yml', import.meta.url));

const Options = z.object({
  directory: z.optional(z.string()),
  verbose: z.optional(z.boolean()),
  console: z.optional(z.boolean()),
});

/** What some exit codes mean for a play. */
const OWN_EXIT_MEANINGS: Readonly<Partial<Record<ExitCode, string>>> = {
  [EXIT.done]: 'all executions ended as expected',
  [EXIT.failed]: 'an execution failed, or ended otherwise than its scenario expects',
  [EXIT.wrongUse]: 'wrong use, or an invalid input: standard error says what and where, and nothing was played',
};
/** What each exit code means for a play. */
export const PLAY_EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = { ...EXIT_MEANINGS, ...OWN_EXIT_MEANINGS };

export function playCommand(run: Runner): Command {
  return commandOf('play', {
    summary: 'Play a scenario or events without AWS',
    description:
      'Runs the whole service on this machine, in virtual time. Without FILE, plays a short story and explains it. FILE is one scenario (.yml, .yaml), or event files, in all forms that usher explain takes; - is standard input. docs/scenarios.md describes the formats.\n\n' +
      `Exit code: ${Object.entries(OWN_EXIT_MEANINGS)
        .map(([code, meaning]) => `${code} ${meaning}`)
        .join('; ')}.`,
    examples: [
      ['usher play', 'a short story, explained'],
      ['usher play --console', 'the same as a web page, in about a minute; then it is yours to play on'],
      ['usher play scenario.yml', 'a scenario of your own'],
      ['usher play events.jsonl --directory directory.yml --entitlements entitlements.yml', 'your own events'],
      ['usher play scenario.yml --json | jq .', 'JSON Lines with ids only, for programs'],
    ],
    permissions: [],
  })
    .argument('[FILE...]', 'one scenario, or event files')
    .option('--directory <FILE>', 'users, groups and applications, for event files')
    .option('--console', 'play it on an emulator that listens, and show its web page until Ctrl-C')
    .option('--verbose', 'show every state, every audit event and all tables')
    .action(run(play));
}

async function play(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { directory, verbose = false, console: isShown = false } = optionsOf(command, Options);
  if (isShown && verbose) throw new UsageError('--verbose is about the terminal: it goes without --console');
  const { entitlements } = command.optsWithGlobals<{ entitlements?: string }>();
  const script = await scriptOf(command.args, { directory, entitlements });
  if (isShown) return showInConsole(script, context);
  context.onInterrupt(() => terminal.close());
  // The AWS SDK takes half a second to load: nothing that only reads files should wait for it.
  const [{ play: perform }, { jsonLines }, { Timeline }] = await Promise.all([
    import('../../emulator/scenario/player.ts'),
    import('../ui/json-lines.ts'),
    import('../ui/timeline.ts'),
  ]);
  const { surprises } = await perform(script, json ? jsonLines(terminal) : new Timeline(terminal, { verbose }));
  if (surprises.length > 0) throw new CommandFailed(`${count(surprises.length, 'execution')} did not end as expected`);
}

/** Plays on an emulator that listens, for the page of `usher console`; the emulator ends with the console. */
async function showInConsole(script: Script, context: Context): Promise<void> {
  const { terminal, json } = context;
  const { startEmulator } = await import('../command/own-emulator.ts');
  const { entitlements, directory } = script;
  const { endpoint, end } = await startEmulator({
    ...{ entitlements, directory, script },
    ...{ port: 0, speed: 1 },
    onProblem: (problem) => terminal.note(problem.split('\n').map(escaped).join('\n')),
    onNotice: () => undefined,
  });
  try {
    const shown = ['--local', 'console', 'lab', ...(json ? ['--json'] : [])];
    const code = await context.goOnAs(shown, { AWS_ENDPOINT_URL: endpoint });
    if (code !== EXIT.done) throw new EndsWith(code);
  } finally {
    await end();
  }
}

/** Reads what to play. @throws UsageError, also if a file is invalid */
async function scriptOf(
  files: readonly string[],
  { directory, entitlements }: { directory: string | undefined; entitlements: string | undefined },
): Promise<Script> {
  const { InputErrors, readEventFiles, readScenarioFile } = await import('../../emulator/scenario/inputs.ts');
  const [scenario] = files.filter((file) => /\.ya?ml$/i.test(file));
  if (scenario !== undefined && files.length > 1) throw new UsageError('A scenario (.yml, .yaml) is played alone');
  const isScenario = scenario !== undefined || files.length === 0;
  if (isScenario && (directory !== undefined || entitlements !== undefined)) {
    throw new UsageError('--directory and --entitlements belong to event files; a scenario has both in itself');
  }
  try {
    if (isScenario) return await readScenarioFile(scenario ?? STORY);
    if (directory === undefined || entitlements === undefined) {
      throw new UsageError('Event files need --directory FILE and --entitlements FILE');
    }
    return await readEventFiles({ files, directory, entitlements });
  } catch (error) {
    if (error instanceof InputErrors) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
