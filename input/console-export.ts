import { type Plan, planOfLabel } from '../domain/subscription/plan.ts';
import type { Subscription } from '../domain/subscription/subscription.ts';
import { readCsv } from './csv.ts';

/** A row of the file that the console of Kiro exports. It has no ids. */
export interface ExportedSubscription {
  name: string;
  status: Subscription['status'];
  plan: Plan | 'unknown';
  /** As the file has it. */
  source: string;
  /** As the file has it. */
  activationDate: string;
}

const STATUSES: ReadonlyMap<string, Subscription['status']> = new Map<string, Subscription['status']>([
  ['active', 'active'],
  ['pending', 'pending'],
  ['canceled', 'cancelled'],
  ['cancelled', 'cancelled'],
]);

/**
 * Reads the list of subscriptions that the console exports as comma-separated values: Name, Subscription status, Kiro plan,
 * Plan source, Activation date. A status or a plan that is not known is `unknown`.
 *
 * @param file named in errors, not opened
 * @throws InputError with the line, without quoting the text
 */
export async function readConsoleExport(text: string, file: string): Promise<ExportedSubscription[]> {
  const { rows } = await readCsv(text, file, {
    required: ['subscriptionstatus', 'kiroplan'],
    optional: ['name', 'plansource', 'activationdate'],
  });
  return rows.map(({ value }) => ({
    name: value('name'),
    status: STATUSES.get(value('subscriptionstatus').toLowerCase()) ?? 'unknown',
    plan: planOfLabel(value('kiroplan')) ?? 'unknown',
    source: value('plansource'),
    activationDate: value('activationdate'),
  }));
}
