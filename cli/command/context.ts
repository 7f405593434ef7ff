import type { Command } from 'commander';
import * as z from 'zod/mini';
import { StageSchema } from '../../adapters/resource-names.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Asker } from '../../operator/asker.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { newMemory } from '../../operator/memory.ts';
import { once } from '../../operator/once.ts';
import type { PlanQuestion } from '../../operator/plan/configuration-plan.ts';
import type { Services } from '../../operator/services.ts';
import { escaped } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import { emulatorEndpoint } from '../shared/endpoint.ts';
import type { Terminal } from '../ui/terminal.ts';
import { connectEmulator, type Emulator } from './emulator.ts';
import { EMULATOR_STARTERS } from './emulator-starters.ts';

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
  /**
   * Runs another command line in this process, with `--json` and with what this context has read and opened.
   *
   * @param args without the global options, which are those of this command
   * @returns the lines that it prints, an error as the last of them
   */
  run(args: readonly string[]): AsyncIterable<string>;
  /**
   * Goes on as another command line in the same terminal, until that ends.
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
export type Around = Pick<Context, 'terminal' | 'onInterrupt' | 'onEnd' | 'onStray' | 'run' | 'goOnAs'>;

/** Makes the context of a command that runs within another one: what it asks is new, what it asks with is not. */
export async function contextWithin(
  outer: Context,
  command: Command,
  around: Omit<Around, 'run' | 'goOnAs'>,
): Promise<Context> {
  const { entitlements } = CommonSchema.parse(command.optsWithGlobals());
  // The time of an emulator can be changed at any moment.
  const emulator = outer.emulator && (await connectEmulator(outer.emulator.endpoint));
  return {
    ...outer,
    ...around,
    emulator,
    clock: emulator?.clock ?? outer.clock,
    json: true,
    unread: new Unread(),
    progress: () => undefined,
    ...(entitlements === undefined ? {} : { configuration: once(() => configurationIn(entitlements)) }),
  };
}

/** Makes the context of a command line. It reads files and connects to AWS only on request. */
export async function contextOf(command: Command, around: Around, env: NodeJS.ProcessEnv): Promise<Context> {
  const options = CommonSchema.parse(command.optsWithGlobals());
  const local = options.local === true;
  const stage = options.stage ?? (local ? EMULATOR_STAGE : (env['USHER_STAGE'] ?? DEFAULT_STAGE));
  const named = StageSchema.safeParse(stage);
  if (!named.success) throw new UsageError(`--stage: ${named.error.issues[0]?.message}`);
  const configuration = once(() => configurationIn(options.entitlements));
  const emulator = local ? await emulatorFor(command, { env, configuration, terminal: around.terminal }) : undefined;
  if (emulator) requireRegion(emulator, options.region, '--region');
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
  const access = once(async () => {
    if (emulator) {
      const { NodeHttpHandler } = await import('@smithy/node-http-handler');
      // The clients of all services share the connections to the one host that there is.
      const requestHandler = new NodeHttpHandler();
      return { endpoint: emulator.endpoint, credentials: EMULATOR_CREDENTIALS, requestHandler };
    }
    const { operatorAccess } = await import('./access.ts');
    return operatorAccess({ profile: options.profile, env, terminal: around.terminal });
  });
  const { terminal } = around;
  const onRetry = (text: string) => terminal.note(terminal.noteColors.dim(text));
  return {
    ...around,
    clock,
    memory: newMemory(),
    unread: new Unread(),
    progress: (detail) => terminal.detail(detail),
    json: options.json === true,
    local,
    emulator,
    stage,
    entitlements,
    groupNames: async () => (await inForce()).groupNames,
    configuration,
    services: once(async () => {
      const { servicesOf } = await import('../../operator/services.ts');
      const { identityCenter, requestsPerSecond, namePrefix } = await entitlements();
      const region = options.region ?? identityCenter.region;
      return servicesOf({
        onRetry,
        clock,
        stage,
        namePrefix: local ? undefined : namePrefix,
        region,
        perSecond: requestsPerSecond,
        access: await access(),
      });
    }),
    servicesWithoutEntitlements: once(async () => {
      const { servicesOf } = await import('../../operator/services.ts');
      // First: a profile that does not exist has no Region either.
      const settings = await access();
      const region = options.region ?? emulator?.region ?? (await regionOf(options.profile, env));
      return servicesOf({ onRetry, clock, stage, region, perSecond: 10, access: settings });
    }),
  };
}

/** Connects to the emulator that runs or, for a command that needs no other, starts one. */
async function emulatorFor(
  command: Command,
  { env, configuration, terminal }: Pick<Context, 'configuration' | 'terminal'> & { env: NodeJS.ProcessEnv },
): Promise<Emulator> {
  try {
    return await connectEmulator(emulatorEndpoint(env));
  } catch (error) {
    const isNamed = emulatorEndpoint(env) !== emulatorEndpoint({});
    if (!(error instanceof MissingPrecondition) || isNamed || !EMULATOR_STARTERS.has(command)) throw error;
    const { connectOwnEmulator } = await import('./own-emulator.ts');
    return connectOwnEmulator((await configuration()).configuration, command, terminal);
  }
}

/** @throws UsageError if the Region is not that of the emulator, which has no other */
function requireRegion(emulator: Emulator, region: string | undefined, origin: string): void {
  if (region === undefined || region === emulator.region) return;
  throw new UsageError(
    `${escaped(origin)} says ${escaped(region)}, and the local stack at ${emulator.endpoint} is in ${emulator.region}`,
  );
}

async function configurationIn(file: string | undefined): Promise<PlanQuestion> {
  const name = file ?? DEFAULT_ENTITLEMENTS;
  try {
    // The parser of YAML is loaded only for a file: the emulator answers in JSON.
    const { readEntitlements, readGroupNames } = await import('../../input/entitlements-file.ts');
    const { labelOf, readText } = await import('../../input/files.ts');
    const [text, label] = [await readText(name), labelOf(name)];
    return { configuration: readEntitlements(text, label), groupNames: readGroupNames(text, label) };
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
