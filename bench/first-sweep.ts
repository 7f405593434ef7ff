import { LATENCY_SECONDS } from './latencies.ts';
import { atMost, count, dollars, duration, type Row, rows, table } from './report.ts';
import { aWorld, type Usage, type World } from './world.ts';

/** What the first sweep of a group took, and what the group takes from then on. */
export interface FirstSweep {
  members: number;
  rate: number;
  usage: Usage;
  /** From the start to the last assignment, and to the proof. */
  lastSeconds: number;
  provedSeconds: number;
  steady?: Steady;
}

/** Of one tick each: one with nothing to do, the hourly sweep, and the daily one with everybody's status. */
export interface Steady {
  idle: Usage;
  hourly: Usage;
  daily: Usage;
}

const TICK_SECONDS = 300;
const HOUR_SECONDS = 3600;

/** Sweeps a group of which nobody has a seat yet. @param steady also plays the ticks that follow */
export async function firstSweep(members: number, rate: number, steady = false): Promise<FirstSweep> {
  const world = await aWorld({ people: members, members, requestsPerSecond: rate });
  await world.stack.start({ scope: 'everything' });
  await world.settle();
  const provedSeconds = world.seconds();
  const usage = world.usage();
  if (world.ends.some(({ outcome }) => outcome !== 'converged')) throw new Error('the sweep did not converge');
  const lastSeconds = [...world.seatedAt.values()].reduce((last, at) => Math.max(last, at), 0);
  const found = { members, rate, usage, lastSeconds, provedSeconds };
  const rest = steady ? { steady: await ticksOf(world) } : {};
  await world.close();
  return { ...found, ...rest };
}

async function ticksOf(world: World): Promise<Steady> {
  // The first after the sweep has nobody's status of today yet.
  const daily = await tick(world, HOUR_SECONDS);
  const idle = await tick(world, TICK_SECONDS);
  const hourly = await tick(world, HOUR_SECONDS);
  return { daily, idle, hourly };
}

async function tick(world: World, wait: number): Promise<Usage> {
  world.after(wait, () => world.stack.start({ scope: 'tick' }));
  await world.settle();
  return world.usage();
}

/** At 50,000, rounds are the cost: each reads all that there is. */
function callsBound(members: number): number {
  if (members < 1000) return 1.1;
  return members < 50_000 ? 1.05 : 1.2;
}

const PAYLOAD_KIB = 256;
const HISTORY_EVENTS = 25_000;

/** Every figure of one sweep beside its target. */
export function rowsOf({ members, rate, usage, lastSeconds }: FirstSweep): Row[] {
  const limit = usage.ssoAdmin / rate;
  const about = `${count(members)} at ${rate} a second`;
  // One after another: the members' pages, and a write a seat, each as long as its answer takes.
  const sequential = members * LATENCY_SECONDS.change + Math.ceil(members / 100) * LATENCY_SECONDS.read;
  return [
    atMost(`${about}: sso-admin calls a seat`, usage.ssoAdmin / members, callsBound(members), {
      digits: 3,
      beside: '1.000',
    }),
    {
      what: `${about}: last seat after, as a multiple of the limit`,
      usher: `${duration(lastSeconds)}, ${count(lastSeconds / limit, 3)}`,
      beside: `${duration(sequential)}`,
      target: '≤ 1.100',
      met: lastSeconds <= 1.1 * limit,
    },
    atMost(`${about}: largest payload`, usage.payload / 1024, PAYLOAD_KIB, { unit: 'KiB' }),
    atMost(`${about}: history events`, usage.history, HISTORY_EVENTS),
  ];
}

/** All first sweeps. */
export function renderSweeps(sweeps: readonly FirstSweep[]): string {
  const costs = sweeps.map(({ members, rate, usage, provedSeconds }) => [
    count(members),
    count(rate),
    count(usage.ssoAdmin),
    count(usage.identityStore),
    count(usage.transition),
    count(usage.invocation),
    duration(provedSeconds),
    dollars(usage.dollars),
    dollars(usage.dollars / members),
  ]);
  return [
    rows(sweeps.flatMap(rowsOf), 'a script without errors'),
    table(
      [
        'members',
        'requests a second',
        'sso-admin',
        'Identity Store',
        'transitions',
        'invocations',
        'proved after',
        'price',
        'a seat',
      ],
      costs,
    ),
  ].join('\n\n');
}

const TICKS_A_MONTH = 30 * 24 * 12;
const SWEEPS_A_MONTH = 30 * 24;
const DAYS_A_MONTH = 30;

/** A month of 30 days: a tick every 5 minutes, of which one an hour sweeps, and of those one a day reads everybody's status. */
export function monthOf({ idle, hourly, daily }: Steady, value: (usage: Usage) => number): number {
  const idleTicks = TICKS_A_MONTH - SWEEPS_A_MONTH;
  return idleTicks * value(idle) + (SWEEPS_A_MONTH - DAYS_A_MONTH) * value(hourly) + DAYS_A_MONTH * value(daily);
}

const callsIn = ({ ssoAdmin, identityStore }: Usage) => ssoAdmin + identityStore;

/** A month without changes, beside what others take to look as often. */
export function renderSteady(sweeps: readonly FirstSweep[]): string {
  const head = ['seats', 'kind', 'sso-admin', 'Identity Store', 'transitions', 'Lambda time', 'price'];
  const line = (what: string, kind: string, usage: Usage) => [
    what,
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
          line(count(members), 'idle tick', steady.idle),
          line(count(members), 'hourly sweep', steady.hourly),
          line(count(members), 'daily sweep', steady.daily),
        ]
      : [],
  );
  const months = sweeps.flatMap(({ members, steady }) => {
    if (!steady) return [];
    const pages = Math.ceil(members / 100);
    const terraform = SWEEPS_A_MONTH * members;
    const script = SWEEPS_A_MONTH * (pages + members);
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
        'Usher: calls of Identity Center a month',
        "Terraform's refresh, as often",
        'a script that lists and creates again, as often',
        'price of Usher a month',
        'one look, at 20 a second: Usher',
        'Terraform',
      ],
      months,
    ),
  ].join('\n\n');
}
