import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import * as z from 'zod/mini';
import { InputErrors, readEventFiles, readScenarioFile } from '../emulator/scenario/inputs.ts';
import type { Reporter } from '../emulator/scenario/player.ts';
import type { Script } from '../emulator/scenario/script.ts';
import { jsonLines } from './ui/json-lines.ts';
import { Output } from './ui/output.ts';
import { screenOf } from './ui/screen.ts';
import { Timeline } from './ui/timeline.ts';

const WRONG_USE = 2;
const INTERRUPTED = 130;
const STORY = fileURLToPath(new URL('../examples/story.yml', import.meta.url));

const Options = z.object({
  directory: z.optional(z.string()),
  entitlements: z.optional(z.string()),
  json: z.optional(z.boolean()),
});

function command(): Command {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
  return new Command('npm start --')
    .description(
      'The whole service on this machine, without AWS, in virtual time.\n\nWithout FILE it plays a short story and explains it.',
    )
    .argument('[FILE...]', 'one scenario (.yml, .yaml), or event files: JSON, arrays, JSON Lines; - is standard input')
    .option('--directory <FILE>', 'with event files: users, groups and applications')
    .option('--entitlements <FILE>', 'with event files: who gets what')
    .option('--json', 'JSON Lines on standard output, ids only')
    .version(version)
    .addHelpText(
      'after',
      '\nExit code: 0 all executions ended as expected, 1 one did not, 2 wrong use or input.\nFormats: docs/scenarios.md',
    )
    .exitOverride();
}

/** What to play. @throws InputErrors */
function read(program: Command): Promise<Script> {
  const files = program.args;
  const { directory, entitlements } = Options.parse(program.opts());
  const scenarios = files.filter((file) => /\.ya?ml$/i.test(file));
  const [scenario = STORY] = scenarios;
  if (files.length === 0 || scenarios.length > 0) {
    if (files.length > 1) program.error('error: a scenario (.yml, .yaml) is played alone');
    if (directory !== undefined || entitlements !== undefined) {
      program.error('error: --directory and --entitlements belong to event files; a scenario has both in itself');
    }
    return readScenarioFile(scenario);
  }
  if (directory === undefined || entitlements === undefined) {
    program.error('error: event files need --directory FILE and --entitlements FILE');
  }
  return readEventFiles({ files, directory, entitlements });
}

async function main(): Promise<void> {
  const program = command();
  try {
    program.parse();
    const script = await read(program);
    // The AWS SDK takes half a second to load, which nobody has to wait for to be told of a wrong option.
    const { play } = await import('../emulator/scenario/player.ts');
    const { surprises } = await play(script, reporterOf(Options.parse(program.opts()).json === true));
    process.exitCode = surprises.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof InputErrors) console.error(error.message);
    else if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : WRONG_USE;
  }
}

function reporterOf(json: boolean): Reporter {
  // What is under way would go on: nobody is left to see it, and nothing that was written can be lost.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') console.error(`standard output: ${error.message}`);
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  if (json) {
    process.on('SIGINT', () => process.exit(INTERRUPTED));
    return jsonLines(new Output(process.stdout));
  }
  const screen = screenOf(process.stdout, process.env);
  process.on('SIGINT', () => {
    screen.close();
    process.exit(INTERRUPTED);
  });
  return new Timeline(screen);
}

await main();
