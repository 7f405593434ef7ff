import { describe, expect, it } from 'vitest';
import { type EventPattern, matches } from '../../emulator/aws/eventbridge/event-pattern.ts';
import { aCreateGroupMembership, aPatchGroup, type Envelope } from '../support/events.ts';
import { GROUP, user } from '../support/ids.ts';
import { readTemplateFile } from '../support/template.ts';
import { openWorld, type World } from '../support/world.ts';

const MANAGEMENT = '999988887777';
const FORWARDER = patternIn('forwarder.yml');
const RULE = patternIn('deploy/triggers.yml');

function patternIn(file: string): EventPattern {
  return readTemplateFile(file).Resources['IdentityCenterEvents']?.Properties['EventPattern'] as EventPattern;
}

/** As CloudTrail records it in the management account, where SCIM's calls have no caller with an account of its own. */
function recordedInManagement(event: Envelope): Envelope {
  return { ...event, account: MANAGEMENT, detail: { ...event.detail, recipientAccountId: MANAGEMENT } };
}

/**
 * The way of an event: the rule in the management account puts it on the default bus here, as it is and under the account
 * that it came from, and the rule here starts the machine with it.
 */
async function forwarded(world: World, event: Envelope): Promise<string | undefined> {
  const there = recordedInManagement(event);
  return matches(FORWARDER, there) && matches(RULE, there) ? world.start(there) : undefined;
}

describe('an event that is recorded in the management account', () => {
  it('gives a seat to a user whom SCIM has added to a group', async () => {
    const world = await openWorld();
    world.center.join(GROUP, user(1));
    const execution = await forwarded(world, aPatchGroup({ groupId: GROUP, time: world.now().toISOString() }));
    await world.play();
    expect(execution && world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([1]);
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join']);
  });

  it('changes nothing twice if it is recorded in both accounts', async () => {
    const world = await openWorld();
    world.center.join(GROUP, user(1));
    const event = aCreateGroupMembership({ groupId: GROUP, userId: user(1), time: world.now().toISOString() });
    await forwarded(world, event);
    await world.start(event);
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(world.calls('SSOAdmin.CreateApplicationAssignment')).toBe(1);
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join']);
  });

  it('changes no seat by itself if a partner of AWS has sent it, whose sources the rule takes', async () => {
    const world = await openWorld({ seated: [2] });
    const lie = aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() });
    const execution = await forwarded(world, { ...lie, source: 'aws.partner/example.com/tenant' });
    await world.play();
    expect(execution && world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2]);
    expect(world.audited()).toEqual([]);
  });

  it('changes no seat by itself, because that account is not trusted more than this one', async () => {
    const world = await openWorld({ seated: [2] });
    const lies = [
      aCreateGroupMembership({ groupId: GROUP, userId: user(1), time: world.now().toISOString() }),
      aPatchGroup({ groupId: GROUP, op: 'REMOVE', time: world.now().toISOString() }),
    ];
    for (const lie of lies) await forwarded(world, lie);
    await world.play();
    expect(world.assigned()).toEqual([2]);
    expect(world.audited()).toEqual([]);
  });

  it('starts nothing if it comes from a sender on that bus other than AWS', async () => {
    const world = await openWorld();
    const forged = { ...aPatchGroup({ groupId: GROUP }), source: 'com.example.identitystore-scim' };
    expect(await forwarded(world, forged)).toBeUndefined();
  });
});
