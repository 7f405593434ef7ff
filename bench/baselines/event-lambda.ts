import { IdentitystoreClient, IsMemberInGroupsCommand } from '@aws-sdk/client-identitystore';
import {
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { BaselineTarget } from './script.ts';
import { withSdkRetries } from './sdk-retries.ts';

const CHECKS = 5;
const CHECK_SECONDS = 3;

/** The fields of an event that the Lambda reads; it knows only events of the console. */
export interface ConsoleEvent {
  detail: {
    eventName: string;
    requestParameters: { groupId?: string; member?: { memberId?: string } };
  };
}

/** The outcome of one event. */
export type EventOutcome = 'assigned' | 'removed' | 'ignored' | 'given-up';

/**
 * Handles an event as the closest published architecture does: a rule, one Lambda function, one group. It waits inside the
 * function until reads show the membership, five times three seconds. Then it answers with success, and the event is lost.
 * It has no queue for failed events, and knows neither SCIM's PatchGroup nor CreateGroupMembership.
 */
export async function handleEvent(
  event: ConsoleEvent,
  { identityStoreId, groupId, applicationArn }: BaselineTarget,
  { settings, clock }: { settings: ClientSettings; clock: Clock },
): Promise<{ statusCode: 200; outcome: EventOutcome }> {
  const { eventName, requestParameters } = event.detail;
  const userId = requestParameters.member?.memberId;
  const joins = eventName === 'AddMemberToGroup';
  if (!userId || requestParameters.groupId !== groupId || !(joins || eventName === 'RemoveMemberFromGroup')) {
    return { statusCode: 200, outcome: 'ignored' };
  }
  const directory = new IdentitystoreClient(settings);
  const applications = new SSOAdminClient(settings);
  const shows = async () => {
    const { Results = [] } = await withSdkRetries(clock, () =>
      directory.send(
        new IsMemberInGroupsCommand({
          IdentityStoreId: identityStoreId,
          MemberId: { UserId: userId },
          GroupIds: [groupId],
        }),
      ),
    );
    return (Results[0]?.MembershipExists ?? false) === joins;
  };
  for (let check = 0; !(await shows()); check += 1) {
    if (check === CHECKS) return { statusCode: 200, outcome: 'given-up' };
    await clock.sleep(CHECK_SECONDS);
  }
  const assignment = { ApplicationArn: applicationArn, PrincipalId: userId, PrincipalType: 'USER' } as const;
  await withSdkRetries(clock, async () => {
    if (joins) await applications.send(new CreateApplicationAssignmentCommand(assignment));
    else await applications.send(new DeleteApplicationAssignmentCommand(assignment));
  });
  return { statusCode: 200, outcome: joins ? 'assigned' : 'removed' };
}
