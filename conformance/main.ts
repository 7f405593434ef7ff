/** `npm run conformance`: asks AWS, or the emulator, whether what Usher believes is true. */
import { closeSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import * as z from 'zod/mini';
import { operatorCredentials } from '../adapters/operator/credentials.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { ALL_BELIEFS } from './beliefs/all.ts';
import type { Permission } from './probes/probe.ts';
import type { World } from './probes/world.ts';
import { PROBES, type Request, type Row, runProbes, type Unrun, type Verdict, whyNot } from './run.ts';

const OptionsSchema = z.object({
  profile: z.optional(z.string()),
  region: z.optional(z.string()),
  application: z.optional(z.string()),
  user: z.optional(z.string()),
  group: z.optional(z.string()),
  profileRegion: z.optional(z.string()),
  plan: z.optional(z.string()),
  machine: z.optional(z.string()),
  write: z.optional(z.boolean()),
  events: z.optional(z.boolean()),
  subscriptions: z.optional(z.boolean()),
  dryRun: z.optional(z.boolean()),
  out: z.optional(z.string()),
});
type Options = z.infer<typeof OptionsSchema>;

/** What the exit codes mean. */
const EXIT_CODES = { good: 0, false: 1, wrongUse: 2, failed: 3, stopped: 130 } as const;

/** The terminal. */
interface Terminal {
  line(text: string): void;
  note(text: string): void;
  /** Aborted by Ctrl-C. */
  stop: AbortSignal;
}

/** @param action runs the probes @param record records events */
function commandLine(
  action: (options: unknown) => Promise<void>,
  record: (options: unknown) => Promise<void>,
): Command {
  const program = new Command('npm run conformance --')
    .description(
      'Asks the emulator, in virtual time, whether what Usher believes about AWS is true there. With --profile, asks AWS: it only reads unless you add --write, and touches only what you name.',
    )
    .option('--profile <NAME>', 'ask AWS, with this profile of the AWS configuration')
    .option('--region <REGION>', 'Region of IAM Identity Center')
    .option('--application <ARN>', 'an application whose assignments may change')
    .option('--user <ID>', 'a test user: without an assignment, a subscription, or membership of the group')
    .option('--group <ID>', 'a test group')
    .option('--profile-region <REGION>', 'Region of the profile of Kiro or Amazon Q Developer')
    .option('--plan <PLAN>', 'plan to subscribe the user to')
    .option('--machine <ARN>', 'state machine onboarding of a deployed stage')
    .option('--write', 'also make and remove an assignment and a membership of the user')
    .option('--events', 'also read the events that the state machine got')
    .option(
      '--subscriptions',
      'also list subscriptions, and with --write subscribe the user (experimental: unpublished calls)',
    )
    .option('--dry-run', 'say what would be asked, with which permissions, and what it costs; ask nothing')
    .option('--out <FILE>', 'also write the result as JSON, to attach to an issue: it has no id of yours')
    .action(action);
  program
    .command('record')
    .description('Write the events that a deployed stage got to a file, with ids only, for a test')
    .requiredOption('--profile <NAME>', 'profile of the AWS configuration')
    .requiredOption('--region <REGION>', 'Region of IAM Identity Center')
    .requiredOption('--machine <ARN>', 'state machine onboarding of a deployed stage')
    .requiredOption('--out <FILE>', 'where to write them, one per line')
    .action(record);
  return program;
}

/** Runs the probes as a command line says. @returns the exit code */
export async function conformance(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT_CODES.good;
  const program = commandLine(
    async (options) => {
      code = await probe(OptionsSchema.parse(options), terminal);
    },
    async (options) => {
      code = await record(RecordSchema.parse(options), terminal);
    },
  );
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: terminal.line, writeErr: terminal.note });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.good : EXIT_CODES.wrongUse;
    terminal.note(`error: ${error instanceof Error ? error.message : String(error)}`);
    return terminal.stop.aborted ? EXIT_CODES.stopped : EXIT_CODES.failed;
  }
}

async function probe(options: Options, terminal: Terminal): Promise<number> {
  if (options.dryRun) {
    sayWhatWouldRun(requestOf(options), terminal);
    return EXIT_CODES.good;
  }
  if (options.profile !== undefined && options.region === undefined) {
    terminal.note('error: name the Region of IAM Identity Center with --region');
    return EXIT_CODES.wrongUse;
  }
  if (options.out !== undefined) checkWritable(options.out);
  const { rows, unrun } = options.profile === undefined ? await askEmulator(terminal) : await askAws(options, terminal);
  return report(rows, unrun, options, terminal);
}

const RecordSchema = z.object({ profile: z.string(), region: z.string(), machine: z.string(), out: z.string() });

async function record({ out, ...of }: z.infer<typeof RecordSchema>, { note, stop }: Terminal): Promise<number> {
  checkWritable(out);
  const { redact } = await import('./redact.ts');
  const world = await openAws(of, { targets: { machine: of.machine }, stop });
  const lines = (await world.inputs()).map((input) => JSON.stringify(redact(input)));
  writeFileSync(out, lines.map((line) => `${line}\n`).join(''), { mode: FOR_ME_ONLY });
  note(`${out} has ${lines.length} inputs, with ids only. Read it before you give it to anyone.`);
  return EXIT_CODES.good;
}

/** Before anything is asked, so that no result is lost. @throws Error if the file cannot be written */
function checkWritable(file: string): void {
  closeSync(openSync(file, 'a', FOR_ME_ONLY));
}

const FOR_ME_ONLY = 0o600;

function requestOf({ write, events, subscriptions, ...targets }: Options): Request {
  const permissions = new Set<Permission>([
    ...(write ? ['write' as const] : []),
    ...(events ? ['events' as const] : []),
    ...(subscriptions ? ['subscriptions' as const] : []),
  ]);
  const { application, user, group, profileRegion, plan, machine } = targets;
  return { targets: { application, user, group, profileRegion, plan, machine }, permissions };
}

/** All probes: nothing there is anybody's. */
async function askEmulator(terminal: Terminal) {
  const { openEmulatedWorld } = await import('./emulated.ts');
  const { targets, world, close } = await openEmulatedWorld();
  try {
    terminal.note('Asking the emulator. To ask AWS: --profile NAME');
    const permissions = new Set<Permission>(['write', 'events', 'subscriptions']);
    return await runProbes({ targets, permissions }, { ...world, stop: terminal.stop });
  } finally {
    await close();
  }
}

async function askAws({ profile = '', region = '', ...options }: Options, { note, stop }: Terminal) {
  const request = requestOf(options);
  const world = await openAws({ profile, region }, { targets: request.targets, stop });
  return runProbes(request, world, ({ name, does }) => note(`${name}: ${does}`));
}

async function openAws(
  { profile, region }: { profile: string; region: string },
  of: Pick<World, 'targets' | 'stop'>,
): Promise<World> {
  const { openWorld } = await import('./aws.ts');
  const credentials = operatorCredentials({
    profile,
    place: `profile ${profile}`,
    requestHandler: undefined,
    async mfaCode() {
      throw new Error(
        'The profile needs a code of an MFA device. Take credentials that have one: aws configure export-credentials',
      );
    },
  });
  return openWorld({ region, maxAttempts: 1, credentials }, { ...of, clock: systemClock });
}

function sayWhatWouldRun(request: Request, { line }: Terminal): void {
  for (const probe of PROBES) {
    const reason = whyNot(probe, request);
    line(`${probe.name}: ${probe.does}`);
    line(reason === undefined ? `  would run; costs ${probe.cost}` : `  would not run: ${reason}`);
    line(`  calls ${probe.calls.join(', ')}`);
  }
}

const MEANINGS: Readonly<Record<Verdict, string>> = {
  holds: 'as believed',
  tolerated: 'otherwise, and Usher works all the same',
  false: 'otherwise, and Usher depends on it',
  open: 'not seen',
};

function report(
  rows: readonly Row[],
  unrun: readonly Unrun[],
  { out }: Options,
  { line, note, stop }: Terminal,
): number {
  const head = ['BELIEF', 'EXPECTED', 'SEEN', 'VERDICT'];
  const cells = rows.map(({ belief, expected, seen, verdict }) => [belief, expected, seen, MEANINGS[verdict]]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...cells])
    line(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  for (const { probe, reason } of unrun) note(`not asked: ${probe}: ${reason}`);
  const asked = new Set(rows.map(({ belief }) => belief));
  note(`${asked.size} of ${ALL_BELIEFS.length} beliefs were asked about. docs/assumptions.md has all of them.`);
  if (out !== undefined) writeFileSync(out, `${JSON.stringify({ rows, unrun }, undefined, 2)}\n`);
  if (stop.aborted) return EXIT_CODES.stopped;
  if (rows.some(({ verdict }) => verdict === 'false')) return EXIT_CODES.false;
  return unrun.some(({ failed }) => failed) ? EXIT_CODES.failed : EXIT_CODES.good;
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(EXIT_CODES.stopped);
      console.error('Stopping: what was written is undone first. Again, and it is left as it is.');
      stopping.abort(new Error('it was stopped'));
    });
  }
  const code = await conformance(process.argv.slice(2), {
    line: (text) => console.log(text),
    note: (text) => console.error(text),
    stop: stopping.signal,
  });
  // A pause that was stopped would keep the process.
  process.exit(code);
}
