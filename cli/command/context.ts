import type { Command } from 'commander';
import * as z from 'zod/mini';
import { StageSchema } from '../../adapters/resource-names.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { readEntitlements } from '../../input/entitlements-file.ts';
import { readText } from '../../input/files.ts';
import { localEndpoint } from '../shared/endpoint.ts';
import { MissingPrecondition, UsageError } from '../shared/failures.ts';
import { once } from '../shared/once.ts';
import type { Terminal } from '../ui/terminal.ts';
import type { Services } from './services.ts';

const DEFAULT_ENTITLEMENTS = 'entitlements.yml';
/** The stage whose names the local stack bears. */
const LOCAL_STAGE = 'local';
const DEFAULT_STAGE = 'prod';
const LOCAL_REGION = 'us-east-1';

const CommonSchema = z.object({
  region: z.optional(z.string()),
  profile: z.optional(z.string()),
  stage: z.optional(z.string()),
  entitlements: z.optional(z.string()),
  local: z.optional(z.boolean()),
  json: z.optional(z.boolean()),
});

/** What every command is given. */
export interface Context {
  terminal: Terminal;
  clock: Clock;
  /** Whether the result is for a program. */
  json: boolean;
  /** Whether the local stack is asked, not AWS. */
  local: boolean;
  stage: string;
  /** @throws InputError, MissingPrecondition when there is no such file */
  entitlements(): Promise<Entitlements>;
  /** Those of the file, whoever is asked. */
  configuration(): Promise<Entitlements>;
  /** AWS, or the local stack. @throws like {@link entitlements}, which tell the Region */
  services(): Promise<Services>;
  /** The same where there are no entitlements yet, in the Region that is given or that AWS's own configuration names. */
  servicesWithoutEntitlements(): Promise<Services>;
  /** Says something, synchronously, when somebody presses Ctrl-C; then the command ends. */
  onInterrupt(say: () => void): void;
  /** Ends the command in good order when somebody presses Ctrl-C or stops the process; it doesn't end by itself then. */
  onEnd(end: () => void): void;
}

/** A command's own options, checked by a schema. @throws WrongUse */
export function optionsOf<Schema extends z.ZodMiniType>(command: Command, schema: Schema): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, command.opts());
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `--${dashed(path.join('.'))}: ${message}`);
  throw new UsageError(problems.join('\n'));
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Makes the context of a command line. Files are read and AWS is connected to when it is asked for. */
export async function contextOf(
  command: Command,
  around: Pick<Context, 'terminal' | 'onInterrupt' | 'onEnd'>,
  env: NodeJS.ProcessEnv,
): Promise<Context> {
  const options = CommonSchema.parse(command.optsWithGlobals());
  const local = options.local === true;
  const stage = options.stage ?? (local ? LOCAL_STAGE : (env['USHER_STAGE'] ?? DEFAULT_STAGE));
  const named = StageSchema.safeParse(stage);
  if (!named.success) throw new UsageError(`--stage: ${named.error.issues[0]?.message}`);
  const entitlements = once(async () => {
    if (local && options.entitlements === undefined)
      return readEntitlements(await localConfiguration(env), 'the local stack');
    return configuration(options.entitlements);
  });
  const clock = local ? await localClock(env) : systemClock;
  const access = local
    ? { endpoint: localEndpoint(env), credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
    : options.profile === undefined
      ? {}
      : { profile: options.profile };
  return {
    ...around,
    clock,
    json: options.json === true,
    local,
    stage,
    entitlements,
    configuration: () => configuration(options.entitlements),
    services: once(async () => {
      const { servicesOf } = await import('./services.ts');
      const { identityCenter, requestsPerSecond } = await entitlements();
      const region = options.region ?? identityCenter.region;
      return servicesOf({ terminal: around.terminal, clock, stage, region, perSecond: requestsPerSecond, access });
    }),
    servicesWithoutEntitlements: once(async () => {
      const { servicesOf } = await import('./services.ts');
      const region = options.region ?? (local ? LOCAL_REGION : await regionOf(options.profile));
      return servicesOf({ terminal: around.terminal, clock, stage, region, perSecond: 10, access });
    }),
  };
}

async function configuration(file: string | undefined): Promise<Entitlements> {
  const name = file ?? DEFAULT_ENTITLEMENTS;
  try {
    return readEntitlements(await readText(name), name);
  } catch (error) {
    if (file !== undefined || !isMissingFile(error)) throw error;
    throw new MissingPrecondition(
      `There is no ${DEFAULT_ENTITLEMENTS} here. Run this in a checkout, name it by --entitlements, or write one: usher init`,
    );
  }
}

function isMissingFile(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

async function localConfiguration(env: NodeJS.ProcessEnv): Promise<string> {
  return (await askLocal('/entitlements', env)).text();
}

const ClockSchema = z.object({ now: z.string(), speed: z.number() });

/** The local stack's own time, which may go faster. */
async function localClock(env: NodeJS.ProcessEnv): Promise<Clock> {
  const { now, speed } = ClockSchema.parse(await (await askLocal('/clock', env)).json());
  const [start, realStart] = [Date.parse(now), performance.now()];
  return {
    now: () => new Date(start + (performance.now() - realStart) * speed),
    sleep: (seconds) => systemClock.sleep(seconds / speed),
  };
}

/** @throws MissingPrecondition when nobody answers */
async function askLocal(path: string, env: NodeJS.ProcessEnv): Promise<Response> {
  const endpoint = localEndpoint(env);
  try {
    return await fetch(endpoint + path);
  } catch (error) {
    throw new MissingPrecondition(`No local stack answers at ${endpoint}. Start one: usher local`, { cause: error });
  }
}

/** @throws MissingPrecondition when no Region is configured anywhere */
async function regionOf(profile: string | undefined): Promise<string> {
  const { configuredRegion } = await import('../../adapters/operator/account.ts');
  const region = await configuredRegion(profile);
  if (region !== undefined) return region;
  throw new MissingPrecondition('No Region is configured: give the one of Identity Center by --region');
}
