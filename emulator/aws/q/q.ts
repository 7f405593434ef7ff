import * as z from 'zod/mini';
import { ResourceId } from '../../../domain/shared/ids.ts';
import { KIRO_PLANS, type Plan } from '../../../domain/subscription/plan.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import type { Quirks } from '../identity-center/quirks.ts';
import { KIRO_PROVIDER } from '../identity-center/subscriptions.ts';
import { jsonService, operation, type Service, ServiceError } from '../json-service.ts';

/** The input of a call, and the Region to which it goes. */
const AssignmentInput = z.object({ region: z.string(), principalId: ResourceId, principalType: z.literal('USER') });
const PlanInput = z.extend(AssignmentInput, { subscriptionType: z.enum(KIRO_PLANS) });

/** The names by which AWS returns plans that it takes by another name. */
const RETURNED: ReadonlyMap<Plan, string> = new Map<Plan, string>([
  ['Q_DEVELOPER_STANDALONE_PRO', 'KIRO_ENTERPRISE_PRO'],
  ['Q_DEVELOPER_STANDALONE_PRO_PLUS', 'KIRO_ENTERPRISE_PRO_PLUS'],
  ['Q_DEVELOPER_STANDALONE_PRO_MAX', 'KIRO_ENTERPRISE_PRO_MAX'],
  ['Q_DEVELOPER_STANDALONE_POWER', 'KIRO_ENTERPRISE_POWER'],
]);

type AccountRefusal = NonNullable<Quirks['accountRefusal']>;

const DENIED = 'AccessDeniedException';
/** Each as AWS gave it at some time. */
const ACCOUNT_REFUSALS: Readonly<Record<Exclude<AccountRefusal, 'none'>, readonly [code: string, message: string]>> = {
  'does-not-meet': [DENIED, 'Account does not meet requirements for this operation'],
  // Only the code is known, from CloudTrail.
  'unknown-error': ['UnknownError', 'UnknownError'],
  'not-authorized': [DENIED, 'Your account is not authorized to make this call.'],
  'not-eligible': [
    DENIED,
    'Your account is not currently eligible to create new subscriptions. Please contact AWS Support to request a review: https://support.example.com',
  ],
};

function conflict(): ServiceError {
  return new ServiceError('ConflictException', 'Resource is in an invalid state.');
}

function notFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${what} not found.`);
}

/**
 * Returns the service behind the consoles of Kiro and Amazon Q Developer, with its operations on assignments of users. AWS
 * does not publish it: shapes and errors are those that were seen, and the quirks are what is not known.
 *
 * @param homeRegion of Identity Center, and of each profile that has no other
 */
export function q(center: IdentityCenter, homeRegion: string): Service {
  const { quirks } = center;

  /** Returns the ARN of the application of the Region's profile; one that names its Region comes first. */
  const profileIn = (region: string): string => {
    const all = center.applications().filter(({ provider }) => provider === KIRO_PROVIDER);
    const found =
      all.find((one) => one.region === region) ?? all.find((one) => one.region === undefined && region === homeRegion);
    if (found === undefined) throw notFound('Profile');
    return found.applicationArn;
  };

  const admit = (isPurchase: boolean): void => {
    if (quirks.newProfile === 'not-authorized') throw new ServiceError(DENIED, 'Not authorized to make this call.');
    const accountRefusal: AccountRefusal = quirks.accountRefusal ?? 'none';
    if (!isPurchase || accountRefusal === 'none') return;
    const [code, message] = ACCOUNT_REFUSALS[accountRefusal];
    throw new ServiceError(code, message);
  };

  const create = operation(PlanInput, ({ region, principalId: userId, subscriptionType }) => {
    admit(true);
    const applicationArn = profileIn(region);
    if (center.user(userId) === undefined) throw notFound('Principal');
    const found = center.subscriptionsOfUser(applicationArn, userId);
    // AWS charges a user once per profile.
    if (quirks.repeatedSubscription === 'succeeds' && found.some(({ source }) => source !== 'GROUP')) return {};
    // Also one from a group: it must be changed there.
    if (found.length > 0) throw conflict();
    const isAssigned = center.isAssigned({ applicationArn, principalId: userId, principalType: 'USER' });
    if (isAssigned && quirks.subscribingAssigned === 'conflicts') throw conflict();
    center.subscribe(applicationArn, { userId, plan: RETURNED.get(subscriptionType) ?? subscriptionType });
    return {};
  });

  /** Returns the application in which a user has a subscription that is not only of a group. */
  const ownIn = (region: string, userId: string): string => {
    const applicationArn = profileIn(region);
    const found = center.subscriptionsOfUser(applicationArn, userId);
    if (found.length === 0) throw notFound('Assignment');
    if (found.every(({ source }) => source === 'GROUP')) throw conflict();
    return applicationArn;
  };

  const update = operation(PlanInput, ({ region, principalId: userId, subscriptionType }) => {
    admit(true);
    const plan = RETURNED.get(subscriptionType) ?? subscriptionType;
    center.changePlan(ownIn(region, userId), { userId, plan });
    return {};
  });

  const remove = operation(AssignmentInput, ({ region, principalId: userId }) => {
    admit(false);
    center.unsubscribe(ownIn(region, userId), userId);
    return {};
  });

  return jsonService(
    'Q',
    new Map([
      ['CreateAssignment', create],
      ['UpdateAssignment', update],
      ['DeleteAssignment', remove],
    ]),
  );
}
