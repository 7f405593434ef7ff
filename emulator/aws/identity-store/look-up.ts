import type { Selector } from '../../../domain/request/request.ts';
import type { Group, User } from '../identity-center/directory.ts';
import { emailsOf } from '../identity-center/directory-seed.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import type { Moment } from '../identity-center/temporal-map.ts';
import { ServiceError } from '../json-service.ts';

/** Returns the users that a selector may mean, the one that was added first first. */
export function namedAlike(center: IdentityCenter, selector: Selector, moment?: Moment): User[] {
  const { isSame } = comparison(center);
  const found = center.findUsers(selector, moment);
  if ('externalId' in selector) return found;
  if ('userName' in selector) return found.filter(({ userName }) => isSame(userName, selector.userName));
  return found.filter((user) => emailsOf(user).some(({ value }) => isSame(value, selector.email)));
}

/** Returns the groups that a display name may mean. */
export function groupsNamedAlike(center: IdentityCenter, displayName: string, moment?: Moment): Group[] {
  const { isSame } = comparison(center);
  const { values } = center.groups(Number.POSITIVE_INFINITY, undefined, moment);
  return values.filter((group) => group.displayName !== undefined && isSame(group.displayName, displayName));
}

/** Returns the one of several that AWS's answer has; undefined for none. @throws ServiceError if AWS refuses to choose */
export function chosenOf<T>(found: readonly T[], { quirks }: IdentityCenter): T | undefined {
  const [first] = found;
  if (found.length < 2) return first;
  switch (quirks.ambiguousName) {
    case 'newest':
      return found.at(-1);
    case 'not-found':
      return undefined;
    case 'refused':
      throw new ServiceError('ValidationException', 'The identifier is not unique.');
    default:
      return first;
  }
}

function comparison({ quirks }: IdentityCenter) {
  const isSensitive = quirks.nameCase === 'sensitive';
  return {
    isSame: (a: string, b: string) => (isSensitive ? a === b : a.toLowerCase() === b.toLowerCase()),
  };
}

/** The filters of ListUsers and ListGroups, which are deprecated: AWS takes one, with this attribute. */
export type Filters = readonly { AttributePath: string; AttributeValue: string }[];

/**
 * Returns those of a list whose attribute has the value of the filter.
 *
 * @throws ServiceError ValidationException for a filter by another attribute
 */
export function filtered<T>(
  all: readonly T[],
  filters: Filters,
  { path, textOf, center }: { path: string; textOf(one: T): string | undefined; center: IdentityCenter },
): readonly T[] {
  const [filter] = filters;
  if (!filter) return all;
  if (filter.AttributePath.toLowerCase() !== path.toLowerCase())
    throw new ServiceError('ValidationException', `AttributePath: expected ${path}`);
  const { isSame } = comparison(center);
  return all.filter((one) => isSame(textOf(one) ?? '', filter.AttributeValue));
}
