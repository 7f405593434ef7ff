import type { ExecutionSummary } from '../../adapters/executions.ts';
import type { Rule, Schedule } from '../../adapters/operator/deployment.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { oldestSweep } from '../../domain/queue/sweep-reports.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { applicationsIn } from '../applications.ts';
import type { Asker } from '../asker.ts';
import { listsOf, machinesOf } from '../executions/find.ts';
import { type ActiveHold, holdsOf } from '../held/holds.ts';
import type { Services } from '../services.ts';
import { MOST_COUNTED, type RecentFailures, readRecentFailures } from './failures.ts';
import { isForwarderSilent } from './forwarder.ts';
import type { NoticeReadings } from './notices.ts';

/** The dead-letter queues, those that start something first. */
export const DEAD_LETTER_KINDS = [
  'events',
  'ticks',
  'failures',
  'audit',
] as const satisfies readonly (keyof Services['names']['queues'])[];

/** What the answer depends on. What could not be read is undefined; what does not exist has an undefined `value`. */
export interface Readings {
  entitlements: Entitlements['entitlements'];
  brake: Entitlements['brake'];
  now: Date;
  queue: WorkQueue | undefined;
  holds: readonly ActiveHold[];
  running: readonly ExecutionSummary[] | undefined;
  failures: RecentFailures | undefined;
  /** Messages by queue, without empty ones. */
  deadLetters: readonly { kind: keyof Services['names']['queues']; queue: string; messages: number }[];
  schedule: { value: Schedule | undefined } | undefined;
  ruleState: { value: Rule['state'] | undefined } | undefined;
  /** The management account whose events do not arrive. */
  silentAccount: string | undefined;
  /** Only with notices. */
  notices?: NoticeReadings;
}

/** Reads what shows whether Usher needs a person. Takes some 15 requests, 3 more with notices, and up to 20 more for failed
 * executions, for notices that were not sent, or if there are many; the checks of `usher doctor` take more. */
export async function readAttention(asker: Asker): Promise<Readings> {
  const { unread, clock } = asker;
  const services = await asker.services();
  const configured = await asker.entitlements();
  const { entitlements, brake } = configured;
  const now = clock.now();
  const { names } = services;
  const ledger = await services.ledger();
  const deployment = await services.deployment();
  const [queue, schedule] = await Promise.all([
    unread.attempt(() => ledger.queue()),
    unread.attempt(() => deployment.schedule(names.schedule, names.scheduleGroup)),
  ]);
  const sweptAt = lastSweepOf({ entitlements, queue: queue?.value });
  const lists = listsOf(await services.executions());
  const [holds, running, failures, deadLetters, ruleState, silent, notices] = await Promise.all([
    holdsOf(applicationsIn(configured, queue?.value), ledger, unread),
    unread.attempt(() => runningOf(services, lists)),
    unread.attempt(() => readRecentFailures(sweptAt, asker, lists)),
    deadLettersOf(services, asker),
    unread.attempt(() => deployment.ruleState(names.eventRule)),
    unread.attempt(() => isForwarderSilent(schedule?.value, services, now)),
    configured.notices && noticesOf(asker),
  ]);
  return {
    entitlements,
    brake,
    now,
    queue: queue?.value,
    holds,
    running: running?.value,
    failures: failures?.value,
    deadLetters,
    schedule,
    ruleState,
    silentAccount: silent?.value,
    ...(notices ? { notices } : {}),
  };
}

/** Loads what reads them only where there are notices. */
async function noticesOf(asker: Asker): Promise<NoticeReadings> {
  return (await import('./read-notices.ts')).readNoticeAttention(asker);
}

async function runningOf(services: Services, lists: ReturnType<typeof listsOf>): Promise<ExecutionSummary[]> {
  const found: ExecutionSummary[] = [];
  for (const machine of await machinesOf(services)) {
    for await (const page of lists.list(machine, 'RUNNING')) {
      found.push(...page);
      if (found.length >= MOST_COUNTED) return found.slice(0, MOST_COUNTED);
    }
  }
  return found;
}

/** Returns the start of the oldest of the latest full sweeps; undefined if one application was never swept. */
export function lastSweepOf({ entitlements, queue }: Pick<Readings, 'entitlements' | 'queue'>): string | undefined {
  return (
    queue &&
    oldestSweep(
      queue,
      entitlements.map(({ application }) => application),
    )
  );
}

async function deadLettersOf(services: Services, { unread }: Asker): Promise<Readings['deadLetters']> {
  const queues = await services.queues();
  const found: { kind: keyof Services['names']['queues']; queue: string; messages: number }[] = [];
  for (const kind of DEAD_LETTER_KINDS) {
    const queue = services.names.queues[kind];
    const messages = (await unread.attempt(() => queues.size(queue)))?.value ?? 0;
    if (messages > 0) found.push({ kind, queue, messages });
  }
  return found;
}
