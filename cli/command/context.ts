import type { Command } from 'commander';
import * as z from 'zod/mini';
import { StageSchema } from '../../adapters/resource-names.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { labelOf, readText, type StandardInput } from '../../input/files.ts';
import type { Asker } from '../../operator/asker.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { once } from '../../operator/once.ts';
import type { PlanQuestion } from '../../operator/plan/configuration-plan.ts';
import type { Services } from '../../operator/services.ts';
import { escaped } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import { emulatorEndpoint } from '../shared/endpoint.ts';
import type { Terminal } from '../ui/terminal.ts';
import { connectEmulator, type Emulator } from './emulator.ts';
import { EMULATOR_STARTERS } from './emulator-starters.ts';
import type { OwnEmulator } from './own-emulator.ts';
import { Shared } from './shared.ts';

const DEFAULT_ENTITLEMENTS = 'entitlements.yml';
/** The stage of the emulator's resource names. */
const EMULATOR_STAGE = 'local';
const DEFAULT_STAGE = 'prod';
const EMULATOR_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

const CommonSchema = z.object({
  region: z.optional(z.string()),
  profile: z.optional(z.string()),
  stage: z.optional(z.string()),
  entitlements: z.optional(z.string()),
  local: z.optional(z.boolean()),
  json: z.optional(z.boolean()),
});

/** What every command gets. */
export interface Context extends Asker {
  terminal: Terminal;
  /** Whether the result is for a program (`--json`). */
  json: boolean;
  /** What `--local` asks. */
  emulator: Emulator | undefined;
  /** Ends the emulator that this command has started; absent if it has started none. */
  endEmulator?: () => Promise<void>;
  /** What the file says, also with `--local`. @throws InputError, MissingPrecondition */
  configuration(): Promise<PlanQuestion>;
  /** The same without entitlements, in the Region of `--region` or of the AWS configuration. @throws MissingPrecondition */
  servicesWithoutEntitlements(): Promise<Services>;
  /** Calls a synchronous function on Ctrl-C; then the command ends. */
  onInterrupt(say: () => void): void;
  /** Lets a command end itself on Ctrl-C or SIGTERM: `end` starts its orderly end. */
  onEnd(end: () => void): void;
  /** Hands what fails, and what no one waits for, to a command that continues. What still runs when it ends is not waited for. */
  onStray(take: (error: unknown) => void): void;
  /** Standard input. */
  stdin: StandardInput;
  /**
   * Runs another command line in this process, with `--json` and with what this one has opened and remembered. It reads the
   * configuration anew, and connects anew after a failure that a login may have fixed.
   *
   * @param args without the global options, which are those of this command
   * @param input its standard input
   * @returns the lines that it prints, an error as the last of them
   */
  run(args: readonly string[], input?: string): AsyncIterable<string>;
  /**
   * Runs another command line in the place of this one, in the same terminal, to its end.
   *
   * @param env what its environment has besides
   * @returns its exit code
   */
  goOnAs(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number>;
}

/** Parses a command's own options. @throws UsageError */
export function optionsOf<Schema extends z.ZodMiniType>(command: Command, schema: Schema): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, command.opts());
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `--${dashed(path.join('.'))}: ${message}`);
  throw new UsageError(problems.join('\n'));
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What a context gets from around its command. */
export type Around = Pick<Context, 'terminal' | 'stdin' | 'onInterrupt' | 'onEnd' | 'onStray' | 'goOnAs'>;

/** What the contexts of one command line, and of those that run within it, have in common. */
interface Base {
  options: z.infer<typeof CommonSchema>;
  env: NodeJS.ProcessEnv;
  shared: Shared;
  /** Reads the file as it is now. */
  readFile(): Promise<PlanQuestion>;
  /** Runs a command line within this one. */
  runWithin: RunWithin;
}

/** Runs a command line, with the context that it gets for a command. */
export type RunWithin = (
  args: readonly string[],
  outer: { contextFor(command: Command, around: Around): Promise<Context>; reconnect(): void },
  input?: string,
) => AsyncIterable<string>;

/**
 * Makes the context of a command line. It reads files and connects to AWS only on request.
 *
 * @param runWithin for {@link Context.run}
 */
export async function contextOf(
  command: Command,
  around: Around,
  { env: outer, runWithin }: Pick<Base, 'env' | 'runWithin'>,
): Promise<Context> {
  const options = CommonSchema.parse(command.optsWithGlobals());
  const readFile = fileReader(options.entitlements, around.stdin);
  const own = options.local
    ? await ownEmulator(command, { env: outer, readFile, terminal: around.terminal })
    : undefined;
  const env = own ? { ...outer, AWS_ENDPOINT_URL: own.endpoint } : outer;
  const shared = new Shared(async () => {
    if (options.local) {
      const { NodeHttpHandler } = await import('@smithy/node-http-handler');
      // The clients of all services share the connections to the one host that there is.
      const requestHandler = new NodeHttpHandler();
      return { endpoint: emulatorEndpoint(env), credentials: EMULATOR_CREDENTIALS, requestHandler };
    }
    const { operatorAccess } = await import('./access.ts');
    return operatorAccess({ profile: options.profile, env, terminal: around.terminal });
  });
  try {
    const context = await contextFrom({ options, env, shared, readFile, runWithin }, around);
    return own ? { ...context, endEmulator: own.end } : context;
  } catch (error) {
    // It would keep the process.
    await own?.end();
    throw error;
  }
}

/** Makes the context of a command within another one: what it asks is new, what it asks with is not. */
function contextWithin(outer: Base, command: Command, around: Around): Promise<Context> {
  const { entitlements } = CommonSchema.parse(command.optsWithGlobals());
  const own =
    entitlements === undefined
      ? outer
      : { ...outer, options: { ...outer.options, entitlements }, readFile: fileReader(entitlements, around.stdin) };
  return contextFrom({ ...own, options: { ...own.options, json: true } }, around);
}

async function contextFrom(base: Base, around: Around): Promise<Context> {
  const { options, env, shared } = base;
  const { terminal } = around;
  const local = options.local === true;
  const stage = options.stage ?? (local ? EMULATOR_STAGE : (env['USHER_STAGE'] ?? DEFAULT_STAGE));
  const named = StageSchema.safeParse(stage);
  if (!named.success) throw new UsageError(`--stage: ${named.error.issues[0]?.message}`);
  // Its time can be changed at any moment, and another one may have taken its place.
  const emulator = local ? await connectEmulator(emulatorEndpoint(env)) : undefined;
  if (emulator) requireRegion(emulator, options.region, '--region');
  // One command sees one configuration.
  const configuration = once(base.readFile);
  const inForce = once(async (): Promise<PlanQuestion> => {
    if (!emulator) return configuration();
    if (options.entitlements === undefined)
      return { configuration: await emulator.entitlements(), groupNames: new Map() };
    const configured = await configuration();
    requireRegion(emulator, configured.configuration.identityCenter.region, options.entitlements);
    return configured;
  });
  const entitlements = async () => (await inForce()).configuration;
  const clock = emulator?.clock ?? systemClock;
  const onRetry = (text: string) => terminal.note(terminal.noteColors.dim(text));
  return {
    ...around,
    clock,
    memory: shared.memory,
    unread: new Unread(),
    progress: (detail) => terminal.detail(detail),
    json: options.json === true,
    local,
    emulator,
    stage,
    entitlements,
    groupNames: async () => (await inForce()).groupNames,
    configuration,
    // A long-running command uses the connections that the others have renewed.
    async services() {
      const { identityCenter, requestsPerSecond: perSecond, namePrefix } = await entitlements();
      const region = options.region ?? identityCenter.region;
      return shared.services({ onRetry, clock, stage, namePrefix: local ? undefined : namePrefix, region, perSecond });
    },
    servicesWithoutEntitlements: once(async () => {
      // First: a profile that does not exist has no Region either.
      await shared.access();
      const region = options.region ?? emulator?.region ?? (await regionOf(options.profile, env));
      return shared.services({ onRetry, clock, stage, region, perSecond: 10 });
    }),
    run: (args, input) =>
      base.runWithin(
        args,
        {
          contextFor: (command, within) => contextWithin(base, command, within),
          reconnect: () => shared.reconnect(),
        },
        input,
      ),
  };
}

/** Starts an emulator for a command that needs no other, if none runs. */
async function ownEmulator(
  command: Command,
  { env, readFile, terminal }: Pick<Base, 'env' | 'readFile'> & Pick<Context, 'terminal'>,
): Promise<OwnEmulator | undefined> {
  const endpoint = emulatorEndpoint(env);
  // An address that someone has given is not replaced.
  if (!EMULATOR_STARTERS.has(command) || endpoint !== emulatorEndpoint({})) return undefined;
  try {
    await connectEmulator(endpoint);
    return undefined;
  } catch (error) {
    if (!(error instanceof MissingPrecondition)) throw error;
    const { startOwnEmulator } = await import('./own-emulator.ts');
    return startOwnEmulator((await readFile()).configuration, command, terminal);
  }
}

/** @throws UsageError if the Region is not that of the emulator, which has no other */
function requireRegion(emulator: Emulator, region: string | undefined, origin: string): void {
  if (region === undefined || region === emulator.region) return;
  throw new UsageError(
    `${escaped(origin)} says ${escaped(region)}, and the local stack at ${emulator.endpoint} is in ${emulator.region}`,
  );
}

/** Returns what reads a configuration, again each time: it parses only another text. Standard input is read once. */
function fileReader(file: string | undefined, stdin: StandardInput): () => Promise<PlanQuestion> {
  let known: { text: string; question: PlanQuestion } | undefined;
  const read = async () => {
    // The parser of YAML is loaded only for a file: the emulator answers in JSON.
    const { readEntitlements, readGroupNames } = await import('../../input/entitlements-file.ts');
    const text = await configurationText(file, stdin);
    if (known?.text === text) return known.question;
    const label = labelOf(file ?? DEFAULT_ENTITLEMENTS);
    const question = { configuration: readEntitlements(text, label), groupNames: readGroupNames(text, label) };
    known = { text, question };
    return question;
  };
  return file === '-' ? once(read) : read;
}

async function configurationText(file: string | undefined, stdin: StandardInput): Promise<string> {
  try {
    return await readText(file ?? DEFAULT_ENTITLEMENTS, stdin);
  } catch (error) {
    if (file !== undefined || !isMissingFile(error)) throw error;
    throw new MissingPrecondition(
      `There is no ${DEFAULT_ENTITLEMENTS} here. Run this in a checkout, name a file with --entitlements, or write one: usher init`,
    );
  }
}

function isMissingFile(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

/** @throws MissingPrecondition if no Region is configured */
async function regionOf(profile: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const { configuredRegion } = await import('../../adapters/operator/caller.ts');
  const region = await configuredRegion(profile);
  if (region !== undefined) return region;
  const name = profile ?? (env['AWS_PROFILE'] || 'default');
  throw new MissingPrecondition(
    `No Region is configured: profile ${escaped(name)} has no region, and AWS_REGION is not set. Name the Region of Identity Center with --region`,
  );
}
