import {
  type ApplicationAssignment,
  ConflictException,
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  DescribeApplicationAssignmentCommand,
  GetApplicationAssignmentConfigurationCommand,
  ListApplicationAssignmentsCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { MAX_PER_PAGE } from '../domain/pace.ts';
import { SSO_ADMIN_ERRORS } from './aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from './clients.ts';
import { askWith, idIn, listIn, malformedAnswer, pages } from './requests.ts';
import { isNotFound } from './translate-error.ts';

/** A user or group that is directly assigned to an application. */
export interface Assignee {
  principalId: string;
  principalType: 'USER' | 'GROUP';
}

/**
 * The part of SSO Admin that Usher calls.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Applications {
  /** Whether the application requires assignments (GetApplicationAssignmentConfiguration); if not, every user has access. */
  requiresAssignment(applicationArn: string): Promise<boolean>;
  /**
   * Lists the assignees (ListApplicationAssignments) by pages of up to 100; a page that fails ends the iteration with an
   * error.
   */
  assigneesOf(applicationArn: string): AsyncIterable<readonly Assignee[]>;
  /** Whether this user is assigned directly, not through a group (DescribeApplicationAssignment). */
  isAssigned(applicationArn: string, userId: string): Promise<boolean>;
  /**
   * Assigns a user (CreateApplicationAssignment). Safe to repeat. `conflict` means that an earlier write has not propagated
   * yet: try again, then read. `assigned` is AWS's answer, not a verification.
   */
  assign(applicationArn: string, userId: string): Promise<'assigned' | 'conflict'>;
  /** Removes an assignment (DeleteApplicationAssignment). Safe to repeat; a missing assignment counts as removed. */
  unassign(applicationArn: string, userId: string): Promise<'removed' | 'conflict'>;
}

function assigneeIn(entry: ApplicationAssignment, operation: string): Assignee {
  const { PrincipalType } = entry;
  if (PrincipalType !== 'USER' && PrincipalType !== 'GROUP') {
    throw malformedAnswer(operation, 'ApplicationAssignments.PrincipalType');
  }
  const kind = PrincipalType === 'USER' ? 'user' : 'group';
  return {
    principalId: idIn(entry.PrincipalId, kind, operation, 'ApplicationAssignments.PrincipalId'),
    principalType: PrincipalType,
  };
}

/** Creates the applications of SSO Admin on top of the SDK. The pacer spaces the requests. */
export function ssoAdminApplications(client: SSOAdminClient, pacer: Pacer): Applications {
  const ask = askWith(SSO_ADMIN_ERRORS, pacer);
  const idsOf = (applicationArn: string, userId: string) => [`application ${applicationArn}`, `user ${userId}`];
  const assignment = (applicationArn: string, userId: string) => ({
    ApplicationArn: applicationArn,
    PrincipalId: userId,
    PrincipalType: 'USER' as const,
  });

  return {
    requiresAssignment(applicationArn) {
      const operation = 'GetApplicationAssignmentConfiguration';
      return ask(operation, [`application ${applicationArn}`], async () => {
        const command = new GetApplicationAssignmentConfigurationCommand({ ApplicationArn: applicationArn });
        const { AssignmentRequired } = await client.send(command);
        if (typeof AssignmentRequired !== 'boolean') throw malformedAnswer(operation, 'AssignmentRequired');
        return AssignmentRequired;
      });
    },

    async *assigneesOf(applicationArn) {
      const operation = 'ListApplicationAssignments';
      const list = { ApplicationArn: applicationArn, MaxResults: MAX_PER_PAGE };
      for await (const { assignees } of pages(operation, (NextToken) =>
        ask(operation, [`application ${applicationArn}`], async () => {
          const page = await client.send(new ListApplicationAssignmentsCommand({ ...list, NextToken }));
          // Unlike the lists of the Identity Store, this one is optional in the API reference: it may be absent if no one is assigned.
          const entries = listIn(page.ApplicationAssignments ?? [], operation, 'ApplicationAssignments');
          return { assignees: entries.map((entry) => assigneeIn(entry, operation)), NextToken: page.NextToken };
        }),
      )) {
        yield assignees;
      }
    },

    isAssigned: (applicationArn, userId) =>
      ask('DescribeApplicationAssignment', idsOf(applicationArn, userId), async () => {
        try {
          await client.send(new DescribeApplicationAssignmentCommand(assignment(applicationArn, userId)));
          return true;
        } catch (error) {
          if (isNotFound(error)) return false;
          throw error;
        }
      }),

    assign: (applicationArn, userId) =>
      ask('CreateApplicationAssignment', idsOf(applicationArn, userId), async () => {
        try {
          await client.send(new CreateApplicationAssignmentCommand(assignment(applicationArn, userId)));
          return 'assigned';
        } catch (error) {
          if (error instanceof ConflictException) return 'conflict';
          throw error;
        }
      }),

    unassign: (applicationArn, userId) =>
      ask('DeleteApplicationAssignment', idsOf(applicationArn, userId), async () => {
        try {
          await client.send(new DeleteApplicationAssignmentCommand(assignment(applicationArn, userId)));
          return 'removed';
        } catch (error) {
          if (isNotFound(error)) return 'removed';
          if (error instanceof ConflictException) return 'conflict';
          throw error;
        }
      }),
  };
}

const ssoAdminClient = clientFactory(SSOAdminClient);

/** Connects to the applications of SSO Admin with the client of these settings. */
export function connectApplications(settings: ClientSettings, pacer: Pacer): Applications {
  return ssoAdminApplications(ssoAdminClient(settings), pacer);
}
