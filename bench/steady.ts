import { GROUP, user } from '../emulator/scenario/example-ids.ts';
import { count, dollars, duration, type Row, rows, table } from './report.ts';
import { callsIn, DAY_SECONDS, HOUR_SECONDS, TICK_SECONDS, type Usage, type World } from './world.ts';

/** Usage per tick: one with nothing to do, the hourly sweep, and the daily sweep, which reads UserStatus of every user. */
export interface Steady {
  idle: Usage;
  hourly: Usage;
  daily: Usage;
  /** What one join takes next to all these seats. */
  join: Usage;
}

/** A number of seats, and what ticks and a join take next to them, if those were played. */
interface SteadySeats {
  members: number;
  steady?: Steady;
}

/** Plays the ticks that follow a first sweep, and then one join. */
export async function steadyStateOf(world: World, members: number): Promise<Steady> {
  // Whether the sweep has read UserStatus of every user today depends on the ticks during it: after this, it was read.
  await tick(world, HOUR_SECONDS);
  const hourly = await tick(world, HOUR_SECONDS);
  const idle = await tick(world, TICK_SECONDS);
  const daily = await tick(world, DAY_SECONDS);
  const joiner = user(members + 1);
  world.center.addUser({ userId: joiner, userName: 'joiner' });
  await world.change({ change: 'join', groupId: GROUP, userId: joiner }, 'console');
  await world.runUntilIdle();
  return { daily, idle, hourly, join: world.usage() };
}

async function tick(world: World, waitSeconds: number): Promise<Usage> {
  world.after(waitSeconds, () => world.stack.start({ scope: 'tick' }));
  await world.runUntilIdle();
  return world.usage();
}

/** Lists what one join takes next to many seats: no more than next to few. */
export function neighbourRows(few: SteadySeats, sweeps: readonly SteadySeats[]): Row[] {
  return sweeps.flatMap(({ members, steady }) => {
    if (!(steady && few.steady)) return [];
    const label = `one join next to ${count(members)} seats`;
    const baseline = few.steady.join;
    const row = (what: string, value: (usage: Usage) => number): Row => ({
      what: `${label}: ${what}`,
      usher: count(value(steady.join)),
      baseline: count(value(baseline)),
      target: `≤ ${count(value(baseline))}`,
      met: value(steady.join) <= value(baseline),
    });
    return [
      row('calls of Identity Center', callsIn),
      row('read request units of DynamoDB', ({ readUnit }) => readUnit),
    ];
  });
}

/** Renders {@link neighbourRows} as a table. */
export function renderNeighbours(few: SteadySeats, sweeps: readonly SteadySeats[]): string {
  return rows(neighbourRows(few, sweeps), `next to ${count(few.members)} seats`);
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
export function renderSteady(sweeps: readonly SteadySeats[]): string {
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
