import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { anAddMemberToGroup } from '../support/events.ts';
import { GROUP, OTHER_APPLICATION, OTHER_GROUP, START, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const MEMBER = 'IdentityStore.IsMemberInGroups';
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
/** Kiro is for the members of both groups. */
const SHARED = { ...KIRO, groups: [GROUP, OTHER_GROUP] };

/** A user joins; the check before the plan asks a replica that shows it, and the plan one that lags. */
async function joinsUnseen(world: World, lagSeconds: number): Promise<void> {
  world.faults.add({ operation: 'Lambda.Invoke', kind: 'internal', function: 'planChanges', for: '1s' });
  world.after(0.5, () => world.center.setLag(MEMBER, lagSeconds));
  await world.joins(1);
}

describe('a plan whose reads show the time before an event', () => {
  it('takes away no seat that its user got a moment before, in another application', async () => {
    const world = await openWorld({ people: 3, entitlements: [{}, KIRO], members: { [OTHER_GROUP]: [2] } });
    await world.joins(1, OTHER_GROUP);
    world.after(100, () => joinsUnseen(world, 120));
    await world.ticking(30);
    expect(await world.seats(OTHER_APPLICATION)).toMatchObject({ 1: 'confirmed' });
    expect(world.calls('SSOAdmin.DeleteApplicationAssignment')).toBe(0);
  });

  it('gives back no seat that its user lost a moment before, in another application', async () => {
    const world = await openWorld({ people: 3, entitlements: [{}, KIRO], members: { [OTHER_GROUP]: [1, 2] } });
    await world.start({ scope: 'everything' });
    world.after(100, () => world.leaves(1, OTHER_GROUP));
    world.after(200, () => joinsUnseen(world, 120));
    await world.ticking(30);
    expect(world.audited().filter((one) => / 1 /.test(one))).toEqual([
      'Seat Assigned 1 manual',
      'Seat Revoked 1 group-leave',
      'Seat Assigned 1 group-join',
    ]);
  });

  it.each<[string, FaultRule['operation']]>([
    ['does not show its assignment', 'SSOAdmin.DescribeApplicationAssignment'],
    ['refuses its seat', 'SSOAdmin.CreateApplicationAssignment'],
    ['does not show its settings', 'SSOAdmin.GetApplicationAssignmentConfiguration'],
  ])('still awaits the change although another application of the user %s', async (_fact, operation) => {
    for (const failsBefore of [false, true]) {
      const world = await openWorld({ people: 2, entitlements: [{}, KIRO] });
      world.faults.add({ operation, applicationArn: OTHER_APPLICATION, for: '2h', kind: 'refuse' });
      world.center.join(OTHER_GROUP, user(1));
      const event = anAddMemberToGroup({ groupId: OTHER_GROUP, userId: user(1), time: world.now().toISOString() });
      // A lag of a minute shows this join, whose event comes late, and not the other.
      world.after(100, async () => {
        if (failsBefore) await world.start(event);
        await joinsUnseen(world, 60);
        if (!failsBefore) await world.start(event);
      });
      await world.ticking(90);
      const grantedAt = Date.parse((await world.seat(1))?.grantedAt ?? '');
      expect((grantedAt - START.getTime()) / 1000).toBeLessThan(220);
    }
  });

  it('looks for it every 30 s although the seat of another application shows late', async () => {
    const world = await openWorld({ people: 2, entitlements: [{}, KIRO] });
    world.center.join(OTHER_GROUP, user(1));
    const event = anAddMemberToGroup({ groupId: OTHER_GROUP, userId: user(1), time: world.now().toISOString() });
    world.center.setLag('SSOAdmin.DescribeApplicationAssignment', 400);
    world.after(100, async () => {
      await joinsUnseen(world, 60);
      await world.start(event);
    });
    await world.ticking(90);
    const grantedAt = Date.parse((await world.seat(1))?.grantedAt ?? '');
    expect((grantedAt - START.getTime()) / 1000).toBeLessThanOrEqual(220);
  });

  it('fails an execution for a refusal next to it, although other events of the user come meanwhile', async () => {
    const world = await openWorld({ people: 3, entitlements: [{}, KIRO], members: { [GROUP]: [3] } });
    await world.start({ scope: 'everything' });
    await world.play();
    const operation = 'SSOAdmin.CreateApplicationAssignment';
    world.faults.add({ operation, applicationArn: OTHER_APPLICATION, for: '9h', kind: 'refuse' });
    // The user leaves before the plan reads, and that event is lost: the join is awaited for 15 minutes.
    world.faults.add({ operation: 'Lambda.Invoke', kind: 'internal', function: 'planChanges', for: '1s' });
    world.after(0.5, () => world.center.leave(GROUP, user(1)));
    await world.joins(1);
    world.after(5, () => world.joins(1, OTHER_GROUP));
    const again = () => anAddMemberToGroup({ groupId: OTHER_GROUP, userId: user(1), time: world.now().toISOString() });
    world.after(80, () => world.start(again()));
    await world.ticking(200);
    expect(world.audited()).toContain('Onboarding Failed RefusedError');
  });

  it('gives the seats of a group whose own event they show, while a join is awaited that is over', async () => {
    const world = await openWorld({ people: 2, entitlements: [{}, SHARED] });
    world.center.setLag(MEMBER, 5);
    const joined = await world.joins(1);
    world.after(2, () => world.leaves(1));
    world.after(60, () => world.joins(1, OTHER_GROUP));
    await world.play();
    expect(world.stack.endOf(joined)?.outcome).toBe('handedOver');
    const [granted] = world.audit.filter(({ DetailType }) => DetailType === 'Seat Assigned').slice(-1);
    expect((Date.parse(granted?.Time ?? '') - START.getTime()) / 1000).toBeLessThan(75);
  });
});
