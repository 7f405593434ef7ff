import type { Via } from '../emulator/aws/cloudtrail/cloudtrail.ts';
import { GROUP, user } from '../emulator/scenario/example-ids.ts';
import type { FirstSweep } from './first-sweep.ts';
import { atMost, count, duration, type Row, rows } from './report.ts';
import { CREATE_ASSIGNMENT, callsIn, openWorld, type Usage } from './world.ts';

/** What an initial synchronization took: `joiners` users join within one minute, each with an event. */
export interface Burst {
  via: Via;
  joiners: number;
  rate: number;
  usage: Usage;
  succeeded: number;
  handedOver: number;
  seated: number;
  /** From the first event to the last assignment. */
  lastSeconds: number;
}

const MINUTE_SECONDS = 60;

/** Plays a burst at 10 requests per second. */
export async function burst(joiners: number, via: Via): Promise<Burst> {
  const rate = 10;
  const world = await openWorld({ people: joiners, requestsPerSecond: rate });
  for (let number = 1; number <= joiners; number += 1) {
    world.after(((number - 1) * MINUTE_SECONDS) / joiners, () =>
      world.change({ change: 'join', groupId: GROUP, userId: user(number) }, via),
    );
  }
  await world.runUntilIdle();
  const { ends, seatedAt } = world;
  const result = {
    via,
    joiners,
    rate,
    usage: world.usage(),
    succeeded: ends.filter(({ status }) => status === 'SUCCEEDED').length,
    handedOver: ends.filter(({ outcome }) => outcome === 'handedOver').length,
    seated: seatedAt.size,
    lastSeconds: [...seatedAt.values()].reduce((last, at) => Math.max(last, at), 0),
  };
  await world.close();
  return result;
}

/**
 * Lists every figure of one burst with its target.
 *
 * @param sweep the first sweep of the same number of users, all of whom are members when it begins
 */
export function burstRows(result: Burst, sweep: FirstSweep): Row[] {
  const { via, joiners, rate, usage, succeeded, handedOver, seated, lastSeconds } = result;
  const label = `${count(joiners)} ${via === 'scim' ? 'PatchGroup' : 'CreateGroupMembership'}`;
  const limit = usage.ssoAdmin / rate;
  const figures: Row[] = [
    {
      what: `${label}: executions that succeed`,
      usher: count(succeeded),
      target: count(joiners),
      met: succeeded === joiners,
    },
    { what: `${label}: users seated`, usher: count(seated), target: count(joiners), met: seated === joiners },
    {
      what: `${label}: handed over to another execution`,
      usher: `${count((100 * handedOver) / joiners, 2)} %`,
      target: '≥ 99.00 %',
      met: handedOver >= 0.99 * joiners,
    },
    atMost(`${label}: writes per seat`, (usage.calls[CREATE_ASSIGNMENT] ?? 0) / joiners, 1.2, { digits: 3 }),
    {
      what: `${label}: last seat after, as a multiple of the limit`,
      usher: `${duration(lastSeconds)}, ${count(lastSeconds / limit, 3)}`,
      baseline: duration(sweep.lastSeconds),
      target: '≤ 1.200',
      met: lastSeconds <= 1.2 * limit,
    },
    {
      what: `${label}: sso-admin calls per seat`,
      usher: count(usage.ssoAdmin / joiners, 3),
      baseline: count(sweep.usage.ssoAdmin / joiners, 3),
    },
  ];
  const ratio = callsIn(usage) / callsIn(sweep.usage);
  const calls = {
    what: `${label}: calls of Identity Center, as a multiple of one clean sweep`,
    usher: `${count(callsIn(usage))}, ${count(ratio, 3)}`,
    baseline: count(callsIn(sweep.usage)),
  };
  figures.push(via === 'scim' ? { ...calls, target: '≤ 1.150', met: ratio <= 1.15 } : calls);
  return figures;
}

/** Renders both bursts. */
export function renderBursts(bursts: readonly Burst[], sweep: FirstSweep): string {
  return rows(
    bursts.flatMap((result) => burstRows(result, sweep)),
    'one clean sweep',
  );
}
