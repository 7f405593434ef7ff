/** `npm run deploy` and `npm run remove`: deploys or removes a stage in the account of the given credentials. */
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
import { checkParameters, deploy, remove, type Tools } from './deploying.ts';

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
Credentials are found as the AWS CLI finds them: AWS_PROFILE, an SSO session, …

Exit code: 0 done, 1 failed, 2 wrong use or an error in ${ENTITLEMENTS}, 3 a precondition is missing.`;

type Action = typeof deploy | typeof remove;

function program(run: (action: Action, options: unknown) => Promise<void>): Command {
  const all = new Command('npm run').exitOverride();
  all
    .command('deploy')
    .usage('-- [options]')
    .description(`Deploy a stage as ${ENTITLEMENTS} describes it, to the account of the given credentials`)
    .option('--stage <NAME>', 'name of the stage, part of every resource name', 'prod')
    .option(
      '--parameter <NAME=VALUE>',
      'parameter of deploy/parameters.yml; later deployments keep it. Repeatable',
      collect,
    )
    .option('--dry-run', 'print what would change, and change nothing')
    .addHelpText('after', EXAMPLES)
    .action((options) => run(deploy, options));
  all
    .command('remove')
    .usage('-- [options]')
    .description('Remove a stage: disable rules and tick, delete the stack, and print what is retained')
    .option('--stage <NAME>', 'name of the stage', 'prod')
    .option('--dry-run', 'print what would be retained, and change nothing')
    .addHelpText('after', EXAMPLES)
    .action((options) => run(remove, options));
  return all;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function run(action: Action, given: unknown): Promise<ExitCode> {
  const parsed = Options.safeParse(given);
  if (!parsed.success) return refuse(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`));
  const { stage, dryRun, parameter } = parsed.data;
  const { identityCenter } = readEntitlements(readFileSync(join(ROOT, ENTITLEMENTS), 'utf8'), ENTITLEMENTS);
  const { problems, parameters } = checkParameters(parameter, rulesIn('deploy/parameters.yml'));
  if (problems.length > 0) return refuse(problems);
  const tools: Tools = {
    stacks: stacksIn({ region: identityCenter.region }, systemClock),
    serverless: (arguments_, values) => serverless([...arguments_, '--stage', stage], values),
    packagedResources: () => resourcesIn('.serverless/cloudformation-template-update-stack.json'),
    print: (line) => console.log(line),
  };
  try {
    return await action({ stage, dryRun, parameters }, tools);
  } catch (error) {
    if (!lacksAccess(error)) throw error;
    console.error(`AWS refuses access: ${error.message}\nGet credentials for the account of Usher, then try again.`);
    return EXIT.precondition;
  }
}

function refuse(problems: readonly string[]): ExitCode {
  for (const problem of problems) console.error(problem);
  return EXIT.wrongUse;
}

function rulesIn(file: string) {
  // Other parts of the file have CloudFormation's tags, of which the parser would warn.
  return Parameters.parse(parse(readFileSync(join(ROOT, file), 'utf8'), { logLevel: 'error' })).Parameters;
}

function resourcesIn(file: string) {
  const { Resources } = Template.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
  return Object.entries(Resources).map(([logicalId, { Type }]) => ({ logicalId, type: Type }));
}

/** Runs the framework; build/deployment-plugin.mjs reads the parameters from its environment. */
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
  await program(async (action, options) => {
    process.exitCode = await run(action, options);
  }).parseAsync();
} catch (error) {
  if (error instanceof InputError) process.exitCode = refuse([error.message]);
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  else if (error instanceof Error) {
    console.error(error.message);
    process.exitCode = EXIT.failed;
  } else throw error;
}
