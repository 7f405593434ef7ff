import {
  CreateGroupMembershipCommand,
  DeleteGroupMembershipCommand,
  GetGroupMembershipIdCommand,
  IsMemberInGroupsCommand,
} from '@aws-sdk/client-identitystore';
import { answerOf, type Finding, lagInWords, type Probe, secondsUntil } from './probe.ts';
import type { World } from './world.ts';

const MOST_SECONDS = 120;

/** How long reads of memberships lag. Leaves the membership as it was. */
export const membership: Probe = {
  name: 'membership',
  does: 'Makes the named user a member of the named group twice, and ends it; a membership that was there stays.',
  beliefs: ['store-repeated-membership', 'store-reads-lag'],
  needs: ['user', 'group'],
  permissions: ['write'],
  calls: [
    'identitystore:CreateGroupMembership',
    'identitystore:DeleteGroupMembership',
    'identitystore:GetGroupMembershipId',
    'identitystore:IsMemberInGroups',
  ],
  cost: 'nothing, unless an entitlement names the group: then the user gets a seat for some minutes',
  async run(world) {
    if (await isMember(world)) return [await joinAgain(world)];
    let joined: number | undefined;
    let repeated: Finding;
    try {
      await join(world);
      joined = await secondsUntil(() => isMember(world), MOST_SECONDS, world);
      repeated = await joinAgain(world);
    } finally {
      await leave(world);
    }
    const left = await secondsUntil(async () => !(await isMember(world)), MOST_SECONDS, world);
    const seen = `shown ${lagInWords(joined, MOST_SECONDS)}, gone ${lagInWords(left, MOST_SECONDS)}`;
    const isShown = joined !== undefined && left !== undefined;
    return [
      repeated,
      { belief: 'store-reads-lag', expected: 'within minutes', seen, holds: isShown ? true : undefined },
    ];
  },
};

async function joinAgain(world: World): Promise<Finding> {
  const seen = await answerOf(() => join(world));
  const expected = 'ConflictException';
  return { belief: 'store-repeated-membership', expected, seen, holds: seen === expected };
}

async function join({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<void> {
  const MemberId = { UserId: targets.user ?? '' };
  await identityStore.send(new CreateGroupMembershipCommand({ IdentityStoreId, GroupId: targets.group, MemberId }));
}

async function leave({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<void> {
  const MemberId = { UserId: targets.user ?? '' };
  const input = { IdentityStoreId, GroupId: targets.group, MemberId };
  const answer = await answerOf(async () => {
    const { MembershipId } = await identityStore.send(new GetGroupMembershipIdCommand(input));
    await identityStore.send(new DeleteGroupMembershipCommand({ IdentityStoreId, MembershipId }));
  });
  if (answer !== 'ok' && answer !== 'ResourceNotFoundException')
    throw new Error(`The membership that the probe made could not be ended: ${answer}. End it by hand`);
}

async function isMember({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<boolean> {
  const { Results = [] } = await identityStore.send(
    new IsMemberInGroupsCommand({
      IdentityStoreId,
      MemberId: { UserId: targets.user ?? '' },
      GroupIds: [targets.group ?? ''],
    }),
  );
  return Results.some(({ MembershipExists }) => MembershipExists === true);
}
