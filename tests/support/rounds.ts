import type { Ledger } from '../../adapters/ledger.ts';
import type { Changes } from '../../domain/decision/batches.ts';
import { type BatchRef, digestOf } from '../../domain/queue/rounds.ts';
import type { StoredRound } from '../../domain/queue/work-queue.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import type { PlanOutput } from '../../reconcile/plan/result.ts';
import { APPLICATION, START } from './ids.ts';

/** A round of one batch that changes APPLICATION and begins at START. */
export function aRound(parts: Partial<StoredRound> = {}): StoredRound {
  const readAt = START.toISOString();
  const configuration = digestOf(exampleEntitlements());
  return { id: 1, readAt, configuration, servedAt: readAt, next: 0, batches: 1, applications: [APPLICATION], ...parts };
}

/** Stores a batch as the next one of a round, in place of all other rounds, and returns its name. */
export async function storeBatch(ledger: Ledger, changes: Changes[], round: StoredRound = aRound()): Promise<BatchRef> {
  const ref = { round: round.id, batch: round.next };
  await ledger.saveBatch(ref, { schemaVersion: 1, readAt: round.readAt, changes });
  await ledger.saveQueue({ ...(await ledger.queue()), rounds: [round] });
  return ref;
}

/** A plan with the changes that it has stored, those of all batches of its round one after another. */
export type ReadPlan =
  | Exclude<PlanOutput, { outcome: 'apply' }>
  | (Omit<Extract<PlanOutput, { outcome: 'apply' }>, 'batches'> & { batches: Changes[] });

/** Reads what a plan has stored. */
export async function readPlan(plan: PlanOutput, ledger: Ledger): Promise<ReadPlan> {
  if (plan.outcome !== 'apply') return plan;
  const batches: Changes[] = [];
  for (let batch = plan.batch; batch < plan.batches; batch += 1) {
    batches.push(...((await ledger.batch({ round: plan.round, batch }))?.changes ?? []));
  }
  return { ...plan, batches };
}
