import { GROUP, user } from '../emulator/scenario/example-ids.ts';
import { deliverEvent } from './baselines/run.ts';
import { LATENCY_SECONDS } from './latencies.ts';
import { PRICES, priceOf } from './prices.ts';
import { atMost, count, dollars, duration, type Row, rows } from './report.ts';
import { BASELINE_TARGET, consoleEvent } from './side-by-side.ts';
import { CREATE_ASSIGNMENT, callsIn, openWorld, type Usage } from './world.ts';

/** What a single join takes if reads show it already; and what a Lambda function takes that waits for it. */
export interface SingleJoin {
  usher: Usage;
  /** With a membership that reads show at once, and after ten seconds. */
  waiting: { atOnce: Usage; late: Usage };
  lateSeconds: number;
}

const LATE_SECONDS = 10;

/** Plays one join in the console. */
export async function singleJoin(): Promise<SingleJoin> {
  const world = await openWorld({ people: 1 });
  await world.change({ change: 'join', groupId: GROUP, userId: user(1) }, 'console');
  await world.runUntilIdle();
  const usher = world.usage();
  await world.close();
  return {
    usher,
    waiting: { atOnce: await waitingLambda(0), late: await waitingLambda(LATE_SECONDS) },
    lateSeconds: LATE_SECONDS,
  };
}

async function waitingLambda(lagSeconds: number): Promise<Usage> {
  const world = await openWorld({ people: 1 });
  const { center, stack } = world;
  center.setLag('IdentityStore.IsMemberInGroups', lagSeconds);
  world.after(0, () => {
    center.join(GROUP, user(1));
    deliverEvent(stack, consoleEvent('join', user(1)), BASELINE_TARGET, () => undefined);
  });
  await world.runUntilIdle();
  const usage = world.usage();
  await world.close();
  return usage;
}

/** What a wait of one day takes for a user whom SCIM creates at its end. */
export interface LongWait {
  usage: Usage;
  checks: number;
  waitedSeconds: number;
}

const NEARLY_A_DAY_SECONDS = 86_000;

/** Plays a manual start for a user who does not exist yet. */
export async function longWait(): Promise<LongWait> {
  const world = await openWorld({ people: 0 });
  const { center } = world;
  await world.stack.start({ userName: 'person-1', groupId: GROUP });
  world.after(NEARLY_A_DAY_SECONDS, () => {
    center.addUser({ userId: user(1), userName: 'person-1' });
    center.join(GROUP, user(1));
  });
  await world.runUntilIdle();
  const usage = world.usage();
  const [seatedAt = Number.NaN] = world.seatedAt.values();
  await world.close();
  return { usage, checks: usage.calls['IdentityStore.GetUserId'] ?? 0, waitedSeconds: seatedAt };
}

/** Counts the reads of Identity Center. */
function readsOf(usage: Usage): number {
  return callsIn(usage) - (usage.calls[CREATE_ASSIGNMENT] ?? 0);
}

/** Lists every figure of a single join with its target. */
export function joinRows({ usher, waiting }: SingleJoin): Row[] {
  const { atOnce, late } = waiting;
  const baseline = (value: (usage: Usage) => string) => `${value(atOnce)} · ${value(late)}`;
  return [
    atMost('state transitions', usher.transition, 13, { baseline: baseline(({ transition }) => count(transition)) }),
    atMost('Lambda invocations', usher.invocation, 6, { baseline: baseline(({ invocation }) => count(invocation)) }),
    atMost('writes to sso-admin', usher.calls[CREATE_ASSIGNMENT] ?? 0, 1, {
      baseline: baseline(({ calls }) => count(calls[CREATE_ASSIGNMENT] ?? 0)),
    }),
    atMost('reads of Identity Center', readsOf(usher), 8, { baseline: baseline((usage) => count(readsOf(usage))) }),
    {
      what: 'Lambda time',
      usher: duration(usher.lambdaSeconds),
      baseline: baseline(({ lambdaSeconds }) => duration(lambdaSeconds)),
    },
    { what: 'price of one join', usher: dollars(usher.dollars), baseline: baseline((usage) => dollars(usage.dollars)) },
    {
      what: 'price of 1,000 joins',
      usher: dollars(1000 * usher.dollars),
      baseline: baseline((usage) => dollars(1000 * usage.dollars)),
    },
  ];
}

/** Lists every figure of a long wait with its target. */
export function waitRows({ usage, checks, waitedSeconds }: LongWait): Row[] {
  const inside = { gigabyteSecond: 0.5 * waitedSeconds, invocation: Math.ceil(waitedSeconds / 900) };
  const checking = checks * LATENCY_SECONDS.read;
  return [
    atMost('checks', checks, 300, { baseline: count(Math.ceil(waitedSeconds / 3)) }),
    {
      what: 'Lambda time between the checks',
      usher: '0 s',
      baseline: duration(waitedSeconds),
      target: '0 s',
      // The functions ran only for checks of one call each and for the seat itself, which takes a second or two.
      met: usage.lambdaSeconds - checking < 3,
    },
    { what: 'Lambda time in all', usher: duration(usage.lambdaSeconds), baseline: duration(waitedSeconds) },
    { what: 'state transitions', usher: count(usage.transition), baseline: '0' },
    { what: 'price', usher: dollars(usage.dollars), baseline: dollars(priceOf(inside)) },
  ];
}

/** Renders {@link joinRows} as a table. */
export function renderSingleJoin(join: SingleJoin): string {
  return rows(joinRows(join), `waiting inside the Lambda, visible at once · after ${join.lateSeconds} s`);
}

/** Renders {@link waitRows} as a table. */
export function renderLongWait(wait: LongWait): string {
  return rows(waitRows(wait), 'waiting inside Lambdas, a check every 3 s, if those could be chained every 15 minutes');
}

/** Renders the prices. */
export function renderPrices(): string {
  const lines = Object.values(PRICES).map(
    ({ unit, dollars: price, source }) =>
      `| ${unit} | $${price.toPrecision(6).replace(/\.?0+$/, '')} | https://aws.amazon.com/${source}/pricing/ |`,
  );
  return ['| unit | price in us-east-1 | source |', '| --- | --: | --- |', ...lines].join('\n');
}
