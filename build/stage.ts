/** `npm run deploy` and `npm run remove`: deploys or removes a stage in the account of the given credentials. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { connectCloud } from '../adapters/operator/cloud.ts';
import { lacksAccess } from '../adapters/operator/credentials.ts';
import { namesOf, StageSchema } from '../adapters/resource-names.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { operatorAccess } from '../cli/command/access.ts';
import { Terminal } from '../cli/ui/terminal.ts';
import { readEntitlements } from '../input/entitlements-file.ts';
import { InputError } from '../input/input-error.ts';
import { EXIT, type ExitCode, MissingPrecondition, UsageError } from '../operator/failures.ts';
import { denialsIn } from './denials.ts';
import { deploy } from './deploying.ts';
import { readPackage } from './package.ts';
import { checkParameters } from './parameters.ts';
import { isOfficial, isPinned, readPinnedNode } from './pinned-node.ts';
import { remove } from './removing.ts';
import { checkTags } from './tags.ts';
import type { Tools } from './tools.ts';

const ROOT = process.cwd();
const ENTITLEMENTS = 'entitlements.yml';
const DENIED = 'docs/policies/deployer.json has what these credentials need.';

const Options = z.object({
  stage: StageSchema,
  dryRun: z._default(z.boolean(), false),
  yes: z._default(z.boolean(), false),
  parameter: z._default(z.array(z.string()), []),
  tag: z._default(z.array(z.string()), []),
  replaceOrDelete: z._default(z.array(z.string()), []),
});
const Parameters = z.object({
  Parameters: z.record(
    z.string(),
    z.object({
      AllowedPattern: z.optional(z.string()),
      AllowedValues: z.optional(z.array(z.string())),
      MaxLength: z.optional(z.number()),
      ConstraintDescription: z.optional(z.string()),
    }),
  ),
});

const EXAMPLES = `
Credentials are found as the AWS CLI finds them: AWS_PROFILE, an SSO session, …
A proxy is used as the AWS CLI uses it: HTTPS_PROXY, NO_PROXY, AWS_CA_BUNDLE.

Exit code: 0 done, 1 failed or declined, 2 wrong use or an error in ${ENTITLEMENTS}, 3 a precondition is missing.`;

/** The operator ended the command. */
class Interrupted extends Error {
  readonly code: ExitCode;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal);
    this.code = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  }
}

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    const reason = new Interrupted(name);
    // The first lets the command delete its change set.
    if (signal.aborted) process.exit(reason.code);
    interruption.abort(reason);
  });
}

type Action = 'deploy' | 'remove';

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
    .option(
      '--tag <KEY=VALUE>',
      'tag of the stack and of everything in it; later deployments keep it, and KEY= removes it. Repeatable',
      collect,
    )
    .option('--dry-run', 'print what would change, and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .option(
      '--replace-or-delete <LOGICAL ID>',
      'accept the loss of a resource with data, such as Ledger. Repeatable',
      collect,
    )
    .addHelpText('after', EXAMPLES)
    .action((options) => run('deploy', options));
  all
    .command('remove')
    .usage('-- [options]')
    .description('Remove a stage: disable rules and tick, delete the stack, and print what is retained')
    .requiredOption('--stage <NAME>', 'name of the stage')
    .option('--dry-run', 'print what would be retained, and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', EXAMPLES)
    .action((options) => run('remove', options));
  return all;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function run(action: Action, given: unknown): Promise<ExitCode> {
  const parsed = Options.safeParse(given);
  if (!parsed.success) return refuse(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`));
  const { stage, dryRun, yes, parameter, tag, replaceOrDelete } = parsed.data;
  const { stdout, stderr, stdin, env } = process;
  const terminal = await Terminal.open({ stdout, stderr, stdin, env });
  if (!dryRun && !yes && !terminal.isInteractive) {
    return refuse(['This command needs confirmation, and there is no terminal: add --yes']);
  }
  const { identityCenter, namePrefix } = readEntitlements(readFileSync(join(ROOT, ENTITLEMENTS), 'utf8'), ENTITLEMENTS);
  const { problems, parameters } = checkParameters(parameter, rulesIn('deploy/parameters.yml'));
  const tagged = checkTags(tag);
  problems.push(...tagged.problems);
  if (problems.length > 0) return refuse(problems);
  if (isPinned(process.execPath) && !isOfficial(readPinnedNode())) {
    terminal.line(`Node    ${process.version} from npm, not yet compared with nodejs.org: docs/security.md#node`);
  }
  const id = `${new Date().toISOString().replace(/\D/g, '')}-${randomBytes(4).toString('hex')}`;
  const access = await operatorAccess({ profile: undefined, env, terminal });
  const cloud = connectCloud({ region: identityCenter.region, ...access }, { clock: systemClock, signal }, id);
  const tools: Tools = {
    cloud,
    stackName: namesOf(stage, namePrefix).prefix,
    id,
    packageStage,
    confirm: (question) => terminal.confirm(question, yes, signal),
    confirmWord: async (question, word) => yes || (await terminal.text(question, signal)).trim() === word,
    isUnattended: yes,
    print: (line) => terminal.line(line),
  };
  try {
    if (action === 'remove') return await remove({ stage, dryRun }, tools);
    return await deploy({ stage, parameters, tags: tagged.tags, dryRun, mayLose: replaceOrDelete }, tools);
  } catch (error) {
    if (!lacksAccess(error)) throw error;
    console.error(`AWS refuses access: ${error.message}`);
    const denials = denialsIn([error.message]);
    const advice = 'Get credentials for the account of Usher, then try again.';
    for (const line of denials.length > 0 ? [...denials, DENIED] : [advice]) console.error(line);
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

/** Runs the framework's packager. It needs no account, so it and its packages do not get the credentials in the environment. */
async function packageStage(stage: string) {
  const serverless = join(ROOT, 'node_modules', 'serverless', 'bin', 'serverless.js');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  const child = spawn(process.execPath, [serverless, 'package', '--stage', stage], {
    cwd: ROOT,
    stdio: 'inherit',
    env,
  });
  const [code] = await once(child, 'close');
  signal.throwIfAborted();
  return code === 0 ? readPackage(join(ROOT, '.serverless')) : undefined;
}

try {
  await program(async (action, options) => {
    process.exitCode = await run(action, options);
  }).parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Prints an error. @returns its exit code */
function explain(error: unknown): ExitCode {
  if (signal.aborted && signal.reason instanceof Interrupted) return signal.reason.code;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (!(error instanceof Error)) throw error;
  // Ctrl-C in a question.
  if (error.name === 'ExitPromptError') return EXIT.interrupted;
  console.error(error.message);
  if (error instanceof InputError || error instanceof UsageError) return EXIT.wrongUse;
  return error instanceof MissingPrecondition ? EXIT.precondition : EXIT.failed;
}
