import fc from 'fast-check';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { APPLICATION, GROUP, user } from '../support/ids.ts';
import { APPLICATIONS, GROUPS, someApplication, someGroup, someone } from './cast.ts';

const calls = fc.constantFrom(
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeUser',
  'EventBridge.PutEvents',
  'EventBridge.PutEvents',
  'DynamoDB.PutItem',
  'DynamoDB.PutItem',
  'DynamoDB.GetItem',
  'DynamoDB.BatchGetItem',
  'DynamoDB.Query',
);

/** Faults that the machine's own retries outlast. */
export const passing = fc.record({
  operation: calls,
  kind: fc.constantFrom<FaultRule['kind']>('throttle', 'throttle', 'internal', 'internal-after', 'conflict'),
  times: fc.constantFrom(1, 1, 2, 3),
  skip: fc.constantFrom(0, 0, 1, 2, 5),
});
export const anyFault = fc
  .record({
    operation: calls,
    kind: fc.constantFrom<FaultRule['kind']>(
      'throttle',
      'internal',
      'internal-after',
      'conflict',
      'lost',
      'lost',
      'refuse',
      'quota',
      'exception',
      'not-found',
      'partial',
      'crash-before',
      'crash-after',
      'crash-after',
      'timeout-after',
    ),
    times: fc.constantFrom(1, 1, 2, 3),
    skip: fc.constantFrom(0, 0, 1, 2, 5, 9),
  })
  .map(possible);

/** A fault that stays, for a time. */
const lasting = fc.record({
  operation: calls,
  kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'conflict', 'refuse', 'exception'),
  for: fc.constantFrom('5m', '40m', '2h', '1d'),
});
const ofUser = someone.map((number) => ({ principalId: user(number) }));
const ofGroup = someGroup.map((index) => ({ groupId: GROUPS[index] ?? GROUP }));
const ofApplication = someApplication.map((index) => ({ applicationArn: APPLICATIONS[index] ?? APPLICATION }));

/** A fault that stays: for one user, one group, one application, or for all callers. */
export const staying = fc
  .tuple(lasting, fc.oneof(fc.constant({}), ofUser, ofGroup, ofApplication))
  .map(([fault, only]) => possible({ ...fault, ...only }));

const ofOneUser = fc.tuple(
  fc.constantFrom(
    'SSOAdmin.CreateApplicationAssignment',
    'SSOAdmin.DeleteApplicationAssignment',
    'SSOAdmin.DescribeApplicationAssignment',
    'IdentityStore.IsMemberInGroups',
    'IdentityStore.DescribeUser',
  ),
  ofUser,
);
const ofOneApplication = fc.tuple(
  fc.constantFrom(
    'SSOAdmin.CreateApplicationAssignment',
    'SSOAdmin.DeleteApplicationAssignment',
    'SSOAdmin.DescribeApplicationAssignment',
    'SSOAdmin.ListApplicationAssignments',
    'SSOAdmin.GetApplicationAssignmentConfiguration',
  ),
  ofApplication,
);
const ofOneGroup = fc.tuple(fc.constant('IdentityStore.ListGroupMemberships'), ofGroup);

/** A fault that stays, and concerns one user, group or application. */
export const stayingOfOne = fc
  .tuple(lasting, fc.oneof(ofOneUser, ofOneApplication, ofOneGroup))
  .map(([fault, [operation, only]]): FaultRule => possible({ ...fault, operation, ...only }));

/** Lambda itself refuses invocations, fewer than the machine retries. */
export const uninvoked = fc
  .record({
    function: fc.constantFrom('normalizeRequest', 'checkPropagation', 'planChanges', 'applyChanges', 'recordAudit'),
    kind: fc.constantFrom<FaultRule['kind']>('throttle', 'internal', 'exception'),
    times: fc.constantFrom(1, 2, 3),
  })
  .map((fault) => named({ operation: 'Lambda.Invoke', ...fault }, 'AWSLambdaException'));

/** Gives the kind `exception` its name. */
function named(fault: FaultRule, exception: string): FaultRule {
  return fault.kind === 'exception' ? { ...fault, exception } : fault;
}

/**
 * A service loses only what it was asked to change, EventBridge alone takes a part, and no read denies what there is: it
 * may lag, and that is a deed of its own.
 */
export function possible(fault: FaultRule): FaultRule {
  const { operation, kind } = fault;
  const changes = /^(?:SSOAdmin|Q|QBusiness)\.(?:Create|Update|Delete|Cancel)/.test(operation);
  if (kind === 'partial') return { ...fault, operation: 'EventBridge.PutEvents' };
  if (kind === 'lost' && !changes) return { ...fault, kind: 'crash-after' };
  if (kind === 'not-found' && !changes) return { ...fault, kind: 'throttle' };
  // What belongs to the table and the bus alone, such as their not being there, is mended before anything goes on.
  const platform = /^(DynamoDB|EventBridge)\./.test(operation);
  if (platform && ['refuse', 'conflict', 'quota', 'exception'].includes(kind)) return { ...fault, kind: 'throttle' };
  return named(fault, 'BrandNewException');
}
