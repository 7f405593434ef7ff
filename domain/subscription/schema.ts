import * as z from 'zod/mini';
import { Region } from '../shared/ids.ts';
import { KIRO_PLANS, Q_BUSINESS_PLANS } from './plan.ts';

const RoleArn = z
  .string()
  .check(
    z.regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/, 'expected the ARN of an IAM role'),
    z.describe('Role in the account that owns the profile, if it is another account'),
  );

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const ExternalId = z
  .string()
  .check(
    z.regex(/^[\w+=,.@:/-]{2,1224}$/, 'expected 2 to 1224 letters, digits or any of _+=,.@:/-'),
    z.describe('External id that the trust policy of roleArn asks for: subscriber.yml always does. It is no secret'),
  );

const SubscriptionFields = {
  region: Region.check(
    z.describe('Region of the profile (Kiro, Amazon Q Developer) or of the Amazon Q Business application'),
  ),
  roleArn: z.optional(RoleArn),
  externalId: z.optional(ExternalId),
  mode: z._default(
    z
      .enum(['report', 'manage'])
      .check(
        z.describe(
          'report compares subscriptions with group membership, and changes nothing; manage subscribes and cancels, too',
        ),
      ),
    'report',
  ),
  allowDowngrade: z.optional(
    z
      .boolean()
      .check(
        z.describe(
          'manage asks for a cheaper plan, too: AWS charges the month in full, and the plan begins next month',
        ),
      ),
  ),
};

/** The schema of an entitlement's `subscription`: who pays for which plan. `kiro` is experimental: its calls are not published. */
export const SubscriptionSchema = z.discriminatedUnion('provider', [
  z.strictObject({
    provider: z
      .literal('kiro')
      .check(z.describe('Kiro and Amazon Q Developer. Experimental: AWS does not publish the calls')),
    plan: z.enum(KIRO_PLANS).check(z.describe('The plan that members of the groups should have')),
    endpoint: z.optional(
      z
        .enum(['amazonaws.com', 'kiro.dev'])
        .check(
          z.describe('Where manage sends its calls. By default amazonaws.com: no call to kiro.dev is known to succeed'),
        ),
    ),
    ...SubscriptionFields,
  }),
  z.strictObject({
    provider: z.literal('amazon-q-business').check(z.describe('Amazon Q Business')),
    plan: z.enum(Q_BUSINESS_PLANS).check(z.describe('The plan that members of the groups should have')),
    ...SubscriptionFields,
  }),
]);
