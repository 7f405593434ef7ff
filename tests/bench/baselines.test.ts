import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConsoleEvent, Outcome } from '../../bench/baselines/event-lambda.ts';
import { deliverEvent, startScript } from '../../bench/baselines/run.ts';
import { withSdkRetries } from '../../bench/baselines/sdk-retries.ts';
import { consoleEvent, SEATS } from '../../bench/side-by-side.ts';
import { aWorld, type WorldOptions } from '../../bench/world.ts';
import type { FaultRule } from '../../emulator/aws/faults.ts';
import { APPLICATION, GROUP, people, user } from '../../emulator/scenario/example-ids.ts';
import { OTHER_GROUP } from '../support/ids.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const IS_MEMBER = 'IdentityStore.IsMemberInGroups';

/** A world in which programs other than Usher run. */
async function aRival(options: WorldOptions) {
  const world = await aWorld(options);
  onTestFinished(() => world.close());
  const { center, stack } = world;
  const numberOf = (id: string) => Number(id.slice(-12));
  return {
    ...world,
    assigned: () =>
      center.assigned(APPLICATION, Number.POSITIVE_INFINITY).values.map((one) => numberOf(one.principalId)),
    fault: (operation: string, kind: FaultRule['kind'], times = 1) => stack.faults.add({ operation, kind, times }),
    /** @returns what the script says in the end */
    async script() {
      const ends: unknown[] = [];
      world.after(0, () => startScript(stack, SEATS, (end) => ends.push(end)));
      await world.settle();
      return ends;
    },
    /** Delivers events at once, with the changes that they tell of made before. @returns what each came to */
    async events(...events: ConsoleEvent[]) {
      const outcomes: (Outcome | 'dropped')[] = [];
      world.after(0, () => {
        for (const { detail } of events) {
          const userId = detail.requestParameters.member?.memberId ?? '';
          if (detail.eventName === 'AddMemberToGroup') center.join(GROUP, userId);
          if (detail.eventName === 'RemoveMemberFromGroup') center.leave(GROUP, userId);
          deliverEvent(stack, { detail }, SEATS, (outcome) => outcomes.push(outcome));
        }
      });
      await world.settle();
      return outcomes;
    },
  };
}

describe('the script', () => {
  it('assigns all users, of more than a page, if nothing fails and nothing lags', async () => {
    const rival = await aRival({ people: 250, members: 250 });
    expect(await rival.script()).toEqual([{ givenUp: 0 }]);
    expect(rival.assigned()).toEqual(people(1, 250));
  });

  it('removes the assignments of users who are no members, page by page', async () => {
    const rival = await aRival({ people: 250, members: 1 });
    for (const number of people(1, 250)) rival.center.assignByHand(APPLICATION, user(number));
    await rival.script();
    expect(rival.assigned()).toEqual([1]);
  });

  it('does not touch groups that are assigned as a whole', async () => {
    const rival = await aRival({ people: 1, members: 1 });
    rival.center.assignByHand(APPLICATION, GROUP, 'GROUP');
    await rival.script();
    expect(rival.stack.calls()[DELETE]).toBeUndefined();
  });

  it('skips a call that fails more often than the SDK tries, and continues', async () => {
    const rival = await aRival({ people: 3, members: 3 });
    rival.fault(CREATE, 'internal', 3);
    expect(await rival.script()).toEqual([{ givenUp: 1 }]);
    expect(rival.assigned()).toEqual([2, 3]);
  });

  it('stops if a list cannot be read', async () => {
    const rival = await aRival({ people: 3, members: 3 });
    rival.fault('IdentityStore.ListGroupMemberships', 'throttle', 3);
    expect(await rival.script()).toEqual(['broke-off']);
    expect(rival.assigned()).toEqual([]);
  });
});

describe('the Lambda that waits', () => {
  it('assigns all users if nothing fails and nothing lags', async () => {
    const rival = await aRival({ people: 15 });
    const outcomes = await rival.events(...people(1, 15).map((number) => consoleEvent('join', user(number))));
    expect(outcomes).toEqual(people(1, 15).map(() => 'assigned'));
    expect(rival.assigned()).toEqual(people(1, 15));
  });

  it('takes a seat back', async () => {
    const rival = await aRival({ people: 1, members: 1 });
    rival.center.assignByHand(APPLICATION, user(1));
    expect(await rival.events(consoleEvent('leave', user(1)))).toEqual(['removed']);
    expect(rival.assigned()).toEqual([]);
  });

  it.each([
    ['waits until it shows', 14, 'assigned', [1]],
    ['answers with success after fifteen seconds, and the event is lost', 20, 'given-up', []],
  ])('%s', async (_fact, lagSeconds, outcome, assigned) => {
    const rival = await aRival({ people: 1 });
    rival.center.setLag(IS_MEMBER, lagSeconds);
    expect(await rival.events(consoleEvent('join', user(1)))).toEqual([outcome]);
    expect(rival.assigned()).toEqual(assigned);
  });

  it.each<[string, object]>([
    ['PatchGroup', { id: GROUP }],
    ['CreateGroupMembership', { groupId: GROUP, memberId: { userId: user(1) } }],
    ['AddMemberToGroup', { groupId: OTHER_GROUP, member: { memberId: user(1) } }],
    ['AddMemberToGroup', { groupId: GROUP }],
  ])('takes no notice of %s with %j', async (eventName, requestParameters) => {
    const rival = await aRival({ people: 1 });
    const event = { detail: { eventName, requestParameters } };
    const outcomes: string[] = [];
    rival.after(0, () => deliverEvent(rival.stack, event, SEATS, (outcome) => outcomes.push(outcome)));
    await rival.settle();
    expect(outcomes).toEqual(['ignored']);
    expect(rival.stack.calls()[CREATE]).toBeUndefined();
  });

  it('is invoked again a minute later when it failed, and the event is dropped after the third time', async () => {
    const rival = await aRival({ people: 2 });
    rival.fault(CREATE, 'internal', 5);
    expect(await rival.events(consoleEvent('join', user(1)))).toEqual(['assigned']);
    expect(rival.seatedAt.get(user(1))).toBeGreaterThan(60);
    rival.fault(CREATE, 'internal', 9);
    expect(await rival.events(consoleEvent('join', user(2)))).toEqual(['dropped']);
    expect(rival.assigned()).toEqual([1]);
  });
});

describe('what an SDK client does by default', () => {
  /** Sends until it succeeds or is given up. @returns how often it tried, and what it waited in all */
  async function trying(fault: FaultRule['kind'], times: number) {
    const rival = await aRival({ people: 1, members: 1 });
    rival.fault(CREATE, fault, times);
    await rival.script();
    return { tries: rival.stack.calls()[CREATE], assigned: rival.assigned() };
  }

  it.each<[FaultRule['kind'], number, number, number[]]>([
    ['throttle', 2, 3, [1]],
    ['internal', 2, 3, [1]],
    ['internal', 3, 3, []],
    ['conflict', 1, 1, []],
  ])('is: %s %d times → %d requests', async (fault, times, tries, assigned) => {
    expect(await trying(fault, times)).toEqual({ tries, assigned });
  });

  it('is to wait longer each time, and longer after a throttle', async () => {
    const waits: number[] = [];
    const clock = {
      now: () => new Date(0),
      sleep: async (seconds: number) => {
        waits.push(seconds);
      },
    };
    const failing = (error: Error) => withSdkRetries(clock, () => Promise.reject(error)).catch(() => undefined);
    await failing(Object.assign(new Error('internal'), { $fault: 'server' }));
    await failing(Object.assign(new Error('rate'), { name: 'ThrottlingException' }));
    await failing(new Error('a bug'));
    expect(waits).toEqual([0.1, 0.2, 0.5, 1]);
  });
});
