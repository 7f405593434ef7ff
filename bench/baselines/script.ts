import { IdentitystoreClient, ListGroupMembershipsCommand } from '@aws-sdk/client-identitystore';
import {
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  ListApplicationAssignmentsCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { withSdkRetries } from './sdk-retries.ts';

/** The group and the application that a baseline serves. */
export interface BaselineTarget {
  identityStoreId: string;
  groupId: string;
  applicationArn: string;
}

/**
 * Runs the script that most operators write first: it lists the members and the assignments, and makes the second equal to
 * the first, one call after another. It skips a call that fails.
 *
 * An operator has to start it. Unlike most such scripts, it also removes the assignments of users who left.
 *
 * @returns the number of changes that it gave up
 */
export async function runScript(
  { identityStoreId, groupId, applicationArn }: BaselineTarget,
  { settings, clock }: { settings: ClientSettings; clock: Clock },
): Promise<{ givenUp: number }> {
  const directory = new IdentitystoreClient(settings);
  const applications = new SSOAdminClient(settings);
  const members = new Set<string>();
  let token: string | undefined;
  do {
    const page = new ListGroupMembershipsCommand({
      IdentityStoreId: identityStoreId,
      GroupId: groupId,
      MaxResults: 100,
      NextToken: token,
    });
    const { GroupMemberships = [], NextToken } = await withSdkRetries(clock, () => directory.send(page));
    for (const { MemberId } of GroupMemberships) if (MemberId?.UserId) members.add(MemberId.UserId);
    token = NextToken;
  } while (token);
  const assigned = new Set<string>();
  do {
    const page = new ListApplicationAssignmentsCommand({
      ApplicationArn: applicationArn,
      MaxResults: 100,
      NextToken: token,
    });
    const { ApplicationAssignments = [], NextToken } = await withSdkRetries(clock, () => applications.send(page));
    for (const { PrincipalId, PrincipalType } of ApplicationAssignments) {
      if (PrincipalId && PrincipalType === 'USER') assigned.add(PrincipalId);
    }
    token = NextToken;
  } while (token);
  let givenUp = 0;
  const attempt = async (send: () => Promise<unknown>) => {
    try {
      await withSdkRetries(clock, send);
    } catch {
      givenUp += 1;
    }
  };
  const assignmentOf = (PrincipalId: string) =>
    ({ ApplicationArn: applicationArn, PrincipalId, PrincipalType: 'USER' }) as const;
  for (const userId of members.difference(assigned)) {
    await attempt(() => applications.send(new CreateApplicationAssignmentCommand(assignmentOf(userId))));
  }
  for (const userId of assigned.difference(members)) {
    await attempt(() => applications.send(new DeleteApplicationAssignmentCommand(assignmentOf(userId))));
  }
  return { givenUp };
}
