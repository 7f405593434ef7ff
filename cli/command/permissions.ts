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

/** IAM actions for all that the console asks: those of its commands, which the read-only policy allows. */
export const CONSOLE_READS = [
  ...['cloudtrail:DescribeTrails', 'cloudtrail:GetEventSelectors', 'cloudtrail:GetTrailStatus'],
  ...['cloudtrail:LookupEvents', 'dynamodb:BatchGetItem', 'dynamodb:DescribeTable', 'dynamodb:GetItem'],
  ...['dynamodb:Query', 'events:DescribeArchive', 'events:DescribeEventBus', 'events:DescribeRule'],
  ...['events:ListTargetsByRule', 'identitystore:DescribeGroup', 'identitystore:DescribeUser'],
  ...['identitystore:GetGroupId', 'identitystore:GetUserId', 'identitystore:IsMemberInGroups'],
  ...['identitystore:ListGroupMemberships', 'identitystore:ListGroupMembershipsForMember', 'identitystore:ListGroups'],
  ...[
    'identitystore:ListUsers',
    'logs:DescribeLogGroups',
    'logs:FilterLogEvents',
    'organizations:DescribeOrganization',
  ],
  ...['organizations:ListDelegatedAdministrators', 'qbusiness:GetApplication', 'qbusiness:ListApplications'],
  ...['qbusiness:ListSubscriptions', 'scheduler:GetSchedule', 'ses:GetAccount', 'ses:GetEmailIdentity'],
  ...['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sso:DescribeApplication', 'sso:DescribeApplicationAssignment'],
  ...['sso:DescribeInstance', 'sso:GetApplicationAssignmentConfiguration', 'sso:ListApplicationAssignments'],
  ...['sso:ListApplications', 'sso:ListInstances', 'states:DescribeExecution', 'states:GetExecutionHistory'],
  ...['states:ListExecutions', 'sts:AssumeRole', 'sts:GetCallerIdentity'],
  ...['user-subscriptions:ListApplicationClaims', 'user-subscriptions:ListUserSubscriptions'],
];

/** IAM actions to list the subscriptions of either provider, also in another account. */
export const SUBSCRIPTION_READS = [
  'user-subscriptions:ListUserSubscriptions',
  'qbusiness:ListApplications',
  'qbusiness:GetApplication',
  'qbusiness:ListSubscriptions',
  'sts:AssumeRole',
];
