import { type Changes, plannedChangesIn, toConsidered } from '../../domain/decision/batches.ts';
import { isStalled } from '../../domain/decision/progress.ts';
import { markPlanned, requeueServed } from '../../domain/queue/claim.ts';
import { enqueueUsers } from '../../domain/queue/enqueue.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { addRound, type BatchRef, batchesLeft, consideredIn, digestOf } from '../../domain/queue/rounds.ts';
import { itemsWithout, type StoredRound, type WorkItems, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { keyOf } from '../../domain/seat/seat.ts';
import { NotConvergedError } from '../../domain/shared/errors.ts';
import { putChangeAside } from '../change-seat.ts';
import { taskOf } from '../task.ts';
import { lost, withFindings, withWaitlists } from './findings.ts';
import { measureSweeps, seatsLeft } from './metrics.ts';
import type { ChangeSummary, HeldServices, Pass, PlanOutput, RunContext } from './result.ts';

/** A pass that has changes to make. */
interface ChangingPass extends Pass {
  batches: Changes[][];
  /** Changes were left for another round. */
  more: boolean;
}

/**
 * Puts the users aside whose changes were planned again and again without effect, so that no execution waits for them.
 *
 * @returns whether there were any: an audit event cannot be put aside
 */
export async function putStalledAside(
  { batches, readAt }: { batches: readonly (readonly Changes[])[]; readAt: Date },
  { execution, progress }: RunContext,
  services: HeldServices,
): Promise<boolean> {
  const { ledger, lease, entitlements } = services;
  const stalled = plannedChangesIn(batches.flat());
  const seats = new Map((await ledger.seats(stalled)).map((seat) => [keyOf(seat), seat]));
  const setback = { reason: NotConvergedError.REASON, tries: progress.stalled };
  let count = 0;
  for (const change of stalled) {
    await lease.renewLease();
    const parts = { seat: seats.get(keyOf(change)), queue: lease.queue, plannedAt: readAt.toISOString(), execution };
    if (await putChangeAside(taskOf(change, parts, entitlements), setback, services)) count += 1;
  }
  return count > 0;
}

/** Stores the changes of a pass as a round, and begins with its first batch. */
export async function beginRound(
  pass: ChangingPass,
  { execution, term, progress }: RunContext,
  services: HeldServices,
): Promise<PlanOutput> {
  const { clock, lease, ledger, entitlements } = services;
  const { readAt, result, items, batches } = pass;
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  const considered = batches.length > 1 ? toConsidered(leftOut(pass)) : [];
  const round = {
    ...roundOf(pass, lease.queue, considered.length),
    configuration: digestOf(entitlements),
  };
  const store = async (ref: BatchRef, changes: Changes[]) => {
    await lease.renewLease();
    await ledger.saveBatch(ref, { schemaVersion: 1, readAt: round.readAt, changes });
  };
  for (const [index, ref] of batchesLeft(round).entries()) await store(ref, batches[index] ?? []);
  for (const [index, ref] of consideredIn(round).entries()) await store(ref, considered.slice(index, index + 1));
  const planned = plannedItems(pass);
  const revoking = new Set(
    batches.flat().flatMap(({ kind, applicationArn }) => (kind === 'revoke' ? [applicationArn] : [])),
  );
  const begun = await lease.change((before) => {
    const now = clock.now();
    if (holderOf(before, now) !== execution || before.lease?.term !== term) throw lost();
    const served = requeueServed(before, items, readAt);
    const marked = markPlanned(served, planned, { round: round.id, me: execution, startedAt: readAt });
    // A slot that becomes free is given by a sweep, which sees the whole waitlist.
    const freeing =
      withWaitlists(before, result).lines?.filter((one) => revoking.has(one) && !planned.sweeps[one]) ?? [];
    const swept = new Map([...freeing.map((one) => [one, { withStatus: false }] as const), ...result.sweepsNeeded]);
    const context = { me: execution, now, entitlements };
    const queue = withFindings({ before, queue: withAskers(marked, pass, context) }, pass, swept, context);
    return { before, queue: addRound(queue, round) };
  });
  const unconfigured = measureSweeps(begun, services) ? await seatsLeft(begun.queue, services) : [];
  // Includes users whose other applications could not be read: they do not wait for the end of the round.
  const changed = changedIn(batches);
  const users = Object.keys(items.users).filter((key) => planned.users[key] || changed.has(key));
  const proving = [...new Set([...(progress.proving ?? []), ...users, ...Object.keys(planned.sweeps)])];
  return {
    ...continueRound(round, { execution, term, progress: { ...progress, proving } }),
    changes: summaryOf(batches.flat()),
    ...(unconfigured.length > 0 ? { unconfigured } : {}),
  };
}

/** Has the next batch of a round made. */
export function continueRound({ id, next, batches }: StoredRound, { term, progress }: RunContext) {
  const making = { round: id, batch: next, term };
  return { outcome: 'apply' as const, ...making, batches, progress: { ...progress, making } };
}

/** Who asked by name waits for no later batch of the round: they are checked on their own, right after the first. */
function withAskers(
  queue: WorkQueue,
  { items, batches }: ChangingPass,
  { me, now }: { me: string; now: Date },
): WorkQueue {
  const later = batches.slice(1).flat();
  return Object.entries(items.sweeps).reduce((next, [application, { asked = {}, cause, trigger }]) => {
    const changed = later.flatMap((one) => (one.applicationArn === application ? one.userIds : []));
    const waiting = new Map(changed.flatMap((userId) => (asked[userId] ? [[userId, asked[userId]] as const] : [])));
    return enqueueUsers(next, waiting, { me, now, cause, trigger });
  }, queue);
}

/** The number is new: each execution that takes the lease writes the queue first, and each round is written to it. */
function roundOf(
  { batches, readAt, more }: ChangingPass,
  queue: WorkQueue,
  considered: number,
): Omit<StoredRound, 'configuration'> {
  const at = readAt.toISOString();
  return {
    id: queue.revision + 1,
    readAt: at,
    servedAt: at,
    next: 0,
    batches: batches.length,
    applications: [...new Set(batches.flat().map(({ applicationArn }) => applicationArn))],
    ...(considered > 0 ? { considered } : {}),
    ...(more ? { more } : {}),
  };
}

/** By application: users without a seat for whom the round changes nothing. Who has no seat and is not among them has joined. */
function leftOut({ batches, result }: ChangingPass): Map<string, string[]> {
  const changes = batches.flat();
  return new Map(
    [...result.seatless].map(([application, userIds]) => {
      const changed = new Set(changes.flatMap((one) => (one.applicationArn === application ? one.userIds : [])));
      return [application, userIds.filter((userId) => !changed.has(userId))];
    }),
  );
}

/**
 * The work items that wait for the end of the round: those whose changes it makes. What could not be read is checked
 * before, and so is all the rest, unless the round is as short as its first batch.
 */
function plannedItems({ items, batches, result }: ChangingPass): WorkItems {
  const changed = changedIn(batches);
  const failed = new Set([...result.failures.map(({ key }) => key), ...result.faulted]);
  const keys = [...Object.keys(items.users), ...Object.keys(items.sweeps)];
  const waits = (key: string) => {
    if (items.sweeps[key] && changed.has(key)) return true;
    return !failed.has(key) && (batches.length === 1 || changed.has(key));
  };
  return itemsWithout(items, new Set(keys.filter((key) => !waits(key))));
}

/** The applications and users that changes concern. */
function changedIn(batches: readonly (readonly Changes[])[]): ReadonlySet<string> {
  return new Set(batches.flat().flatMap(({ applicationArn, userIds }) => [applicationArn, ...userIds]));
}

/** Of more users than this, only the number is reported. */
const MOST_NAMED = 8;

function summaryOf(changes: readonly Changes[]): ChangeSummary[] {
  return [...Map.groupBy(changes, ({ kind }) => kind)].map(([kind, some]) => {
    const userIds = some.flatMap((one) => one.userIds);
    const few = userIds.length > 0 && userIds.length <= MOST_NAMED ? { userIds } : {};
    if (kind !== 'hold') return { kind, users: userIds.length, ...few };
    return { kind, users: 0, applications: some.slice(0, MOST_NAMED).map(({ applicationArn }) => applicationArn) };
  });
}
