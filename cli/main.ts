import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { Runner } from './command.ts';
import { explainCommand } from './commands/explain.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { contextOf } from './context.ts';
import { EXIT, tell } from './errors.ts';
import { Terminal } from './terminal.ts';
import { version } from './version.ts';

const terminal = new Terminal({
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
});
const clock = {
  now: () => new Date(),
  sleep: (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000)),
};
let beforeEnd: (() => void) | undefined;

const run: Runner =
  (action) =>
  async (...args) => {
    const command = args.at(-1);
    if (!(command instanceof Command)) throw new TypeError('commander calls an action with its command last');
    const onInterrupt = (say: () => void) => {
      beforeEnd = say;
    };
    await action(contextOf(command, { terminal, clock, onInterrupt }, process.env), command);
  };

/** The whole command line. */
function programOf(): Command {
  const program = new Command('usher')
    .description('Gives people their seat in IAM Identity Center applications: check, start, see, explain, undo.')
    .version(version)
    .option('--region <REGION>', "of Usher's deployment; that of entitlements.yml unless given")
    .option('--profile <NAME>', 'of the AWS configuration')
    .option('--stage <NAME>', 'of the deployment; prod, or USHER_STAGE')
    .option('--entitlements <FILE>', 'who gets what; entitlements.yml unless given')
    .option('--local', 'ask the local stack (usher local), not AWS')
    .option('--json', 'results as JSON, for programs')
    .option('--debug', 'stack traces of errors')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit code: 0 done, 1 it failed, 2 wrong use, 3 a precondition is missing.\nHelp of a command: usher help COMMAND',
    );
  for (const command of [startCommand(run), statusCommand(run), explainCommand(run)]) {
    command.configureHelp({ showGlobalOptions: true });
    program.addCommand(command);
  }
  strictly(program);
  return program;
}

/** Every fault of the command line is thrown, so that there is one place that ends the command. */
function strictly(command: Command): void {
  command.exitOverride().showSuggestionAfterError().allowExcessArguments(false);
  for (const sub of command.commands) strictly(sub);
}

async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads on, and nothing that was written can be lost.
    if (error.code === 'EPIPE') process.exit(0);
    writeSync(2, `standard output: ${error.message}\n`);
    process.exit(1);
  });
  process.on('SIGINT', () => {
    beforeEnd?.();
    process.exit(EXIT.interrupted);
  });
  const program = programOf();
  try {
    if (process.argv.length === 2) program.outputHelp();
    else await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.wrongUse;
    else process.exitCode = tell(error, terminal, { debug: process.argv.includes('--debug') });
  }
}

await main();
