/** `npm run deploy` and `npm run remove`: a stage in the account whose credentials are there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { lacksAccess, stacksIn } from '../adapters/operator/stacks.ts';
import { StageSchema } from '../adapters/resource-names.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { EXIT, type ExitCode } from '../cli/shared/failures.ts';
import { readEntitlements } from '../input/entitlements-file.ts';
import { InputError } from '../input/input-error.ts';
import { deploy, parameterFaults, remove, type Tools } from './deploying.ts';

const ROOT = process.cwd();
const ENTITLEMENTS = 'entitlements.yml';

const Options = z.object({
  stage: StageSchema,
  dryRun: z._default(z.boolean(), false),
  parameter: z._default(z.array(z.string()), []),
});
const Parameters = z.object({
  Parameters: z.record(
    z.string(),
    z.object({
      AllowedPattern: z.optional(z.string()),
      AllowedValues: z.optional(z.array(z.string())),
      ConstraintDescription: z.optional(z.string()),
    }),
  ),
});
const Template = z.object({ Resources: z.record(z.string(), z.object({ Type: z.string() })) });

const EXAMPLES = `
Credentials are those that the AWS command line would take: AWS_PROFILE, an SSO session, …

Exit code: 0 done, 1 it failed, 2 wrong use or a fault in ${ENTITLEMENTS}, 3 something has to be there first.`;

function program(run: (what: typeof deploy | typeof remove, options: unknown) => Promise<void>): Command {
  const all = new Command('npm run').exitOverride();
  all
    .command('deploy')
    .usage('-- [options]')
    .description(`Deploys a stage: what ${ENTITLEMENTS} says, in the account whose credentials are there.`)
    .option('--stage <NAME>', 'stands in every name', 'prod')
    .option('--parameter <NAME=VALUE>', 'of deploy/parameters.yml; kept from then on. Repeatable', collect)
    .option('--dry-run', 'print what would change, and change nothing')
    .addHelpText('after', EXAMPLES)
    .action((options) => run(deploy, options));
  all
    .command('remove')
    .usage('-- [options]')
    .description('Removes a stage: disables rules and tick, waits for no one, deletes the stack, and says what stays.')
    .option('--stage <NAME>', 'which one', 'prod')
    .option('--dry-run', 'print what would stay, and change nothing')
    .addHelpText('after', EXAMPLES)
    .action((options) => run(remove, options));
  return all;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function run(what: typeof deploy | typeof remove, given: unknown): Promise<ExitCode> {
  const read = Options.safeParse(given);
  if (!read.success) return refuse(read.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`));
  const { stage, dryRun, parameter } = read.data;
  const { identityCenter } = readEntitlements(readFileSync(join(ROOT, ENTITLEMENTS), 'utf8'), ENTITLEMENTS);
  const { faults, parameters } = parameterFaults(parameter, rulesIn('deploy/parameters.yml'));
  if (faults.length > 0) return refuse(faults);
  const tools: Tools = {
    stacks: stacksIn({ region: identityCenter.region }, systemClock),
    serverless: (arguments_, values) => serverless([...arguments_, '--stage', stage], values),
    packaged: () => resourcesIn('.serverless/cloudformation-template-update-stack.json'),
    print: (line) => console.log(line),
  };
  try {
    return await what({ stage, dryRun, parameters }, tools);
  } catch (error) {
    if (!lacksAccess(error)) throw error;
    console.error(`AWS lets nobody in here: ${error.message}\nGet credentials for the account of Usher and try again.`);
    return EXIT.precondition;
  }
}

function refuse(faults: readonly string[]): ExitCode {
  for (const fault of faults) console.error(fault);
  return EXIT.wrongUse;
}

function rulesIn(file: string) {
  // CloudFormation's tags stand in other parts of the file.
  return Parameters.parse(parse(readFileSync(join(ROOT, file), 'utf8'), { logLevel: 'error' })).Parameters;
}

function resourcesIn(file: string) {
  const { Resources } = Template.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
  return Object.entries(Resources).map(([logicalId, { Type }]) => ({ logicalId, type: Type }));
}

/** build/deployment-plugin.mjs reads the parameters. */
async function serverless(
  arguments_: readonly string[],
  parameters: Readonly<Record<string, string>>,
): Promise<number> {
  const env = {
    ...process.env,
    PATH: [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    USHER_PARAMETERS: JSON.stringify(parameters),
  };
  const child = spawn('serverless', arguments_, { cwd: ROOT, stdio: 'inherit', env });
  const [code] = await once(child, 'close');
  return code ?? 1;
}

try {
  await program(async (what, options) => {
    process.exitCode = await run(what, options);
  }).parseAsync();
} catch (error) {
  if (error instanceof InputError) process.exitCode = refuse([error.message]);
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  else if (error instanceof Error) {
    console.error(error.message);
    process.exitCode = EXIT.failed;
  } else throw error;
}
