import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DirectorySeed } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { IdentityCenter } from '../../../../emulator/aws/identity-center/identity-center.ts';
import { anIdentityCenter } from '../../../support/account.ts';
import { ANNA, aSeed, BEN, CLEO } from '../../../support/directory.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, user } from '../../../support/ids.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

function aWorld(changes: Partial<DirectorySeed> = {}) {
  const { center: world, clock } = anIdentityCenter(aSeed(changes), {}, START);
  return { world, sleep: clock.sleep };
}

describe('a directory file', () => {
  it('is what a run began with, as long as nothing changes', () => {
    const applications: DirectorySeed['applications'] = [
      {
        applicationArn: APPLICATION,
        region: 'eu-west-1',
        subscriptions: [
          { user: ANNA, plan: 'KIRO_ENTERPRISE_PRO', status: 'PENDING' },
          { group: GROUP, plan: 'Q_LITE', activePlan: 'Q_BUSINESS', activatedAt: '2026-09-03T08:11:52Z' },
        ],
      },
      { applicationArn: OTHER_APPLICATION },
    ];
    const { world } = aWorld({ applications });
    expect(world.seed()).toMatchObject({ applications });
    expect(aWorld(world.seed()).world.seed()).toEqual(world.seed());
  });
});

describe('subscriptions', () => {
  const PRO = 'KIRO_ENTERPRISE_PRO';

  it('begin with those of the directory file, and have a history', async () => {
    const subscriptions = [
      { user: ANNA, plan: PRO, source: 'GROUP' },
      { group: GROUP, plan: PRO },
    ] as const;
    const { world, sleep } = aWorld({
      applications: [{ applicationArn: APPLICATION, subscriptions: [...subscriptions] }],
    });
    await sleep(10);
    world.subscribe(APPLICATION, { userId: BEN, plan: PRO });
    world.subscribe(APPLICATION, { userId: ANNA, plan: PRO });
    expect(world.subscriptionsOf(APPLICATION, START)).toEqual(subscriptions);
    expect(world.subscriptionsOf(APPLICATION)).toEqual([
      { user: ANNA, plan: PRO, source: 'INDIVIDUAL_AND_GROUP' },
      { group: GROUP, plan: PRO },
      { user: BEN, plan: PRO, status: 'PENDING', source: 'INDIVIDUAL' },
    ]);
    expect(aWorld(world.seed()).world.subscriptionsOf(APPLICATION)).toEqual(world.subscriptionsOf(APPLICATION));
  });

  it('join their sources, whichever comes first', () => {
    const { world } = aWorld();
    for (const source of ['INDIVIDUAL', 'GROUP', 'INDIVIDUAL', 'GROUP'] as const) {
      world.subscribe(APPLICATION, { userId: ANNA, plan: PRO, source });
    }
    expect(world.subscriptionsOf(APPLICATION)).toMatchObject([{ source: 'INDIVIDUAL_AND_GROUP' }]);
    expect(world.subscriptionChanges).toHaveLength(1);
  });

  it('end with their application, and not with their user', () => {
    const { world } = aWorld();
    world.subscribe(APPLICATION, { userId: ANNA, plan: PRO });
    world.deleteUser(ANNA);
    expect(world.subscriptionsOf(APPLICATION)).toHaveLength(1);
    world.deleteApplication(APPLICATION);
    expect(world.subscriptionsOf(APPLICATION)).toEqual([]);
    expect(world.subscriptionsOfUser(APPLICATION, ANNA)).toEqual([]);
  });

  it('are of an application that exists', () => {
    const { world } = aWorld();
    expect(() => world.subscribe(OTHER_APPLICATION, { userId: ANNA, plan: PRO })).toThrow(OTHER_APPLICATION);
  });
});

describe('changes', () => {
  it('of a deleted user end the memberships and assignments', () => {
    const { world } = aWorld();
    world.deleteUser(ANNA);
    expect(world.user(ANNA)).toBeUndefined();
    expect(world.isMember(GROUP, ANNA)).toBe(false);
    expect(world.assignments()).toEqual([]);
  });

  it('of a deleted user of Active Directory end the memberships, and no assignment', () => {
    const { center: world } = anIdentityCenter(aSeed(), { assignmentsOfDeletedUsers: 'stay' }, START);
    world.deleteUser(ANNA);
    expect(world.user(ANNA)).toBeUndefined();
    expect(world.isMember(GROUP, ANNA)).toBe(false);
    expect(world.assignments().map(({ principalId }) => principalId)).toEqual([ANNA]);
  });

  it('of a deleted application end its assignments', () => {
    const { world } = aWorld();
    world.deleteApplication(APPLICATION);
    world.deleteApplication(OTHER_APPLICATION);
    expect(world.application(APPLICATION)).toBeUndefined();
    expect(world.assignments()).toEqual([]);
    expect(world.seed().applications).toEqual([]);
    expect(() => world.assignByHand(APPLICATION, ANNA)).toThrow(APPLICATION);
  });

  it('of a deleted group end the memberships and assignments', () => {
    const { world } = aWorld();
    world.assignByHand(APPLICATION, GROUP, 'GROUP');
    world.deleteGroup(GROUP);
    world.addGroup({ groupId: GROUP });
    expect(world.memberships(GROUP, 100).values).toEqual([]);
    expect(world.assignments().map(({ principalId }) => principalId)).toEqual([ANNA]);
  });

  it('have no effect when they are repeated', () => {
    const { world } = aWorld();
    world.join(GROUP, ANNA);
    world.addUser({ userId: ANNA, userName: 'another user' });
    world.addGroup({ groupId: GROUP, members: [BEN] });
    world.assignByHand(APPLICATION, ANNA);
    world.leave(OTHER_GROUP, ANNA);
    world.unassignByHand(APPLICATION, BEN);
    world.deleteUser(CLEO);
    world.deleteGroup(CLEO);
    expect(world.user(ANNA)?.userName).toBe('anna');
    expect(world.memberships(GROUP, 100).values.map(({ userId }) => userId)).toEqual([ANNA]);
    expect(world.assignments()).toEqual([{ applicationArn: APPLICATION, principalId: ANNA, principalType: 'USER' }]);
  });

  it('enable and disable a user', () => {
    const { world } = aWorld();
    world.setStatus(ANNA, 'DISABLED');
    expect([world.user(ANNA)?.status, world.user(BEN)?.status]).toEqual(['DISABLED', 'ENABLED']);
  });

  it.each<[string, (world: IdentityCenter) => void]>([
    ['a user', (world) => world.join(GROUP, CLEO)],
    ['a user', (world) => world.setStatus(CLEO, 'DISABLED')],
    ['a group', (world) => world.join(CLEO, ANNA)],
    ['an application', (world) => world.assignByHand(CLEO, ANNA)],
  ])('throw an Error with the id of %s that does not exist', (_fact, action) => {
    expect(() => action(aWorld().world)).toThrow(CLEO);
  });

  it('keep the assignments ordered by application and principal', () => {
    const applications = [
      { applicationArn: OTHER_APPLICATION, assigned: [CLEO, ANNA] },
      { applicationArn: APPLICATION, assigned: [ANNA] },
    ];
    const { world } = aWorld({ applications });
    const found = world.assignments().map(({ applicationArn, principalId }) => [applicationArn, principalId]);
    expect(found).toEqual([
      [APPLICATION, ANNA],
      [OTHER_APPLICATION, ANNA],
      [OTHER_APPLICATION, CLEO],
    ]);
  });
});

describe('a search for a user', () => {
  it.each([
    ['a user name in any case', { userName: 'ANNA' }, [ANNA]],
    ['an address in any case', { email: 'anna@example.COM' }, [ANNA]],
    ['an external id', { externalId: { issuer: 'idp', id: 'A1' } }, [ANNA]],
    ['an external id only as it is written', { externalId: { issuer: 'idp', id: 'a1' } }, []],
    ['no user', { userName: 'cleo' }, []],
  ])('finds %s', (_fact, selector, userIds) => {
    expect(
      aWorld()
        .world.findUsers(selector)
        .map((found) => found.userId),
    ).toEqual(userIds);
  });

  it('finds two in the order of their addition, and the second after the first is deleted', () => {
    const { world } = aWorld();
    world.addUser({ userId: CLEO, userName: 'Anna' });
    expect(world.findUsers({ userName: 'anna' }).map(({ userId }) => userId)).toEqual([ANNA, CLEO]);
    world.deleteUser(ANNA);
    expect(world.findUsers({ userName: 'anna' }).map(({ userId }) => userId)).toEqual([CLEO]);
  });
});

describe('lag', () => {
  it('shows one operation the past, and another one the present', async () => {
    const { world, sleep } = aWorld();
    world.setLag('IdentityStore.IsMemberInGroups', 30);
    world.join(OTHER_GROUP, ANNA);
    const seen = () => world.isMember(OTHER_GROUP, ANNA, world.seenBy('IdentityStore.IsMemberInGroups'));
    expect(seen()).toBe(false);
    expect(world.isMember(OTHER_GROUP, ANNA, world.seenBy('IdentityStore.ListGroupMemberships'))).toBe(true);
    await sleep(29);
    expect(seen()).toBe(false);
    await sleep(1);
    expect(seen()).toBe(true);
  });

  it('does not hide the content of the directory file', () => {
    const { world } = aWorld();
    world.setLag('IdentityStore.DescribeUser', 3600);
    expect(world.user(ANNA, world.seenBy('IdentityStore.DescribeUser'))).toBeDefined();
  });

  it('still shows what was removed meanwhile', async () => {
    const { world, sleep } = aWorld();
    await sleep(100);
    world.leave(GROUP, ANNA);
    await sleep(5);
    expect(world.memberships(GROUP, 100, undefined, START + 100_000 - 1).values).toHaveLength(1);
    expect(world.memberships(GROUP, 100, undefined, START + 100_000).values).toHaveLength(0);
  });
});

const aUserId = fc.integer({ min: 0, max: 30 }).map(user);
const aStep = fc.record({ userId: aUserId, joins: fc.boolean(), afterSeconds: fc.integer({ min: 0, max: 3 }) });

describe('any history of joins and leaves', () => {
  it('is visible at each moment as it was then, with pages of any size', async () => {
    const property = fc.asyncProperty(fc.array(aStep), fc.integer({ min: 1, max: 7 }), async (steps, limit) => {
      const { world, sleep } = aWorld({ users: [], groups: [{ groupId: GROUP }] });
      const members = new Set<string>();
      const history = new Map<number, string[]>();
      let at = START;
      for (const { userId, joins, afterSeconds } of steps) {
        await sleep(afterSeconds);
        at += afterSeconds * 1000;
        world.addUser({ userId, userName: userId });
        if (joins) world.join(GROUP, userId);
        else world.leave(GROUP, userId);
        if (joins) members.add(userId);
        else members.delete(userId);
        history.set(at, [...members].sort());
      }
      for (const [moment, expected] of history) {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = world.memberships(GROUP, limit, after, moment);
          found.push(...page.values.map(({ userId }) => userId));
          after = page.next;
        } while (after !== undefined);
        expect(found).toEqual(expected);
      }
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
