import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { RecordedChange } from '../cloudtrail/cloudtrail.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import { type Operation, operation, ServiceError } from '../json-service.ts';
import { namedAlike } from './look-up.ts';

const Id = z.string().check(z.minLength(1), z.maxLength(100));
const MembershipInput = z.object({ GroupId: Id, MemberId: z.object({ UserId: Id }) });
const MembershipIdInput = z.object({ MembershipId: Id });
const UserInput = z.object({ UserId: Id });
const Text = z.string().check(z.minLength(1), z.maxLength(1024));
const CreateUserInput = z.object({
  UserName: z.string().check(z.minLength(1), z.maxLength(128)),
  Emails: z.optional(
    z.array(z.object({ Value: Text, Type: z.optional(Text), Primary: z.optional(z.boolean()) })).check(z.minLength(1)),
  ),
  Name: z.optional(z.object({ GivenName: z.optional(Text), FamilyName: z.optional(Text) })),
  DisplayName: z.optional(Text),
  PreferredLanguage: z.optional(Text),
});

/**
 * Returns writes of the Identity Store API, for users who try out the emulator. Usher itself never calls them.
 *
 * @param changed called with each change that CloudTrail would record
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_Operations.html
 */
export function identityStoreWrites(
  center: IdentityCenter,
  changed: (change: RecordedChange) => void,
): ReadonlyMap<string, Operation> {
  const notFound = (kind: 'USER' | 'GROUP' | 'GROUP_MEMBERSHIP') =>
    new ServiceError('ResourceNotFoundException', `${kind} not found.`, { fields: { ResourceType: kind } });
  const conflict = (message: string) =>
    new ServiceError('ConflictException', message, { fields: { Reason: 'UNIQUENESS_CONSTRAINT_VIOLATION' } });
  const { identityStoreId: IdentityStoreId } = center;
  const memberships = () =>
    center
      .groups(Number.POSITIVE_INFINITY)
      .values.flatMap(({ groupId }) => center.memberships(groupId, Number.POSITIVE_INFINITY).values);

  return new Map<string, Operation>([
    [
      'CreateUser',
      operation(CreateUserInput, (input) => {
        const { UserName, Emails, Name, DisplayName, PreferredLanguage } = input;
        if (namedAlike(center, { userName: UserName }).length > 0) throw conflict('Duplicate UserName');
        // Never that of another user, also of one who was deleted before a restart.
        const userId = `b0000000-0000-4000-8000-${randomUUID().slice(-12)}`;
        center.addUser({
          userId,
          userName: UserName,
          emails: Emails?.map(({ Value: value, Type: type, Primary: primary }) => ({ value, type, primary })),
          name: Name && { givenName: Name.GivenName, familyName: Name.FamilyName },
          displayName: DisplayName,
          preferredLanguage: PreferredLanguage,
        });
        return { IdentityStoreId, UserId: userId };
      }),
    ],
    [
      'DeleteUser',
      operation(UserInput, ({ UserId: userId }) => {
        if (!center.user(userId)) throw notFound('USER');
        center.deleteUser(userId);
        changed({ change: 'delete', userId });
        return {};
      }),
    ],
    [
      'CreateGroupMembership',
      operation(MembershipInput, ({ GroupId: groupId, MemberId: { UserId: userId } }) => {
        if (!center.group(groupId)) throw notFound('GROUP');
        if (!center.user(userId)) throw notFound('USER');
        if (center.isMember(groupId, userId)) throw conflict('Member and Group relationship already exists');
        center.join(groupId, userId);
        changed({ change: 'join', groupId, userId });
        const made = memberships().find((one) => one.groupId === groupId && one.userId === userId);
        return { IdentityStoreId, MembershipId: made?.membershipId };
      }),
    ],
    [
      'DeleteGroupMembership',
      operation(MembershipIdInput, ({ MembershipId }) => {
        const found = memberships().find(({ membershipId }) => membershipId === MembershipId);
        if (!found) throw notFound('GROUP_MEMBERSHIP');
        const { groupId, userId } = found;
        center.leave(groupId, userId);
        changed({ change: 'leave', groupId, userId });
        return {};
      }),
    ],
  ]);
}
