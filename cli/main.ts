import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { Runner } from './command.ts';
import { auditCommand } from './commands/audit.ts';
import { backfillCommand } from './commands/backfill.ts';
import { addCompletion } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { adoptCommand, heldCommand, releaseCommand } from './commands/held.ts';
import { initCommand } from './commands/init.ts';
import { localCommand } from './commands/local.ts';
import { redriveCommand } from './commands/redrive.ts';
import { replayCommand } from './commands/replay.ts';
import { seatsCommand } from './commands/seats.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { whyCommand } from './commands/why.ts';
import { contextOf } from './context.ts';
import { EXIT, tell } from './errors.ts';
import { Terminal } from './terminal.ts';
import { version } from './version.ts';

const { stdout, stderr, stdin, env } = process;
const terminal = await Terminal.open({ stdout, stderr, stdin, env });
let beforeEnd: (() => void) | undefined;
let ending: (() => void) | undefined;

const run: Runner =
  (action) =>
  async (...args) => {
    const command = args.at(-1);
    if (!(command instanceof Command)) throw new TypeError('commander calls an action with its command last');
    const onInterrupt = (say: () => void) => {
      beforeEnd = say;
    };
    const onEnd = (end: () => void) => {
      ending = end;
    };
    await action(await contextOf(command, { terminal, onInterrupt, onEnd }, process.env), command);
  };

/** In the order of the help. */
const COMMANDS = [
  doctorCommand,
  initCommand,
  startCommand,
  statusCommand,
  seatsCommand,
  whyCommand,
  heldCommand,
  releaseCommand,
  adoptCommand,
  backfillCommand,
  auditCommand,
  redriveCommand,
  replayCommand,
  explainCommand,
  localCommand,
];

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
  for (const command of COMMANDS.map((make) => make(run))) {
    command.configureHelp({ showGlobalOptions: true });
    program.addCommand(command);
  }
  addCompletion(program);
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const end = ending;
      ending = undefined;
      if (end) return end();
      beforeEnd?.();
      process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
    });
  }
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
