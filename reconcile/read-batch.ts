import type { Ledger } from '../adapters/ledger.ts';
import type { Batch } from '../domain/decision/batches.ts';
import type { BatchRef } from '../domain/queue/rounds.ts';
import { RefusedError } from '../domain/shared/errors.ts';

/**
 * Reads a batch that is to be made or recorded. One that has expired, or that only another version of Usher can read, is
 * none: the round continues, and what it left is decided anew after its end.
 */
export async function readBatch(ref: BatchRef, ledger: Ledger): Promise<Batch | undefined> {
  try {
    return await ledger.batch(ref);
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'ledger-unreadable') return undefined;
    throw error;
  }
}
