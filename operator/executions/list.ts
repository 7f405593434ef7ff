import type { ExecutionDetail, ExecutionSummary } from '../../adapters/executions.ts';
import type { AuditLog } from '../../adapters/operator/audit-log.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Asker } from '../asker.ts';
import type { Changes, Redrive, Subject } from '../lines/executions.ts';
import { addChanges, ChangeCounter } from './changes.ts';
import { machinesOf } from './find.ts';
import { type Ending, endingOf } from './outcomes.ts';
import { redriveOf } from './redrivable.ts';
import { subjectOf } from './subject.ts';

/** Each takes a call of DescribeExecution, of which AWS allows 15 per second: some eight seconds. */
const MOST_READ = 100;
/** How many are described at the same time. */
const AT_ONCE = 10;

/** An execution in a list. What AWS refused to show is undefined. */
export interface ListedExecution {
  execution: ExecutionSummary;
  /** Undefined while it runs. */
  ending: Ending | undefined;
  subject: Subject | undefined;
  changes: Changes | undefined;
  redrive: Redrive | undefined;
}

/** Ticks that changed nothing, next to each other in the list. */
export interface FoldedTicks {
  ticks: number;
  /** Start of the first and of the last. */
  since: Date;
  until: Date;
}

export interface ExecutionList {
  rows: (ListedExecution | FoldedTicks)[];
  read: number;
  /** There are executions that were not read. */
  more: boolean;
}

export interface ListOptions {
  /** Rows at most. */
  limit: number;
  /** Lists each tick, instead of counting those that changed nothing. */
  ticks: boolean;
}

/** What a list is read with. */
interface Reads {
  executions: Executions;
  log: AuditLog;
  entitlements: Entitlements;
  asker: Pick<Asker, 'unread' | 'progress' | 'clock' | 'memory'>;
}

/** Lists the newest executions of both state machines. However many there are, it reads a bounded number. */
export async function listExecutions(options: ListOptions, asker: Asker): Promise<ExecutionList> {
  const services = await asker.services();
  const reads: Reads = {
    executions: await services.executions(),
    log: await services.auditLog(),
    entitlements: await asker.entitlements(),
    asker,
  };
  const machines = await machinesOf(services);
  return rowsOf(newestFirst(machines, reads), options, reads);
}

async function rowsOf(
  newest: AsyncGenerator<ExecutionSummary>,
  { limit, ticks }: ListOptions,
  reads: Reads,
): Promise<ExecutionList> {
  const counter = new ChangeCounter();
  const rows: ExecutionList['rows'] = [];
  const most = Math.max(limit, MOST_READ);
  let read = 0;
  let until = reads.asker.clock.now();
  for (;;) {
    const chunk = await take(newest, Math.min(limit, most - read));
    if (chunk.length === 0) return { rows, read, more: false };
    const since = chunk.at(-1)?.startedAt ?? until;
    const gap = await reads.asker.unread.attempt(() => addChanges(counter, { since, until }, reads.log));
    for (const listed of await listedOf(chunk, reads)) {
      const changes = gap && !isIn(gap.value, until, listed) ? counter.of(listed.execution.arn) : undefined;
      read += 1;
      if (!ticks && foldTick(rows, { ...listed, changes })) continue;
      if (rows.length >= limit) return { rows, read, more: true };
      rows.push({ ...listed, changes });
    }
    until = since;
    if (read >= most || rows.length >= limit) return { rows, read, more: !(await newest.next()).done };
  }
}

/** Whether an execution may have made changes in a time of which the audit stream was not read. */
function isIn(from: Date | undefined, until: Date, { execution: { startedAt, endedAt } }: ListedExecution): boolean {
  return from !== undefined && startedAt < until && (endedAt === undefined || endedAt >= from);
}

/** Adds a tick that has changed nothing to the ticks before it. @returns whether it is one */
function foldTick(rows: ExecutionList['rows'], { execution, ending, subject, changes }: ListedExecution): boolean {
  const isQuiet = ending !== undefined && ending.outcome !== 'failed' && changes && changes.gained + changes.lost === 0;
  if (subject?.trigger !== 'tick' || !isQuiet) return false;
  const last = rows.at(-1);
  const { startedAt } = execution;
  if (last && 'ticks' in last) {
    last.ticks += 1;
    last.since = startedAt;
  } else rows.push({ ticks: 1, since: startedAt, until: startedAt });
  return true;
}

/** Describes executions, some at the same time. */
async function listedOf(summaries: readonly ExecutionSummary[], reads: Reads): Promise<ListedExecution[]> {
  const listed: ListedExecution[] = [];
  for (let from = 0; from < summaries.length; from += AT_ONCE) {
    reads.asker.progress(`${from} of ${summaries.length}`);
    const some = summaries.slice(from, from + AT_ONCE);
    listed.push(...(await Promise.all(some.map((one) => listedExecution(one, reads)))));
  }
  return listed;
}

async function listedExecution(execution: ExecutionSummary, reads: Reads): Promise<ListedExecution> {
  const detail = await describe(execution, reads);
  if (!detail) return { execution, ending: undefined, subject: undefined, changes: undefined, redrive: undefined };
  return {
    execution: detail,
    ending: endingOf(detail),
    subject: subjectOf(detail, reads.entitlements),
    changes: undefined,
    redrive: redriveOf(detail, reads.entitlements),
  };
}

async function describe(
  { arn, status, endedAt }: ExecutionSummary,
  { executions, asker: { unread, memory } }: Reads,
): Promise<ExecutionDetail | undefined> {
  const before = memory.ended.get(arn);
  // A redrive gives it another end.
  if (before && before.status === status && before.endedAt?.getTime() === endedAt?.getTime()) return before;
  const found = (await unread.attempt(() => executions.describe(arn)))?.value;
  if (found?.endedAt) memory.ended.set(arn, found);
  return found;
}

/** Yields the executions of several state machines, newest first. Reads pages only as it needs them. */
async function* newestFirst(
  machines: readonly string[],
  { executions, asker }: Reads,
): AsyncGenerator<ExecutionSummary> {
  const heads: { next: ExecutionSummary; rest: AsyncIterator<ExecutionSummary> }[] = [];
  for (const machine of machines) {
    const rest = each(executions.list(machine));
    const next = await nextOf(rest, asker);
    if (next) heads.push({ next, rest });
  }
  while (heads.length > 0) {
    heads.sort((a, b) => b.next.startedAt.getTime() - a.next.startedAt.getTime());
    const [newest] = heads;
    if (!newest) return;
    yield newest.next;
    const next = await nextOf(newest.rest, asker);
    if (next) newest.next = next;
    else heads.shift();
  }
}

async function nextOf(
  rest: AsyncIterator<ExecutionSummary>,
  { unread }: Pick<Asker, 'unread'>,
): Promise<ExecutionSummary | undefined> {
  const result = (await unread.attempt(() => rest.next()))?.value;
  return result?.done ? undefined : result?.value;
}

async function* each(pages: AsyncIterable<readonly ExecutionSummary[]>): AsyncGenerator<ExecutionSummary> {
  for await (const page of pages) yield* page;
}

async function take<T>(from: AsyncGenerator<T>, most: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < most) {
    const { value, done } = await from.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
