import { DIRECTORY_PER_SECOND, secondsToList } from '../domain/pace.ts';
import type { BatchRef } from '../domain/queue/rounds.ts';
import type { Via } from '../emulator/aws/cloudtrail/cloudtrail.ts';
import { GROUP, user } from '../emulator/scenario/example-ids.ts';
import { sweepThrough } from './first-sweep.ts';
import { atMost, count, type Row, rows, table } from './report.ts';
import { openWorld } from './world.ts';

/** A join that arrived while a round of a first sweep was made. */
interface Wait {
  via: Via;
  /** Seconds from the beginning of a batch to the join. */
  intoBatchSeconds: number;
  /** From the join to the assignment. */
  waitSeconds: number;
}

/** How long users waited who joined in the middle of a first sweep. */
export interface MidRound {
  members: number;
  rate: number;
  waits: readonly Wait[];
}

/**
 * Moments within a batch of about 180 s: right after it has begun, in its course, and shortly before its end. An execution
 * waits 10 s before it acts on a hint about a group: that of 172 s comes right after the next batch has begun.
 */
const MOMENTS_SECONDS = [1, 30, 60, 90, 120, 150, 172];

/** How a change is recorded: by the console with the user, by SCIM with the group alone. */
const VIAS = ['console', 'scim'] as const;

/**
 * Plays joins in the middle of a first sweep: in each batch but the first of a round, one join, at another moment. Every
 * second one is recorded as a hint about the group.
 */
export async function midRound(members: number, rate: number, moments = MOMENTS_SECONDS): Promise<MidRound> {
  const joins = moments.flatMap((intoBatchSeconds) => VIAS.map((via) => ({ via, intoBatchSeconds })));
  const joined = new Map<string, { via: Via; intoBatchSeconds: number; at: number }>();
  const onBatch = ({ batch }: BatchRef) => {
    // A join has a round of one batch.
    const next = batch > 0 ? joins.shift() : undefined;
    if (!next) return;
    world.after(next.intoBatchSeconds, () => {
      const userId = user(members + joined.size + 1);
      joined.set(userId, { ...next, at: world.seconds() });
      world.center.addUser({ userId, userName: `joiner-${joined.size}` });
      return world.change({ change: 'join', groupId: GROUP, userId }, next.via);
    });
  };
  const world = await openWorld({ people: members, members, requestsPerSecond: rate, onBatch });
  await sweepThrough(world);
  const { seatedAt } = world;
  await world.close();
  if (joins.length > 0) throw new Error('the sweep had fewer batches than joins');
  const waits = [...joined].map(([userId, { at, ...join }]) => {
    return { ...join, waitSeconds: (seatedAt.get(userId) ?? Number.POSITIVE_INFINITY) - at };
  });
  return { members, rate, waits };
}

/** One batch: 180 s of writes, and a few seconds for its audit events, one plan and the grant. */
const ONE_BATCH_SECONDS = 190;
/** So long an execution waits before it acts on a hint that names no user. */
const HINT_SECONDS = 10;

/** Lists the longest wait of a named user, and that of a user of whom only the group is known. */
export function midRoundRows({ members, rate, waits }: MidRound): Row[] {
  const longest = (via: Via) =>
    Math.max(...waits.filter((one) => one.via === via).map(({ waitSeconds }) => waitSeconds));
  const label = `${count(members)} at ${rate} per second: longest wait`;
  const reading = secondsToList(members, DIRECTORY_PER_SECOND);
  const options = { digits: 1, unit: 's' };
  return [
    atMost(`${label} of a named user`, longest('console'), ONE_BATCH_SECONDS, options),
    atMost(
      `${label} after a hint about the group`,
      longest('scim'),
      HINT_SECONDS + ONE_BATCH_SECONDS + reading,
      options,
    ),
  ];
}

/** Renders the targets, and all waits by the moment of the join. */
export function renderMidRound(result: MidRound): string {
  const waitOf = (via: Via, moment: number) =>
    result.waits
      .filter((one) => one.via === via && one.intoBatchSeconds === moment)
      .map(({ waitSeconds }) => waitSeconds);
  const moments = [...new Set(result.waits.map(({ intoBatchSeconds }) => intoBatchSeconds))];
  return [
    rows(midRoundRows(result)),
    table(
      ['seconds into a batch', 'named user', 'hint about the group'],
      moments.map((moment) => [count(moment), ...VIAS.map((via) => `${count(Math.max(...waitOf(via, moment)), 1)} s`)]),
    ),
  ].join('\n\n');
}
