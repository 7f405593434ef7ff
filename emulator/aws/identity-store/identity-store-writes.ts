import * as z from 'zod/mini';
import type { RecordedChange } from '../cloudtrail/cloudtrail.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import { type Operation, operation, ServiceError } from '../json-service.ts';

const Id = z.string().check(z.minLength(1), z.maxLength(100));
const MembershipInput = z.object({ GroupId: Id, MemberId: z.object({ UserId: Id }) });
const MembershipIdInput = z.object({ MembershipId: Id });
const UserInput = z.object({ UserId: Id });
const CreateUserInput = z.object({
  UserName: z.string().check(z.minLength(1), z.maxLength(128)),
  Emails: z.optional(z.array(z.object({ Value: z.string() }))),
});

/**
 * The writes of the Identity Store API by which somebody tries out a local stack. Usher itself never calls them.
 *
 * @param changed told of what CloudTrail would record
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_Operations.html
 */
export function identityStoreWrites(
  world: IdentityCenter,
  changed: (change: RecordedChange) => void,
): ReadonlyMap<string, Operation> {
  const notFound = (kind: 'USER' | 'GROUP' | 'GROUP_MEMBERSHIP') =>
    new ServiceError('ResourceNotFoundException', `${kind} not found.`, { fields: { ResourceType: kind } });
  const conflict = (message: string) =>
    new ServiceError('ConflictException', message, { fields: { Reason: 'UNIQUENESS_CONSTRAINT_VIOLATION' } });
  const { identityStoreId: IdentityStoreId } = world;
  const memberships = () =>
    world
      .groups(Number.POSITIVE_INFINITY)
      .values.flatMap(({ groupId }) => world.memberships(groupId, Number.POSITIVE_INFINITY).values);

  return new Map<string, Operation>([
    [
      'CreateUser',
      operation(CreateUserInput, ({ UserName, Emails }) => {
        if (world.findUser({ userName: UserName })) throw conflict('Duplicate UserName');
        const number = world.users(Number.POSITIVE_INFINITY).values.length + 1;
        const userId = `b0000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
        const email = Emails?.[0]?.Value;
        world.addUser({ userId, userName: UserName, ...(email === undefined ? {} : { email }) });
        return { IdentityStoreId, UserId: userId };
      }),
    ],
    [
      'DeleteUser',
      operation(UserInput, ({ UserId: userId }) => {
        if (!world.user(userId)) throw notFound('USER');
        world.deleteUser(userId);
        changed({ change: 'delete', userId });
        return {};
      }),
    ],
    [
      'CreateGroupMembership',
      operation(MembershipInput, ({ GroupId: groupId, MemberId: { UserId: userId } }) => {
        if (!world.group(groupId)) throw notFound('GROUP');
        if (!world.user(userId)) throw notFound('USER');
        if (world.isMember(groupId, userId)) throw conflict('Member and Group relationship already exists');
        world.join(groupId, userId);
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
        world.leave(groupId, userId);
        changed({ change: 'leave', groupId, userId });
        return {};
      }),
    ],
  ]);
}
