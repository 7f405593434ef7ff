import type { Failure } from '../../domain/decision/application-state.ts';
import { isReported, putItemsAside, type Unchecked } from '../../domain/queue/aside.ts';
import { hasRounds, isReady, isUnchanged, requeueFailed } from '../../domain/queue/claim.ts';
import { releaseLease } from '../../domain/queue/lease.ts';
import { itemsWithout, type WorkItems, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { markReported } from '../../domain/seat/transitions.ts';
import { NotConvergedError, RefusedError } from '../../domain/shared/errors.ts';
import { ApplicationArn } from '../../domain/shared/ids.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { updateQueue } from '../lease.ts';
import { completePass } from './finish.ts';
import type { HeldServices, Pass, PlanServices, ReconcileResult, RunContext } from './result.ts';

/** A refusal is checked again after this, unless an operator redrives the execution before. */
const RETRY_REFUSED_SECONDS = 3600;
/**
 * A failure waits for everything else so often, half a minute each: then it is reported, even if others never end, or wait
 * for what has failed.
 */
const MOST_DEFERRED = 20;
/**
 * Completes a pass that changes nothing.
 *
 * @returns what became of the queue, and when each work item is checked again
 * @throws RefusedError · NotConvergedError for what could not be checked or changed, once everything else is served, and
 *   unless another execution has failed for it within the hour
 */
export async function complete(pass: Pass, run: RunContext, services: HeldServices) {
  const { items, readAt, result } = pass;
  const { queue } = services.lease;
  const news = result.failures.filter((one) => !isReported(queue, uncheckedOf(one), readAt));
  const known = result.failures.filter((one) => !news.includes(one));
  const isPatient = (run.progress.deferred ?? 0) < MOST_DEFERRED;
  const isFailing = news.length > 0 && !(isPatient && (await isAnythingLeft(pass, run, services)));
  const failing = isFailing ? result.failures : known;
  const served = itemsWithout(items, new Set(failing.map(({ key }) => key)));
  const unchecked = (queueNow: WorkQueue): WorkQueue => {
    const now = services.clock.now();
    const aside = { snapshot: items, now, retryAt: plusSeconds(now, RETRY_REFUSED_SECONDS) };
    const left = putItemsAside(queueNow, known.map(uncheckedOf), aside);
    return isFailing ? putItemsAside(left, news.map(uncheckedOf), { ...aside, failing: run.execution }) : left;
  };
  if (isFailing) await reportAtSeats(news, services);
  const again = isFailing ? result : checkAgain(pass, news);
  const completed = await requeueOnFailure(items, run, services, () =>
    completePass({ ...pass, result: again }, { served, unchecked }, run, services),
  );
  if (isFailing) return failFor(news, run, services);
  const aside = result.aside > 0 || known.length > 0;
  return { ...completed, requeueAt: again.requeueAt, aside, deferred: news.length > 0 };
}

function uncheckedOf({ key, error, seat }: Failure): Unchecked {
  const { nextAttemptAt } = seat ?? {};
  return { key, reason: error.reason, ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }) };
}

/** What failed is checked again while something else is left to do: only then does the execution fail for it. */
function checkAgain({ items, readAt, result }: Pass, failures: readonly Failure[]): ReconcileResult {
  const retryAt = plusSeconds(readAt, SETTLE_SECONDS);
  const isItem = ({ key }: Failure) => items.users[key] !== undefined || items.sweeps[key] !== undefined;
  const others = failures.filter((one) => !isItem(one)).map(({ key }) => key);
  const applications = others.filter((key) => ApplicationArn.safeParse(key).success);
  return {
    ...result,
    alone: [...result.alone, ...others.filter((key) => !applications.includes(key))],
    requeueAt: new Map([...result.requeueAt, ...failures.filter(isItem).map(({ key }) => [key, retryAt] as const)]),
    faulted: new Set([...result.faulted, ...failures.map(({ key }) => key)]),
    sweepsNeeded: new Map([
      ...applications.map((key) => [key, { withStatus: false }] as const),
      ...result.sweepsNeeded,
    ]),
  };
}

/** Whether something else is due, or waits for this execution to verify it: failures wait for it. */
async function isAnythingLeft(
  { items, result }: Pass,
  { execution }: RunContext,
  { clock, ledger }: HeldServices,
): Promise<boolean> {
  if (result.unverified) return true;
  const queue = await ledger.queue();
  const now = clock.now();
  if (hasRounds(queue)) return true;
  // Who asked of an application that cannot be read is checked by name.
  const isAsked = ({ key }: Failure) => items.sweeps[key] && Object.keys(queue.sweeps[key]?.asked ?? {}).length > 0;
  if (result.failures.some(isAsked)) return true;
  const failed = new Set(result.failures.map(({ key }) => key));
  return Object.entries({ ...queue.users, ...queue.sweeps }).some(([key, item]) => {
    const served = items.users[key] ?? items.sweeps[key];
    // What someone asked for during the pass was not served by it.
    if (served) return !failed.has(key) && !isUnchanged(served, item) && isReady(queue, item, now);
    // What cannot be read or changed verifies nothing: two of them must not wait for each other.
    return isReady(queue, item, now) || (item.by === execution && !item.failed && item.attempts === undefined);
  });
}

async function reportAtSeats(failures: readonly Failure[], { lease, ledger }: HeldServices): Promise<void> {
  for (const { seat } of failures) {
    if (!seat) continue;
    await lease.renewLease();
    await ledger.saveSeat(markReported(seat));
  }
}

/**
 * Fails the execution for what could not be checked or changed. Everything else is completed; only these work items stay,
 * for a redrive or until their next check.
 */
async function failFor(
  failures: readonly Failure[],
  { execution }: RunContext,
  services: HeldServices,
): Promise<never> {
  await services.lease.change((queue) => ({ queue: releaseLease(queue, execution) }));
  const [first, ...others] = failures;
  if (first && others.length > 0) first.error.message += `. So did ${others.length} more users or applications`;
  throw first?.error;
}

/** Gives the lease back when a plan fails for good, and leaves its work items for a redrive. */
export async function requeueOnFailure<T>(
  items: WorkItems,
  { execution }: RunContext,
  { clock, ledger }: PlanServices,
  plan: () => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof NotConvergedError) {
      await updateQueue(ledger, (queue) => ({
        queue: requeueFailed(queue, items, { me: execution, retryAt: plusSeconds(clock.now(), RETRY_REFUSED_SECONDS) }),
      }));
    }
    throw error;
  }
}
