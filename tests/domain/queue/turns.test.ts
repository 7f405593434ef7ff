import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeItems, dueItems, requeueServed } from '../../../domain/queue/claim.ts';
import { nextTurn, usersPerPass } from '../../../domain/queue/turns.ts';
import type { WorkItems, WorkQueue } from '../../../domain/queue/work-queue.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { anEntitlement, aQueue, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, group, ME, OTHER_APPLICATION, people, START, user } from '../../support/ids.ts';
import { enqueued, heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const users = (...seconds: number[]) =>
  Object.fromEntries(seconds.map((second, index) => [user(index + 1), aUserItem({ dueAt: iso(second) })]));
const sweeps = { [APPLICATION]: aSweepItem({ dueAt: iso(-5) }), [OTHER_APPLICATION]: aSweepItem({ dueAt: iso(-9) }) };

/** The keys that the next pass serves. */
function served(queue: WorkQueue, mostUsers = 2): string[] {
  const turn = nextTurn(queue, START, mostUsers);
  if (turn?.serves === 'round') return [`round ${turn.round.id}`];
  if (turn?.serves === 'joins') return [`who joined ${turn.application}`];
  return turn ? [...Object.keys(turn.items.users), ...Object.keys(turn.items.sweeps)] : [];
}

describe('the next turn', () => {
  it('serves users by how long they have been due, and leaves the rest due', () => {
    expect(served(aQueue({ users: users(-1, -30, -600, -2) }))).toEqual([user(3), user(2)]);
  });

  it('is that of the users first, and then of the application that has been due the longest', () => {
    const queue = aQueue({ users: users(-1), sweeps });
    expect(served(queue)).toEqual([user(1)]);
    expect(served({ ...queue, served: 'sweeps' })).toEqual([user(1)]);
    expect(served({ ...queue, served: 'users' })).toEqual([OTHER_APPLICATION]);
  });

  it.each(['users', 'sweeps'] as const)('is that of all who are due if no others are, after %s', (last) => {
    expect(served(aQueue({ served: last, sweeps }))).toEqual([OTHER_APPLICATION, APPLICATION]);
    expect(served(aQueue({ served: last, users: users(-1) }))).toEqual([user(1)]);
    expect(served(aQueue({ served: last }))).toEqual([]);
  });

  it('serves nothing that is due later', () => {
    const later = aQueue({
      served: 'users',
      users: users(-1),
      sweeps: { [APPLICATION]: aSweepItem({ dueAt: iso(1) }) },
    });
    expect(served(later)).toEqual([user(1)]);
  });
});

describe('a stored round', () => {
  const round = aRound({ id: 3, servedAt: iso(-7) });

  it('has its turn when nothing else is due', () => {
    expect(served(aQueue({ rounds: [round, aRound({ id: 4 })] }))).toEqual(['round 3']);
  });

  it('waits for the users who are due, for one turn', () => {
    const queue = aQueue({ users: users(-1), rounds: [round] });
    expect(served(queue)).toEqual([user(1)]);
    expect(served({ ...queue, served: 'users' })).toEqual(['round 3']);
    expect(served({ ...queue, served: 'round' })).toEqual([user(1)]);
  });

  it('shares the turns that users leave with applications, by the time since the last turn', () => {
    const queue = aQueue({ sweeps, rounds: [round] });
    expect(served(queue)).toEqual([OTHER_APPLICATION, APPLICATION]);
    expect(served({ ...queue, rounds: [{ ...round, servedAt: iso(-10) }] })).toEqual(['round 3']);
  });

  it('waits for a look at the groups that were hinted at since its last turn', () => {
    const hinted = { groups: [GROUP], dueAt: iso(-8), at: iso(-8), since: iso(-8), cause: 'event-2', hints: 9 };
    const item = aSweepItem({ planned: 3, dueAt: iso(-600), hinted });
    const queue = aQueue({ sweeps: { [APPLICATION]: item }, rounds: [round] });
    expect(served(queue)).toEqual([`who joined ${APPLICATION}`]);
    expect(served({ ...queue, rounds: [{ ...round, servedAt: iso(-9) }] })).toEqual(['round 3']);
    const unplanned = aQueue({ sweeps: { [APPLICATION]: item } });
    expect(served(unplanned)).toEqual([APPLICATION]);
  });
});

describe('an item that is due', () => {
  const queue = aQueue({
    ...heldBy(ME),
    users: { [user(1)]: aUserItem({ dueAt: iso(-30) }) },
    sweeps: { [APPLICATION]: aSweepItem({ dueAt: iso(-30) }) },
  });
  const hint = { users: [{ userId: user(1) }], applications: [APPLICATION] };

  it('keeps its place when a hint is added', () => {
    const hinted = enqueued(queue, hint);
    expect([hinted.users[user(1)]?.dueAt, hinted.sweeps[APPLICATION]?.dueAt]).toEqual([iso(-30), iso(-30)]);
  });

  it('goes to the end if the hint came while it was served', () => {
    const taken = reread(queue);
    const hinted = reread(enqueued(taken, hint));
    const done = completeItems(hinted, taken, {
      me: ME,
      startedAt: at(-3),
      requeueAt: new Map(),
      faulted: new Set<string>(),
    });
    expect([done.users[user(1)]?.dueAt, done.sweeps[APPLICATION]?.dueAt]).toEqual([iso(-3), iso(27)]);
  });

  it('goes to the end if its pass left something to do', () => {
    const after = requeueServed(queue, { users: {}, sweeps: queue.sweeps }, at(-3));
    expect([after.users[user(1)]?.dueAt, after.sweeps[APPLICATION]?.dueAt]).toEqual([iso(-30), iso(-3)]);
  });
});

/** What arrives before a pass, and whether the pass leaves something to do. */
interface Arrival {
  users: number[];
  application: string | null;
  unfinished: boolean;
}

const MOST_USERS = 3;
const arrival: fc.Arbitrary<Arrival> = fc.record({
  users: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 8 }),
  application: fc.option(fc.constantFrom(APPLICATION, OTHER_APPLICATION)),
  unfinished: fc.boolean(),
});
const keysOf = ({ users: named, sweeps: swept }: WorkItems) => [...Object.keys(named), ...Object.keys(swept)];

/** Serves a queue pass by pass, one every 40 s, and returns for how many passes the items of each pass were due. */
function waitsOf(arrivals: readonly Arrival[]): { key: string; passes: number }[] {
  let queue = aQueue(heldBy(ME, 100_000));
  const waited = new Map<string, number>();
  return arrivals.flatMap(({ users: named, application, unfinished }, pass) => {
    const now = at(pass * 40);
    const applications = application ? [application] : [];
    const request = {
      trigger: 'manual' as const,
      users: named.map((number) => ({ userId: user(number) })),
      applications,
    };
    queue = reread(enqueued(queue, request, pass * 40));
    for (const key of keysOf(dueItems(queue, now))) waited.set(key, (waited.get(key) ?? 0) + 1);
    const turn = nextTurn(queue, now, MOST_USERS);
    if (!turn) return [];
    if (turn.serves === 'round' || turn.serves === 'joins') throw new Error('no round is stored');
    const { items, serves, contested } = turn;
    const options = { me: ME, startedAt: now, requeueAt: new Map(), faulted: new Set<string>() };
    const noted = contested ? { ...queue, served: serves } : queue;
    queue = reread(unfinished ? requeueServed(noted, items, now) : completeItems(noted, items, options));
    return keysOf(items).map((key) => {
      const passes = waited.get(key) ?? 0;
      waited.delete(key);
      return { key, passes };
    });
  });
}

describe('in any order of arrival', () => {
  it('no item is due for more passes than those before it take, twice, and one turn more', () => {
    const applications = [APPLICATION, OTHER_APPLICATION];
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 10, maxLength: 60 }), (arrivals) => {
        for (const { key, passes } of waitsOf(arrivals)) {
          const turns = applications.includes(key) ? applications.length : 12 / MOST_USERS;
          expect(passes).toBeLessThanOrEqual(2 * (turns + 1));
        }
      }),
    );
  });
});

describe('a pass', () => {
  it.each([
    ['one application at 10 requests per second', 1, 1, 10, 600],
    ['one application at 2 requests per second', 1, 1, 2, 120],
    ['ten applications at 10 requests per second', 10, 1, 10, 60],
    ['a hundred applications with a hundred groups each', 100, 100, 10, 6],
    ['a hundred applications at one request per second', 100, 1, 1, 1],
  ])('takes as many users as a minute of requests allows: %s', (_fact, applications, groups, pace, expected) => {
    const entitlements = people(1, applications).map((number) => ({
      ...anEntitlement(number),
      groups: people(1, groups).map((other) => group(number * 1000 + other)),
    }));
    expect(usersPerPass({ ...exampleEntitlements(), entitlements, requestsPerSecond: pace })).toBe(expected);
  });
});
