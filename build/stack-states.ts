import type { StackFailure, StackStatus } from '../adapters/operator/stacks.ts';

/** The resource that holds the templates and zips of all deployments. */
export const BUCKET = 'ServerlessDeploymentBucket';

/** The stack of a stage, for commands that an operator copies. */
export interface StackPlace {
  stage: string;
  stackName: string;
  region: string;
}

/** What CloudFormation allows of a stack with some status. */
interface State {
  /** `update`: everything. `delete`: no update, only a deletion. `wait`: nothing until CloudFormation has finished. */
  allows: 'update' | 'delete' | 'wait';
  means: string;
  /** Brings the stack to a state that allows updates. Without it, only a removal does. */
  repair?: string;
}

const IN_PROGRESS = 'CloudFormation is still at work, perhaps for another operator';
const update = (means: string): State => ({ allows: 'update', means });
const onlyDelete = (means: string, repair?: string): State => ({
  allows: 'delete',
  means,
  ...(repair === undefined ? {} : { repair }),
});
const wait: State = { allows: 'wait', means: IN_PROGRESS };

/** Every status that CloudFormation has. */
const STATES: Readonly<Record<StackStatus, State>> = {
  CREATE_COMPLETE: update('it was created'),
  CREATE_FAILED: onlyDelete('its creation failed, and what was created remains'),
  CREATE_IN_PROGRESS: wait,
  DELETE_COMPLETE: update('it was deleted'),
  DELETE_FAILED: onlyDelete('its deletion failed halfway'),
  DELETE_IN_PROGRESS: wait,
  IMPORT_COMPLETE: update('resources were imported'),
  IMPORT_IN_PROGRESS: wait,
  IMPORT_ROLLBACK_COMPLETE: update('an import was rolled back'),
  IMPORT_ROLLBACK_FAILED: onlyDelete('an import failed, and its rollback did too'),
  IMPORT_ROLLBACK_IN_PROGRESS: wait,
  REVIEW_IN_PROGRESS: onlyDelete('a change set gave it a name, and it was never created'),
  ROLLBACK_COMPLETE: onlyDelete('its creation failed and was rolled back'),
  ROLLBACK_FAILED: onlyDelete('its creation failed, and its rollback did too'),
  ROLLBACK_IN_PROGRESS: wait,
  UPDATE_COMPLETE: update('it was updated'),
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: wait,
  UPDATE_FAILED: onlyDelete('an update failed and was not rolled back', 'rollback-stack'),
  UPDATE_IN_PROGRESS: wait,
  UPDATE_ROLLBACK_COMPLETE: update('its last update was rolled back: what was live before is live'),
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: wait,
  UPDATE_ROLLBACK_FAILED: onlyDelete('an update failed, and its rollback did too', 'continue-update-rollback'),
  UPDATE_ROLLBACK_IN_PROGRESS: wait,
};

/** Returns what a status allows; of a status that is newer than this program, nothing. */
export function stateOf(status: string): State {
  if (isKnown(status)) return STATES[status];
  return { allows: 'wait', means: 'this version of Usher does not know this state' };
}

function isKnown(status: string): status is StackStatus {
  return Object.hasOwn(STATES, status);
}

/** Returns a command of the AWS command line for the stack of a stage. */
export function awsCommand(operation: string, { stackName, region }: Omit<StackPlace, 'stage'>): string {
  return `aws cloudformation ${operation} --stack-name ${stackName} --region ${region}`;
}

/** Returns why a stack cannot be updated, and the exact way out. */
export function adviceFor(status: string, place: StackPlace): string[] {
  const { allows, means, repair } = stateOf(status);
  const head = `${place.stackName} is ${status}: ${means}.`;
  const again = `npm run deploy -- --stage ${place.stage}`;
  if (allows === 'wait') {
    return [head, `Nothing was changed. Wait until it has finished: ${awsCommand('describe-stacks', place)}`];
  }
  if (repair === undefined) {
    return [
      head,
      'CloudFormation can only delete it. The ledger and the audit stream stay, and a new deployment takes them over.',
      `  npm run remove -- --stage ${place.stage}`,
      `  ${again}`,
    ];
  }
  return [
    head,
    'Remove the cause, then let CloudFormation roll it back, and deploy again:',
    `  ${awsCommand(repair, place)}`,
    `  ${again}`,
    ...(repair === 'continue-update-rollback'
      ? ['If a resource cannot be rolled back, name it with --resources-to-skip; the next deployment sets it right.']
      : []),
  ];
}

/** Returns what failed, one line per resource. */
export function formatFailures(failures: readonly StackFailure[]): string[] {
  return failures.map(({ logicalId, type, status, reason }) => `  ${logicalId} (${type}) ${status}: ${reason}`);
}
