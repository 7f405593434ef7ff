import type { Via } from '../emulator/aws/cloudtrail/cloudtrail.ts';
import { GROUP, user } from '../emulator/scenario/example-ids.ts';
import type { FirstSweep } from './first-sweep.ts';
import { atMost, count, duration, type Row, rows } from './report.ts';
import { aWorld, type Usage } from './world.ts';

/** What an initial synchronization took: so many people join within a minute, each with an event. */
export interface Burst {
  via: Via;
  joiners: number;
  rate: number;
  usage: Usage;
  succeeded: number;
  handedOver: number;
  seated: number;
  /** From the first event. */
  lastSeconds: number;
}

const MINUTE_SECONDS = 60;
const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** Plays it at 10 requests a second. */
export async function burst(joiners: number, via: Via): Promise<Burst> {
  const rate = 10;
  const world = await aWorld({ people: joiners, requestsPerSecond: rate });
  for (let number = 1; number <= joiners; number += 1) {
    world.after(((number - 1) * MINUTE_SECONDS) / joiners, () =>
      world.change({ change: 'join', groupId: GROUP, userId: user(number) }, via),
    );
  }
  await world.settle();
  const { ends, seatedAt } = world;
  const found = {
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
  return found;
}

const totalOf = ({ ssoAdmin, identityStore }: Usage) => ssoAdmin + identityStore;

/** Every figure of one burst beside its target. @param sweep of as many people, all there when it begins */
export function rowsOf(found: Burst, sweep: FirstSweep): Row[] {
  const { via, joiners, rate, usage, succeeded, handedOver, seated, lastSeconds } = found;
  const about = `${count(joiners)} ${via === 'scim' ? 'PatchGroup' : 'CreateGroupMembership'}`;
  const limit = usage.ssoAdmin / rate;
  const all: Row[] = [
    {
      what: `${about}: executions that succeed`,
      usher: count(succeeded),
      target: count(joiners),
      met: succeeded === joiners,
    },
    { what: `${about}: people seated`, usher: count(seated), target: count(joiners), met: seated === joiners },
    {
      what: `${about}: handed over to another execution`,
      usher: `${count((100 * handedOver) / joiners, 2)} %`,
      target: '≥ 99.00 %',
      met: handedOver >= 0.99 * joiners,
    },
    atMost(`${about}: writes a seat`, (usage.calls[CREATE] ?? 0) / joiners, 1.2, { digits: 3 }),
    {
      what: `${about}: last seat after, as a multiple of the limit`,
      usher: `${duration(lastSeconds)}, ${count(lastSeconds / limit, 3)}`,
      beside: duration(sweep.lastSeconds),
      target: '≤ 1.200',
      met: lastSeconds <= 1.2 * limit,
    },
    {
      what: `${about}: sso-admin calls a seat`,
      usher: count(usage.ssoAdmin / joiners, 3),
      beside: count(sweep.usage.ssoAdmin / joiners, 3),
    },
  ];
  const ratio = totalOf(usage) / totalOf(sweep.usage);
  const calls = {
    what: `${about}: calls of Identity Center, as a multiple of one clean sweep`,
    usher: `${count(totalOf(usage))}, ${count(ratio, 3)}`,
    beside: count(totalOf(sweep.usage)),
  };
  all.push(via === 'scim' ? { ...calls, target: '≤ 1.150', met: ratio <= 1.15 } : calls);
  return all;
}

/** Both bursts. */
export function renderBursts(bursts: readonly Burst[], sweep: FirstSweep): string {
  return rows(
    bursts.flatMap((one) => rowsOf(one, sweep)),
    'one clean sweep',
  );
}
