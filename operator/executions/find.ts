import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import type { Services } from '../services.ts';
import { escaped } from '../text.ts';

/** Returns the ARNs of the two state machines, `onboarding` first. */
export async function machinesOf(services: Services): Promise<readonly [onboarding: string, admin: string]> {
  return [await services.machineArn(services.names.machine), await services.machineArn(services.names.adminMachine)];
}

/** Returns the name of an execution, which people type. */
export function nameIn(arn: string): string {
  return arn.split(':').at(-1) ?? arn;
}

/**
 * Finds an execution of either state machine by its name or ARN.
 *
 * @returns undefined if AWS refused to show it
 * @throws UsageError if there is none, or if it belongs to another stage, account or Region
 */
export async function findExecution(
  name: string,
  asker: Pick<Asker, 'services' | 'unread'>,
): Promise<ExecutionDetail | undefined> {
  const services = await asker.services();
  const machines = await machinesOf(services);
  const prefixes = machines.map((machine) => `${machine.replace(':stateMachine:', ':execution:')}:`);
  const arns = name.startsWith('arn:') ? [name] : prefixes.map((prefix) => prefix + name);
  if (!arns.every((arn) => prefixes.some((prefix) => arn.startsWith(prefix)))) {
    throw new UsageError(`${escaped(name)} is not an execution of this stage, account and Region: ${machines[0]}`);
  }
  const executions = await services.executions();
  let isRefused = false;
  for (const arn of arns) {
    const found = await asker.unread.attempt(() => executions.describe(arn));
    if (found?.value) return found.value;
    isRefused ||= found === undefined;
  }
  if (isRefused) return undefined;
  throw new UsageError(
    `There is no execution ${escaped(name)} of ${machines.join(' or ')}. AWS keeps executions for 90 days. List them: usher status --executions`,
  );
}
