import type { FaultRule, Faults } from '../emulator/aws/faults.ts';
import { seededRandom } from '../emulator/engine/interpreter.ts';
import { APPLICATION, GROUP, STORE_ID, user } from '../emulator/scenario/example-ids.ts';
import type { ConsoleEvent } from './baselines/event-lambda.ts';
import { deliverEvent, startScript } from './baselines/run.ts';
import type { BaselineTarget } from './baselines/script.ts';
import { count, duration, table } from './report.ts';
import { openWorld, type World } from './world.ts';

/** The ids that the baselines are given. */
export const BASELINE_TARGET: BaselineTarget = {
  identityStoreId: STORE_ID,
  groupId: GROUP,
  applicationArn: APPLICATION,
};

/** An event of the console, as far as the baselines read it. */
export function consoleEvent(change: 'join' | 'leave', userId: string): ConsoleEvent {
  const eventName = change === 'join' ? 'AddMemberToGroup' : 'RemoveMemberFromGroup';
  return { detail: { eventName, requestParameters: { groupId: GROUP, member: { memberId: userId } } } };
}

export type Contender = 'usher' | 'script' | 'eventLambda';
export const CONTENDERS: readonly Contender[] = ['usher', 'script', 'eventLambda'];

/** What goes wrong while they work. */
export interface Conditions {
  /** Of every hundred requests to Identity Center, so many fail. */
  faultPercent: number;
  /** Reads of memberships show the world as it was so many seconds ago. */
  lagSeconds: number;
  /** By which way the changes are made. */
  via: 'console' | 'scim';
}

/** What became of everybody. */
export interface Score extends Conditions {
  contender: Contender;
  seated: number;
  /** In the group and without a seat. */
  left: number;
  /** Not in the group and with a seat. */
  kept: number;
  /** Changes that ended without effect, and without a failed execution, a message in a queue or an alarm. */
  lost: number;
  identityCenterCalls: number;
  /** From the join to the assignment, of those who are seated. */
  medianSeconds: number | undefined;
  longestSeconds: number | undefined;
}

const SEATED_BEFORE = 200;
const JOINERS = 200;
const LEAVERS = 100;
const HOUR = 3600;
/** Time enough for what is retried, and for three sweeps. */
const AFTERWARDS = 4 * HOUR;
const TICK = 300;

/** Plays one contender: within an hour 200 people join a group of 200 and 100 leave it. */
export async function contend(contender: Contender, conditions: Conditions): Promise<Score> {
  const everybody = SEATED_BEFORE + JOINERS;
  const world = await openWorld({ people: everybody, members: SEATED_BEFORE });
  const { center, stack } = world;
  await prepareSeats(contender, world);
  world.usage();
  for (const read of ['IdentityStore.IsMemberInGroups', 'IdentityStore.ListGroupMemberships'] as const) {
    center.setLag(read, conditions.lagSeconds);
  }
  addFaults(stack.faults, conditions.faultPercent);
  const joinedAt = new Map<string, number>();
  const lost = { count: 0 };
  const tell = changeMakerOf(contender, conditions, world, lost);
  for (let change = 0; change < JOINERS + LEAVERS; change += 1) {
    const joins = change % 3 !== 2;
    const nth = joins ? change - Math.floor(change / 3) : (change - 2) / 3;
    const userId = user(joins ? SEATED_BEFORE + 1 + nth : 1 + nth);
    world.after((change * HOUR) / (JOINERS + LEAVERS), () => {
      if (joins) joinedAt.set(userId, world.seconds());
      return tell(joins ? 'join' : 'leave', userId);
    });
  }
  if (contender === 'usher') {
    for (let at = TICK; at <= HOUR + AFTERWARDS; at += TICK) world.after(at, () => stack.start({ scope: 'tick' }));
  }
  if (contender === 'script') {
    world.after(HOUR, () =>
      startScript(stack, BASELINE_TARGET, (end) => {
        lost.count += end === 'broke-off' ? JOINERS + LEAVERS : end.givenUp;
      }),
    );
  }
  world.after(HOUR + AFTERWARDS, () => undefined);
  await world.runUntilIdle();
  const score = scoreOf(world, joinedAt);
  const { identityStore, ssoAdmin } = world.usage();
  await world.close();
  return { contender, ...conditions, ...score, lost: lost.count, identityCenterCalls: identityStore + ssoAdmin };
}

async function prepareSeats(contender: Contender, { center, stack, after, runUntilIdle }: World): Promise<void> {
  if (contender === 'usher') await stack.start({ scope: 'everything' });
  else for (let number = 1; number <= SEATED_BEFORE; number += 1) center.assignByHand(APPLICATION, user(number));
  after(HOUR, () => undefined);
  await runUntilIdle();
}

/** Makes a change, and has the contender told in its own way. */
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
    // Of a PatchGroup, the rule of this architecture takes no notice.
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
  const took = [...joinedAt]
    .flatMap(([userId, joined]) => {
      const at = seatedAt.get(userId);
      return seated.has(userId) && at !== undefined ? [at - joined] : [];
    })
    .sort((a, b) => a - b);
  return {
    seated: seated.size,
    left: members.difference(assigned).size,
    kept: assigned.difference(members).size,
    medianSeconds: took[Math.floor(took.length / 2)],
    longestSeconds: took.at(-1),
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
/** More requests of one operation than anybody makes here. */
const REQUESTS = 6000;

/**
 * Of each operation's requests the same share fails, at random but in every run the same: throttled, a server error without
 * effect, one with effect, and a conflict where something is changed.
 */
function addFaults(faults: Faults, percent: number): void {
  for (const operation of [...READS, ...CHANGES]) {
    const kinds: FaultRule['kind'][] = CHANGES.includes(operation)
      ? ['throttle', 'internal', 'internal-after', 'conflict']
      : ['throttle', 'internal'];
    const dice = seededRandom(operation.length);
    let struck = 0;
    for (let request = 0; request < REQUESTS; request += 1) {
      if (dice() * 100 >= percent) continue;
      const kind = kinds[Math.floor(dice() * kinds.length)] ?? 'throttle';
      // A rule doesn't see the requests that those before it strike.
      faults.add({ operation, kind, skip: request - struck });
      struck += 1;
    }
  }
}

const CONTENDER_NAMES: Readonly<Record<Contender, string>> = {
  usher: '**Usher**',
  script: 'a sequential script',
  eventLambda: 'one Lambda that waits 5 × 3 s',
};

/** All scores of one table. */
export function renderScores(scores: readonly Score[]): string {
  return table(
    [
      'contender',
      'faults',
      'lag',
      'seated rightly',
      'wrongly left',
      'wrongly kept',
      'lost',
      'calls',
      'median to seat',
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
