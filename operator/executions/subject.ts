import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { type Normalized, normalize } from '../../domain/request/normalize.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { isObject, jsonIn, own } from '../../domain/shared/json.ts';
import type { Subject } from '../lines/executions.ts';
import { count } from '../text.ts';

/** Longer names of operations and services are none of AWS's. */
const LONGEST_NAME = 64;

/** Returns what an execution was started with, and whom or what it is about, from its input. Its ids only. */
export function subjectOf(
  { input, arn, startedAt }: Pick<ExecutionDetail, 'input' | 'arn' | 'startedAt'>,
  entitlements: Entitlements,
): Subject {
  const value = jsonIn(input);
  const event = isObject(value) ? eventIn(value) : {};
  const found = normalized(value, { entitlements, execution: arn, startedAt });
  if (!found) return event;
  if ('ignored' in found) return { trigger: 'event', ...event };
  const { request, propagation } = found;
  const { trigger, groups, applications = [], sweep, release, adopt } = request;
  const userIds = [...request.users.map(({ userId }) => userId), ...(propagation.userId ? [propagation.userId] : [])];
  const expected = request.users.flatMap((one) => one.expected?.groupId ?? []);
  const groupIds = [...new Set([...groups, ...expected, ...(propagation.groupId ? [propagation.groupId] : [])])];
  const [selector] = Object.keys(propagation.selector ?? {});
  return {
    trigger,
    ...event,
    ...(userIds.length > 0 ? { users: userIds.map((userId) => ({ userId })) } : {}),
    ...(groupIds.length > 0 ? { groupIds } : {}),
    ...(applications.length > 0 ? { applications } : {}),
    ...(sweep === undefined ? {} : { sweep }),
    ...(selector === undefined ? {} : { selector }),
    ...(release === undefined ? {} : { release }),
    ...(adopt === undefined ? {} : { adopt }),
  };
}

function normalized(value: unknown, context: Parameters<typeof normalize>[1]): Normalized | undefined {
  try {
    return normalize(value, context);
  } catch (error) {
    if (error instanceof InvalidRequestError) return undefined;
    throw error;
  }
}

/** The event is untrusted: of its text, only the names of operation and service appear. */
function eventIn(input: object): Pick<Subject, 'event' | 'source'> {
  const record = own(input, 'detail') ?? input;
  const [name, source] = [own(record, 'eventName'), own(record, 'eventSource')];
  const event = typeof name === 'string' ? name : own(input, 'detail-type');
  return {
    ...(typeof event === 'string' ? { event: printable(event) } : {}),
    ...(typeof source === 'string' ? { source: printable(source.replace(/\.amazonaws\.com$/, '')) } : {}),
  };
}

function printable(text: string): string {
  return text.slice(0, LONGEST_NAME).replace(/[^\x20-\x7e]/g, '?');
}

/** Says what an execution was started with: `AddMemberToGroup of sso-directory`, `manual start`, `tick`. */
export function triggerInWords({ trigger, event, source }: Subject): string {
  if (event !== undefined) return source === undefined ? event : `${event} of ${source}`;
  switch (trigger) {
    case 'tick':
      return 'tick';
    case 'manual':
      return 'manual start';
    case 'event':
      return 'event';
    case undefined:
      return 'unknown input';
  }
}

/** Says whom or what an execution is about: ids, and names where there are any. */
export function subjectInWords(subject: Subject): string {
  const { users = [], groupIds = [], applications = [], sweep, selector, release, adopt } = subject;
  const [user, ...others] = users;
  if (user)
    return [user.name, user.userId, ...(others.length > 0 ? [`and ${others.length} more`] : [])]
      .filter(Boolean)
      .join(' ');
  if (selector !== undefined) return `a user by ${selector}`;
  if (groupIds.length > 0) return groupIds.length > 1 ? count(groupIds.length, 'group') : `group ${groupIds[0]}`;
  if (applications.length > 0) return applications.join(', ');
  if (release !== undefined) return `hold ${release.slice(0, 12)}`;
  if (adopt !== undefined) return `adopts in ${adopt}`;
  if (sweep === 'everything') return 'everything';
  return sweep === 'due' ? 'what is due' : '';
}

/** Returns the command that starts the same; undefined if there is none, or nothing has to be started. */
export function commandFor(subject: Subject, entitlements: Entitlements): string | undefined {
  const { trigger, users = [], groupIds = [], sweep, release, adopt } = subject;
  const [user, ...others] = users;
  if (trigger === 'tick') return undefined;
  if (user) return others.length > 0 ? 'usher start --all' : `usher start --user ${user.userId}`;
  const [group, ...more] = groupIds;
  if (group !== undefined) return more.length > 0 ? 'usher start --all' : `usher start --group ${group}`;
  if (release !== undefined) return 'usher held';
  if (adopt !== undefined) {
    const entitlement = entitlements.entitlements.find(({ application }) => application === adopt);
    return entitlement && `usher adopt ${entitlement.name}`;
  }
  return sweep === 'everything' ? 'usher start --all' : undefined;
}
