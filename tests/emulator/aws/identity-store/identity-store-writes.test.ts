import {
  CreateGroupMembershipCommand,
  CreateUserCommand,
  DeleteGroupMembershipCommand,
  DeleteUserCommand,
  DescribeUserCommand,
  IdentitystoreClient,
} from '@aws-sdk/client-identitystore';
import { describe, expect, it } from 'vitest';
import type { RecordedChange } from '../../../../emulator/aws/cloudtrail/cloudtrail.ts';
import { identityStore } from '../../../../emulator/aws/identity-store/identity-store.ts';
import { identityStoreWrites } from '../../../../emulator/aws/identity-store/identity-store-writes.ts';
import { anIdentityCenter, behindGateway } from '../../../support/account.ts';
import { GROUP, STORE_ID, user } from '../../../support/ids.ts';

const STORE = { IdentityStoreId: STORE_ID };

/** The Identity Store with a group and two users, and what CloudTrail would record. */
function aStore() {
  const { center, clock } = anIdentityCenter({
    identityStoreId: STORE_ID,
    users: [1, 2].map((number) => ({ userId: user(number), userName: `person-${number}` })),
    groups: [{ groupId: GROUP, members: [user(1)] }],
    applications: [],
  });
  const recorded: RecordedChange[] = [];
  const writes = identityStoreWrites(center, (change) => recorded.push(change));
  const { aws } = behindGateway({ IdentityStore: identityStore(center, clock, { writes }) });
  return { client: new IdentitystoreClient(aws), center, recorded };
}

describe('a write of the Identity Store API', () => {
  it('gives each new user an id that no user had', async () => {
    const { client } = aStore();
    const ids = new Set([user(1), user(2)]);
    for (const UserName of ['anna', 'ben', 'cara', 'dan']) {
      const { UserId } = await client.send(new CreateUserCommand({ ...STORE, UserName }));
      expect(ids).not.toContain(UserId);
      ids.add(UserId ?? '');
      const described = await client.send(new DescribeUserCommand({ ...STORE, UserId }));
      expect(described.UserName).toBe(UserName);
      if (UserName === 'ben') await client.send(new DeleteUserCommand({ ...STORE, UserId }));
    }
    expect(ids.size).toBe(6);
  });

  it('keeps the address, names and language of a new user', async () => {
    const { client } = aStore();
    const eve = {
      Emails: [{ Value: 'eve@example.com', Type: 'work', Primary: true }],
      Name: { GivenName: 'Eve', FamilyName: 'Example' },
      DisplayName: 'Eve E.',
      PreferredLanguage: 'pt-BR',
    };
    const { UserId } = await client.send(new CreateUserCommand({ ...STORE, UserName: 'eve', ...eve }));
    expect(await client.send(new DescribeUserCommand({ ...STORE, UserId }))).toMatchObject(eve);
  });

  it('refuses a name that is taken, and an address without text', async () => {
    const { client } = aStore();
    const taken = client.send(new CreateUserCommand({ ...STORE, UserName: 'Person-1' }));
    await expect(taken).rejects.toMatchObject({ name: 'ConflictException' });
    const empty = client.send(new CreateUserCommand({ ...STORE, UserName: 'eve', Emails: [{ Value: '' }] }));
    await expect(empty).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('is recorded if it changes a membership or deletes a user', async () => {
    const { client, center, recorded } = aStore();
    const MemberId = { UserId: user(2) };
    const { MembershipId } = await client.send(
      new CreateGroupMembershipCommand({ ...STORE, GroupId: GROUP, MemberId }),
    );
    await client.send(new DeleteGroupMembershipCommand({ ...STORE, MembershipId }));
    await client.send(new DeleteUserCommand({ ...STORE, UserId: user(1) }));
    expect(recorded).toEqual([
      { change: 'join', groupId: GROUP, userId: user(2) },
      { change: 'leave', groupId: GROUP, userId: user(2) },
      { change: 'delete', userId: user(1) },
    ]);
    expect(center.isMember(GROUP, user(2))).toBe(false);
  });
});
