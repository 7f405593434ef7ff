import {
  CreateGroupMembershipCommand,
  DeleteGroupMembershipCommand,
  GetGroupMembershipIdCommand,
  IsMemberInGroupsCommand,
} from '@aws-sdk/client-identitystore';
import { answerOf, type Finding, lagInWords, type Probe, secondsUntil, undo } from './probe.ts';
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
    let membershipId: string | undefined;
    let joined: number | undefined;
    let repeated: Finding;
    try {
      membershipId = await join(world);
      joined = await secondsUntil(() => isMember(world), MOST_SECONDS, world);
      repeated = await joinAgain(world);
    } finally {
      const what = 'The membership of the user in the group';
      await undo([{ what, call: () => leave(membershipId, world) }], world);
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

async function join({ identityStore, identityStoreId: IdentityStoreId, targets }: World) {
  const MemberId = { UserId: targets.user ?? '' };
  const input = { IdentityStoreId, GroupId: targets.group, MemberId };
  const { MembershipId } = await identityStore.send(new CreateGroupMembershipCommand(input));
  return MembershipId;
}

/** @param membershipId what AWS answered; undefined if its answer was lost. A read may lag, and not find it yet */
async function leave(
  membershipId: string | undefined,
  { identityStore, identityStoreId: IdentityStoreId, targets }: World,
): Promise<void> {
  const MemberId = { UserId: targets.user ?? '' };
  const input = { IdentityStoreId, GroupId: targets.group, MemberId };
  const { MembershipId = membershipId } =
    membershipId === undefined ? await identityStore.send(new GetGroupMembershipIdCommand(input)) : {};
  await identityStore.send(new DeleteGroupMembershipCommand({ IdentityStoreId, MembershipId }));
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
