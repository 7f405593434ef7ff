import { ALL_BELIEFS } from './beliefs/all.ts';
import { isOfCode } from './beliefs/belief.ts';
import { accounts } from './probes/accounts.ts';
import { application } from './probes/application.ts';
import { assignment } from './probes/assignment.ts';
import { directory } from './probes/directory.ts';
import { events } from './probes/events.ts';
import { membership } from './probes/membership.ts';
import type { Finding, Permission, Probe } from './probes/probe.ts';
import { subscriptionList, subscriptionWrites } from './probes/subscriptions.ts';
import type { Targets, World } from './probes/world.ts';

/** All probes, those that only read first. */
export const PROBES: readonly Probe[] = [
  accounts,
  directory,
  application,
  events,
  subscriptionList,
  membership,
  assignment,
  subscriptionWrites,
];

/**
 * What became of a belief. `holds`: AWS answered so. `tolerated`: it did not, and Usher works all the same. `false`: it did
 * not, and Usher depends on it. `open`: it could not be seen.
 */
export type Verdict = 'holds' | 'tolerated' | 'false' | 'open';

/** A row of the result. */
export interface Row extends Omit<Finding, 'holds'> {
  probe: string;
  verdict: Verdict;
}

/** A probe that was not run, or failed. */
export interface Unrun {
  probe: string;
  reason: string;
  /** It was begun, and did not come to its end. */
  failed?: true;
}

/** What the person who runs the probes has named and allowed. */
export interface Request {
  targets: Targets;
  permissions: ReadonlySet<Permission>;
}

/** Returns why a probe is not run; undefined if it is. */
export function whyNot({ needs, permissions }: Probe, { targets, permissions: given }: Request): string | undefined {
  const missing = needs.filter((need) => targets[need] === undefined).map((need) => FLAGS[need]);
  const denied = permissions.filter((one) => !given.has(one)).map((one) => `--${one}`);
  const flags = [...missing, ...denied];
  return flags.length === 0 ? undefined : `it needs ${flags.join(', ')}`;
}

/** The flags that name a target. */
export const FLAGS: Readonly<Record<keyof Targets, string>> = {
  application: '--application ARN',
  user: '--user ID',
  group: '--group ID',
  profileRegion: '--profile-region REGION',
  plan: '--plan PLAN',
  machine: '--machine ARN',
};

/** Runs the probes one after another. A probe that fails keeps no other from running. */
export async function runProbes(
  request: Request,
  world: World,
  onProbe: (probe: Probe) => void = () => undefined,
): Promise<{ rows: Row[]; unrun: Unrun[] }> {
  const rows: Row[] = [];
  const unrun: Unrun[] = [];
  for (const probe of PROBES) {
    const reason = whyNot(probe, request);
    if (world.stop.aborted || reason !== undefined) {
      unrun.push({ probe: probe.name, reason: reason ?? reasonOf(world.stop.reason) });
      continue;
    }
    onProbe(probe);
    try {
      rows.push(...(await probe.run(world)).map((finding) => rowOf(probe, finding)));
    } catch (error) {
      unrun.push({ probe: probe.name, reason: reasonOf(error), failed: true });
    }
  }
  return { rows, unrun };
}

/** Messages of AWS may name the caller, whose session may have the name of a person. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  return '$metadata' in error ? `AWS answered ${error.name}` : error.message;
}

function rowOf({ name }: Probe, { holds, ...finding }: Finding): Row {
  const belief = ALL_BELIEFS.find(({ id }) => id === finding.belief);
  if (!belief) throw new TypeError(`no belief is called ${finding.belief}`);
  const verdict =
    holds === undefined ? 'open' : holds ? 'holds' : belief.tolerated || !isOfCode(belief) ? 'tolerated' : 'false';
  return { probe: name, ...finding, verdict };
}
