import { GROUP, OTHER_GROUP, people, STATE_MACHINE, STORE_ID, user } from './ids.ts';
import type { Operator, OperatorOptions } from './operator.ts';

/** Three entitlements: a full one with a waitlist, one whose group is emptied, and one that is only observed. */
export const STORY: OperatorOptions = {
  people: 60,
  members: 36,
  others: people(41, 60),
  max: 30,
  assigned: [40],
  entitlements: (configured) => ({ ...configured, brake: { percent: 20, atLeast: 4 } }),
};

/** Lets a day's worth happen: joins, leaves, a waitlist, a hold, a refusal, a retry, ticks. */
export async function playStory(operator: Operator): Promise<void> {
  const memberships = await membershipsOf(operator);
  const join = (number: number, group = GROUP) =>
    operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: group,
      MemberId: { UserId: user(number) },
    });
  const leave = (number: number) =>
    operator.call('AWSIdentityStore.DeleteGroupMembership', {
      IdentityStoreId: STORE_ID,
      MembershipId: memberships.get(user(number)),
    });
  const tick = () =>
    operator.call('AWSStepFunctions.StartExecution', {
      stateMachineArn: STATE_MACHINE.replace('usher-onboarding', 'usher-local-onboarding'),
      input: JSON.stringify({ scope: 'tick' }),
    });
  await operator.run('start', '--all', '--wait');
  await leave(1);
  await leave(2);
  for (let index = 0; index < 4; index++) await tick();
  await operator.fault({ operation: 'Lambda.Invoke', kind: 'internal', times: 3 });
  await join(37);
  await operator.fault({
    operation: 'SSOAdmin.CreateApplicationAssignment',
    kind: 'refuse',
    principalId: user(39),
    times: 99,
  });
  await join(39, OTHER_GROUP);
  for (const number of people(41, 60)) await leave(number);
  await operator.run('start', '--user', 'userName:never', '--expected', '--wait-seconds', '1', '--wait');
}

/** Ids of memberships, by the id of the user. */
async function membershipsOf(operator: Operator): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const GroupId of [GROUP, OTHER_GROUP]) {
    const page = await operator.call('AWSIdentityStore.ListGroupMemberships', {
      IdentityStoreId: STORE_ID,
      GroupId,
      MaxResults: 100,
    });
    const memberships = page['GroupMemberships'] as { MembershipId: string; MemberId: { UserId: string } }[];
    for (const { MembershipId, MemberId } of memberships) found.set(MemberId.UserId, MembershipId);
  }
  return found;
}
