import { expect, it } from 'vitest';
import { latencyOf } from '../../../emulator/stack/latency.ts';

const latency = latencyOf({ change: 4, read: 3, ledger: 2, bus: 1 });

it.each([
  ['SSOAdmin.CreateApplicationAssignment', 4],
  ['SSOAdmin.DeleteApplicationAssignment', 4],
  ['Q.CreateAssignment', 4],
  ['Q.UpdateAssignment', 4],
  ['Q.DeleteAssignment', 4],
  ['QBusiness.CreateSubscription', 4],
  ['QBusiness.UpdateSubscription', 4],
  ['QBusiness.CancelSubscription', 4],
  ['SSOAdmin.ListApplicationAssignments', 3],
  ['IdentityStore.IsMemberInGroups', 3],
  ['UserSubscriptions.ListUserSubscriptions', 3],
  ['UserSubscriptions.ListApplicationClaims', 3],
  ['QBusiness.ListSubscriptions', 3],
  ['QBusiness.GetApplication', 3],
  ['DynamoDB.PutItem', 2],
  ['EventBridge.PutEvents', 1],
  ['SFN.DescribeExecution', 1],
  ['STS.AssumeRole', 1],
])('%s takes as long as others of its kind', (call, seconds) => {
  expect(latency(call)).toBe(seconds);
});
