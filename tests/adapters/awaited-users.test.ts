import {
  GetGroupMembershipIdCommand,
  IdentitystoreClient,
  ListGroupMembershipsForMemberCommand,
  ResourceNotFoundException,
  ThrottlingException,
} from '@aws-sdk/client-identitystore';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { identityStoreAwaited } from '../../adapters/awaited-users.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';

const USER = user(1);
const MEMBER = { IdentityStoreId: STORE_ID, MemberId: { UserId: USER } };

function asking() {
  const client = new IdentitystoreClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  let turns = 0;
  const mayShow = identityStoreAwaited(client, STORE_ID, {
    pace: async () => {
      turns += 1;
    },
  });
  const calls = () => aws.calls().map(({ args: [command] }) => command.input);
  return { aws, mayShow, calls, turns: () => turns };
}

function notFound(details: object = {}) {
  return Object.assign(
    new ResourceNotFoundException({ message: 'jane@example.com not found.', $metadata: {} }),
    details,
  );
}

describe('the question of a start that waits', () => {
  it.each([
    ['a membership', GROUP, { ...MEMBER, GroupId: GROUP }],
    ['a user', undefined, { ...MEMBER, MaxResults: 1 }],
  ])('is answered with yes when AWS has %s', async (_what, group, input) => {
    const { aws, mayShow, calls, turns } = asking();
    aws.on(GetGroupMembershipIdCommand).resolves({ IdentityStoreId: STORE_ID, MembershipId: user(9) });
    aws.on(ListGroupMembershipsForMemberCommand).resolves({ GroupMemberships: [] });
    expect(await mayShow(USER, group)).toBe(true);
    expect([calls(), turns()]).toEqual([[input], 1]);
  });

  it.each<[string, string | undefined, object]>([
    ['the membership', GROUP, { ResourceType: 'GROUP_MEMBERSHIP' }],
    ['the user of a membership', GROUP, { ResourceType: 'USER', ResourceId: USER }],
    ['the group of a membership', GROUP, { ResourceType: 'GROUP', ResourceId: GROUP }],
    ['something', GROUP, {}],
    ['the user', undefined, { ResourceType: 'USER', ResourceId: USER }],
    ['what is asked for', undefined, {}],
  ])('is answered with no when AWS says that %s is missing', async (_what, group, details) => {
    const { aws, mayShow } = asking();
    aws.onAnyCommand().rejects(notFound(details));
    expect(await mayShow(USER, group)).toBe(false);
  });

  describe.each([
    ['of a membership', GROUP],
    ['of a user', undefined],
  ])('%s', (_what, group) => {
    it('is answered with yes by a store that does not offer the operation', async () => {
      const { aws, mayShow } = asking();
      aws.onAnyCommand().rejects(Object.assign(new Error('unknown'), { name: 'UnknownOperationException' }));
      expect(await mayShow(USER, group)).toBe(true);
    });

    it.each([
      ['identity-store-missing', { ResourceType: 'IDENTITY_STORE', ResourceId: STORE_ID }],
      ['kms-key-not-found', { Reason: 'KMS_KEY_NOT_FOUND' }],
    ])('is refused for %s', async (reason, details) => {
      const { aws, mayShow } = asking();
      aws.onAnyCommand().rejects(notFound(details));
      expect(await mayShow(USER, group).catch((error: unknown) => error)).toHaveProperty('reason', reason);
    });
  });

  it('names user and group in its errors', async () => {
    const { aws, mayShow } = asking();
    aws.onAnyCommand().rejects(new ThrottlingException({ message: 'Rate exceeded', $metadata: {} }));
    await expect(mayShow(USER, GROUP)).rejects.toThrow(
      `GetGroupMembershipId: ThrottlingException (user ${USER}, group ${GROUP})`,
    );
  });
});
