import * as z from 'zod/mini';

/** Answers on subscriptions that AWS does not document. They may change during a run. */
export const SubscriptionQuirksSchema = z.strictObject({
  subscriptionKeys: z.optional(
    z
      .enum(['camel', 'pascal'])
      .check(
        z.describe(
          'The keys in the answer to ListUserSubscriptions: subscriptions and nextToken, or UserSubscriptions and NextToken',
        ),
      ),
  ),
  subscriptionIds: z.optional(
    z
      .enum(['plain', 'with-store'])
      .check(
        z.describe(
          'The ids of users and groups in the answer to ListUserSubscriptions. With with-store, the identity store and a dot come before them',
        ),
      ),
  ),
  activationDate: z.optional(
    z
      .enum(['text', 'seconds', 'milliseconds'])
      .check(
        z.describe(
          'The form of activationDate in the answer to ListUserSubscriptions: ISO text, or a number since 1970',
        ),
      ),
  ),
  cancelledSubscriptions: z.optional(
    z
      .enum(['CANCELLED', 'CANCELED', 'absent'])
      .check(
        z.describe(
          'The status of a cancelled subscription in the answer to ListUserSubscriptions. With absent, neither that nor ListSubscriptions returns one',
        ),
      ),
  ),
  applicationClaims: z.optional(
    z
      .enum(['listed', 'refused'])
      .check(z.describe('The answer to ListApplicationClaims, which few have seen: with refused, AWS denies it')),
  ),
  newSubscriptions: z.optional(
    z
      .enum(['PENDING', 'ACTIVE'])
      .check(z.describe('The status of a subscription of Kiro right after CreateAssignment')),
  ),
  subscribingAssigned: z.optional(
    z
      .enum(['succeeds', 'conflicts'])
      .check(z.describe('The answer to CreateAssignment for a user who has the assignment, and no subscription')),
  ),
  repeatedSubscription: z.optional(
    z
      .enum(['conflicts', 'succeeds'])
      .check(
        z.describe(
          'The answer to CreateAssignment and CreateSubscription for a user who has a subscription of their own. With succeeds, CreateSubscription charges the user once more',
        ),
      ),
  ),
  assigningSubscribes: z.optional(
    z.boolean().check(z.describe('Whether a new assignment of Kiro starts a subscription, too')),
  ),
  subscribingAssigns: z.optional(
    z.boolean().check(z.describe('Whether a new subscription of Kiro makes the assignment, too')),
  ),
  unassigningCancels: z.optional(
    z.boolean().check(z.describe("Whether the end of a user's assignment cancels the user's own subscription")),
  ),
  cancellingUnassigns: z.optional(
    z.boolean().check(z.describe('Whether the cancellation of a subscription of Kiro removes the assignment')),
  ),
  accountRefusal: z.optional(
    z
      .enum(['none', 'does-not-meet', 'unknown-error', 'not-authorized', 'not-eligible'])
      .check(
        z.describe(
          "Whether AWS's own check of the account refuses CreateAssignment and UpdateAssignment, and with which of the texts that were seen",
        ),
      ),
  ),
  newProfile: z.optional(
    z
      .enum(['ready', 'not-authorized'])
      .check(
        z.describe(
          'The answer to the calls on assignments right after the profile was made. With not-authorized, AWS denies them, as it was seen to do for a minute',
        ),
      ),
  ),
});
/** See {@link SubscriptionQuirksSchema}. */
export type SubscriptionQuirks = z.infer<typeof SubscriptionQuirksSchema>;

/** Answers that AWS does not document. The emulator can give each of them. */
export const QuirksSchema = z.strictObject({
  repeatedCreate: z.optional(
    z
      .enum(['ok', 'conflict'])
      .check(z.describe('The answer to CreateApplicationAssignment for an assignment that exists')),
  ),
  deleteMissing: z.optional(
    z
      .enum(['ok', 'not-found'])
      .check(z.describe('The answer to DeleteApplicationAssignment for an assignment that does not exist')),
  ),
  userStatus: z.optional(
    z
      .enum(['present', 'absent', 'new-value'])
      .check(
        z.describe(
          'Whether DescribeUser and ListUsers return UserStatus, which is optional in the API reference. With new-value, a user who is not enabled has a status that the reference does not list',
        ),
      ),
  ),
  pages: z.optional(
    z
      .enum(['full', 'short', 'varying'])
      .check(
        z.describe(
          'The pages of the lists of IdentityStore, SSOAdmin, UserSubscriptions and QBusiness. With short, each has at most half of what the caller asks for, and an empty one comes before it. With varying, each has another size, also in another call of the same list',
        ),
      ),
  ),
  pageTokens: z.optional(
    z
      .enum(['last', 'expire'])
      .check(
        z.describe(
          'How long the tokens of the lists of IdentityStore, SSOAdmin, UserSubscriptions and QBusiness are valid. With expire, AWS refuses it with ValidationException 10 minutes after it returned it',
        ),
      ),
  ),
  identitySource: z.optional(
    z
      .enum(['any', 'ad-sync'])
      .check(
        z.describe(
          'Where users and groups come from. A store that AD Sync feeds answers ListGroupMemberships, ListGroupMembershipsForMember, GetUserId and GetGroupId with UnknownOperationException',
        ),
      ),
  ),
  assignmentsOfDeletedUsers: z.optional(
    z
      .enum(['end', 'stay'])
      .check(
        z.describe(
          "What becomes of a user's assignments when the user is deleted. They stay if the user came from Active Directory",
        ),
      ),
  ),
  expiredItems: z.optional(
    z
      .enum(['two-days', 'at-once', 'never'])
      .check(
        z.describe(
          'When DynamoDB deletes an item whose TTL attribute has passed: two days later, at once, or never. AWS says within a few days',
        ),
      ),
  ),
  overThroughput: z.optional(
    z
      .enum(['ThrottlingException', 'ProvisionedThroughputExceededException'])
      .check(z.describe('The answer of DynamoDB to a request for a partition that has no throughput left')),
  ),
  missingGroup: z.optional(
    z
      .enum(['not-found', 'no-member'])
      .check(z.describe('The answer to IsMemberInGroups for a group that does not exist')),
  ),
  nameCase: z.optional(
    z
      .enum(['insensitive', 'sensitive'])
      .check(
        z.describe(
          'Whether the Identity Store finds a user or a group by a name or an address in another case. With sensitive, it does not, and two may have one name in two cases',
        ),
      ),
  ),
  ambiguousName: z.optional(
    z
      .enum(['oldest', 'newest', 'not-found', 'refused'])
      .check(
        z.describe(
          'The answer to GetUserId and GetGroupId for a name or an address that several have: the one that was added first or last, ResourceNotFoundException, or ValidationException',
        ),
      ),
  ),
  unfilteredList: z.optional(
    z
      .enum(['AccessDeniedException', 'ValidationException'])
      .check(
        z.describe(
          'The answer to ListApplications for a member account that does not filter by its own account. AWS documents the rule, not the error',
        ),
      ),
  ),
  overMailQuota: z.optional(
    z
      .enum(['TooManyRequestsException', 'ThrottlingException', 'LimitExceededException'])
      .check(z.describe('The answer to SendEmail over a quota of Amazon SES')),
  ),
  unverifiedSender: z.optional(
    z
      .enum(['MessageRejected', 'MailFromDomainNotVerifiedException'])
      .check(z.describe('The answer to SendEmail from an address that is not verified')),
  ),
  messages: z.optional(
    z
      .enum(['once', 'twice'])
      .check(
        z.describe(
          'How often SQS delivers a message to NotifyUser that was handled. AWS says at least once; with twice, it comes again after 30 seconds',
        ),
      ),
  ),
  ...SubscriptionQuirksSchema.shape,
});
/** See {@link QuirksSchema}. */
export type Quirks = z.infer<typeof QuirksSchema>;

/** The answers of an emulator without quirks. */
export const USUAL = {
  repeatedCreate: 'ok',
  deleteMissing: 'ok',
  userStatus: 'present',
  missingGroup: 'not-found',
  nameCase: 'insensitive',
  ambiguousName: 'oldest',
  unfilteredList: 'AccessDeniedException',
  overThroughput: 'ThrottlingException',
  overMailQuota: 'TooManyRequestsException',
  unverifiedSender: 'MessageRejected',
  messages: 'once',
  pages: 'full',
  pageTokens: 'last',
  identitySource: 'any',
  assignmentsOfDeletedUsers: 'end',
  expiredItems: 'two-days',
  subscriptionKeys: 'camel',
  subscriptionIds: 'plain',
  activationDate: 'text',
  cancelledSubscriptions: 'CANCELLED',
  applicationClaims: 'listed',
  newSubscriptions: 'PENDING',
  subscribingAssigned: 'succeeds',
  repeatedSubscription: 'conflicts',
  assigningSubscribes: false,
  subscribingAssigns: true,
  unassigningCancels: false,
  cancellingUnassigns: false,
  accountRefusal: 'none',
  newProfile: 'ready',
} as const satisfies Required<Quirks>;
