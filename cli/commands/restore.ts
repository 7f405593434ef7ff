import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { TableState, Tables } from '../../adapters/operator/tables.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { beginRestore, endRestore, isRestoring, type RestoreRun, releaseRestore } from '../../domain/queue/restore.ts';
import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import { TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds, secondsBetween } from '../../domain/shared/time.ts';
import { CommandFailed, MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { count, escaped, numberOf, timeOf } from '../../operator/text.ts';
import { updateQueue } from '../../reconcile/lease.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { auditedIn, type Restoration, restorationOf, restoredItems } from '../command/restored-items.ts';
import { startAndFollow } from '../command/start-execution.ts';

const Options = z.object({
  dryRun: z._default(z.boolean(), false),
  yes: z._default(z.boolean(), false),
  wait: z._default(z.boolean(), false),
});

/** Events are in the log after the change, and clocks differ. What the restored table has already changes nothing. */
const OVERLAP_SECONDS = 3600;

export function restoreCommand(run: Runner): Command {
  return commandOf('restore', {
    summary: 'Put a restored table into service as the ledger',
    description:
      "TABLE is a table that DynamoDB has restored from a backup of the ledger, or the ledger itself, restored under its own name. Makes the ledger's seats, holds, observations and findings those of TABLE, adds what the audit stream says since the restore point, keeps what is held, verifies the result with a second read, and starts a check of everything. Until it has ended, no execution writes: run it again after an interruption. Shows what it changes and asks for confirmation.",
    examples: [
      ['usher restore usher-prod-ledger-restored --dry-run', 'show what it would change (read-only)'],
      ['usher restore usher-prod-ledger-restored', 'show it, then ask'],
      ['usher restore usher-prod-ledger', 'the ledger was deleted, and restored under its own name'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'dynamodb:DescribeTable',
      'dynamodb:Scan (both tables)',
      'events:DescribeArchive',
      'logs:FilterLogEvents',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:BatchWriteItem',
      'states:StartExecution',
      'states:DescribeExecution',
      'states:GetExecutionHistory',
    ],
  })
    .argument('<TABLE>', 'name of the restored table')
    .option('--dry-run', 'show what it would change, and change nothing')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'follow the check of everything to its end')
    .action(run(restore));
}

async function restore(context: Context, command: Command): Promise<void> {
  const { terminal, json, clock } = context;
  const { dryRun, yes, wait } = optionsOf(command, Options);
  const table = command.args[0] ?? '';
  if (!/^[\w.-]{3,255}$/.test(table)) throw new UsageError('TABLE: expected the name of a DynamoDB table');
  const services = await context.services();
  const { ledger: live } = services.names;
  const tables = await services.tables();
  const restorePoint = await restorePointOf(table, live, tables);
  const source = { table, live, restorePoint };
  const archive = await (await services.deployment()).archive(services.names.auditArchive);
  const gap = gapProblem(restorePoint, archive?.days ?? 0, clock.now());
  if (gap) throw gap;
  const { accountId } = await services.identity();
  const { restoration, audited } = await compare(source, context);
  print({ ...source, restoration, audited, accountId }, context);
  if (dryRun) return;
  const changes = restoration.puts.length + restoration.deletions.length;
  if (!(await terminal.confirm(`Change ${count(changes, 'item')} of ${live}?`, yes))) return;
  const begunAt = clock.now();
  const begun = await takeLease(source, context);
  await writeAll(source, begun, context);
  context.onInterrupt(() => undefined);
  if (json) terminal.json({ type: 'restore', ledger: live });
  else terminal.line(`${live} is restored, and a second read has verified it.`);
  terminal.note(`To undo this, restore ${live} to ${begunAt.toISOString()} and run usher restore with that table.`);
  await startAndFollow({ machine: 'machine', input: { scope: 'everything' }, wait }, context);
}

/** What is restored: the ledger (`live`) from a table. */
interface Source {
  table: string;
  live: string;
  restorePoint: Date;
}

/** @throws UsageError if the table is not one to restore from · MissingPrecondition if it is not ready */
async function restorePointOf(table: string, live: string, tables: Tables): Promise<Date> {
  const state = await tables.describe(table);
  const problem = sourceProblem(table, live, state);
  if (problem !== undefined) throw problem;
  if (table !== live && (await tables.describe(live))?.status !== 'ACTIVE')
    throw new MissingPrecondition(
      `There is no table ${live} that takes writes. Restore the backup under that name, then: usher restore ${live}`,
    );
  const to = state?.restored?.to;
  if (to) return to;
  throw new UsageError(`DynamoDB does not say to which time ${table} was restored`);
}

/**
 * Returns what speaks against a restore point, if the audit stream is kept for this number of days. Without the events since,
 * a seat that has ended would come back, and Usher would take for its own what others have granted since.
 *
 * @param days 0: for ever
 */
export function gapProblem(restorePoint: Date, days: number, now: Date): Error | undefined {
  const isKept = days === 0 || secondsBetween(restorePoint, now) < days * 24 * 3600;
  if (isKept) return undefined;
  return new UsageError(
    `The audit stream is kept for ${count(days, 'day')}: what was audited right after ${timeOf(restorePoint)} is lost. Restore a backup that is younger`,
  );
}

/** What speaks against restoring the ledger from a table; undefined if nothing does. */
export function sourceProblem(table: string, live: string, state: TableState | undefined): Error | undefined {
  if (!state) return new UsageError(`There is no table ${table} in this account and Region`);
  const { status, restored } = state;
  if (status === 'CREATING' || restored?.inProgress === true)
    return new MissingPrecondition(
      `${table} is still being restored. Wait for it: aws dynamodb wait table-exists --table-name ${table}`,
    );
  if (status !== 'ACTIVE') return new MissingPrecondition(`${table} is ${status}`);
  if (!restored)
    return new UsageError(
      `${table} was not restored from a backup. To restore one: docs/operations.md#restore-the-ledger`,
    );
  if (restored.from === live) return undefined;
  return new UsageError(
    `${table} was restored from ${escaped(restored.from ?? 'a table of another account or Region, or an unknown one')}, not from ${live}`,
  );
}

/** Reads the restored table, what was audited since, and the ledger. */
async function compare(
  { table, live, restorePoint }: Source,
  context: Context,
): Promise<{ restoration: Restoration; audited: AuditedChange[] }> {
  return context.terminal.working('Reading', async (report) => {
    const services = await context.services();
    const tables = await services.tables();
    report('the audit stream');
    const audited = await auditedSince(restorePoint, context);
    report(table);
    const wanted = await restoredItems(tables.items(table), audited);
    report(live);
    return { audited, restoration: await restorationOf(wanted, tables.items(live)) };
  });
}

/** @throws MissingPrecondition if there is no log of the audit stream */
async function auditedSince(restorePoint: Date, context: Context): Promise<AuditedChange[]> {
  const log = await (await context.services()).auditLog();
  const since = new Date(plusSeconds(restorePoint, -OVERLAP_SECONDS));
  const audited: AuditedChange[] = [];
  for await (const page of log.events({ since })) {
    if (page === undefined)
      throw new MissingPrecondition('This account and Region have no log group of the audit stream: deploy first');
    audited.push(...page.flatMap(({ text }) => auditedIn(text, since) ?? []));
  }
  return audited;
}

/** What is shown before anything changes. */
interface Plan extends Source {
  restoration: Restoration;
  audited: readonly AuditedChange[];
  accountId: string;
}

function print(
  { table, live, restorePoint, restoration, audited, accountId }: Plan,
  { terminal, json }: Pick<Context, 'terminal' | 'json'>,
): void {
  const kinds = [...restoration.kinds].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const events = audited.filter(({ at }) => at >= restorePoint).length;
  if (json) {
    const { unaudited } = restoration;
    const known = { accountId, table, ledger: live, restorePoint: restorePoint.toISOString(), events, unaudited };
    terminal.json({ type: 'restoration', ...known, changes: Object.fromEntries(kinds) });
    return;
  }
  terminal.note(`Account ${accountId}: ${live} becomes what ${table} has, of ${timeOf(restorePoint)},`);
  terminal.note(`with ${count(events, 'audit event')} since then.`);
  if (restoration.unaudited > 0)
    terminal.note(
      `${terminal.noteColors.yellow('warning:')} ${count(restoration.unaudited, 'item')} of ${live} with changes that are not audited yet: they are lost. Let Usher audit them first, if they are right: docs/operations.md`,
    );
  if (kinds.length === 0) terminal.note('It has all of this already.');
  else
    terminal.table(
      ['ITEMS', 'ADD', 'CHANGE', 'REMOVE'],
      kinds.map(([kind, { added, changed, removed }]) => [kind, ...[added, changed, removed].map(numberOf)]),
    );
}

/**
 * Takes the lease, so that no execution writes until the restore has ended, and no earlier run of it either.
 *
 * @throws MissingPrecondition while an execution holds it
 */
async function takeLease({ table }: Source, context: Context): Promise<NonNullable<ReturnType<typeof beginRestore>>> {
  const ledger = await (await context.services()).ledger();
  return updateQueue(ledger, (queue) => {
    const now = context.clock.now();
    const begun = beginRestore(queue, table, now);
    if (begun) return begun;
    throw new MissingPrecondition(
      `${holderOf(queue, now)} writes to the ledger. Pause Usher (docs/runbook.md), wait until it has ended, and run this again`,
    );
  });
}

/** Times that the ledger is compared and written: once, and again for what was written by a call that began before the lease was taken. */
const MOST_PASSES = 3;

/**
 * Writes until a comparison finds nothing to change, and ends the restore.
 *
 * @param begun if it continues no earlier run, that has written nothing
 * @throws LeaseLost once another run has the lease · what a call of AWS throws. The lease stays taken, unless nothing can
 *   have been written
 */
async function writeAll(
  source: Source,
  { run, continues }: { run: RestoreRun; continues: boolean },
  context: Context,
): Promise<void> {
  const { terminal, json, clock } = context;
  const services = await context.services();
  const [tables, ledger] = [await services.tables(), await services.ledger()];
  /** No write of BatchWriteItem has a condition: a run that slept while another one ended must not write what it has read. */
  const keepLease = async () => {
    if (!isRestoring(await ledger.queue(), run)) throw new LeaseLost(source);
  };
  const end = () =>
    updateQueue(ledger, (before) => {
      const queue = endRestore(before, run, clock.now());
      if (queue) return { queue };
      throw new LeaseLost(source);
    });
  let done = 0;
  context.onInterrupt(() => terminal.note(`\n${unfinished(source, done)}`));
  try {
    for (let pass = 0; pass < MOST_PASSES; pass += 1) {
      const { restoration } = await compare(source, context);
      const total = restoration.puts.length + restoration.deletions.length;
      if (total === 0) {
        await end();
        return;
      }
      await keepLease();
      const bar = json ? undefined : terminal.bar('items', done + total);
      try {
        for await (const written of tables.write(source.live, restoration)) {
          done += written;
          bar?.update(done);
          await keepLease();
        }
      } finally {
        bar?.stop();
      }
    }
    throw new CommandFailed(`Something else writes to ${source.live}`);
  } catch (error) {
    if (error instanceof LeaseLost) throw error;
    // A call without an answer may have written.
    const isUntouched = !continues && done === 0 && !(error instanceof TransientAwsError);
    const release = () => updateQueue(ledger, (queue) => ({ queue: releaseRestore(queue, run) ?? queue }));
    const isReleased = isUntouched && (await release().then(Boolean, () => false));
    if (!isReleased) terminal.note(unfinished(source, done));
    throw error;
  }
}

/** This run has lost the lease: the ledger is no longer its to write. */
class LeaseLost extends CommandFailed {
  constructor({ table }: Source) {
    super(
      `This run no longer has the lease and writes no more: another run of usher restore ${table} has begun since, or the work queue was deleted. Unless another run has ended, run it again`,
    );
  }
}

function unfinished({ table, live }: Source, done: number): string {
  return `${live} is restored in part: ${count(done, 'item')} written. No execution writes until this has ended: usher restore ${table}`;
}
