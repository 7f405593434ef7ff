import { isObject } from '../domain/shared/json.ts';

/** Fields whose text AWS writes, and no person. */
const OF_AWS: ReadonlySet<string> = new Set([
  ...['version', 'source', 'detail-type', 'time', 'region', 'startedAt'],
  ...['eventVersion', 'eventTime', 'eventSource', 'eventName', 'eventType', 'eventCategory', 'awsRegion', 'errorCode'],
  ...['op', 'path', 'type', 'event-version'],
]);
/** What may stand in such a field. */
const PLAIN = /^[\w.:/ -]{1,100}$/;
/** Ids of users, groups, memberships, events and stores. */
const ID = /^(?:(?:[0-9a-f]{10}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|d-[0-9a-f]{10})$/i;
const RESOURCE = /^arn:aws[a-z-]*:identitystore:::(?:user|group|membership)\/[\w-]{1,60}$/;
/** What CloudTrail writes in the place of what it hides. */
const HIDDEN = /^HIDDEN_DUE_TO_SECURITY_REASONS$/;
const KEY = /^[\w.:-]{1,64}$/;

const REPLACED = 'redacted';
/** In the place of every account. */
const ACCOUNT = '111122223333';

/**
 * Returns an event with ids only: all text that a person may have written is replaced. Its fields, and which of them have a
 * value, stay, since that is what one wants to know.
 */
export function redact(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => redact(one, key));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [KEY.test(name) ? name : REPLACED, redact(inner, name)]),
    );
  }
  return typeof value === 'string' ? redactedText(value, key) : value;
}

function redactedText(text: string, key: string): string {
  if (text === '' || ID.test(text) || RESOURCE.test(text) || HIDDEN.test(text)) return text;
  if (/^\d{12}$/.test(text)) return ACCOUNT;
  return OF_AWS.has(key) && PLAIN.test(text) ? text : REPLACED;
}
