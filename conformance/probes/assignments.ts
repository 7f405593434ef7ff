import {
  CreateApplicationAssignmentCommand,
  DeleteApplicationAssignmentCommand,
  DescribeApplicationAssignmentCommand,
} from '@aws-sdk/client-sso-admin';
import { answerOf, type Undo } from './probe.ts';
import type { World } from './world.ts';

/** Makes or removes the assignment of the named user. */
export async function changeAssignment({ ssoAdmin, targets }: World, verb: 'create' | 'delete'): Promise<void> {
  const input = inputOf(targets);
  if (verb === 'create') await ssoAdmin.send(new CreateApplicationAssignmentCommand(input));
  else await ssoAdmin.send(new DeleteApplicationAssignmentCommand(input));
}

/** Ends the assignment that a probe made. */
export function unassign(world: World): Undo {
  return { what: 'The assignment of the user', call: () => changeAssignment(world, 'delete') };
}

/** Whether the named user is assigned directly. */
export async function isAssigned({ ssoAdmin, targets }: World): Promise<boolean> {
  const answer = await answerOf(() => ssoAdmin.send(new DescribeApplicationAssignmentCommand(inputOf(targets))));
  if (answer === 'ok') return true;
  if (answer === 'ResourceNotFoundException') return false;
  throw new Error(`DescribeApplicationAssignment: ${answer}`);
}

function inputOf({ application: ApplicationArn, user: PrincipalId }: World['targets']) {
  return { ApplicationArn, PrincipalId, PrincipalType: 'USER' as const };
}
