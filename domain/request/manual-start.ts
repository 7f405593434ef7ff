import { InvalidRequestError } from '../shared/errors.ts';
import { ApplicationArn, DigestSchema, isPrintable, normalizeId } from '../shared/ids.ts';
import type { Fields } from '../shared/json.ts';
import { own } from '../shared/json.ts';
import {
  isWatched,
  type Origin,
  type Propagation,
  requestOf,
  type Selector,
  SelectorSchema,
  type StartContext,
  type Started,
  UNSEEN,
} from './request.ts';

/** A day: an Entra cycle takes 40 minutes, and somebody hired may be started a day before SCIM brings them. */
const DEFAULT_WAIT_SECONDS = 86_400;
const LONGEST_WAIT_SECONDS = 604_800;

/** How the name of the state machine ends that a person needs a permission of its own to start. */
const ADMIN_MACHINE = '-onboarding-admin';

const MANUAL_START =
  'expected an event, or exactly one of userId, userName, email, externalId, groupId, application, scope; a user may have groupId and waitSeconds too';

/**
 * Makes a request of the input of a manual start, or of what only `onboarding-admin` takes: `release` and `adopt`.
 *
 * @throws InvalidRequestError names no unknown key: a key is input like any other
 */
export function manualStart(input: Fields, context: StartContext): Started {
  const group = own(input, 'groupId');
  const wait = own(input, 'waitSeconds');
  const [key, ...others] = Object.keys(input).filter((name) => name !== 'groupId' && name !== 'waitSeconds');
  if (others.length > 0) throw new InvalidRequestError('input', MANUAL_START);
  const origin: Origin = {
    version: context.machine ?? 1,
    trigger: 'manual',
    cause: context.execution,
    at: context.startedAt.toISOString(),
  };
  switch (key) {
    case 'userId': {
      const userId = normalizeId(own(input, key), 'user');
      if (!userId) throw new InvalidRequestError(key, 'expected the id of a user');
      return requestOf(origin, {}, { ...waiting(group, wait, context), userId });
    }
    case 'userName':
    case 'email':
    case 'externalId':
      return requestOf(origin, {}, { ...waiting(group, wait, context), selector: selectorOf(key, own(input, key)) });
    case 'application':
      alone(group, wait);
      return requestOf(origin, { applications: [applicationOf(own(input, key), context)] });
    case 'release':
      alone(group, wait);
      onlyAdmin(key, context);
      return requestOf(origin, { release: digestOf(own(input, key)) });
    case 'adopt':
      alone(group, wait);
      onlyAdmin(key, context);
      return requestOf(origin, { adopt: entitledTo(own(input, key), context) });
    case 'scope': {
      alone(group, wait);
      const scope = own(input, key);
      if (scope === 'tick') return requestOf({ ...origin, trigger: 'tick' }, { sweep: 'due' });
      if (scope === 'everything') return requestOf(origin, { sweep: 'everything' });
      throw new InvalidRequestError(key, 'expected everything or tick');
    }
    case undefined:
      if (group === undefined) throw new InvalidRequestError('input', MANUAL_START);
      if (wait !== undefined) throw new InvalidRequestError('waitSeconds', 'only a start by user waits');
      return requestOf(origin, { groups: [watchedGroup(group, context)] });
    default:
      throw new InvalidRequestError('input', MANUAL_START);
  }
}

/** The wait of a manual start by user. */
function waiting(group: unknown, wait: unknown, context: StartContext): Propagation {
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

function watchedGroup(value: unknown, context: StartContext): string {
  const groupId = normalizeId(value, 'group');
  if (!groupId) throw new InvalidRequestError('groupId', 'expected the id of a group');
  if (!isWatched(groupId, context)) throw new InvalidRequestError('groupId', 'no entitlement names this group');
  return groupId;
}

function selectorOf(key: 'userName' | 'email' | 'externalId', value: unknown): Selector {
  const { success, data } = SelectorSchema.safeParse({ [key]: value });
  // Rejected here because GetUserId never finds such a value: the start would wait for a day first.
  if (!success || !textsOf(data).every(isPrintable)) {
    const shape = key === 'externalId' ? 'an issuer and an id' : 'a text';
    throw new InvalidRequestError(key, `expected ${shape} of the length that AWS takes, without control characters`);
  }
  return data;
}

function textsOf(selector: Selector): readonly string[] {
  if ('externalId' in selector) return [selector.externalId.issuer, selector.externalId.id];
  return ['email' in selector ? selector.email : selector.userName];
}

function alone(group: unknown, wait: unknown): void {
  if (group !== undefined || wait !== undefined) throw new InvalidRequestError('input', MANUAL_START);
}

/** Of `arn:aws:states:<region>:<account>:execution:<machine>:<name>`; nobody but Step Functions writes it. */
function onlyAdmin(key: string, { execution }: StartContext): void {
  if (execution.split(':')[6]?.endsWith(ADMIN_MACHINE)) return;
  throw new InvalidRequestError(key, 'only the state machine onboarding-admin takes this');
}

function digestOf(value: unknown): string {
  const { success, data } = DigestSchema.safeParse(value);
  if (!success) throw new InvalidRequestError('release', 'expected the digest of a hold: 64 hex digits');
  return data;
}

function entitledTo(value: unknown, { entitlements }: StartContext): string {
  const found = entitlements.entitlements.find(({ name }) => name === value);
  if (!found) throw new InvalidRequestError('adopt', 'expected the name of an entitlement');
  if (found.mode === 'observe')
    throw new InvalidRequestError('adopt', 'an entitlement that only observes adopts nothing');
  return found.application;
}

/** One that isn't configured any more has to be retired, or the roles don't reach it. */
function applicationOf(value: unknown, { entitlements }: StartContext): string {
  const { success, data } = ApplicationArn.safeParse(value);
  if (!success) throw new InvalidRequestError('application', 'expected the ARN of an application');
  const configured = entitlements.entitlements.map(({ application }) => application);
  if (configured.includes(data) || entitlements.retired.includes(data)) return data;
  throw new InvalidRequestError('application', 'expected an application of an entitlement, or one of retired');
}
