import { isDeepStrictEqual } from 'node:util';
import type { ChangeSet } from '../adapters/operator/change-sets.ts';
import { type Stack, UpdateRefused } from '../adapters/operator/stacks.ts';
import type { Template } from '../adapters/operator/template.ts';
import { EXIT, type ExitCode } from '../operator/failures.ts';
import { formatChanges, lossesIn, retainedIn } from './difference.ts';
import { functionsIn, keysFor, type LiveCode, type Package, withKeys } from './package.ts';
import { formatDropped, formatParameters, type Parameters, parametersFor, valuesFor } from './parameters.ts';
import { BUCKET, stateOf } from './stack-states.ts';
import { formatTags, type Tags, tagProblems, tagsFor } from './tags.ts';
import { explainRefusal, follow, printFailures, printPlace, refuse, type Tools } from './tools.ts';

/** The stage for trying: it may be deleted like any stack. */
const UNPROTECTED_STAGE = 'try';

/** What the command line gives. */
export interface DeployOptions {
  stage: string;
  /** By name; a parameter that is not given keeps its value. */
  parameters: Parameters;
  /** By key; a tag that is not given keeps its value, and an empty value removes it. */
  tags: Tags;
  dryRun: boolean;
  /** Logical ids of resources with data that the deployment may replace or give up. */
  mayLose: readonly string[];
}

/** What CloudFormation and Lambda have at present. */
interface Live {
  stack: Stack;
  template: Template;
  /** By logical id of the function. */
  code: ReadonlyMap<string, LiveCode>;
}

/** What a deployment leads to. */
interface Target {
  packaged: Package;
  template: Template;
  parameters: Parameters;
  tags: Tags;
  /** Whether termination protection is on. */
  isProtected: boolean;
}

/** The deployment of one package. */
interface Deployment extends DeployOptions {
  packaged: Package;
  /** Whether the operator has agreed already. */
  isAgreed: boolean;
  /** `aws`, `aws-cn`, … */
  partition: string;
}

/**
 * Deploys a stage; with `dryRun`, prints what that would change.
 *
 * What is live decides what there is to do: the template and the parameters of the stack, and the code of its functions.
 */
export async function deploy(options: DeployOptions, tools: Tools): Promise<ExitCode> {
  const { stage, dryRun } = options;
  const stack = await tools.cloud.stacks.describe(tools.stackName);
  const { partition } = await printPlace(stage, stack, tools);
  if (stack && stateOf(stack.status).allows !== 'update') return refuse(stack, stage, tools);
  const packaged = await tools.packageStage(stage);
  if (!packaged) return EXIT.failed;
  const deployment = { ...options, packaged, partition };
  try {
    if (stack) return await update({ ...deployment, isAgreed: false }, stack, tools);
    if (!mayBeLost(options.mayLose, retainedIn(packaged.template), tools)) return EXIT.wrongUse;
    if (!mayBeTagged(tagsFor(options.tags, {}, packaged.tags), tools)) return EXIT.wrongUse;
    printFirst(packaged, options, tools);
    if (dryRun) return EXIT.done;
    if (!(await tools.confirm('Create these resources?'))) return decline(tools);
    const created = await create(packaged, options.tags, tools);
    return created ? await update({ ...deployment, isAgreed: true }, created, tools) : EXIT.failed;
  } catch (error) {
    if (error instanceof UpdateRefused) return explainRefusal(stage, tools);
    throw error;
  }
}

function decline({ print }: Tools): ExitCode {
  print('Nothing was changed.');
  return EXIT.failed;
}

function printFirst(packaged: Package, { parameters, tags }: DeployOptions, { stackName, print }: Tools): void {
  print(`${stackName} is not deployed yet. These resources would be created, some only with certain parameters:`);
  const changes = Object.entries(packaged.template.Resources).map(([logicalId, { Type }]) => ({
    logicalId,
    type: Type,
    action: 'Add',
    replaced: false,
  }));
  for (const line of formatChanges(changes)) print(line);
  for (const line of [...formatParameters({}, parameters), ...formatTags({}, tagsFor(tags, {}, {}))]) print(line);
}

/** Creates the stack with its bucket, from which everything else is deployed. @returns undefined if that fails */
async function create({ firstTemplate, tags: own }: Package, given: Tags, tools: Tools): Promise<Stack | undefined> {
  const { stacks } = tools.cloud;
  const id = await stacks.create(tools.stackName, firstTemplate, tagsFor(given, {}, own));
  const stack = await follow((onStatus) => stacks.settled(id, onStatus), tools);
  if (stack?.status === 'CREATE_COMPLETE') return stack;
  tools.print(`${tools.stackName} was not created. Remove the cause, then deploy again.`);
  await printFailures(id, tools);
  return undefined;
}

async function update(deployment: Deployment, stack: Stack, tools: Tools): Promise<ExitCode> {
  const { stage, packaged, parameters: given } = deployment;
  const { stacks, changeSets, artifacts, region } = tools.cloud;
  const name = tools.stackName;
  const bucket = (await stacks.resources(name)).find(({ logicalId }) => logicalId === BUCKET)?.physicalId;
  if (!bucket) {
    tools.print(`${name} has no ${BUCKET}, so ${name} is no stack of Usher. Choose another --stage.`);
    return EXIT.precondition;
  }
  for (const one of await changeSets.deleteAbandoned(name)) tools.print(`Deleted ${one}, left by an interrupted run.`);
  const live = await readLive(stack, packaged, tools);
  const keys = keysFor(packaged.functions, live.code, { prefix: `usher/${stage}`, suffix: tools.id });
  const template = withKeys(packaged.template, keys);
  const tags = tagsFor(deployment.tags, stack.tags, packaged.tags);
  if (!mayBeTagged(tags, tools)) return EXIT.wrongUse;
  const target = {
    packaged,
    template,
    parameters: valuesFor(template, given, stack.parameters),
    tags,
    isProtected: stack.isProtected || stage !== UNPROTECTED_STAGE,
  };
  const place = { bucket, key: `usher/${stage}/templates/${tools.id}.json` };
  const suffix = deployment.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const request = {
    stackName: name,
    templateUrl: `https://s3.${region}.${suffix}/${place.bucket}/${place.key}`,
    parameters: parametersFor(Object.keys(target.parameters), given, stack.parameters),
    tags,
  };
  try {
    await artifacts.put(place, JSON.stringify(template));
    return await changeSets.preview(request, async (changeSet) => {
      const code = await show(deployment, { changeSet, live, target }, tools);
      if (code !== undefined) return code;
      if (changeSet.changes === undefined) return protect(stack, tools);
      for (const { logicalId, zip } of packaged.functions) {
        await artifacts.put({ bucket, key: keys.get(logicalId) ?? '' }, zip);
      }
      await changeSet.execute();
      return conclude(stage, { id: stack.id, target }, tools);
    });
  } finally {
    // CloudFormation has read it.
    await artifacts.delete(place);
  }
}

async function readLive(stack: Stack, { functions }: Package, { cloud }: Tools): Promise<Live> {
  const template = await cloud.stacks.template(stack.id);
  const packaged = new Set(functions.map(({ logicalId }) => logicalId));
  const code = await Promise.all(
    functionsIn(template)
      .filter(({ logicalId }) => packaged.has(logicalId))
      .map(async ({ logicalId, name, key }) => {
        return [logicalId, { key, sha256: await cloud.artifacts.codeHash(name) }] as const;
      }),
  );
  return { stack, template, code: new Map(code) };
}

/** Shows the difference, and asks. @returns the exit code, unless the update is to be made */
async function show(
  { dryRun, mayLose, isAgreed }: Deployment,
  { changeSet, live, target }: { changeSet: ChangeSet; live: Live; target: Target },
  tools: Tools,
): Promise<ExitCode | undefined> {
  const { stackName: name, print } = tools;
  const { changes = [] } = changeSet;
  const isSame =
    changeSet.changes === undefined
      ? live.stack.isProtected === target.isProtected
      : changes.length === 0 && differencesOf(live, target).length === 0;
  if (isSame) {
    print(`Nothing to change: ${name} has this template, these parameters and this code.`);
    return EXIT.done;
  }
  // A new stack's resources have been listed; those that an earlier stack has left are imported.
  const unseen = isAgreed ? changes.filter(({ action }) => action !== 'Add') : changes;
  const dropped = formatDropped(live.stack.parameters, target.parameters);
  const settings = isAgreed ? [] : [...settingsOf(live, target), ...dropped];
  for (const line of settings) print(line);
  for (const line of formatChanges(unseen)) print(line);
  if (changes.length === 0)
    print('No resource changes by itself, only parameters, tags, outputs, descriptions or protection.');
  const kept = new Set([...retainedIn(live.template), ...retainedIn(target.template)]);
  if (!mayBeLost(mayLose, kept, tools)) return EXIT.wrongUse;
  const losses = lossesIn(changes, kept).filter(({ logicalId }) => !mayLose.includes(logicalId));
  if (losses.length > 0) {
    print('Refused. This deployment replaces or gives up resources that must outlive it:');
    for (const line of formatChanges(losses)) print(`  ${line}`);
    const flags = losses.map(({ logicalId }) => `--replace-or-delete ${logicalId}`);
    print(`If no one needs what they hold, say so: ${flags.join(' ')}`);
    return EXIT.precondition;
  }
  if (dryRun) return EXIT.done;
  return isAgreed || (await tools.confirm(`Change ${name} like this?`)) ? undefined : decline(tools);
}

/** Whether `--replace-or-delete` names only resources that outlive the stack. Prints which it does not. */
function mayBeLost(names: readonly string[], kept: ReadonlySet<string>, { print }: Tools): boolean {
  const unknown = names.filter((id) => !kept.has(id));
  if (unknown.length > 0) {
    print(`--replace-or-delete: expected one of ${[...kept].join(', ')}, not ${unknown.join(', ')}`);
  }
  return unknown.length === 0;
}

/** Whether AWS allows these tags together. Prints why not. */
function mayBeTagged(tags: Tags, { print }: Tools): boolean {
  const problems = tagProblems(tags);
  for (const line of problems) print(line);
  return problems.length === 0;
}

/** Turns termination protection on. */
async function protect({ id }: Stack, { cloud, print }: Tools): Promise<ExitCode> {
  await cloud.stacks.protect(id, true);
  print('Termination protection is on.');
  return EXIT.done;
}

/** Waits for the end of the update, turns on what protects the stack, and compares what is live with the target. */
async function conclude(
  stage: string,
  { id, target }: { id: string; target: Target },
  tools: Tools,
): Promise<ExitCode> {
  const { stacks } = tools.cloud;
  const name = tools.stackName;
  const stack = await follow((onStatus) => stacks.settled(id, onStatus), tools);
  if (stack?.status !== 'UPDATE_COMPLETE') {
    if (!stack) tools.print(`${name} is gone: it was deleted during the update.`);
    else if (stateOf(stack.status).allows === 'update') {
      tools.print(`${name} is ${stack.status}: ${stateOf(stack.status).means}. Remove the cause, then deploy again.`);
      await printFailures(stack.id, tools);
    } else await refuse(stack, stage, tools);
    return EXIT.failed;
  }
  if (target.isProtected && !stack.isProtected) await protect(stack, tools);
  const now = { ...stack, isProtected: target.isProtected };
  const differences = differencesOf(await readLive(now, target.packaged, tools), target);
  if (differences.length === 0) {
    tools.print(`Deployed: ${name} has this template, these parameters and this code.`);
    return EXIT.done;
  }
  tools.print(`${name} is UPDATE_COMPLETE, but not what was deployed. Perhaps someone else deploys, too:`);
  for (const line of differences) tools.print(`  ${line}`);
  return EXIT.failed;
}

/** Returns the parameters, the tags and the protection that change, one line each. */
function settingsOf({ stack }: Live, { parameters, tags, isProtected }: Target): string[] {
  return [
    ...formatParameters(stack.parameters, parameters),
    ...formatTags(stack.tags, tags),
    ...(stack.isProtected === isProtected ? [] : ['~ termination protection: off → on']),
  ];
}

function differencesOf(live: Live, target: Target): string[] {
  const { packaged, template } = target;
  return [
    ...(isDeepStrictEqual(live.template, template) ? [] : ['the template is another one']),
    ...settingsOf(live, target),
    ...packaged.functions
      .filter(({ logicalId, sha256 }) => live.code.get(logicalId)?.sha256 !== sha256)
      .map(({ name }) => `${name} has other code`),
  ];
}
