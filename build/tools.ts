import type { Caller, Cloud } from '../adapters/operator/cloud.ts';
import type { Stack } from '../adapters/operator/stacks.ts';
import { EXIT, type ExitCode } from '../operator/failures.ts';
import { denialsIn } from './denials.ts';
import type { Package } from './package.ts';
import { adviceFor, awsCommand, formatFailures, type StackPlace, stateOf } from './stack-states.ts';

/** The tools of a command. */
export interface Tools {
  cloud: Cloud;
  /** The name of the stage's stack, and the beginning of all its names. */
  stackName: string;
  /** Packages the stage. @returns undefined if that failed, and the packager has said why */
  packageStage(stage: string): Promise<Package | undefined>;
  /** Asks for confirmation; true without asking, if the command line has `--yes`. */
  confirm(question: string): Promise<boolean>;
  /** Asks for a word. @returns whether it was typed; true without asking, if the command line has `--yes` */
  confirmWord(question: string, word: string): Promise<boolean>;
  /** Whether the command line has `--yes`, so that no one is asked. */
  isUnattended: boolean;
  print(line: string): void;
  /** Names what this run makes, so that runs of two operators do not meet. */
  id: string;
}

/** Prints which account, Region and stage a command is about to change. */
export async function printPlace(stage: string, stack: Stack | undefined, tools: Tools): Promise<Caller> {
  const { cloud, stackName, print } = tools;
  const caller = await cloud.caller();
  print(`Account ${caller.accountId}${caller.alias === undefined ? '' : ` (${caller.alias})`}`);
  print(`Region  ${cloud.region}`);
  print(`Stage   ${stage}`);
  print(`Stack   ${stackName}, ${stack?.status ?? 'not deployed'}`);
  return caller;
}

/** Returns where the stack of a stage is. */
export function placeOf(stage: string, { cloud: { region }, stackName }: Tools): StackPlace {
  return { stage, stackName, region };
}

/** Prints what failed in the last operation of a stack, and which actions AWS denied. */
export async function printFailures(id: string, { cloud, print }: Tools): Promise<void> {
  const failures = await cloud.stacks.failures(id);
  if (failures.length > 0) print('What failed:');
  for (const line of formatFailures(failures)) print(line);
  for (const line of denialsIn(failures.map(({ reason }) => reason))) print(line);
}

/** Prints why a stack takes no update, what failed before, and what to do. */
export async function refuse({ id, status }: Stack, stage: string, tools: Tools): Promise<ExitCode> {
  for (const line of adviceFor(status, placeOf(stage, tools))) tools.print(line);
  if (status.endsWith('_FAILED')) await printFailures(id, tools);
  return EXIT.precondition;
}

/** Prints why CloudFormation has refused a change that the stack's status allowed when it was read. */
export async function explainRefusal(stage: string, tools: Tools): Promise<ExitCode> {
  const now = await tools.cloud.stacks.describe(tools.stackName);
  if (now && stateOf(now.status).allows !== 'update') return refuse(now, stage, tools);
  tools.print(`${tools.stackName} has been changed since this command read it, perhaps by another operator.`);
  tools.print('CloudFormation has refused the change. Run this command again: it shows what there is to do now.');
  return EXIT.precondition;
}

/**
 * Waits for CloudFormation, and prints each status that it reads.
 *
 * @throws what ends the command early, after printing how to follow the change: CloudFormation continues it
 */
export async function follow(
  wait: (onStatus: (status: string) => void) => Promise<Stack | undefined>,
  { cloud: { region }, stackName, print }: Tools,
): Promise<Stack | undefined> {
  let last: string | undefined;
  try {
    return await wait((status) => {
      if (status !== last) print(`${stackName} is ${status}`);
      last = status;
    });
  } catch (error) {
    const was = last === undefined ? 'has begun to change' : `was ${last} when it was last read`;
    print(`${stackName} ${was}. CloudFormation continues without this command.`);
    print(`See how it ends: ${awsCommand('describe-stacks', { stackName, region })}`);
    print('Then run this command again: it does what is left, if anything is.');
    throw error;
  }
}
