import * as z from 'zod/mini';
import { Count, TimeSchema } from './common.ts';

const Ledger = z.string().check(z.describe('Name of the table that is the ledger'));

/** What a restore changes. */
export const RestorationLineSchema = z.strictObject({
  type: z.literal('restoration'),
  accountId: z.string(),
  table: z.string().check(z.describe('Name of the table that was restored from a backup')),
  ledger: Ledger,
  restorePoint: TimeSchema,
  events: Count.check(z.describe('Audit events since the restore point')),
  unaudited: Count.check(z.describe('Items of the ledger with changes that are not audited yet, and are lost')),
  changes: z
    .record(z.string(), z.strictObject({ added: Count, changed: Count, removed: Count }))
    .check(z.describe('By kind of item; kinds without changes are left out')),
});

/** The ledger is restored and verified. */
export const RestoreLineSchema = z.strictObject({ type: z.literal('restore'), ledger: Ledger });
