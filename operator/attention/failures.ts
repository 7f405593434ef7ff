import type { ExecutionDetail, ExecutionSummary } from '../../adapters/executions.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import { failedSince, type listsOf, machinesOf, nameIn, REDRIVABLE_DAYS } from '../executions/find.ts';
import { FAILURES } from '../executions/outcomes.ts';
import type { Attention } from '../lines/attention.ts';
import { count } from '../text.ts';

/** How long a failure that no sweep makes up for needs a person. */
const REMEMBERED_SECONDS = 86_400;
/** More failures are counted, and not described. */
const MOST_DESCRIBED = 10;
/** More executions than this are not counted: ten requests for each status and state machine. */
export const MOST_COUNTED = 1000;

/** Executions that failed lately. */
export interface RecentFailures {
  /** The latest end first. */
  found: readonly ExecutionSummary[];
  /** The newest of them in full, by ARN. */
  details: ReadonlyMap<string, ExecutionDetail>;
  /** Start of the oldest of the latest full sweeps; undefined if one application was never swept in full. */
  sweptAt: string | undefined;
}

/**
 * Reads the failures since the last full sweep, at least those of a day and at most those that AWS still redrives. Describes
 * the newest.
 */
export async function readRecentFailures(
  sweptAt: string | undefined,
  asker: Asker,
  lists: ReturnType<typeof listsOf>,
): Promise<RecentFailures> {
  const services = await asker.services();
  const executions = await services.executions();
  const now = asker.clock.now().getTime();
  const dayAgo = now - REMEMBERED_SECONDS * 1000;
  const oldest = now - REDRIVABLE_DAYS * 86_400_000;
  const since = new Date(Math.max(oldest, Math.min(dayAgo, sweptAt === undefined ? oldest : Date.parse(sweptAt))));
  const { found } = await failedSince(since, await machinesOf(services), { lists, most: MOST_COUNTED });
  found.sort((a, b) => (b.endedAt?.getTime() ?? 0) - (a.endedAt?.getTime() ?? 0));
  const details = new Map<string, ExecutionDetail>();
  for (const { arn } of found.slice(0, MOST_DESCRIBED)) {
    const detail = await executions.describe(arn);
    if (detail) details.set(arn, detail);
  }
  return { found, details, sweptAt };
}

/**
 * Says which failures need a person, by their errors. A failure is over once every application was swept in full after it:
 * then everything was read, and nothing was left to do. A sweep does not find a user for whom a manual start waited in vain:
 * that is remembered for a day.
 */
export function failedAttention({ found, details, sweptAt }: RecentFailures, now: Date): Attention[] {
  const open = found.filter(({ arn, endedAt }) => {
    if (endedAt === undefined) return false;
    if (sweptAt === undefined || endedAt.getTime() >= Date.parse(sweptAt)) return true;
    const waited = details.get(arn)?.error === 'PropagationTimeoutError';
    return waited && secondsBetween(endedAt, now) < REMEMBERED_SECONDS;
  });
  const byError = Map.groupBy(open, ({ arn, status }) => {
    const detail = details.get(arn);
    return detail && (detail.error ?? status);
  });
  return [...byError].map(([error, some]) => failureOf(error, some));
}

/** @param error undefined for those that were not described */
function failureOf(error: string | undefined, some: readonly ExecutionSummary[]): Attention {
  const [newest] = some;
  const [since] = some.flatMap(({ endedAt }) => endedAt?.toISOString() ?? []).sort();
  const executions = count(some.length, error === undefined ? 'more execution' : 'execution');
  const reason = error === 'ABORTED' ? 'Someone stopped it' : FAILURES[error ?? ''];
  return {
    type: 'attention',
    kind: 'failed-execution',
    title: `${executions} failed${error === undefined ? '' : ` with ${error}`}`,
    count: some.length,
    ...(since === undefined ? {} : { since }),
    ...(newest && error !== undefined ? { execution: newest.arn } : {}),
    ...(reason === undefined ? {} : { reason }),
    fix:
      newest && some.length === 1
        ? `usher status ${nameIn(newest.arn)}`
        : 'usher status --executions, then: usher redrive',
  };
}
