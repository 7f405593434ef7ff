import { Command, CommanderError } from 'commander';
import { EXIT, EXIT_MEANINGS } from '../operator/failures.ts';
import type { Runner } from './command/command.ts';
import { type Context, contextOf } from './command/context.ts';
import { printError } from './command/print-error.ts';
import { adoptCommand } from './commands/adopt.ts';
import { auditCommand } from './commands/audit.ts';
import { backfillCommand } from './commands/backfill.ts';
import { addCompletion } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { heldCommand, releaseCommand } from './commands/held.ts';
import { initCommand } from './commands/init.ts';
import { localCommand } from './commands/local.ts';
import { playCommand } from './commands/play.ts';
import { redriveCommand } from './commands/redrive.ts';
import { replayCommand } from './commands/replay.ts';
import { restoreCommand } from './commands/restore.ts';
import { seatsCommand } from './commands/seats.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { subscriptionsCommand } from './commands/subscriptions.ts';
import { whyCommand } from './commands/why.ts';
import { version } from './shared/version.ts';
import { type Surroundings, Terminal } from './ui/terminal.ts';

/** In the order of the help. */
const COMMANDS = [
  doctorCommand,
  initCommand,
  startCommand,
  statusCommand,
  seatsCommand,
  subscriptionsCommand,
  whyCommand,
  heldCommand,
  releaseCommand,
  adoptCommand,
  backfillCommand,
  auditCommand,
  redriveCommand,
  replayCommand,
  restoreCommand,
  explainCommand,
  playCommand,
  localCommand,
];

/** How a command reacts when it is ended from outside. */
export type Interruption = Pick<Context, 'onInterrupt' | 'onEnd'>;

/**
 * Runs a command line to its end.
 *
 * @param args without the name of the program
 * @returns the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
  interruption: Interruption,
): Promise<number> {
  const terminal = await Terminal.open(surroundings);
  const run: Runner =
    (action) =>
    async (...given) => {
      const command = given.at(-1);
      if (!(command instanceof Command)) throw new TypeError('commander calls an action with its command last');
      await action(await contextOf(command, { terminal, ...interruption }, surroundings.env), command);
    };
  const program = programOf(run);
  configure(program, terminal);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    const json = args.includes('--json');
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (json)
        terminal.json({ type: 'error', message: error.message.replace(/^error: /, ''), exitCode: EXIT.wrongUse });
      return EXIT.wrongUse;
    }
    return printError(error, terminal, { debug: args.includes('--debug'), json });
  }
}

/** Makes the whole command line. Without `run`, its commands do nothing. */
export function programOf(run: Runner = () => async () => undefined): Command {
  const exitCodes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  const program = new Command('usher')
    .description('Onboarding runs unattended. Use this command to check, start, inspect, explain and undo it.')
    .version(version)
    .option('--region <REGION>', "Region of Usher's deployment (default: that of entitlements.yml)")
    .option('--profile <NAME>', 'profile of the AWS configuration')
    .option('--stage <NAME>', 'stage of the deployment (default: USHER_STAGE, or prod)')
    .option('--entitlements <FILE>', 'who gets what (default: entitlements.yml)')
    .option('--local', 'ask the emulator (usher local), not AWS')
    .option('--json', 'results as JSON, for programs')
    .option('--debug', 'print stack traces of errors')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `\nExit code:\n${exitCodes.join('\n')}\n\nHelp of a command: usher help COMMAND`);
  for (const command of COMMANDS.map((make) => make(run))) {
    command.configureHelp({ showGlobalOptions: true });
    program.addCommand(command);
  }
  addCompletion(program);
  return program;
}

/** Makes commander throw all errors and write through the terminal. */
function configure(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => terminal.line(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    });
  for (const sub of command.commands) configure(sub, terminal);
}
