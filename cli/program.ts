import { createInterface } from 'node:readline';
import { PassThrough, Readable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import { CommandFailed, EndsWith, EXIT, EXIT_MEANINGS } from '../operator/failures.ts';
import type { Runner } from './command/command.ts';
import type { Around, Context, RunWithin } from './command/context.ts';
import { addShortFlags } from './command/short-flags.ts';
import { version } from './shared/version.ts';
import { type Surroundings, Terminal } from './ui/terminal.ts';

/** Loads what makes a command. */
type Loader = () => Promise<(run: Runner) => Command>;

/** In the order of the help. Each is loaded on request: together they take longer to load than most commands take. */
const COMMANDS: Readonly<Record<string, Loader>> = {
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  start: async () => (await import('./commands/start.ts')).startCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  seats: async () => (await import('./commands/seats.ts')).seatsCommand,
  subscriptions: async () => (await import('./commands/subscriptions.ts')).subscriptionsCommand,
  why: async () => (await import('./commands/why.ts')).whyCommand,
  held: async () => (await import('./commands/held.ts')).heldCommand,
  release: async () => (await import('./commands/release.ts')).releaseCommand,
  adopt: async () => (await import('./commands/adopt.ts')).adoptCommand,
  backfill: async () => (await import('./commands/backfill.ts')).backfillCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  history: async () => (await import('./commands/history.ts')).historyCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  notices: async () => (await import('./commands/notices.ts')).noticesCommand,
  redrive: async () => (await import('./commands/redrive.ts')).redriveCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  play: async () => (await import('./commands/play.ts')).playCommand,
  local: async () => (await import('./commands/local.ts')).localCommand,
  console: async () => (await import('./commands/console.ts')).consoleCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
};

/** What completion scripts call instead of a command. */
export const COMPLETE = 'complete';

/** How a command reacts when it is ended from outside. */
export type Interruption = Pick<Context, 'onInterrupt' | 'onEnd' | 'onStray'>;

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
  const contextFor = async (command: Command) => {
    const { contextOf } = await import('./command/context.ts');
    const { env, stdin } = surroundings;
    const goOnAs: Context['goOnAs'] = (next, more) =>
      runCommandLine(next, { ...surroundings, env: { ...env, ...more } }, interruption);
    return contextOf(command, { terminal, stdin, goOnAs, ...interruption }, { env, runWithin });
  };
  const code = await runOn(terminal, args, { surroundings, contextFor });
  const wasLeft = await terminal.finish();
  // Like a reader who closes a pipe: they have seen enough.
  return wasLeft ? EXIT.done : code;
}

/**
 * Runs a command line within another command, for its lines. What it asks is declined: with `--yes`, it asks nothing.
 *
 * @returns each line as it is printed; an error is the last one
 */
export async function* runWithin(
  args: readonly string[],
  { contextFor, reconnect }: Parameters<RunWithin>[1],
  input?: string,
): AsyncGenerator<string> {
  const stdin = input === undefined ? {} : Readable.from([input]);
  const printed = new PassThrough();
  const nowhere = new PassThrough().resume();
  const surroundings: Surroundings = { stdout: printed, stderr: nowhere, stdin, declines: true, env: {} };
  const terminal = await Terminal.open(surroundings);
  const around: Around = {
    terminal,
    stdin,
    onInterrupt: () => undefined,
    onEnd: () => undefined,
    onStray: () => undefined,
    async goOnAs() {
      throw new CommandFailed('This command hands over to another command, which needs a terminal: run it there');
    },
  };
  const run = async () => {
    try {
      const within = { surroundings, contextFor: (command: Command) => contextFor(command, around) };
      const code = await runOn(terminal, ['--json', ...args], within);
      // The login may have ended. After the next one, all is as before.
      if (code === EXIT.precondition) reconnect();
    } finally {
      printed.end();
    }
  };
  const running = run();
  try {
    yield* createInterface({ input: printed });
  } finally {
    // A reader who leaves early does not stop the command: it runs to its end.
    printed.resume();
    await running;
  }
}

/** @param around `contextFor`: makes the context of the command */
async function runOn(
  terminal: Terminal,
  args: readonly string[],
  { surroundings, contextFor }: { surroundings: Surroundings; contextFor(command: Command): Promise<Context> },
): Promise<number> {
  const run: Runner =
    (action) =>
    async (...given) => {
      const command = given.at(-1);
      if (!(command instanceof Command)) throw new TypeError('commander calls an action with its command last');
      const context = await contextFor(command);
      try {
        await action(context, command);
      } finally {
        await context.endEmulator?.();
      }
    };
  try {
    const { globals, operands } = readGlobals(args);
    if (operands[0] === COMPLETE) {
      await complete(operands.slice(1), globals, surroundings);
      return 0;
    }
    const program = await programOf(run, args);
    configure(program, terminal);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof EndsWith) return error.code;
    const json = args.includes('--json');
    // There, 2 says that something changes.
    const isDetailed = args.includes('--detailed-exitcode');
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const exitCode = isDetailed ? EXIT.failed : EXIT.wrongUse;
      if (json) terminal.json({ type: 'error', message: error.message.replace(/^error: /, ''), exitCode });
      return exitCode;
    }
    const { printError } = await import('./command/print-error.ts');
    return printError(error, terminal, { debug: args.includes('--debug'), json, isDetailed });
  }
}

/**
 * Makes the command line.
 *
 * @param run by default, commands do nothing
 * @param args makes only the command that they name; all commands if they name none
 */
export async function programOf(
  run: Runner = () => async () => undefined,
  args: readonly string[] = [],
): Promise<Command> {
  const exitCodes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  const program = withGlobalOptions(new Command('usher').version(version))
    .description('Onboarding runs unattended. Use this command to check, start, inspect, explain and undo it.')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `\nExit code:\n${exitCodes.join('\n')}\n\nHelp of a command: usher help COMMAND`);
  const names = namesIn(args);
  for (const name of names ?? Object.keys(COMMANDS)) {
    const make = await COMMANDS[name]?.();
    if (make) program.addCommand(addShortFlags(make(run)).configureHelp({ showGlobalOptions: true }));
  }
  return program;
}

function withGlobalOptions(command: Command): Command {
  return addShortFlags(
    command
      .option('--region <REGION>', "Region of Usher's deployment (default: that of entitlements.yml)")
      .option('--profile <NAME>', 'profile of the AWS configuration')
      .option('--stage <NAME>', 'stage of the deployment (default: USHER_STAGE, or prod)')
      .option('--entitlements <FILE>', 'who gets what (default: entitlements.yml)')
      .option('--local', 'ask the emulator (usher local), not AWS')
      .option('--json', 'results as JSON, for programs')
      .option('--debug', 'print stack traces of errors'),
  );
}

/** Reads the global options of a command line. It prints nothing; a global option without its value ends the reading. */
function readGlobals(args: readonly string[], globals = withGlobalOptions(new Command())) {
  globals.exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    return { globals, ...globals.parseOptions([...args]), isBroken: false };
  } catch {
    const none: string[] = [];
    return { globals, operands: none, unknown: none, isBroken: true };
  }
}

/** Returns the commands that a command line needs. Undefined if it needs all, as the list of all commands does. */
function namesIn(args: readonly string[]): readonly string[] | undefined {
  const { operands, unknown, isBroken } = readGlobals(args);
  const [name = ''] = operands[0] === 'help' ? operands.slice(1) : operands;
  if (Object.hasOwn(COMMANDS, name)) return [name];
  return isBroken || unknown.includes('--version') || unknown.includes('-V') ? [] : undefined;
}

/** Answers a request of the completion scripts: `usher complete -- WORD...`, with the unfinished word last. */
async function complete(words: readonly string[], globals: Command, surroundings: Surroundings): Promise<void> {
  const { answer } = await import('./completion/answer.ts');
  const finished = words.slice(0, -1);
  const { isBroken } = readGlobals(finished, globals);
  // Without someone to ask: a shell waits for the answer.
  const terminal = await Terminal.open({ ...surroundings, stdin: {} });
  // A broken command line has no commands, but the value of its last option may be completed.
  const program = await programOf(undefined, isBroken ? finished.slice(0, -1) : finished);
  await answer({ program, globals, words, terminal, env: surroundings.env });
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
