import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConsoleEvent, EventOutcome } from '../../bench/baselines/event-lambda.ts';
import { deliverEvent, startScript } from '../../bench/baselines/run.ts';
import { withSdkRetries } from '../../bench/baselines/sdk-retries.ts';
import { BASELINE_TARGET, consoleEvent } from '../../bench/side-by-side.ts';
import { openWorld, type WorldOptions } from '../../bench/world.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { APPLICATION, GROUP, people, user } from '../../emulator/scenario/example-ids.ts';
import { OTHER_GROUP } from '../support/ids.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const IS_MEMBER = 'IdentityStore.IsMemberInGroups';

/** A world in which programs other than Usher run. */
async function aBaseline(options: WorldOptions) {
  const world = await openWorld(options);
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
      world.after(0, () => startScript(stack, BASELINE_TARGET, (end) => ends.push(end)));
      await world.runUntilIdle();
      return ends;
    },
    /** Delivers events at once, with the changes that they tell of made before. @returns what each came to */
    async events(...events: ConsoleEvent[]) {
      const outcomes: (EventOutcome | 'dropped')[] = [];
      world.after(0, () => {
        for (const { detail } of events) {
          const userId = detail.requestParameters.member?.memberId ?? '';
          if (detail.eventName === 'AddMemberToGroup') center.join(GROUP, userId);
          if (detail.eventName === 'RemoveMemberFromGroup') center.leave(GROUP, userId);
          deliverEvent(stack, { detail }, BASELINE_TARGET, (outcome) => outcomes.push(outcome));
        }
      });
      await world.runUntilIdle();
      return outcomes;
    },
  };
}

describe('the script', () => {
  it('assigns all users, of more than a page, if nothing fails and nothing lags', async () => {
    const baseline = await aBaseline({ people: 250, members: 250 });
    expect(await baseline.script()).toEqual([{ givenUp: 0 }]);
    expect(baseline.assigned()).toEqual(people(1, 250));
  });

  it('removes the assignments of users who are no members, page by page', async () => {
    const baseline = await aBaseline({ people: 250, members: 1 });
    for (const number of people(1, 250)) baseline.center.assignByHand(APPLICATION, user(number));
    await baseline.script();
    expect(baseline.assigned()).toEqual([1]);
  });

  it('does not touch groups that are assigned as a whole', async () => {
    const baseline = await aBaseline({ people: 1, members: 1 });
    baseline.center.assignByHand(APPLICATION, GROUP, 'GROUP');
    await baseline.script();
    expect(baseline.stack.calls()[DELETE]).toBeUndefined();
  });

  it('skips a call that fails more often than the SDK tries, and continues', async () => {
    const baseline = await aBaseline({ people: 3, members: 3 });
    baseline.fault(CREATE, 'internal', 3);
    expect(await baseline.script()).toEqual([{ givenUp: 1 }]);
    expect(baseline.assigned()).toEqual([2, 3]);
  });

  it('stops if a list cannot be read', async () => {
    const baseline = await aBaseline({ people: 3, members: 3 });
    baseline.fault('IdentityStore.ListGroupMemberships', 'throttle', 3);
    expect(await baseline.script()).toEqual(['broke-off']);
    expect(baseline.assigned()).toEqual([]);
  });
});

describe('the Lambda that waits', () => {
  it('assigns all users if nothing fails and nothing lags', async () => {
    const baseline = await aBaseline({ people: 15 });
    const outcomes = await baseline.events(...people(1, 15).map((number) => consoleEvent('join', user(number))));
    expect(outcomes).toEqual(people(1, 15).map(() => 'assigned'));
    expect(baseline.assigned()).toEqual(people(1, 15));
  });

  it('takes a seat back', async () => {
    const baseline = await aBaseline({ people: 1, members: 1 });
    baseline.center.assignByHand(APPLICATION, user(1));
    expect(await baseline.events(consoleEvent('leave', user(1)))).toEqual(['removed']);
    expect(baseline.assigned()).toEqual([]);
  });

  it.each([
    ['waits until it shows', 14, 'assigned', [1]],
    ['answers with success after fifteen seconds, and the event is lost', 20, 'given-up', []],
  ])('%s', async (_fact, lagSeconds, outcome, assigned) => {
    const baseline = await aBaseline({ people: 1 });
    baseline.center.setLag(IS_MEMBER, lagSeconds);
    expect(await baseline.events(consoleEvent('join', user(1)))).toEqual([outcome]);
    expect(baseline.assigned()).toEqual(assigned);
  });

  it.each<[string, object]>([
    ['PatchGroup', { id: GROUP }],
    ['CreateGroupMembership', { groupId: GROUP, memberId: { userId: user(1) } }],
    ['AddMemberToGroup', { groupId: OTHER_GROUP, member: { memberId: user(1) } }],
    ['AddMemberToGroup', { groupId: GROUP }],
  ])('takes no notice of %s with %j', async (eventName, requestParameters) => {
    const baseline = await aBaseline({ people: 1 });
    const event = { detail: { eventName, requestParameters } };
    const outcomes: string[] = [];
    baseline.after(0, () => deliverEvent(baseline.stack, event, BASELINE_TARGET, (outcome) => outcomes.push(outcome)));
    await baseline.runUntilIdle();
    expect(outcomes).toEqual(['ignored']);
    expect(baseline.stack.calls()[CREATE]).toBeUndefined();
  });

  it('is invoked again a minute later when it failed, and the event is dropped after the third time', async () => {
    const baseline = await aBaseline({ people: 2 });
    baseline.fault(CREATE, 'internal', 5);
    expect(await baseline.events(consoleEvent('join', user(1)))).toEqual(['assigned']);
    expect(baseline.seatedAt.get(user(1))).toBeGreaterThan(60);
    baseline.fault(CREATE, 'internal', 9);
    expect(await baseline.events(consoleEvent('join', user(2)))).toEqual(['dropped']);
    expect(baseline.assigned()).toEqual([1]);
  });
});

describe('what an SDK client does by default', () => {
  /** Sends until it succeeds or is given up. @returns how often it tried, and what it waited in all */
  async function trying(fault: FaultRule['kind'], times: number) {
    const baseline = await aBaseline({ people: 1, members: 1 });
    baseline.fault(CREATE, fault, times);
    await baseline.script();
    return { tries: baseline.stack.calls()[CREATE], assigned: baseline.assigned() };
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
