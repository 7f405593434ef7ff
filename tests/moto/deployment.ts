import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import type { ClientSettings } from '../../adapters/clients.ts';
import { parseTemplate, type Template } from '../../adapters/operator/template.ts';
import { functionsIn, withKeys } from '../../build/package.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { packagedWith } from '../support/template.ts';
import type { LambdaFunction } from './lambda.ts';
import { DEFAULT_ACCOUNT, type Moto, settingsOf } from './moto.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = join(ROOT, '.serverless');
const TEMPLATE = 'cloudformation-template-update-stack.json';

/** The state machines in serverless.yml: the one that events start, and that of operators. */
const MACHINE = 'Onboarding';
const ADMIN_MACHINE = 'OnboardingAdmin';

const StateSchema = z.object({
  service: z.object({
    service: z.string(),
    provider: z.object({ region: z.string(), stage: z.string(), stackName: z.optional(z.string()) }),
    functions: z.record(z.string(), z.object({ name: z.string(), package: z.object({ artifact: z.string() }) })),
  }),
});

/** What `serverless package` made, kept where nothing overwrites it. */
export interface Package {
  directory: string;
  region: string;
  stackName: string;
  template: string;
  /** By the function's name: the directory of its unpacked code, and the hash by which Lambda knows the package. */
  code: ReadonlyMap<string, { directory: string; sha256: string }>;
}

const run = promisify(execFile);

/** Runs a command of this project. @returns what it prints */
async function command(args: readonly [string, ...string[]], environment: NodeJS.ProcessEnv): Promise<string> {
  const [file, ...rest] = args;
  try {
    const { stdout } = await run(file, rest, { cwd: ROOT, env: { ...process.env, ...environment } });
    return stdout;
  } catch (error) {
    const printed =
      error instanceof Error && 'stdout' in error && 'stderr' in error ? `\n${error.stdout}${error.stderr}` : '';
    throw new Error(`${args.join(' ')} failed${printed}`, { cause: error });
  }
}

/** Runs `npm run deploy` or `npm run remove`, against moto's default account. */
function stage(args: readonly string[], { endpoint }: Moto): Promise<string> {
  return command([process.execPath, join(ROOT, 'build/stage.ts'), ...args], {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'moto',
    AWS_SECRET_ACCESS_KEY: 'moto',
  });
}

/** Packages the service as it is deployed. @param directory where the package and the code are kept */
export async function packageService(directory: string): Promise<Package> {
  await command([join(ROOT, 'node_modules/.bin/serverless'), 'package'], {});
  return keepPackage(PACKAGE, directory);
}

/** Packages the service with notices. @param directory where the package and the code are kept */
export async function packageWithNotices(directory: string): Promise<Package> {
  const { directory: made } = await packagedWith(exampleEntitlements({ notices: { backfill: true } }));
  return keepPackage(made, directory);
}

async function keepPackage(made: string, directory: string): Promise<Package> {
  const kept = join(directory, 'package');
  cpSync(made, kept, { recursive: true });
  const { service } = StateSchema.parse(JSON.parse(readFileSync(join(kept, 'serverless-state.json'), 'utf8')));
  const { region, stage, stackName = `${service.service}-${stage}` } = service.provider;
  const code = new Map<string, { directory: string; sha256: string }>();
  for (const [key, { name }] of Object.entries(service.functions)) {
    const unpacked = join(directory, 'code', key);
    mkdirSync(unpacked, { recursive: true });
    const zip = join(kept, `${key}.zip`);
    await run('python3', ['-m', 'zipfile', '-e', zip, unpacked]);
    code.set(name, { directory: unpacked, sha256: createHash('sha256').update(readFileSync(zip)).digest('base64') });
  }
  return { directory: kept, region, stackName, template: readFileSync(join(kept, TEMPLATE), 'utf8'), code };
}

/**
 * Deploys the service with the project's command, as an operator does, to moto's default account.
 *
 * First a stage that it removes again. Then the stage of the package: once, again with another value of a parameter, again
 * with the old value, and again with nothing to change.
 *
 * @throws Error if a deployment leads to something else, or if a removal leaves the stack
 */
export async function deploy({ region, stackName, template, code }: Package, moto: Moto): Promise<void> {
  const settings = settingsOf(moto.endpoint, DEFAULT_ACCOUNT, region);
  const client = new CloudFormationClient(settings);
  const deployed = async (...parameters: string[]) => {
    const given = parameters.flatMap((one) => ['--parameter', one]);
    const printed = await stage(['deploy', '--stage', 'prod', '--yes', ...given], moto);
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    const triggers = stack?.Parameters?.find(({ ParameterKey }) => ParameterKey === 'Triggers')?.ParameterValue;
    return { printed, triggers };
  };
  await stage(['deploy', '--stage', 'try', '--yes'], moto);
  await stage(['remove', '--stage', 'try', '--yes'], moto);
  const { StackSummaries: left = [] } = await client.send(
    new ListStacksCommand({ StackStatusFilter: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'] }),
  );
  if (left.some(({ StackName }) => StackName === 'usher-try')) throw new Error('The stack usher-try is not removed');
  await deployed();
  for (const value of ['DISABLED', 'ENABLED']) {
    const { triggers } = await deployed(`Triggers=${value}`);
    if (triggers !== value) throw new Error(`A deployment of Triggers=${value} leaves it ${triggers}`);
  }
  const { printed } = await deployed();
  if (!printed.includes('Nothing to change'))
    throw new Error(`The same deployment again changes something:\n${printed}`);
  const { TemplateBody = '' } = await client.send(new GetTemplateCommand({ StackName: stackName }));
  if (!isDeepStrictEqual(withoutKeys(TemplateBody), withoutKeys(template))) {
    throw new Error('The stack that the command has made is not that of the package');
  }
  const lambda = new LambdaClient(settings);
  for (const [name, { sha256 }] of code) {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
    if (Configuration?.CodeSha256 !== sha256) throw new Error(`The code of ${name} is not that of the package`);
  }
}

/** A template whose functions have no keys: the packager names them by the time, and the command by their content. */
function withoutKeys(text: string): Template {
  const template = parseTemplate(text);
  return withKeys(template, new Map(functionsIn(template).map(({ logicalId }) => [logicalId, ''])));
}

/** Makes a stack of the packaged template with these values of parameters, in an account of its own. */
export async function createStack(
  { stackName, template }: Package,
  parameters: Readonly<Record<string, string>>,
  settings: ClientSettings,
): Promise<void> {
  const client = new CloudFormationClient(settings);
  const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
  await client.send(new CreateStackCommand({ StackName: stackName, TemplateBody: template, Parameters: given }));
}

/** What CloudFormation has made, with all references resolved. */
export interface Deployed {
  /** ARN of the state machine that events start. */
  machine: string;
  /** ARN of that of operators. */
  adminMachine: string;
  functions: LambdaFunction[];
}

/** Reads what a stack has become. @throws Error when it isn't complete */
export async function resolve({ stackName, code }: Package, settings: ClientSettings): Promise<Deployed> {
  const client = new CloudFormationClient(settings);
  const lambda = new LambdaClient(settings);
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
  if (!/^(?:CREATE|UPDATE)_COMPLETE$/.test(stack?.StackStatus ?? '')) {
    throw new Error(`The stack ${stackName} is ${stack?.StackStatus}: ${stack?.StackStatusReason}`);
  }
  const machines = new Map<string, string>();
  const functions: LambdaFunction[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client },
    { StackName: stackName },
  )) {
    for (const { ResourceType, LogicalResourceId, PhysicalResourceId: name = '' } of StackResourceSummaries) {
      if (LogicalResourceId && ResourceType === 'AWS::StepFunctions::StateMachine')
        machines.set(LogicalResourceId, name);
      if (ResourceType !== 'AWS::Lambda::Function') continue;
      const { Configuration: made } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
      const directory = code.get(name)?.directory;
      if (!(made?.FunctionArn && made.Handler && made.Timeout && made.MemorySize && directory)) {
        throw new Error(`The function ${name} is not as it was packaged`);
      }
      const [module, handler = ''] = made.Handler.split('.');
      functions.push({
        arn: made.FunctionArn,
        file: join(directory, `${module}.mjs`),
        handler,
        memoryMegabytes: made.MemorySize,
        timeoutSeconds: made.Timeout,
        environment: made.Environment?.Variables ?? {},
      });
    }
  }
  const [machine, adminMachine] = [machines.get(MACHINE), machines.get(ADMIN_MACHINE)];
  if (!(machine && adminMachine)) throw new Error(`The stack has no ${machine ? ADMIN_MACHINE : MACHINE}`);
  return { machine, adminMachine, functions };
}

/** Returns where the templates of notices lie: Lambda's working directory is where the package lies. */
export function templatesOf({ arn, environment }: LambdaFunction, { code }: Package): Record<string, string> {
  const { NOTICES_TEMPLATES: file } = environment;
  const directory = code.get(arn.split(':').at(-1) ?? '')?.directory;
  return file === undefined || directory === undefined ? {} : { NOTICES_TEMPLATES: join(directory, file) };
}

/** Writes a scenario's entitlements as the package has them. @returns the file */
export function writeEntitlements(directory: string, account: string, entitlements: object): string {
  const file = join(directory, account, 'entitlements.json');
  mkdirSync(join(directory, account), { recursive: true });
  writeFileSync(file, JSON.stringify(entitlements));
  return file;
}
