import { LATENCY_SECONDS } from './latencies.ts';
import { atMost, count, dollars, duration, type Row, rows, table } from './report.ts';
import { callsIn, HOUR_SECONDS, openWorld, TICK_SECONDS, type Usage, type World } from './world.ts';

/** What the first sweep of a group took, and what its ticks take later. */
export interface FirstSweep {
  members: number;
  rate: number;
  usage: Usage;
  /** From the start to the last assignment, and to its verification. */
  lastSeconds: number;
  verifiedSeconds: number;
  steady?: Steady;
}

/** Usage per tick: one with nothing to do, the hourly sweep, and the daily sweep, which reads UserStatus of every user. */
export interface Steady {
  idle: Usage;
  hourly: Usage;
  daily: Usage;
}

/**
 * Sweeps a group of users without seats.
 *
 * @param steady whether the ticks that follow are played, too
 */
export async function firstSweep(members: number, rate: number, steady = false): Promise<FirstSweep> {
  const world = await openWorld({ people: members, members, requestsPerSecond: rate });
  await world.stack.start({ scope: 'everything' });
  await world.runUntilIdle();
  const verifiedSeconds = world.seconds();
  const usage = world.usage();
  if (world.ends.some(({ outcome }) => outcome !== 'converged')) throw new Error('the sweep did not converge');
  const lastSeconds = [...world.seatedAt.values()].reduce((last, at) => Math.max(last, at), 0);
  const result = { members, rate, usage, lastSeconds, verifiedSeconds };
  const rest = steady ? { steady: await ticksOf(world) } : {};
  await world.close();
  return { ...result, ...rest };
}

async function ticksOf(world: World): Promise<Steady> {
  // The first tick after the sweep has read no user's status today.
  const daily = await tick(world, HOUR_SECONDS);
  const idle = await tick(world, TICK_SECONDS);
  const hourly = await tick(world, HOUR_SECONDS);
  return { daily, idle, hourly };
}

async function tick(world: World, waitSeconds: number): Promise<Usage> {
  world.after(waitSeconds, () => world.stack.start({ scope: 'tick' }));
  await world.runUntilIdle();
  return world.usage();
}

/** At 50,000 members, rounds decide the number of calls: each reads the whole application. */
function callsBound(members: number): number {
  if (members < 1000) return 1.1;
  return members < 50_000 ? 1.05 : 1.2;
}

const PAYLOAD_KIB = 256;
const HISTORY_EVENTS = 25_000;

/** Lists every figure of one sweep with its target. */
export function sweepRows({ members, rate, usage, lastSeconds }: FirstSweep): Row[] {
  const limit = usage.ssoAdmin / rate;
  const label = `${count(members)} at ${rate} per second`;
  // One call after another: the pages of members, and one write per seat, each as long as its answer takes.
  const sequential = members * LATENCY_SECONDS.change + Math.ceil(members / 100) * LATENCY_SECONDS.read;
  return [
    atMost(`${label}: sso-admin calls per seat`, usage.ssoAdmin / members, callsBound(members), {
      digits: 3,
      baseline: '1.000',
    }),
    {
      what: `${label}: last seat after, as a multiple of the limit`,
      usher: `${duration(lastSeconds)}, ${count(lastSeconds / limit, 3)}`,
      baseline: `${duration(sequential)}`,
      target: '≤ 1.100',
      met: lastSeconds <= 1.1 * limit,
    },
    atMost(`${label}: largest payload`, usage.payload / 1024, PAYLOAD_KIB, { unit: 'KiB' }),
    atMost(`${label}: history events`, usage.history, HISTORY_EVENTS),
  ];
}

/** Renders all first sweeps. */
export function renderSweeps(sweeps: readonly FirstSweep[]): string {
  const costs = sweeps.map(({ members, rate, usage, verifiedSeconds }) => [
    count(members),
    count(rate),
    count(usage.ssoAdmin),
    count(usage.identityStore),
    count(usage.transition),
    count(usage.invocation),
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
        'sso-admin',
        'Identity Store',
        'transitions',
        'invocations',
        'verified after',
        'price',
        'per seat',
      ],
      costs,
    ),
  ].join('\n\n');
}

const TICKS_PER_MONTH = 30 * 24 * 12;
const SWEEPS_PER_MONTH = 30 * 24;
const DAYS_PER_MONTH = 30;

/**
 * Adds up a month of 30 days with a tick every 5 minutes. One tick per hour sweeps, and one sweep per day reads UserStatus of
 * every user.
 */
export function monthOf({ idle, hourly, daily }: Steady, value: (usage: Usage) => number): number {
  const idleTicks = TICKS_PER_MONTH - SWEEPS_PER_MONTH;
  return idleTicks * value(idle) + (SWEEPS_PER_MONTH - DAYS_PER_MONTH) * value(hourly) + DAYS_PER_MONTH * value(daily);
}

/** Renders a month without changes, next to what baselines take for as many checks. */
export function renderSteady(sweeps: readonly FirstSweep[]): string {
  const head = ['seats', 'kind', 'sso-admin', 'Identity Store', 'transitions', 'Lambda time', 'price'];
  const row = (seats: string, kind: string, usage: Usage) => [
    seats,
    kind,
    count(usage.ssoAdmin),
    count(usage.identityStore),
    count(usage.transition),
    duration(usage.lambdaSeconds),
    dollars(usage.dollars),
  ];
  const ticks = sweeps.flatMap(({ members, steady }) =>
    steady
      ? [
          row(count(members), 'idle tick', steady.idle),
          row(count(members), 'hourly sweep', steady.hourly),
          row(count(members), 'daily sweep', steady.daily),
        ]
      : [],
  );
  const months = sweeps.flatMap(({ members, steady }) => {
    if (!steady) return [];
    const pages = Math.ceil(members / 100);
    const terraform = SWEEPS_PER_MONTH * members;
    const script = SWEEPS_PER_MONTH * (pages + members);
    return [
      [
        count(members),
        count(monthOf(steady, callsIn)),
        count(terraform),
        count(script),
        dollars(monthOf(steady, (usage) => usage.dollars)),
        duration(callsIn(steady.hourly) / 20),
        duration(members / 20),
      ],
    ];
  });
  return [
    table(head, ticks),
    table(
      [
        'seats',
        'Usher: calls of Identity Center per month',
        "Terraform's refresh, as often",
        'a script that lists and creates again, as often',
        'price of Usher per month',
        'one check, at 20 per second: Usher',
        'Terraform',
      ],
      months,
    ),
  ].join('\n\n');
}
