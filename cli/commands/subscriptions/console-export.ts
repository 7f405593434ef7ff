import { type Cost, costOf, type Prices, priceOf } from '../../../domain/subscription/prices.ts';
import { type ExportedSubscription, readConsoleExport } from '../../../input/console-export.ts';
import { labelOf, readText } from '../../../input/files.ts';
import { count, escaped, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import { csvOf } from '../../ui/csv.ts';
import { priceCell } from './findings.ts';
import { costFields, costInWords, priceFields } from './money.ts';

interface ExportOptions {
  names: boolean;
  csv: boolean;
  prices: Prices | undefined;
}

/** Prints what the console's list of subscriptions says, without AWS. Names appear only if asked for. */
export async function printConsoleExport(file: string, options: ExportOptions, context: Context): Promise<void> {
  const subscriptions = await readConsoleExport(await readText(file, context.stdin), labelOf(file));
  if (options.names) await listSubscriptions(subscriptions, options, context);
  else await countSubscriptions(subscriptions, options, context);
}

async function countSubscriptions(
  subscriptions: readonly ExportedSubscription[],
  { csv, prices }: ExportOptions,
  { terminal, json }: Context,
): Promise<void> {
  const groups = [...Map.groupBy(subscriptions, ({ status, plan }) => `${status} ${plan}`)].sort();
  const rows = groups.flatMap(([, some]) => {
    const [first] = some;
    return first ? [{ status: first.status, plan: first.plan, users: some.length, ...costFieldsOf(some, prices) }] : [];
  });
  if (json) {
    for (const { cost: _, ...row } of rows) terminal.json({ type: 'subscription-count', ...row });
    if (rows.length === 0) terminal.json({ type: 'none', of: 'subscription-count' });
  } else if (csv) {
    const more = prices ? ['pricePerMonth', 'totalPerMonth', 'currency'] : [];
    terminal.line(await csvOf(rows, ['status', 'plan', 'users', ...more]));
  } else {
    terminal.table(
      ['STATUS', 'PLAN', 'USERS', ...(prices ? [`PER MONTH (${prices.currency})`] : [])],
      rows.map(({ status, plan, users, cost }) => [
        status,
        plan,
        numberOf(users),
        ...(prices ? [cost ? costInWords(cost) : ''] : []),
      ]),
    );
  }
  if (prices) printTotal(subscriptions, prices, { terminal, json, csv });
  const unknown = subscriptions.filter(({ status }) => status === 'unknown').length;
  if (unknown > 0)
    terminal.note(
      `${count(unknown, 'subscription has', 'subscriptions have')} a status that this version does not know, and no cost`,
    );
}

/** One that is cancelled, or of an unknown status, costs nothing that could be said. */
function costFieldsOf(
  some: readonly ExportedSubscription[],
  prices: Prices | undefined,
): { pricePerMonth?: number; currency?: string; totalPerMonth?: number; cost?: Cost } {
  const [first] = some;
  if (!(prices && (first?.status === 'active' || first?.status === 'pending'))) return {};
  const cost = costOfExport(some, prices);
  const total = cost.unknown === 0 ? { totalPerMonth: cost.hundredths / 100 } : {};
  return { ...priceFields(priceOf([first.plan], prices), prices), ...total, cost };
}

/** A spreadsheet adds for itself. */
function printTotal(
  subscriptions: readonly ExportedSubscription[],
  prices: Prices,
  { terminal, json, csv }: Pick<Context, 'terminal' | 'json'> & { csv: boolean },
): void {
  const costFor = (wanted: ExportedSubscription['status']) =>
    costOfExport(
      subscriptions.filter(({ status }) => status === wanted),
      prices,
    );
  const [paid, pending] = [costFor('active'), costFor('pending')];
  if (json) terminal.json({ type: 'subscription-total', ...costFields({ paid, pending }, prices) });
  else if (!csv) {
    const [now, later] = [costInWords(paid, prices.currency), costInWords(pending, prices.currency)];
    terminal.paragraph(
      `By your prices, active subscriptions cost ${now} per month. Pending ones will cost ${later} once they are used.`,
    );
  }
}

function costOfExport(subscriptions: readonly ExportedSubscription[], prices: Prices) {
  return costOf(
    subscriptions.map(({ plan }) => [plan]),
    prices,
  );
}

async function listSubscriptions(
  subscriptions: readonly ExportedSubscription[],
  { csv, prices }: ExportOptions,
  { terminal, json }: Context,
): Promise<void> {
  const rows = subscriptions.map((row) => ({
    ...row,
    ...(prices ? priceFields(priceOf([row.plan], prices), prices) : {}),
  }));
  if (json) {
    for (const row of rows) terminal.json({ type: 'subscription', ...row });
    if (rows.length === 0) terminal.json({ type: 'none', of: 'subscription' });
    return;
  }
  if (csv) {
    const more = prices ? ['pricePerMonth', 'currency'] : [];
    terminal.line(await csvOf(rows, ['name', 'status', 'plan', 'source', 'activationDate', ...more]));
    return;
  }
  terminal.table(
    ['NAME', 'STATUS', 'PLAN', 'SOURCE', 'ACTIVATION DATE', ...(prices ? [`PER MONTH (${prices.currency})`] : [])],
    rows.map((row) => [
      escaped(row.name),
      row.status,
      row.plan,
      escaped(row.source),
      escaped(row.activationDate),
      ...(prices ? [priceCell(row)] : []),
    ]),
  );
}
