import { ACCOUNT } from '../../emulator/aws/account/account.ts';
import { NAMES } from '../../emulator/aws/control-plane/control-plane.ts';
import { application, group } from '../../emulator/scenario/example-ids.ts';

export {
  APPLICATION,
  application,
  ENTITLEMENT,
  GROUP,
  group,
  INSTANCE_ARN,
  people,
  REGION,
  STORE_ID,
  user,
} from '../../emulator/scenario/example-ids.ts';

export const OTHER_GROUP = group(2);
export const OTHER_APPLICATION = application(2);

/** The ledger's table and the audit bus. */
export const TABLE = NAMES.ledger;
export const BUS = NAMES.auditBus;

/** The ARN of the state machine. */
export const STATE_MACHINE = `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:${NAMES.machine}`;

/** The time at which a test begins. */
export const START = new Date('2026-11-01T10:00:00.000Z');

/** Returns the ARN of the execution with this name. */
export function execution(name: string): string {
  return `arn:aws:states:us-east-1:111122223333:execution:usher-onboarding:${name}`;
}

/** The execution that a test is about, and another one. */
export const ME = execution('me');
export const OTHER = execution('other');

/** An execution of onboarding-admin. */
export const ADMIN = `arn:aws:states:us-east-1:${ACCOUNT}:execution:${NAMES.adminMachine}:admin`;

/** Returns the number of the user with this id. */
export function numberOf(userId: string): number {
  return Number(userId.slice(-12));
}
