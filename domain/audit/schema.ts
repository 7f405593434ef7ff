import * as z from 'zod/mini';
import { ApplicationArn, Cause, ExecutionArn, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';

/**
 * How OCSF classifies an event. Activities 1 and 2 are the class's own; an event that is neither a grant nor a revocation
 * has activity 99 and a name. `status` is the outcome of the activity: to add a user to the waitlist succeeds, a refused
 * grant fails.
 */
export interface Classification {
  activity_id: 1 | 2 | 99;
  activity_name: string;
  /** 1 no action · 2 the reader decides · 3 action, not urgent · 4 an operator must act now */
  severity_id: 1 | 2 | 3 | 4;
  severity: 'Informational' | 'Low' | 'Medium' | 'High';
  status_id: 1 | 2;
  status: 'Success' | 'Failure';
}

const ASSIGN = { activity_id: 1, activity_name: 'Assign Privileges' } as const;
const REVOKE = { activity_id: 2, activity_name: 'Revoke Privileges' } as const;
const SUCCESS = { status_id: 1, status: 'Success' } as const;
const FAILURE = { status_id: 2, status: 'Failure' } as const;
const INFORMATIONAL = { severity_id: 1, severity: 'Informational' } as const;
const LOW = { severity_id: 2, severity: 'Low' } as const;
const MEDIUM = { severity_id: 3, severity: 'Medium' } as const;
const HIGH = { severity_id: 4, severity: 'High' } as const;
const REFUSAL = { ...MEDIUM, ...FAILURE } as const;

/** Every detail-type of the audit bus and its OCSF class; a refusal has a second one, {@link REFUSED_REVOCATION}. */
export const CLASSIFICATIONS = {
  'Seat Assigned': { ...ASSIGN, ...INFORMATIONAL, ...SUCCESS },
  'Seat Revoked': { ...REVOKE, ...INFORMATIONAL, ...SUCCESS },
  'Seat Waitlisted': { activity_id: 99, activity_name: 'Waitlist', ...LOW, ...SUCCESS },
  'Seat Refused': { ...ASSIGN, ...REFUSAL },
  'Seat Leaving': { activity_id: 99, activity_name: 'Schedule Revocation', ...LOW, ...SUCCESS },
  'Seat Kept': { activity_id: 99, activity_name: 'Keep Privileges', ...INFORMATIONAL, ...SUCCESS },
  'Seat Adopted': { activity_id: 99, activity_name: 'Adopt Privileges', ...LOW, ...SUCCESS },
  'Seat Observed': { activity_id: 99, activity_name: 'Observe', ...INFORMATIONAL, ...SUCCESS },
  'Subscription Finding': { activity_id: 99, activity_name: 'Compare Subscription', ...LOW, ...SUCCESS },
  'Revocations Held': { activity_id: 99, activity_name: 'Hold Revocations', ...HIGH, ...SUCCESS },
  'Onboarding Failed': { activity_id: 99, activity_name: 'Onboard', ...MEDIUM, ...FAILURE },
} as const satisfies Record<string, Classification>;
export type DetailType = keyof typeof CLASSIFICATIONS;

/** Classifies `Seat Refused` if AWS refused a revocation. */
export const REFUSED_REVOCATION = { ...REVOKE, ...REFUSAL } as const satisfies Classification;

/** `class_uid` of OCSF's User Access Management; `type_uid` is 100 times this plus the activity. */
export const USER_ACCESS_MANAGEMENT = 3005;

const AccountId = z.string().check(z.regex(/^\d{12}$/), z.describe('AWS account id'));
/** OCSF account type 10 is "AWS Account". */
const AwsAccount = z.strictObject({ uid: AccountId, type_id: z.literal(10) });
const EventUid = z.string().check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));

/** Objects are closed: an unlisted field, such as a user's name, makes the event invalid. */
function commonShape({ activity_id, activity_name, severity_id, severity, status_id, status }: Classification) {
  return {
    category_uid: z.literal(3),
    category_name: z.literal('Identity & Access Management'),
    class_uid: z.literal(USER_ACCESS_MANAGEMENT),
    class_name: z.literal('User Access Management'),
    activity_id: z.literal(activity_id),
    activity_name: z.literal(activity_name),
    type_uid: z.literal(USER_ACCESS_MANAGEMENT * 100 + activity_id),
    severity_id: z.literal(severity_id),
    severity: z.literal(severity),
    status_id: z.literal(status_id),
    status: z.literal(status),
    status_detail: z.string().check(z.maxLength(64), z.describe('Why: a short, stable code')),
    time: z.int().check(z.minimum(0), z.describe('When the change was made, in milliseconds since 1970')),
    metadata: z.strictObject({
      version: z.literal('1.6.0').check(z.describe('Version of OCSF')),
      profiles: z.tuple([z.literal('cloud')]),
      product: z.strictObject({ name: z.literal('Usher'), vendor_name: z.literal('Usher'), version: z.string() }),
      uid: EventUid.check(z.describe('Id of the event; a second copy has the same id')),
      correlation_uid: ExecutionArn.check(z.describe('ARN of the execution')),
    }),
    actor: z.strictObject({ app_name: z.literal('Usher') }),
    cloud: z.strictObject({
      provider: z.literal('AWS'),
      region: z.string(),
      account: z.exactOptional(AwsAccount),
    }),
  };
}

/** The fields that the `detail` of every audit event has. */
export type CommonDetail = z.infer<z.ZodMiniObject<ReturnType<typeof commonShape>>>;

const privileges = z.tuple([z.string()]).check(z.describe('Name of the entitlement'));
const resources = z.tuple([z.strictObject({ uid: ApplicationArn, type: z.literal('AWS::SSO::Application') })]);
/** A plan by the name that AWS takes, or `unknown`. */
const PlanName = z.string().check(z.regex(/^\w{1,64}$/));
/** The user of an event about no single user: OCSF requires a uid, name or account, and accepts the account alone. */
const unnamedUser = z.strictObject({ type_id: z.literal(0).check(z.describe('Unknown')), account: AwsAccount });

const SeatShape = {
  user: z.strictObject({
    uid: ResourceId.check(z.describe('User id in the identity store')),
    type_id: z.literal(1).check(z.describe('User')),
  }),
  privileges,
  resources,
  unmapped: z.strictObject({
    cause: Cause.check(z.describe('What caused the change: a CloudTrail eventID, an event id or an execution ARN')),
    change_seq: z
      .int()
      .check(z.minimum(1), z.describe('Number of the change of this seat: it only grows, and never comes back')),
    revoke_at: z.exactOptional(Timestamp.check(z.describe('Seat Leaving: when the grace ends'))),
    subscription_plan: z.exactOptional(
      z
        .string()
        .check(z.describe('Plan of the subscription that is part of the seat; absent if Usher manages none with it')),
    ),
    requested_at: z.exactOptional(
      Timestamp.check(z.describe('Seat Assigned: when an execution first asked for this grant')),
    ),
  }),
};

const FindingShape = {
  user: SeatShape.user,
  privileges,
  resources,
  unmapped: z.strictObject({
    change_seq: z
      .int()
      .check(z.minimum(1), z.describe('Number of the change of what is found about this user: it only grows')),
    state: z
      .enum(['found', 'changed', 'ended'])
      .check(z.describe('Whether the finding is new, says something else than before, or is no longer true')),
    since: Timestamp.check(
      z.describe('When a comparison first found it; of a pending subscription, first saw it pending'),
    ),
    plan: z.exactOptional(PlanName.check(z.describe('The plan that the list shows; absent if it shows none'))),
    expected_plan: z.exactOptional(PlanName.check(z.describe('The plan of the entitlement; absent for an orphan'))),
    subscription_status: z.exactOptional(
      z.enum(['active', 'pending', 'unknown']).check(z.describe('What the list shows')),
    ),
    source: z.exactOptional(
      z.enum(['individual', 'group', 'both', 'unknown']).check(z.describe('What gives the subscription')),
    ),
  }),
};

const HeldShape = {
  user: unnamedUser,
  privileges,
  resources,
  unmapped: z.strictObject({
    held_revocations: z.int().check(z.minimum(1), z.describe('Number of revocations that wait for an operator')),
    hold_digest: z.string().check(z.regex(/^[0-9a-f]{64}$/), z.describe('SHA-256 of what is held')),
  }),
};

const FailureShape = {
  user: unnamedUser,
  privileges: z
    .array(z.string())
    .check(z.maxLength(0), z.describe('Empty: the failure itself grants and revokes nothing')),
  status_code: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']).check(z.describe('How the execution ended')),
};

function seatDetail(classification: Classification) {
  return z.strictObject({ ...commonShape(classification), ...SeatShape });
}
/** `detail` of an event about one seat. */
export type SeatDetail = z.infer<ReturnType<typeof seatDetail>>;

function failureDetail(classification: Classification) {
  return z.strictObject({ ...commonShape(classification), ...FailureShape });
}
function heldDetail(classification: Classification) {
  return z.strictObject({ ...commonShape(classification), ...HeldShape });
}
function findingDetail(classification: Classification) {
  return z.strictObject({ ...commonShape(classification), ...FindingShape });
}
/** `detail` of `Subscription Finding`. */
export type FindingDetail = z.infer<ReturnType<typeof findingDetail>>;

/** `detail` of `Revocations Held`. */
export type HeldDetail = z.infer<ReturnType<typeof heldDetail>>;

/** `detail` of `Onboarding Failed`. */
export type FailureDetail = z.infer<ReturnType<typeof failureDetail>>;

function detailSchema(detailType: DetailType) {
  const classification = CLASSIFICATIONS[detailType];
  switch (detailType) {
    case 'Onboarding Failed':
      return failureDetail(classification);
    case 'Revocations Held':
      return heldDetail(classification);
    case 'Subscription Finding':
      return findingDetail(classification);
    case 'Seat Refused':
      return z.union([seatDetail(classification), seatDetail(REFUSED_REVOCATION)]);
    default:
      return seatDetail(classification);
  }
}

/**
 * Returns the schema of an event as EventBridge delivers it. The envelope is open, because EventBridge adds fields to it
 * (`replay-name` when an archive is replayed); `detail` is closed.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
 */
export function auditEventSchema(detailType: DetailType) {
  return z.looseObject({
    version: z.literal('0'),
    id: z
      .string()
      .check(z.describe("EventBridge's own id. A second copy has another one: drop copies by metadata.uid.")),
    'detail-type': z.literal(detailType),
    source: z.literal('usher'),
    account: AccountId,
    time: Timestamp,
    region: z.string(),
    resources: z.array(z.string()).check(z.minLength(1)),
    detail: detailSchema(detailType),
  });
}
