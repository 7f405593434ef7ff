import type { ExecutionDetail, ExecutionStatus, ExecutionSummary } from '../../adapters/executions.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import type { Services } from '../services.ts';
import { escaped } from '../text.ts';

/** AWS redrives an execution up to this long after its end. */
export const REDRIVABLE_DAYS = 14;
/** An execution is open for eight days at most. */
const OPEN_DAYS = 8;
const DAY_MILLISECONDS = 86_400_000;

/** Returns the ARNs of the two state machines, `onboarding` first. */
export async function machinesOf(services: Services): Promise<readonly [onboarding: string, admin: string]> {
  return [await services.machineArn(services.names.machine), await services.machineArn(services.names.adminMachine)];
}

/** Returns the name of an execution, as a command line has it. */
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

/**
 * Returns the lists of executions by status, for one question. A state machine with few executions, as `onboarding-admin`,
 * is asked once: its newest page has them all. With more of them, each status is a list of its own.
 */
export function listsOf(executions: Pick<Executions, 'list' | 'newest'>): {
  list(machine: string, status: ExecutionStatus): AsyncIterable<readonly ExecutionSummary[]>;
} {
  const newest = new Map<string, ReturnType<Executions['newest']>>();
  return {
    async *list(machine, status) {
      const asked = newest.get(machine) ?? executions.newest(machine);
      newest.set(machine, asked);
      const page = await asked;
      if (page.isAll) yield page.executions.filter((one) => one.status === status);
      else yield* executions.list(machine, status);
    },
  };
}

/**
 * Lists what failed, timed out or was stopped since a time, by status and state machine, each newest first.
 *
 * @param most how many are listed at most
 */
export async function failedSince(
  since: Date,
  machines: readonly string[],
  { lists, most }: { lists: ReturnType<typeof listsOf>; most: number },
): Promise<{ found: ExecutionSummary[]; more: boolean }> {
  const startedSince = since.getTime() - OPEN_DAYS * DAY_MILLISECONDS;
  const found: ExecutionSummary[] = [];
  for (const machine of machines) {
    for (const status of ['FAILED', 'TIMED_OUT', 'ABORTED'] as const) {
      for await (const page of lists.list(machine, status)) {
        found.push(...page.filter(({ endedAt }) => endedAt !== undefined && endedAt >= since));
        if (found.length >= most) return { found: found.slice(0, most), more: true };
        // Newest start first: what comes now began too long ago to have ended since.
        if (page.some(({ startedAt }) => startedAt.getTime() < startedSince)) break;
      }
    }
  }
  return { found, more: false };
}
