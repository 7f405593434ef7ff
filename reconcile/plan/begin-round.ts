import { type Changes, toConsidered } from '../../domain/decision/batches.ts';
import { isStalled } from '../../domain/decision/progress.ts';
import { digestOf } from '../../domain/entitlements.ts';
import { markPlanned, requeueServed } from '../../domain/queue/claim.ts';
import { enqueueSweeps, enqueueUsers } from '../../domain/queue/enqueue.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { addRound, type BatchRef, batchesLeft, consideredIn } from '../../domain/queue/rounds.ts';
import {
  askedAtOf,
  itemsWithout,
  type StoredRound,
  type WorkItems,
  type WorkQueue,
} from '../../domain/queue/work-queue.ts';
import { hasBegun } from '../../domain/seat/seat.ts';
import { markNotBegun, putAside } from '../../domain/seat/transitions.ts';
import { NotConvergedError } from '../../domain/shared/errors.ts';
import { lost, usersAlone, withSweeps, withWaitlists } from './findings.ts';
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
  { items, batches }: { items: WorkItems; batches: readonly (readonly Changes[])[] },
  { execution, progress }: RunContext,
  { clock, ledger, lease, entitlements }: HeldServices,
): Promise<boolean> {
  const changes = batches.flat().filter(({ kind }) => kind === 'grant' || kind === 'revoke');
  const keys = changes.flatMap(({ applicationArn, userIds }) => userIds.map((userId) => ({ applicationArn, userId })));
  const seats = new Map((await ledger.seats(keys)).map((seat) => [`${seat.applicationArn} ${seat.userId}`, seat]));
  let count = 0;
  for (const { applicationArn, userId } of keys) {
    const seat = seats.get(`${applicationArn} ${userId}`);
    const now = clock.now();
    const entitlement = entitlements.entitlements.find(({ application }) => application === applicationArn);
    const item = items.users[userId] ?? items.sweeps[applicationArn];
    let stalled = seat;
    if (!hasBegun(seat)) {
      // Whatever keeps the change from beginning, such as a read right before it that says otherwise.
      if (!entitlement || !item) continue;
      const requestedAt = askedAtOf(item, userId);
      const target = { applicationArn, userId, entitlement: entitlement.name, requestedAt };
      stalled = markNotBegun(seat, target, { now, execution, cause: item.cause, reason: 'reconciled' });
    }
    if (!stalled) continue;
    const aside = putAside(stalled, NotConvergedError.REASON, { now, execution }, progress.stalled);
    await lease.renewLease();
    await ledger.saveSeat({ ...aside, revision: (seat?.revision ?? 0) + 1 });
    count += 1;
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
    const context = { me: execution, cause: execution, now };
    const swept = new Map([...freeing.map((one) => [one, { withStatus: false }] as const), ...result.sweepsNeeded]);
    const asking = withAskers(marked, pass, context);
    const named = enqueueUsers(asking, usersAlone(pass, before, now), context);
    const found = withSweeps(withWaitlists(enqueueSweeps(named, swept, context), result), pass, entitlements);
    return { before, queue: addRound(found, round) };
  });
  const unconfigured = measureSweeps(begun, services) ? await seatsLeft(begun.queue, services) : [];
  const proving = [
    ...new Set([...(progress.proving ?? []), ...Object.keys(planned.users), ...Object.keys(planned.sweeps)]),
  ];
  const making = { round: round.id, batch: 0, term };
  return {
    outcome: 'apply',
    ...making,
    batches: round.batches,
    changes: summaryOf(batches.flat()),
    progress: { ...progress, proving, making },
    ...(unconfigured.length > 0 ? { unconfigured } : {}),
  };
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
  const changed = new Set(batches.flat().flatMap(({ applicationArn, userIds }) => [applicationArn, ...userIds]));
  const failed = new Set([...result.failures.map(({ key }) => key), ...result.faulted]);
  const keys = [...Object.keys(items.users), ...Object.keys(items.sweeps)];
  const waits = (key: string) => {
    if (items.sweeps[key] && changed.has(key)) return true;
    return !failed.has(key) && (batches.length === 1 || changed.has(key));
  };
  return itemsWithout(items, new Set(keys.filter((key) => !waits(key))));
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
