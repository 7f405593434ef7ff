import type { RecordedStart } from '../../adapters/operator/starts.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import type { StarterLine } from '../lines/history.ts';
import type { History } from './access.ts';

/** CloudTrail is asked at most about as many executions: it allows two requests per second. */
const MOST_STARTERS = 40;
const IS_EXECUTION = /^arn:[\w-]+:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+$/;
/** In the ARN of an execution that released, adopted or gave up. */
const ADMIN_MACHINE = '-onboarding-admin:';
/** CloudTrail's time of the call and Step Functions' time of the start differ by less. */
const AROUND_SECONDS = 60;

/**
 * Returns who started executions, as far as CloudTrail has recorded it in this account within 90 days. AWS may refuse that;
 * {@link Asker.unread} then says so, as it does if there are too many.
 *
 * @param executions ARNs; of those that no earlier question has looked up, the first {@link MOST_STARTERS} are
 */
export async function startersOf(
  executions: Iterable<string>,
  asker: Asker,
): Promise<ReadonlyMap<string, StarterLine>> {
  const found = new Map<string, StarterLine>();
  const all = new Set<string>();
  for (const arn of executions) {
    const before = asker.memory.starters.get(arn);
    if (before) found.set(arn, before);
    // The log may have anything.
    else if (IS_EXECUTION.test(arn)) all.add(arn);
  }
  const wanted = new Set([...all].slice(0, MOST_STARTERS));
  if (wanted.size < all.size) asker.unread.add(tooMany(all.size));
  await asker.unread.attempt(async () => {
    const services = await asker.services();
    const started = await services.executions();
    const starts = await services.starts();
    for (const arn of wanted) {
      if (found.has(arn)) continue;
      asker.progress(`who started ${arn.split(':').at(-1)}`);
      const execution = await started.describe(arn);
      if (!execution) continue;
      const around = (seconds: number) => new Date(plusSeconds(execution.startedAt, seconds));
      for await (const page of starts.between(around(-AROUND_SECONDS), around(AROUND_SECONDS))) {
        for (const start of page) if (all.has(start.execution)) found.set(start.execution, lineOf(start));
        if (found.has(arn)) break;
      }
    }
  });
  for (const [arn, line] of found) asker.memory.starters.set(arn, line);
  return found;
}

function tooMany(executions: number): RefusedError {
  return new RefusedError(
    'too-many-starters',
    `Who started ${executions - MOST_STARTERS} of ${executions} executions was not looked up: CloudTrail answers two requests per second. Ask for less`,
  );
}

function lineOf({ execution, at, by, service }: RecordedStart): StarterLine {
  return { type: 'starter', execution, at: at.toISOString(), by, ...(service === undefined ? {} : { service }) };
}

/**
 * Returns the executions of a history that a person may have started, newest first: the cause of their changes is an
 * execution, or they ran in the state machine that only operators start. An event caused the others.
 */
export function personsStarts({ access, changes }: Pick<History, 'access' | 'changes'>): string[] {
  const concerned = [...access.flatMap(({ began, ended }) => [ended, began]), ...changes].flatMap((one) => one ?? []);
  const newestFirst = concerned
    .filter(({ cause, execution }) => cause.includes(':execution:') || execution.includes(ADMIN_MACHINE))
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  return [...new Set(newestFirst.map(({ execution }) => execution))];
}

/** Returns who started an execution, in words. */
export function starterInWords({ by, service }: Pick<StarterLine, 'by' | 'service'>): string {
  return service === undefined || service === by ? by : `${by} (${service})`;
}
