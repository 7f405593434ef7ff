import {
  DescribeUserCommand,
  GetUserIdCommand,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
} from '@aws-sdk/client-identitystore';
import { answerOf, type Finding, type Probe } from './probe.ts';
import type { World } from './world.ts';

/** A group that no identity store has. */
const NO_GROUP = '00000000-0000-4000-8000-000000000000';
/** Entries per page, so that a small group has several pages. */
const PER_PAGE = 2;
const MOST_PAGES = 20;

/** How the identity store answers about the named user and group. */
export const directory: Probe = {
  name: 'directory',
  does: 'Reads the named user, some members of the named group, and a group that does not exist.',
  beliefs: ['store-user-status', 'store-missing-group', 'store-case', 'assignment-pages'],
  needs: ['user', 'group'],
  permissions: [],
  calls: [
    'identitystore:DescribeUser',
    'identitystore:GetUserId',
    'identitystore:IsMemberInGroups',
    'identitystore:ListGroupMemberships',
  ],
  cost: 'nothing',
  async run(world) {
    return [await userStatus(world), await missingGroup(world), await otherCase(world), await shortPages(world)];
  },
};

async function userStatus({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<Finding> {
  const { UserStatus } = await identityStore.send(new DescribeUserCommand({ IdentityStoreId, UserId: targets.user }));
  const holds = UserStatus === 'ENABLED' || UserStatus === 'DISABLED';
  return { belief: 'store-user-status', expected: 'ENABLED or DISABLED', seen: UserStatus ?? 'no status', holds };
}

async function missingGroup({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<Finding> {
  const seen = await answerOf(() =>
    identityStore.send(
      new IsMemberInGroupsCommand({ IdentityStoreId, MemberId: { UserId: targets.user ?? '' }, GroupIds: [NO_GROUP] }),
    ),
  );
  const expected = 'ResourceNotFoundException';
  return { belief: 'store-missing-group', expected, seen, holds: seen === expected };
}

/** The user name is read and asked for; it is in no output. */
async function otherCase({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<Finding> {
  const { UserName = '' } = await identityStore.send(
    new DescribeUserCommand({ IdentityStoreId, UserId: targets.user }),
  );
  const upper = UserName.toUpperCase();
  const AttributeValue = upper === UserName ? UserName.toLowerCase() : upper;
  const answer = await answerOf(async () => {
    const AlternateIdentifier = { UniqueAttribute: { AttributePath: 'userName', AttributeValue } };
    const { UserId } = await identityStore.send(new GetUserIdCommand({ IdentityStoreId, AlternateIdentifier }));
    if (UserId !== targets.user) throw new TypeError('another user has this name in another case');
  });
  const seen = AttributeValue === UserName ? 'a name without letters' : answer === 'ok' ? 'found' : answer;
  return {
    belief: 'store-case',
    expected: 'found',
    seen,
    holds: AttributeValue === UserName ? undefined : answer === 'ok',
  };
}

async function shortPages({ identityStore, identityStoreId: IdentityStoreId, targets }: World): Promise<Finding> {
  let NextToken: string | undefined;
  let [pages, short] = [0, 0];
  do {
    const page = await identityStore.send(
      new ListGroupMembershipsCommand({ IdentityStoreId, GroupId: targets.group, MaxResults: PER_PAGE, NextToken }),
    );
    NextToken = page.NextToken;
    pages += 1;
    if (NextToken !== undefined && (page.GroupMemberships?.length ?? 0) < PER_PAGE) short += 1;
  } while (NextToken !== undefined && pages < MOST_PAGES);
  // Full pages say nothing: the next list may have a short one.
  const seen = short > 0 ? `${short} of ${pages} pages are short` : `${pages} full pages`;
  return {
    belief: 'assignment-pages',
    expected: 'a short page with a token',
    seen,
    holds: short > 0 ? true : undefined,
  };
}
