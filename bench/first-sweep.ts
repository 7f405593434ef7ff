import { latencyOf } from '../emulator/stack/latency.ts';
import type { ExecutionEnd, Stack } from '../emulator/stack/stack.ts';
import { LATENCY_SECONDS, SLOW_SECONDS } from './latencies.ts';
import { atMost, count, dollars, duration, type Row, rows, table } from './report.ts';
import { type Steady, steadyStateOf } from './steady.ts';
import { openWorld, TICK_SECONDS, type Usage, type World } from './world.ts';

/** What the first sweep of a group took, and what its ticks take later. */
export interface FirstSweep {
  members: number;
  rate: number;
  /** How long AWS takes to answer. */
  answers: keyof typeof ANSWERS;
  /** Of the sweep and of the ticks during it. */
  usage: Usage;
  /** From the start to the last assignment, and to its verification. */
  lastSeconds: number;
  verifiedSeconds: number;
  steady?: Steady;
}

/** How long AWS takes to answer a call of Identity Center: as everywhere in the report, or half a second for each. */
const ANSWERS = { usual: LATENCY_SECONDS, slow: { ...LATENCY_SECONDS, change: SLOW_SECONDS, read: SLOW_SECONDS } };

/** What is played in addition to the sweep. */
export interface SweepOptions {
  answers?: FirstSweep['answers'];
  /** The ticks that follow, and one join. */
  steady?: boolean;
}

/** Sweeps a group of users without seats. A tick starts every 5 minutes meanwhile. */
export async function firstSweep(
  members: number,
  rate: number,
  { answers = 'usual', steady = false }: SweepOptions = {},
): Promise<FirstSweep> {
  const latency = latencyOf(ANSWERS[answers]);
  const world = await openWorld({ people: members, members, requestsPerSecond: rate, latency });
  const { verifiedSeconds, lastSeconds } = await sweepThrough(world);
  const usage = world.usage();
  if (world.seatedAt.size < members) throw new Error('the sweep has left users without a seat');
  const result = { members, rate, answers, usage, lastSeconds, verifiedSeconds };
  const rest = steady ? { steady: await steadyStateOf(world, members) } : {};
  await world.close();
  return { ...result, ...rest };
}

/** Starts a sweep, and a tick every 5 minutes until it is verified. */
export async function sweepThrough(world: World): Promise<Pick<FirstSweep, 'lastSeconds' | 'verifiedSeconds'>> {
  const sweep = await world.stack.start({ scope: 'everything' });
  const tickOn = () => {
    world.after(TICK_SECONDS, async () => {
      if (endOf(sweep, world.stack)) return;
      await world.stack.start({ scope: 'tick' });
      tickOn();
    });
  };
  tickOn();
  await world.runUntilIdle();
  const end = endOf(sweep, world.stack);
  if (end?.outcome !== 'converged') throw new Error('the sweep did not converge');
  if (world.ends.some(({ status }) => status !== 'SUCCEEDED')) throw new Error('an execution failed');
  return {
    lastSeconds: [...world.seatedAt.values()].reduce((last, at) => Math.max(last, at), 0),
    verifiedSeconds: world.seconds(end.endedAt),
  };
}

/** Returns how an execution ended, or the one to which it was handed over; undefined while that runs. */
function endOf(execution: string, stack: Stack): ExecutionEnd | undefined {
  const end = stack.endOf(execution);
  const next = end?.outcome === 'handedOver' ? end.cause?.split(':').at(-1) : undefined;
  return next === undefined ? end : endOf(next, stack);
}

/** Most calls per seat: large groups take several rounds, each of which reads the whole application. */
function callsBound(members: number): number {
  if (members < 1000) return 1.1;
  if (members < 50_000) return 1.05;
  return members <= 50_000 ? 1.04 : 1.08;
}

/** The latest time of the last seat, as a multiple of the ideal. Seconds count little only in large groups. */
function idealBound({ members, rate, answers }: FirstSweep): number | undefined {
  if (members < 1000) return undefined;
  if (answers === 'slow') return 1.1;
  if (members <= 50_000) return 1.06;
  return rate <= 10 ? 1.12 : 1.1;
}

const LIMIT_BOUND = 1.1;
const PAYLOAD_KIB = 64;
const HISTORY_EVENTS = 25_000;
const OLDEST_READ_MINUTES = 34;

/** One call after another: the pages of members, and one write per seat, each as long as its answer takes. */
export function scriptSeconds({ members, answers }: Pick<FirstSweep, 'members' | 'answers'>): number {
  const { change, read } = ANSWERS[answers];
  return members * change + Math.ceil(members / 100) * read;
}

/** The time of one write per seat at the configured rate. */
export function idealSeconds({ members, rate }: Pick<FirstSweep, 'members' | 'rate'>): number {
  return members / rate;
}

/** Lists every figure of one sweep with its target. */
export function sweepRows(sweep: FirstSweep): Row[] {
  const { members, rate, answers, usage, lastSeconds } = sweep;
  const slow = answers === 'slow' ? `, answers after ${SLOW_SECONDS} s` : '';
  const label = `${count(members)} at ${rate} per second${slow}`;
  const limit = usage.ssoAdmin / rate;
  const batches = usage.secondsOf['applyChanges'] ?? 0;
  const ideal = lastSeconds / idealSeconds(sweep);
  const bound = idealBound(sweep);
  return [
    atMost(`${label}: sso-admin calls per seat`, usage.ssoAdmin / members, callsBound(members), {
      digits: 3,
      baseline: '1.000',
    }),
    {
      what: `${label}: last seat after, as a multiple of the ideal`,
      usher: `${duration(lastSeconds)}, ${count(ideal, 3)}`,
      baseline: `${duration(scriptSeconds(sweep))}, ${count(scriptSeconds(sweep) / idealSeconds(sweep), 3)}`,
      ...(bound === undefined ? {} : { target: `≤ ${count(bound, 3)}`, met: ideal <= bound }),
    },
    // With slow answers, lists take longer than calls at the configured rate: that of the batches shows whether they keep it.
    answers === 'slow'
      ? {
          what: `${label}: all batches, as a multiple of the ideal`,
          usher: `${duration(batches)}, ${count(batches / idealSeconds(sweep), 3)}`,
        }
      : atMost(`${label}: last seat after, as a multiple of the limit`, lastSeconds / limit, LIMIT_BOUND, {
          digits: 3,
        }),
    atMost(`${label}: oldest read behind a write`, usage.oldestReadSeconds / 60, OLDEST_READ_MINUTES, {
      digits: 1,
      unit: 'min',
    }),
    atMost(`${label}: largest payload`, usage.payload / 1024, PAYLOAD_KIB, { unit: 'KiB' }),
    atMost(`${label}: history events`, usage.history, HISTORY_EVENTS),
  ];
}

/** Renders all first sweeps. */
export function renderSweeps(sweeps: readonly FirstSweep[]): string {
  const costs = sweeps.map(({ members, rate, answers, usage, verifiedSeconds }) => [
    count(members),
    count(rate),
    answers === 'slow' ? `after ${SLOW_SECONDS} s` : 'usual',
    count(usage.ssoAdmin),
    count(usage.identityStore),
    count(usage.transition),
    count(usage.invocation),
    ...['planChanges', 'applyChanges', 'recordAudit'].map((name) => duration(usage.secondsOf[name] ?? 0)),
    duration(verifiedSeconds),
    dollars(usage.dollars),
    dollars(usage.dollars / members),
  ]);
  return [
    rows(sweeps.flatMap(sweepRows), 'a script without errors'),
    table(
      [
        'members',
        'requests per second',
        'answers',
        'sso-admin',
        'Identity Store',
        'transitions',
        'invocations',
        'plans',
        'batches',
        'audit',
        'verified after',
        'price',
        'per seat',
      ],
      costs,
    ),
  ].join('\n\n');
}
