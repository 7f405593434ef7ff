import { RefusedError, TransientAwsError } from '../shared/errors.ts';
import { subscriptionsByUser } from './findings.ts';
import { isOwn, type Subscription } from './subscription.ts';

/** Returns the users who have a subscription of their own that is not cancelled. */
export function ownSubscribers(all: readonly Subscription[]): ReadonlySet<string> {
  return new Set([...subscriptionsByUser(all)].flatMap(([userId, some]) => (some.some(isOwn) ? userId : [])));
}

/** Why something could not be read. */
export type Unread = RefusedError | TransientAwsError;

/** Where the users of one Region of Kiro may have a subscription, as far as it could be read. */
export interface Places {
  /** The list of the Region. */
  all: readonly Subscription[];
  /** The list of each other Region; undefined if it may not be read now. */
  elsewhere: readonly { title: string; all: readonly Subscription[] | Unread | undefined }[];
  /** Users by application of the Region, as its claims name them. */
  claims: readonly ReadonlySet<string>[] | Unread;
  /** Users whom the comparison before found. */
  before: ReadonlySet<string>;
}

/** A place that could not be read. */
export interface Unseen {
  where: string;
  error: Unread;
}

/**
 * Returns the users whom AWS charges twice, as far as it can be seen: it charges a user once per profile, and each Region
 * and each application is a profile of its own.
 *
 * While a place cannot be read for the time being, who was found before stays found. The claims are a call that few have
 * seen: where AWS refuses it, applications are not compared.
 */
export function seeTwice({ all, elsewhere, claims, before }: Places): { users: Set<string>; unseen: Unseen[] } {
  const own = ownSubscribers(all);
  const lists = elsewhere.flatMap((one) => (isRead(one.all) ? ownSubscribers(one.all) : []));
  const several = isRead(claims) ? usersOfSeveral(claims) : new Set<string>();
  const mayPass = elsewhere.some((one) => !isRead(one.all)) || claims instanceof TransientAwsError;
  const found = new Set(lists.flatMap((users) => [...users])).union(several).union(mayPass ? before : new Set());
  return {
    users: own.intersection(found),
    unseen: [
      ...elsewhere.flatMap(({ title, all: list }) => unseenIn(title, list)),
      ...unseenIn('another application of this Region', claims),
    ],
  };
}

function isRead<T>(value: T | Unread | undefined): value is T {
  return value !== undefined && !isUnread(value);
}

function isUnread(value: unknown): value is Unread {
  return value instanceof RefusedError || value instanceof TransientAwsError;
}

function unseenIn(where: string, value: unknown): Unseen[] {
  return isUnread(value) ? [{ where, error: value }] : [];
}

function usersOfSeveral(applications: readonly ReadonlySet<string>[]): Set<string> {
  const seen = new Set<string>();
  const several = new Set<string>();
  for (const userId of applications.flatMap((users) => [...users])) (seen.has(userId) ? several : seen).add(userId);
  return several;
}
