import { managedOf } from '../entitlements.ts';
import { InvalidRequestError } from '../shared/errors.ts';
import { ApplicationArn, DigestSchema, idNamedBy } from '../shared/ids.ts';
import type { Fields } from '../shared/json.ts';
import { own } from '../shared/json.ts';
import { isPrintable } from '../shared/printable.ts';
import {
  AdoptedSubscriptionsSchema,
  isWatched,
  type Origin,
  type Propagation,
  type Request,
  requestOf,
  type Selector,
  SelectorSchema,
  type StartContext,
  type Started,
  UNSEEN,
} from './request.ts';

/** A day: an Entra cycle takes 40 minutes, and an operator may start a new hire a day before SCIM creates the user. */
const DEFAULT_WAIT_SECONDS = 86_400;
const LONGEST_WAIT_SECONDS = 604_800;

/** End of the name of the state machine that only operators with an extra permission may start. */
const ADMIN_SUFFIX = '-onboarding-admin';

const EXPECTED_INPUT =
  'expected an event, or exactly one of userId, userName, email, externalId, groupId, application, scope; a start by user may also have groupId and waitSeconds';

/**
 * Makes a request of the input of a manual start. Only `onboarding-admin` accepts `release` and `adopt`.
 *
 * @throws InvalidRequestError if the input has another form; the message repeats no unknown key, because a key is input, too
 */
export function manualStart(input: Fields, context: StartContext): Started {
  const group = own(input, 'groupId');
  const wait = own(input, 'waitSeconds');
  const keys = Object.keys(input).filter((name) => name !== 'groupId' && name !== 'waitSeconds');
  const [key, ...others] = keys.includes('adopt') ? keys.filter((name) => name !== 'subscriptions') : keys;
  if (others.length > 0) throw new InvalidRequestError('input', EXPECTED_INPUT);
  const origin: Origin = {
    version: context.machine ?? 1,
    trigger: 'manual',
    cause: context.execution,
    at: context.startedAt.toISOString(),
    startedAt: context.startedAt.toISOString(),
  };
  switch (key) {
    case 'userId': {
      const userId = idIn(own(input, key), 'user', key, context);
      return requestOf(origin, {}, { ...propagationOf(group, wait, context), userId });
    }
    case 'userName':
    case 'email':
    case 'externalId':
      return requestOf(
        origin,
        {},
        { ...propagationOf(group, wait, context), selector: selectorOf(key, own(input, key)) },
      );
    case 'application':
      rejectGroupAndWait(group, wait);
      return requestOf(origin, { applications: [applicationOf(own(input, key), context)] });
    case 'release':
      rejectGroupAndWait(group, wait);
      requireAdmin(key, context);
      return requestOf(origin, { release: releaseDigestOf(own(input, key)) });
    case 'adopt':
      rejectGroupAndWait(group, wait);
      requireAdmin(key, context);
      return requestOf(origin, adoptionOf(own(input, key), own(input, 'subscriptions'), context));
    case 'scope': {
      rejectGroupAndWait(group, wait);
      const scope = own(input, key);
      if (scope === 'tick') return requestOf({ ...origin, trigger: 'tick' }, { sweep: 'due' });
      if (scope === 'everything') return requestOf(origin, { sweep: 'everything' });
      throw new InvalidRequestError(key, 'expected everything or tick');
    }
    case undefined:
      if (group === undefined) throw new InvalidRequestError('input', EXPECTED_INPUT);
      if (wait !== undefined) throw new InvalidRequestError('waitSeconds', 'only a start by user waits');
      return requestOf(origin, { groups: [watchedGroup(group, context)] });
    default:
      throw new InvalidRequestError('input', EXPECTED_INPUT);
  }
}

/** Returns what a manual start by user waits for, and how long. */
function propagationOf(group: unknown, wait: unknown, context: StartContext): Propagation {
  const seconds = wait === undefined ? DEFAULT_WAIT_SECONDS : wait;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_WAIT_SECONDS) {
    throw new InvalidRequestError('waitSeconds', `expected a whole number from 0 to ${LONGEST_WAIT_SECONDS}`);
  }
  return {
    ...UNSEEN,
    ...(group === undefined ? {} : { groupId: watchedGroup(group, context) }),
    deadline: new Date(context.startedAt.getTime() + seconds * 1000).toISOString(),
  };
}

/** Returns the id of a user or group, however AWS prints it. */
function idIn(value: unknown, kind: 'user' | 'group', key: string, { entitlements }: StartContext): string {
  const named = idNamedBy(value, kind, entitlements.identityCenter.identityStoreId);
  if (named?.id !== undefined) return named.id;
  const store = named?.problem === 'another-store' ? ' in the configured identity store, not in another' : '';
  throw new InvalidRequestError(key, `expected the id of a ${kind}${store}`);
}

function watchedGroup(value: unknown, context: StartContext): string {
  const groupId = idIn(value, 'group', 'groupId', context);
  if (!isWatched(groupId, context)) throw new InvalidRequestError('groupId', 'no entitlement names this group');
  return groupId;
}

function selectorOf(key: 'userName' | 'email' | 'externalId', value: unknown): Selector {
  const { success, data } = SelectorSchema.safeParse({ [key]: value });
  // GetUserId never finds such a value: without this check, the start would wait for a day.
  if (!success || !textsOf(data).every(isPrintable)) {
    const [shape, without] = key === 'externalId' ? ['an issuer and an id', 'spaces and '] : ['a text', ''];
    throw new InvalidRequestError(
      key,
      `expected ${shape} of a length that AWS accepts, without ${without}control characters`,
    );
  }
  return data;
}

function textsOf(selector: Selector): readonly string[] {
  if ('externalId' in selector) return [selector.externalId.issuer, selector.externalId.id];
  return ['email' in selector ? selector.email : selector.userName];
}

function rejectGroupAndWait(group: unknown, wait: unknown): void {
  if (group !== undefined || wait !== undefined) throw new InvalidRequestError('input', EXPECTED_INPUT);
}

/** Reads the state machine from `arn:aws:states:<region>:<account>:execution:<machine>:<name>`, which only Step Functions writes. */
function requireAdmin(key: string, { execution }: StartContext): void {
  if (execution.split(':')[6]?.endsWith(ADMIN_SUFFIX)) return;
  throw new InvalidRequestError(key, 'only the state machine onboarding-admin accepts this');
}

function releaseDigestOf(value: unknown): string {
  const { success, data } = DigestSchema.safeParse(value);
  if (!success) throw new InvalidRequestError('release', 'expected the digest of a hold: 64 hex digits');
  return data;
}

function adoptionOf(
  value: unknown,
  subscriptions: unknown,
  { entitlements }: StartContext,
): Pick<Request, 'adopt' | 'adoptSubscriptions'> {
  const entitlement = entitlements.entitlements.find(({ name }) => name === value);
  if (!entitlement) throw new InvalidRequestError('adopt', 'expected the name of an entitlement');
  if (entitlement.mode === 'observe')
    throw new InvalidRequestError('adopt', 'an entitlement in observe mode adopts nothing');
  const adopt = entitlement.application;
  if (subscriptions === undefined) return { adopt };
  const { success, data } = AdoptedSubscriptionsSchema.safeParse(subscriptions);
  if (!success) throw new InvalidRequestError('subscriptions', 'expected entitled or all');
  if (!managedOf(entitlement))
    throw new InvalidRequestError('subscriptions', 'the entitlement has no subscription with mode: manage');
  return { adopt, adoptSubscriptions: data };
}

/** An application that is no longer configured must be listed in `retired`, or the roles do not cover it. */
function applicationOf(value: unknown, { entitlements }: StartContext): string {
  const { success, data } = ApplicationArn.safeParse(value);
  if (!success) throw new InvalidRequestError('application', 'expected the ARN of an application');
  const configured = entitlements.entitlements.map(({ application }) => application);
  if (configured.includes(data) || entitlements.retired.includes(data)) return data;
  throw new InvalidRequestError('application', 'expected the application of an entitlement, or one listed in retired');
}
