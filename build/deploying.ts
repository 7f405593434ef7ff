import type { Stack, StackChange, StackParameter, StackResource, Stacks } from '../adapters/operator/stacks.ts';
import { EXIT, type ExitCode } from '../cli/shared/failures.ts';

/** The rules that the template declares for a parameter. */
export interface ParameterRule {
  AllowedPattern?: string | undefined;
  AllowedValues?: readonly string[] | undefined;
  ConstraintDescription?: string | undefined;
}

/** What the command line gives. */
export interface DeployOptions {
  stage: string;
  /** By name; a parameter that is not given keeps its value. */
  parameters: Readonly<Record<string, string>>;
  dryRun: boolean;
}

/** The tools of a command. */
export interface Tools {
  stacks: Stacks;
  /** Runs the framework's command line for the stage and returns its exit code. */
  serverless(arguments_: readonly string[], parameters: DeployOptions['parameters']): Promise<number>;
  /** Lists the resources of the latest package: logical id and type. */
  packagedResources(): { logicalId: string; type: string }[];
  print(line: string): void;
}

/** Returns the stack name of a stage. */
function stackOf(stage: string): string {
  return `usher-${stage}`;
}

/**
 * Checks the given parameters, because CloudFormation would check them only after the upload.
 *
 * @param given as on the command line, `Name=value`
 * @returns one message per invalid parameter, and the valid ones by name
 */
export function checkParameters(
  given: readonly string[],
  rules: Readonly<Record<string, ParameterRule>>,
): { problems: string[]; parameters: Record<string, string> } {
  const problems: string[] = [];
  const parameters: Record<string, string> = {};
  for (const one of given) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(one) ?? [];
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) problems.push(`${name || one}: expected Name=value with one of ${Object.keys(rules).join(', ')}`);
    else if (!isAllowed(value, rule)) {
      problems.push(
        `${name}: expected ${rule.ConstraintDescription ?? rule.AllowedValues?.join(' or ') ?? 'another value'}`,
      );
    } else parameters[name] = value;
  }
  return { problems, parameters };
}

function isAllowed(value: string, { AllowedPattern, AllowedValues }: ParameterRule): boolean {
  if (AllowedValues && !AllowedValues.includes(value)) return false;
  return AllowedPattern === undefined || new RegExp(`^(?:${AllowedPattern})$`).test(value);
}

/**
 * Returns the parameters of an update: the given ones, and the present values of all others. Without these, CloudFormation
 * would reset them to the defaults, and an alarm would no longer notify anyone.
 *
 * @param names all parameters of the template
 * @param before the parameters of the stack
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

/** Formats a change set, one line per resource: added `+`, modified `~`, removed `-`, imported `>`. */
export function formatChanges(changes: readonly StackChange[]): string[] {
  const width = Math.max(0, ...changes.map(({ logicalId }) => logicalId.length));
  return changes.map(({ action, logicalId, type, replaced }) =>
    [MARKS[action] ?? '?', logicalId.padEnd(width), type, ...(replaced ? ['(replaced)'] : [])].join(' '),
  );
}

/** Status after a failed first change set: a name without a stack. It remains until the stack is deleted. */
const NEVER_CREATED = 'REVIEW_IN_PROGRESS';
/** CloudFormation cannot update a stack with one of these statuses, only delete it. */
const ONLY_DELETABLE = new Set([NEVER_CREATED, 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED']);

/** Deploys a stage; with `dryRun`, prints what that would change. */
export async function deploy({ stage, parameters, dryRun }: DeployOptions, tools: Tools): Promise<ExitCode> {
  const { stacks, serverless, print } = tools;
  const stack = await stacks.describe(stackOf(stage));
  if (stack?.status === NEVER_CREATED) {
    print(`${stackOf(stage)} was never created (${stack.status}). Remove it first: npm run remove -- --stage ${stage}`);
    return EXIT.precondition;
  }
  if (stack?.status.endsWith('_IN_PROGRESS')) {
    print(`${stackOf(stage)} is ${stack.status}. Wait until CloudFormation has finished, then deploy again.`);
    return EXIT.precondition;
  }
  if (!dryRun) return (await serverless(['deploy'], parameters)) === 0 ? EXIT.done : EXIT.failed;
  if (stack) return (await serverless(['changes'], parameters)) === 0 ? EXIT.done : EXIT.failed;
  if ((await serverless(['package'], parameters)) !== 0) return EXIT.failed;
  print(`${stackOf(stage)} is not deployed yet. These resources would be created, some only with certain parameters:`);
  const changes = tools.packagedResources().map((one) => ({ ...one, action: 'Add', replaced: false }));
  for (const line of formatChanges(changes)) print(line);
  return EXIT.done;
}

/**
 * Removes a stage: disables what starts executions, and if no execution runs, deletes the stack. Prints what is retained.
 *
 * May be called again at any point. With `dryRun`, only prints.
 */
export async function remove(
  { stage, dryRun }: Pick<DeployOptions, 'stage' | 'dryRun'>,
  tools: Tools,
): Promise<ExitCode> {
  const { stacks, serverless, print } = tools;
  const name = stackOf(stage);
  const stack = await stacks.describe(name);
  if (!stack) {
    print(`${name} is not deployed.`);
    return EXIT.precondition;
  }
  const exists = stack.status !== NEVER_CREATED;
  const retainedIds = exists ? await stacks.retained(name) : new Set<string>();
  const resources = exists ? await stacks.resources(name) : [];
  const retained = [...retainedIds].flatMap((id) => resources.find(({ logicalId }) => logicalId === id) ?? []);
  if (dryRun) {
    print(`${resources.length - retained.length} resources of ${name} would be deleted.`);
    printRetained(retained, print);
    return EXIT.done;
  }
  const obstacle = obstacleTo(stack);
  if (obstacle !== undefined) {
    print(`Rules and tick, if there are any, are not disabled first: ${name} ${obstacle}.`);
  } else {
    const code = await disableTriggers(name, stack, tools);
    if (code !== EXIT.done) return code;
  }
  if ((await serverless(['remove'], {})) !== 0) return EXIT.failed;
  printRetained(retained, print);
  return EXIT.done;
}

/** Returns why the parameters of a stack cannot be changed before it is removed; undefined if they can. */
function obstacleTo({ parameters, status }: Stack): string | undefined {
  if (ONLY_DELETABLE.has(status)) return `is ${status}, and can only be deleted`;
  return Object.hasOwn(parameters, 'Triggers') ? undefined : 'has no parameter Triggers';
}

/** Disables what starts executions, and checks that none runs. */
async function disableTriggers(name: string, stack: Stack, { stacks, print }: Tools): Promise<ExitCode> {
  const status = await stacks.setParameters(
    name,
    parametersFor(Object.keys(stack.parameters), { Triggers: 'DISABLED' }, stack.parameters),
  );
  if (status !== 'unchanged' && status !== 'UPDATE_COMPLETE') {
    print(`Rules and tick could not be disabled: the stack is ${status}. Nothing was removed.`);
    return EXIT.failed;
  }
  print('Rules and tick are disabled: no new execution starts.');
  const machines = ['OnboardingArn', 'OnboardingAdminArn'].flatMap((output) => stack.outputs[output] ?? []);
  const running = (await Promise.all(machines.map((machine) => stacks.running(machine)))).reduce(
    (sum, one) => sum + one,
    0,
  );
  if (running > 0) {
    print(`${running} executions still run. Wait until they end, or stop them, then run this command again.`);
    return EXIT.precondition;
  }
  return EXIT.done;
}

function printRetained(retained: readonly StackResource[], print: (line: string) => void): void {
  print('All users keep their seats: the assignments belong to Identity Center. These resources are retained, too:');
  const width = Math.max(0, ...retained.map(({ type }) => type.length));
  for (const { type, physicalId, logicalId } of retained) print(`  ${type.padEnd(width)} ${physicalId || logicalId}`);
  const queues = retained.filter(({ type, physicalId }) => type === 'AWS::SQS::Queue' && physicalId);
  if (queues.length > 0) {
    print('A new deployment of this stage cannot take over its queues. Delete each queue once it is empty:');
    for (const { physicalId } of queues) print(`  aws sqs delete-queue --queue-url ${physicalId}`);
  }
  print('docs/deploy.md says how to delete them, and how to revoke the seats first.');
}
