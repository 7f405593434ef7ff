import type { Ledger } from '../../adapters/ledger.ts';
import type { Changes } from '../../domain/decision/batches.ts';
import type { StoredChanges } from '../../domain/decision/slots.ts';
import { type BatchRef, batchesLeft, consideredIn, roundsOf } from '../../domain/queue/rounds.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { inParallel } from '../concurrency.ts';

/** Batches that are read at once; each has up to 250 KB. */
const READS_AT_ONCE = 4;

/**
 * Returns a function that says what stored rounds will change in an application. The batches are read once, and only if a
 * decision depends on them.
 */
export function readerOfStored(queue: WorkQueue, ledger: Ledger) {
  let all: Promise<Changes[]> | undefined;
  return async (applicationArn: string): Promise<StoredChanges | undefined> => {
    if (roundsOf(queue, [applicationArn]).length === 0) return undefined;
    all ??= readAll((queue.rounds ?? []).flatMap(batchesLeft), ledger);
    const changes = (await all).filter((one) => one.applicationArn === applicationArn);
    const usersOf = (wanted: Changes['kind']) =>
      new Set(changes.flatMap(({ kind, userIds }) => (kind === wanted ? userIds : [])));
    return { grants: usersOf('grant'), revocations: usersOf('revoke') };
  };
}

/** Reads whom stored rounds of an application have considered or will change, by user id. */
export async function usersKnownTo(queue: WorkQueue, applicationArn: string, ledger: Ledger): Promise<Set<string>> {
  const refs = roundsOf(queue, [applicationArn]).flatMap((round) => [...batchesLeft(round), ...consideredIn(round)]);
  const changes = (await readAll(refs, ledger)).filter((one) => one.applicationArn === applicationArn);
  return new Set(changes.flatMap(({ userIds }) => userIds));
}

async function readAll(refs: readonly BatchRef[], ledger: Ledger): Promise<Changes[]> {
  const found: Changes[] = [];
  await inParallel(refs, READS_AT_ONCE, async (ref) => {
    const batch = await ledger.batch(ref);
    found.push(...(batch?.changes ?? []));
  });
  return found;
}
