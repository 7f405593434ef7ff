/** IAM actions to decide about users as an execution does. */
export const DECISION_READS = [
  'dynamodb:Query',
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'identitystore:IsMemberInGroups',
  'identitystore:ListGroupMembershipsForMember',
  'identitystore:DescribeUser',
  'sso:DescribeApplicationAssignment',
];

/** IAM actions to start what only an operator may ask for, and to follow it. */
export const ADMIN_STARTS = [
  'sts:GetCallerIdentity',
  'states:StartExecution (onboarding-admin)',
  'states:DescribeExecution',
  'states:GetExecutionHistory',
];

/** IAM actions to list the subscriptions of either provider, also in another account. */
export const SUBSCRIPTION_READS = [
  'user-subscriptions:ListUserSubscriptions',
  'qbusiness:ListApplications',
  'qbusiness:GetApplication',
  'qbusiness:ListSubscriptions',
  'sts:AssumeRole',
];
