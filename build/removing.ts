import { type Stack, type StackResource, UpdateRefused } from '../adapters/operator/stacks.ts';
import { EXIT, type ExitCode } from '../operator/failures.ts';
import { count } from '../operator/text.ts';
import { retainedIn } from './difference.ts';
import { parametersFor } from './parameters.ts';
import { adviceFor, awsCommand, BUCKET, stateOf } from './stack-states.ts';
import { explainRefusal, follow, placeOf, printFailures, printPlace, type Tools } from './tools.ts';

/** What the command line gives. */
export interface RemoveOptions {
  stage: string;
  dryRun: boolean;
}

/**
 * Removes a stage: disables what starts executions, and if no execution runs, deletes the stack. Prints what is retained.
 *
 * May be called again at any point. With `dryRun`, only prints.
 */
export async function remove({ stage, dryRun }: RemoveOptions, tools: Tools): Promise<ExitCode> {
  const { cloud, stackName: name, print } = tools;
  const stack = await cloud.stacks.describe(name);
  await printPlace(stage, stack, tools);
  if (!stack) {
    print(`${name} is not deployed.`);
    return EXIT.precondition;
  }
  const obstacle = obstacleTo(stack, stage, tools);
  if (obstacle.length > 0) {
    for (const line of obstacle) print(line);
    return EXIT.precondition;
  }
  const { bucket, retained, deleted } = await readResources(stack, tools);
  print(`${count(deleted, 'resource')} of ${name} would be deleted.`);
  if (stack.isProtected) {
    print(`${name} has termination protection.`);
    print('Once you have typed the name of the stage, and no execution runs, this command turns it off and continues.');
  }
  if (dryRun) {
    printRetained(retained, print);
    return EXIT.done;
  }
  if (!(await tools.confirmWord('To remove the stage from this account, type its name:', stage))) {
    print('Nothing was removed.');
    return EXIT.failed;
  }
  try {
    const code = await stopExecutions(stack, tools);
    if (code !== EXIT.done) return code;
    if (stack.isProtected) {
      await cloud.stacks.protect(stack.id, false);
      print('Termination protection is off.');
    }
    // CloudFormation deletes no bucket with objects.
    if (bucket) await cloud.artifacts.empty(bucket);
    await cloud.stacks.delete(stack.id);
  } catch (error) {
    if (error instanceof UpdateRefused) return explainRefusal(stage, tools);
    throw error;
  }
  const rest = await follow((onStatus) => cloud.stacks.deleted(stack.id, onStatus), tools);
  if (rest) return explainRest(rest, tools);
  print(`${name} is deleted.`);
  printRetained(retained, print);
  return EXIT.done;
}

/** Returns why the stack cannot be deleted now, and what to do; empty if it can. */
function obstacleTo({ status, isProtected }: Stack, stage: string, tools: Tools): string[] {
  const place = placeOf(stage, tools);
  if (stateOf(status).allows === 'wait') return adviceFor(status, place);
  if (!(isProtected && tools.isUnattended)) return [];
  return [
    `${tools.stackName} has termination protection, and --yes does not turn it off. Turn it off, then remove the stage again:`,
    `  ${awsCommand('update-termination-protection --no-enable-termination-protection', place)}`,
    `  npm run remove -- --stage ${stage} --yes`,
  ];
}

interface Resources {
  /** The deployment bucket. */
  bucket: string | undefined;
  retained: StackResource[];
  /** The number of those that the deletion of the stack deletes. */
  deleted: number;
}

async function readResources({ id, status }: Stack, { cloud: { stacks } }: Tools): Promise<Resources> {
  // Such a stack has a name, and no template.
  if (status === 'REVIEW_IN_PROGRESS') return { bucket: undefined, retained: [], deleted: 0 };
  const resources = (await stacks.resources(id)).filter((one) => one.status !== 'DELETE_COMPLETE');
  const ids = retainedIn(await stacks.template(id));
  const retained = resources.filter(({ logicalId }) => ids.has(logicalId));
  const bucket = resources.find(({ logicalId }) => logicalId === BUCKET)?.physicalId;
  return { bucket, retained, deleted: resources.length - retained.length };
}

/** Disables what starts executions, as far as the stack allows it, and checks that none runs. */
async function stopExecutions(stack: Stack, tools: Tools): Promise<ExitCode> {
  const { cloud, stackName: name, print } = tools;
  if (stateOf(stack.status).allows !== 'update') {
    print(`Rules and tick, if there are any, are not disabled first: ${name} is ${stack.status} and takes no update.`);
  } else if (!Object.hasOwn(stack.parameters, 'Triggers')) {
    print(`Rules and tick, if there are any, are not disabled first: ${name} has no parameter Triggers.`);
  } else {
    const status = await disableTriggers(stack, tools);
    if (status !== 'UPDATE_COMPLETE') {
      print(`Rules and tick could not be disabled: ${name} is ${status}. Nothing was removed.`);
      await printFailures(stack.id, tools);
      return EXIT.failed;
    }
    print('Rules and tick are disabled: no new execution starts.');
  }
  const machines = ['OnboardingArn', 'OnboardingAdminArn'].flatMap((output) => stack.outputs[output] ?? []);
  const counts = await Promise.all(machines.map((machine) => cloud.running(machine)));
  const running = counts.reduce((sum, one) => sum + one, 0);
  if (running === 0) return EXIT.done;
  print(`${running} executions still run. Wait until they end, or stop them, then run this command again.`);
  return EXIT.precondition;
}

/** @returns the status of the stack; `UPDATE_COMPLETE` also if the triggers were disabled */
async function disableTriggers(stack: Stack, tools: Tools): Promise<string> {
  const { stacks } = tools.cloud;
  const names = Object.keys(stack.parameters);
  const parameters = parametersFor(names, { Triggers: 'DISABLED' }, stack.parameters);
  if (!(await stacks.setParameters(stack.id, parameters))) return 'UPDATE_COMPLETE';
  const updated = await follow((onStatus) => stacks.settled(stack.id, onStatus), tools);
  return updated?.status ?? 'deleted';
}

/** Prints what a deletion that failed has left. */
async function explainRest({ id, status }: Stack, tools: Tools): Promise<ExitCode> {
  const { cloud, stackName, print } = tools;
  print(`${stackName} is ${status}: ${stateOf(status).means}.`);
  await printFailures(id, tools);
  const left = (await cloud.stacks.resources(id)).filter((one) => one.status === 'DELETE_FAILED');
  print('Remove the cause, then remove the stage again. Or give up what cannot be deleted; it stays in the account:');
  const ids = left.map(({ logicalId }) => logicalId).join(' ');
  print(`  ${awsCommand('delete-stack', { stackName, region: cloud.region })} --retain-resources ${ids}`);
  return EXIT.failed;
}

function printRetained(retained: readonly StackResource[], print: (line: string) => void): void {
  print('All users keep their seats: the assignments belong to Identity Center.');
  if (retained.length > 0) print('These resources are retained, too:');
  const width = Math.max(0, ...retained.map(({ type }) => type.length));
  for (const { type, physicalId, logicalId } of retained) print(`  ${type.padEnd(width)} ${physicalId || logicalId}`);
  const queues = retained.filter(({ type, physicalId }) => type === 'AWS::SQS::Queue' && physicalId);
  if (queues.length > 0) {
    print('A new deployment of this stage cannot take over its queues. Delete each queue once it is empty:');
    for (const { physicalId } of queues) print(`  aws sqs delete-queue --queue-url ${physicalId}`);
  }
  print('docs/deploy.md says how to delete them, and how to revoke the seats first.');
}
