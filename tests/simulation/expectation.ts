import * as z from 'zod/mini';
import type { Moment } from './truth.ts';

const MembershipEvent = z.object({
  detail: z.object({
    eventName: z.enum(['AddMemberToGroup', 'CreateGroupMembership', 'RemoveMemberFromGroup']),
    eventTime: z.string(),
    requestParameters: z.object({
      groupId: z.string(),
      member: z.optional(z.object({ memberId: z.string() })),
      memberId: z.optional(z.object({ userId: z.string() })),
    }),
  }),
});

/** What an event that names user and group leads to expect. */
export interface Expectation {
  userId: string;
  groupId: string;
  at: Moment;
  joins: boolean;
}

/** Returns what an input leads to expect; undefined if it names no user and group. */
export function expectationOf(input: unknown): Expectation | undefined {
  const { success, data } = MembershipEvent.safeParse(input);
  if (!success) return undefined;
  const { eventName, eventTime, requestParameters } = data.detail;
  const { groupId, member, memberId } = requestParameters;
  const userId = member?.memberId ?? memberId?.userId ?? '';
  return { userId, groupId, at: Date.parse(eventTime), joins: eventName !== 'RemoveMemberFromGroup' };
}
