import type { Stack, StackChange, StackParameter, StackResource, Stacks } from '../adapters/operator/stacks.ts';
import { EXIT, type ExitCode } from '../cli/shared/failures.ts';

/** A parameter as the template declares it. */
export interface ParameterRule {
  AllowedPattern?: string | undefined;
  AllowedValues?: readonly string[] | undefined;
  ConstraintDescription?: string | undefined;
}

export interface DeployOptions {
  stage: string;
  /** By name; what isn't named keeps its value. */
  parameters: Readonly<Record<string, string>>;
  dryRun: boolean;
}

/** What a command works with. */
export interface Tools {
  stacks: Stacks;
  /** Runs the framework's command line for the stage. @returns its exit code */
  serverless(arguments_: readonly string[], parameters: DeployOptions['parameters']): Promise<number>;
  /** The resources of the package that was made last: logical id and type. */
  packaged(): { logicalId: string; type: string }[];
  print(line: string): void;
}

/** The name of a stage's stack. */
function stackOf(stage: string): string {
  return `usher-${stage}`;
}

/**
 * What is wrong with parameters that were given, a line each; CloudFormation would say so only after the upload.
 *
 * @param given as they stand on the command line, `Name=value`
 */
export function parameterFaults(
  given: readonly string[],
  rules: Readonly<Record<string, ParameterRule>>,
): { faults: string[]; parameters: Record<string, string> } {
  const faults: string[] = [];
  const parameters: Record<string, string> = {};
  for (const one of given) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(one) ?? [];
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) faults.push(`${name || one}: expected Name=value with one of ${Object.keys(rules).join(', ')}`);
    else if (!isAllowed(value, rule)) {
      faults.push(
        `${name}: expected ${rule.ConstraintDescription ?? rule.AllowedValues?.join(' or ') ?? 'another value'}`,
      );
    } else parameters[name] = value;
  }
  return { faults, parameters };
}

function isAllowed(value: string, { AllowedPattern, AllowedValues }: ParameterRule): boolean {
  if (AllowedValues && !AllowedValues.includes(value)) return false;
  return AllowedPattern === undefined || new RegExp(`^(?:${AllowedPattern})$`).test(value);
}

/**
 * Parameters for an update: those that are given, and of the others the values that the stack has. Without that
 * CloudFormation would go back to the defaults, and an alarm would tell nobody any more.
 *
 * @param names of the parameters of the template
 * @param before of the stack
 */
export function parametersFor(
  names: readonly string[],
  given: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>,
): StackParameter[] {
  return names.flatMap((name): StackParameter[] => {
    const value = given[name];
    if (value !== undefined) return [{ ParameterKey: name, ParameterValue: value }];
    return Object.hasOwn(before, name) ? [{ ParameterKey: name, UsePreviousValue: true }] : [];
  });
}

const MARKS: Readonly<Record<string, string>> = { Add: '+', Modify: '~', Remove: '-', Import: '>' };

/** A change set, a line a resource: added `+`, modified `~`, removed `-`, imported `>`. */
export function changeLines(changes: readonly StackChange[]): string[] {
  const width = Math.max(0, ...changes.map(({ logicalId }) => logicalId.length));
  return changes.map(({ action, logicalId, type, replaced }) =>
    [MARKS[action] ?? '?', logicalId.padEnd(width), type, ...(replaced ? ['(replaced)'] : [])].join(' '),
  );
}

/** What stays when the creation of the first change set failed: a name without a stack. It does not pass by itself. */
const NEVER_MADE = 'REVIEW_IN_PROGRESS';
/** CloudFormation updates no stack that stands so; it can only be deleted. */
const ONLY_DELETABLE = new Set([NEVER_MADE, 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED']);

/** Deploys a stage, or prints what that would change. */
export async function deploy({ stage, parameters, dryRun }: DeployOptions, tools: Tools): Promise<ExitCode> {
  const { stacks, serverless, print } = tools;
  const stack = await stacks.describe(stackOf(stage));
  if (stack?.status === NEVER_MADE) {
    print(`${stackOf(stage)} was never made (${stack.status}). Remove it first: npm run remove -- --stage ${stage}`);
    return EXIT.precondition;
  }
  if (stack?.status.endsWith('_IN_PROGRESS')) {
    print(`${stackOf(stage)} is ${stack.status}: wait until that is over.`);
    return EXIT.precondition;
  }
  if (!dryRun) return (await serverless(['deploy'], parameters)) === 0 ? EXIT.done : EXIT.failed;
  if (stack) return (await serverless(['changes'], parameters)) === 0 ? EXIT.done : EXIT.failed;
  if ((await serverless(['package'], parameters)) !== 0) return EXIT.failed;
  print(`${stackOf(stage)} isn't deployed yet: all of this would be made, as far as its parameters want it.`);
  const changes = tools.packaged().map((one) => ({ ...one, action: 'Add', replaced: false }));
  for (const line of changeLines(changes)) print(line);
  return EXIT.done;
}

/**
 * Removes a stage: first what starts executions, then, when none runs, the stack. Says what stays.
 *
 * May be called again at any point.
 */
export async function remove(
  { stage, dryRun }: Pick<DeployOptions, 'stage' | 'dryRun'>,
  tools: Tools,
): Promise<ExitCode> {
  const { stacks, serverless, print } = tools;
  const name = stackOf(stage);
  const stack = await stacks.describe(name);
  if (!stack) {
    print(`${name} isn't deployed.`);
    return EXIT.precondition;
  }
  const isMade = stack.status !== NEVER_MADE;
  const retained = isMade ? await stacks.retained(name) : new Set<string>();
  const resources = isMade ? await stacks.resources(name) : [];
  const stays = [...retained].flatMap((id) => resources.find(({ logicalId }) => logicalId === id) ?? []);
  if (dryRun) {
    print(`${resources.length - stays.length} resources of ${name} would be deleted.`);
    printWhatStays(stays, print);
    return EXIT.done;
  }
  const hindrance = hindranceOf(stack);
  if (hindrance !== undefined) {
    print(`Rules and tick, if there are any, are not disabled before: ${name} ${hindrance}.`);
  } else {
    const code = await quiet(name, stack, tools);
    if (code !== EXIT.done) return code;
  }
  if ((await serverless(['remove'], {})) !== 0) return EXIT.failed;
  printWhatStays(stays, print);
  return EXIT.done;
}

/** Why parameters of a stack can't be changed before it is removed; undefined when they can. */
function hindranceOf({ parameters, status }: Stack): string | undefined {
  if (ONLY_DELETABLE.has(status)) return `is ${status}, and can only be deleted`;
  return Object.hasOwn(parameters, 'Triggers') ? undefined : 'has no parameter Triggers';
}

/** Disables what starts executions, and looks whether any still runs. */
async function quiet(name: string, stack: Stack, { stacks, print }: Tools): Promise<ExitCode> {
  const paused = await stacks.setParameters(
    name,
    parametersFor(Object.keys(stack.parameters), { Triggers: 'DISABLED' }, stack.parameters),
  );
  if (paused !== 'unchanged' && paused !== 'UPDATE_COMPLETE') {
    print(`Rules and tick could not be disabled: the stack is ${paused}. Nothing was removed.`);
    return EXIT.failed;
  }
  print('Rules and tick are disabled: nothing starts any more.');
  const machines = ['OnboardingArn', 'OnboardingAdminArn'].flatMap((output) => stack.outputs[output] ?? []);
  const running = (await Promise.all(machines.map((machine) => stacks.running(machine)))).reduce(
    (sum, one) => sum + one,
    0,
  );
  if (running > 0) {
    print(`${running} executions still run. Wait for their end, or stop them, and call this again.`);
    return EXIT.precondition;
  }
  return EXIT.done;
}

function printWhatStays(stays: readonly StackResource[], print: (line: string) => void): void {
  print('Everybody keeps the seat they have: assignments belong to Identity Center. What else stays:');
  const width = Math.max(0, ...stays.map(({ type }) => type.length));
  for (const { type, physicalId, logicalId } of stays) print(`  ${type.padEnd(width)} ${physicalId || logicalId}`);
  const queues = stays.filter(({ type, physicalId }) => type === 'AWS::SQS::Queue' && physicalId);
  if (queues.length > 0) {
    print('Before this stage is deployed again, its queues have to go; a deployment takes over no queue. Once empty:');
    for (const { physicalId } of queues) print(`  aws sqs delete-queue --queue-url ${physicalId}`);
  }
  print('docs/deploy.md says how to delete it, and how to take back the seats before.');
}
