import { IdentitystoreClient, IsMemberInGroupsCommand } from '@aws-sdk/client-identitystore';
import {
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { Seats } from './script.ts';
import { withSdkRetries } from './sdk-retries.ts';

const CHECKS = 5;
const CHECK_SECONDS = 3;

/** What the Lambda reads of an event: it understands those of the console only. */
export interface ConsoleEvent {
  detail: {
    eventName: string;
    requestParameters: { groupId?: string; member?: { memberId?: string } };
  };
}

/** What one event came to. */
export type Outcome = 'assigned' | 'removed' | 'ignored' | 'given-up';

/**
 * The closest published architecture: a rule, one Lambda function, one group. It waits inside the function until the
 * membership shows, five times three seconds, then answers with success and the event is lost. It has no queue for what
 * failed, and knows neither SCIM's PatchGroup nor CreateGroupMembership.
 */
export async function handleEvent(
  event: ConsoleEvent,
  { identityStoreId, groupId, applicationArn }: Seats,
  { settings, clock }: { settings: ClientSettings; clock: Clock },
): Promise<{ statusCode: 200; outcome: Outcome }> {
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
  const about = { ApplicationArn: applicationArn, PrincipalId: userId, PrincipalType: 'USER' } as const;
  await withSdkRetries(clock, async () => {
    if (joins) await applications.send(new CreateApplicationAssignmentCommand(about));
    else await applications.send(new DeleteApplicationAssignmentCommand(about));
  });
  return { statusCode: 200, outcome: joins ? 'assigned' : 'removed' };
}
