import * as z from 'zod/mini';

/** The reads whose lag can be set. The settings of an application do not change during a run. */
export const ReadOperationSchema = z.enum([
  'IdentityStore.IsMemberInGroups',
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.ListGroupMembershipsForMember',
  'IdentityStore.DescribeUser',
  'IdentityStore.ListUsers',
  'IdentityStore.GetUserId',
  'IdentityStore.GetGroupMembershipId',
  'IdentityStore.DescribeGroup',
  'SSOAdmin.DescribeApplicationAssignment',
  'SSOAdmin.ListApplicationAssignments',
  'UserSubscriptions.ListUserSubscriptions',
  'UserSubscriptions.ListApplicationClaims',
  'QBusiness.ListSubscriptions',
]);
/** See {@link ReadOperationSchema}. */
export type ReadOperation = z.infer<typeof ReadOperationSchema>;
