import { isObject } from '../domain/shared/json.ts';

/** Fields whose text AWS writes, and no person, by where they stand: the address of a user has a region and a type, too. */
const OF_AWS: ReadonlySet<string> = new Set([
  ...['version', 'source', 'detail-type', 'time', 'region', 'startedAt'],
  ...['eventVersion', 'eventTime', 'eventSource', 'eventName', 'eventType', 'eventCategory'].map(inDetail),
  ...['awsRegion', 'errorCode', 'event-version', 'userIdentity.type'].map(inDetail),
  ...['op', 'path'].map((name) => inDetail(`requestParameters.httpBody.operations.${name}`)),
]);
/** What may stand in such a field. */
const PLAIN = /^[\w.:/-]{1,100}$/;
const DETAIL_TYPE = /^[A-Z]\w*(?: \w+){1,5}$/;
/** Ids of users, groups, memberships, events and stores. */
const ID = /^(?:(?:[0-9a-f]{10}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|d-[0-9a-f]{10})$/i;
/** ARN of a user, a group or a membership. */
const RESOURCE = /^arn:aws[a-z-]*:identitystore:::(?:user|group|membership)\/(.*)$/;
/** What CloudTrail writes in the place of what it hides. */
const HIDDEN = /^HIDDEN_DUE_TO_SECURITY_REASONS$/;
/** As AWS names fields, or one of its services: `userName`, `detail-type`. What has a dot or a digit may be a name or an address. */
const KEY = /^[a-z][a-z-]{0,63}$/i;

const REPLACED = 'redacted';
/** In the place of every account. */
const ACCOUNT = '111122223333';
/** No event of AWS is as deep. */
const MOST_DEPTH = 20;

function inDetail(name: string): string {
  return `detail.${name}`;
}

/**
 * Returns an event with ids only: all text that a person may have written is replaced, and every number. Its fields, and which
 * of them have a value, stay, since that is what one wants to know.
 *
 * @param path names of the fields around it
 */
export function redact(value: unknown, path: readonly string[] = []): unknown {
  if (path.length > MOST_DEPTH) return REPLACED;
  // An entry of a list is as deep as one more field.
  if (Array.isArray(value)) return value.map((one) => redact(one, [...path, '']));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [KEY.test(name) ? name : REPLACED, redact(inner, [...path, name])]),
    );
  }
  if (typeof value === 'number') return 0;
  return typeof value === 'string' ? redactedText(value, path.filter(Boolean).join('.')) : value;
}

function redactedText(text: string, field: string): string {
  if (text === '' || isId(text) || HIDDEN.test(text)) return text;
  if (/^\d{12}$/.test(text)) return ACCOUNT;
  const isPlain = (field === 'detail-type' ? DETAIL_TYPE : PLAIN).test(text);
  return OF_AWS.has(field) && isPlain ? text : REPLACED;
}

function isId(text: string): boolean {
  return ID.test(RESOURCE.exec(text)?.[1] ?? text);
}
