import type { FaultRule } from '../emulator/aws/fault-rules.ts';
import type { Faults } from '../emulator/aws/faults.ts';
import { seededRandom } from '../emulator/aws/random.ts';
import { APPLICATION, GROUP, STORE_ID, user } from '../emulator/scenario/example-ids.ts';
import type { ConsoleEvent } from './baselines/event-lambda.ts';
import { deliverEvent, startScript } from './baselines/run.ts';
import type { BaselineTarget } from './baselines/script.ts';
import { count, duration, table } from './report.ts';
import { HOUR_SECONDS, openWorld, TICK_SECONDS, type World } from './world.ts';

/** The group and the application that the baselines serve. */
export const BASELINE_TARGET: BaselineTarget = {
  identityStoreId: STORE_ID,
  groupId: GROUP,
  applicationArn: APPLICATION,
};

/** Makes an event of the console, with the fields that the baseline reads. */
export function consoleEvent(change: 'join' | 'leave', userId: string): ConsoleEvent {
  const eventName = change === 'join' ? 'AddMemberToGroup' : 'RemoveMemberFromGroup';
  return { detail: { eventName, requestParameters: { groupId: GROUP, member: { memberId: userId } } } };
}

/** Usher and its baselines. */
export type Contender = 'usher' | 'script' | 'eventLambda';
export const CONTENDERS: readonly Contender[] = ['usher', 'script', 'eventLambda'];

/** What goes wrong while a contender runs. */
export interface Conditions {
  /** Percentage of requests to Identity Center that fail. */
  faultPercent: number;
  /** Reads of memberships show the state of this many seconds ago. */
  lagSeconds: number;
  /** How the changes are made. */
  via: 'console' | 'scim';
}

/** The seats at the end, and what they took. */
export interface Score extends Conditions {
  contender: Contender;
  seated: number;
  /** Members of the group without a seat. */
  left: number;
  /** Users with a seat who are not in the group. */
  kept: number;
  /** Changes that ended without effect, and without a failed execution, a message in a queue or an alarm. */
  lost: number;
  identityCenterCalls: number;
  /** From the join to the assignment, of users who have a seat. */
  medianSeconds: number | undefined;
  longestSeconds: number | undefined;
}

const SEATED_BEFORE = 200;
const JOINERS = 200;
const LEAVERS = 100;
/** Enough time for all retries and three sweeps. */
const AFTERWARDS_SECONDS = 4 * HOUR_SECONDS;

/** Plays one contender: within one hour, 200 users join a group of 200 and 100 leave it. */
export async function contend(contender: Contender, conditions: Conditions): Promise<Score> {
  const world = await openWorld({ people: SEATED_BEFORE + JOINERS, members: SEATED_BEFORE });
  const { center, stack } = world;
  await prepareSeats(contender, world);
  world.usage();
  for (const read of ['IdentityStore.IsMemberInGroups', 'IdentityStore.ListGroupMemberships'] as const) {
    center.setLag(read, conditions.lagSeconds);
  }
  addFaults(stack.faults, conditions.faultPercent);
  const joinedAt = new Map<string, number>();
  const lost = { count: 0 };
  const makeChange = changeMakerOf(contender, conditions, world, lost);
  for (let change = 0; change < JOINERS + LEAVERS; change += 1) {
    const joins = change % 3 !== 2;
    const nth = joins ? change - Math.floor(change / 3) : (change - 2) / 3;
    const userId = user(joins ? SEATED_BEFORE + 1 + nth : 1 + nth);
    world.after((change * HOUR_SECONDS) / (JOINERS + LEAVERS), () => {
      if (joins) joinedAt.set(userId, world.seconds());
      return makeChange(joins ? 'join' : 'leave', userId);
    });
  }
  if (contender === 'usher') {
    for (let at = TICK_SECONDS; at <= HOUR_SECONDS + AFTERWARDS_SECONDS; at += TICK_SECONDS)
      world.after(at, () => stack.start({ scope: 'tick' }));
  }
  if (contender === 'script') {
    world.after(HOUR_SECONDS, () =>
      startScript(stack, BASELINE_TARGET, (end) => {
        lost.count += end === 'broke-off' ? JOINERS + LEAVERS : end.givenUp;
      }),
    );
  }
  world.after(HOUR_SECONDS + AFTERWARDS_SECONDS, () => undefined);
  await world.runUntilIdle();
  const score = scoreOf(world, joinedAt);
  const { identityStore, ssoAdmin } = world.usage();
  await world.close();
  return { contender, ...conditions, ...score, lost: lost.count, identityCenterCalls: identityStore + ssoAdmin };
}

async function prepareSeats(contender: Contender, { center, stack, after, runUntilIdle }: World): Promise<void> {
  if (contender === 'usher') await stack.start({ scope: 'everything' });
  else for (let number = 1; number <= SEATED_BEFORE; number += 1) center.assignByHand(APPLICATION, user(number));
  after(HOUR_SECONDS, () => undefined);
  await runUntilIdle();
}

/** Returns a function that makes a change and notifies the contender in its own way. */
function changeMakerOf(
  contender: Contender,
  { via }: Conditions,
  world: World,
  lost: { count: number },
): (change: 'join' | 'leave', userId: string) => unknown {
  const { center, stack } = world;
  if (contender === 'usher') return (change, userId) => world.change({ change, groupId: GROUP, userId }, via);
  return (change, userId) => {
    if (change === 'join') center.join(GROUP, userId);
    else center.leave(GROUP, userId);
    if (contender === 'script') return;
    // The rule of this architecture ignores PatchGroup.
    if (via === 'scim') lost.count += 1;
    else
      deliverEvent(stack, consoleEvent(change, userId), BASELINE_TARGET, (outcome) => {
        if (outcome !== 'assigned' && outcome !== 'removed') lost.count += 1;
      });
  };
}

function scoreOf({ center, seatedAt }: World, joinedAt: ReadonlyMap<string, number>) {
  const members = new Set(center.memberships(GROUP, Number.POSITIVE_INFINITY).values.map(({ userId }) => userId));
  const assigned = new Set(center.assigned(APPLICATION, Number.POSITIVE_INFINITY).values.map((one) => one.principalId));
  const seated = members.intersection(assigned);
  const waits = [...joinedAt]
    .flatMap(([userId, joined]) => {
      const at = seatedAt.get(userId);
      return seated.has(userId) && at !== undefined ? [at - joined] : [];
    })
    .sort((a, b) => a - b);
  return {
    seated: seated.size,
    left: members.difference(assigned).size,
    kept: assigned.difference(members).size,
    medianSeconds: waits[Math.floor(waits.length / 2)],
    longestSeconds: waits.at(-1),
  };
}

const READS = [
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
];
const CHANGES = ['SSOAdmin.CreateApplicationAssignment', 'SSOAdmin.DeleteApplicationAssignment'];
/** More requests per operation than any contender makes. */
const REQUESTS = 6000;

/**
 * Makes the same share of each operation's requests fail, at random but the same in every run: throttling, server errors
 * without effect, and for changes also server errors with effect and conflicts.
 */
function addFaults(faults: Faults, percent: number): void {
  for (const operation of [...READS, ...CHANGES]) {
    const kinds: FaultRule['kind'][] = CHANGES.includes(operation)
      ? ['throttle', 'internal', 'internal-after', 'conflict']
      : ['throttle', 'internal'];
    const random = seededRandom(operation.length);
    let failed = 0;
    for (let request = 0; request < REQUESTS; request += 1) {
      if (random() * 100 >= percent) continue;
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'throttle';
      // A rule does not count the requests that earlier rules fail.
      faults.add({ operation, kind, skip: request - failed });
      failed += 1;
    }
  }
}

const CONTENDER_NAMES: Readonly<Record<Contender, string>> = {
  usher: '**Usher**',
  script: 'a sequential script',
  eventLambda: 'one Lambda that waits 5 × 3 s',
};

/** Renders scores as a table. */
export function renderScores(scores: readonly Score[]): string {
  return table(
    [
      'contender',
      'faults',
      'lag',
      'seated correctly',
      'seat missing',
      'seat left over',
      'lost',
      'calls',
      'median time to seat',
      'longest',
    ],
    scores.map((score) => [
      CONTENDER_NAMES[score.contender],
      `${score.faultPercent} %`,
      duration(score.lagSeconds),
      `${count(score.seated)} of ${count(score.seated + score.left)}`,
      count(score.left),
      count(score.kept),
      count(score.lost),
      count(score.identityCenterCalls),
      score.medianSeconds === undefined ? '' : duration(score.medianSeconds),
      score.longestSeconds === undefined ? '' : duration(score.longestSeconds),
    ]),
  );
}
