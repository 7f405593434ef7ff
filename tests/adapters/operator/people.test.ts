import {
  DescribeGroupCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  IdentitystoreClient,
  ListGroupsCommand,
  ListUsersCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-identitystore';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { identityStorePeople } from '../../../adapters/operator/people.ts';
import { awsError, collected } from '../../support/aws.ts';
import { GROUP, STORE_ID } from '../../support/ids.ts';

const USER = '93670dc30f-6d321996-0ac8-4d2a-9c8a-1f0d3f1c2b4e';
const STORE = { IdentityStoreId: STORE_ID };

function thePeople() {
  const client = new IdentitystoreClient({ region: 'us-east-1' });
  return {
    aws: mockClient(client),
    people: identityStorePeople(client, STORE_ID, { pace: async () => undefined }),
  };
}

const missing = (fields: object = {}) => new ResourceNotFoundException({ message: '', $metadata: {}, ...fields });

describe('people', () => {
  it('have the names that the store has', async () => {
    const { aws, people } = thePeople();
    aws
      .on(DescribeUserCommand)
      .resolvesOnce({
        ...STORE,
        UserId: USER,
        UserName: 'jane',
        DisplayName: 'Jane',
        Emails: [{ Value: 'j@example.com' }, {}],
      })
      .resolves({ ...STORE, UserId: USER });
    expect(await people.person(USER)).toEqual({
      userId: USER,
      userName: 'jane',
      displayName: 'Jane',
      emails: ['j@example.com'],
    });
    expect(await people.person(USER)).toEqual({
      userId: USER,
      userName: undefined,
      displayName: undefined,
      emails: [],
    });
  });

  it('are listed by pages', async () => {
    const { aws, people } = thePeople();
    aws
      .on(ListUsersCommand)
      .resolvesOnce({ Users: [{ ...STORE, UserId: USER }], NextToken: 'more' })
      .resolvesOnce({ Users: [] });
    expect((await collected(people.users())).map((page) => page.length)).toEqual([1, 0]);
    aws
      .on(ListGroupsCommand)
      .resolvesOnce({ Groups: [{ ...STORE, GroupId: GROUP, DisplayName: 'g' }], NextToken: 'more' })
      .resolvesOnce({ Groups: [{ ...STORE, GroupId: GROUP }] });
    expect(await collected(people.groups())).toEqual([
      [{ groupId: GROUP, displayName: 'g' }],
      [{ groupId: GROUP, displayName: undefined }],
    ]);
  });

  it('are in groups, which have names', async () => {
    const { aws, people } = thePeople();
    aws.on(DescribeGroupCommand).resolves({ ...STORE, GroupId: GROUP, DisplayName: 'g' });
    aws.on(GetGroupIdCommand).resolves({ ...STORE, GroupId: GROUP });
    expect(await people.group(GROUP)).toEqual({ groupId: GROUP, displayName: 'g' });
    expect(await people.findGroup('g')).toBe(GROUP);
  });

  it.each([
    ['without a type', missing(), missing()],
    ['with a type', missing({ ResourceType: 'USER' }), missing({ ResourceType: 'GROUP' })],
  ])('may be missing: an answer %s', async (_what, noUser, noGroup) => {
    const { aws, people } = thePeople();
    aws.onAnyCommand().rejects(noUser);
    expect(await people.person(USER)).toBeUndefined();
    aws.onAnyCommand().rejects(noGroup);
    expect(await people.group(GROUP)).toBeUndefined();
    expect(await people.findGroup('g')).toBeUndefined();
  });

  it('are not missing when something else is', async () => {
    const { aws, people } = thePeople();
    aws.onAnyCommand().rejects(missing({ ResourceType: 'GROUP' }));
    await expect(people.person(USER)).rejects.toMatchObject({ reason: 'ResourceNotFoundException' });
  });

  it.each([
    ['the store', missing({ ResourceType: 'IDENTITY_STORE' }), 'identity-store-missing'],
    ['a key', missing({ Reason: 'KMS_KEY_NOT_FOUND' }), 'kms-key-not-found'],
    ['a permission', awsError('AccessDeniedException'), 'access-denied'],
  ])('are not missing when %s is', async (_what, error, reason) => {
    const { aws, people } = thePeople();
    aws.onAnyCommand().rejects(error);
    await expect(people.person(USER)).rejects.toMatchObject({ reason });
    await expect(people.findGroup('jane')).rejects.not.toThrow(/jane/);
  });
});
