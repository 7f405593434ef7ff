/** AWS's limit of a page in all lists of sso-admin and the Identity Store that are read. */
export const MAX_PER_PAGE = 100;

/** Groups that one call of IsMemberInGroups takes. */
export const GROUPS_PER_CALL = 100;

/** The highest `requestsPerSecond`: each grant is confirmed by the Identity Store, which is asked at {@link DIRECTORY_PER_SECOND}. */
export const MOST_PER_SECOND = 18;

/** The Identity Store allows 20 requests per second for each operation; other callers get what is left. */
export const DIRECTORY_PER_SECOND = 18;

/** Look-ups of the users who are written to: what the Identity Store allows besides, so that no grant waits for a notice. */
export const LOOK_UPS_PER_SECOND = 2;

/**
 * A list of this many seconds always fits into one plan, which reads for 780: up to 60 pass before the list begins, and
 * UserStatus of the 200,000 users that an identity store can have takes 112 after it.
 */
export const LIST_SECONDS = 600;

/** A list without entries is one page, too. */
function pagesOf(entries: number): number {
  return Math.max(1, Math.ceil(entries / MAX_PER_PAGE));
}

/** Returns how long a list takes, in seconds, by the number of its entries. */
export function secondsToList(entries: number, perSecond: number): number {
  return pagesOf(entries) / perSecond;
}

/** Returns how many entries a list can have at this pace so that it fits into one plan. */
export function mostEntries(perSecond: number): number {
  // Without the error of a binary fraction, 3.4 × 600 would be one page less.
  return Math.floor(Number((perSecond * LIST_SECONDS).toFixed(6))) * MAX_PER_PAGE;
}

/**
 * Returns the smallest pace, rounded up to a tenth, at which a list of this length takes at most `seconds`.
 *
 * @returns undefined if no pace that `requestsPerSecond` allows is enough
 */
export function smallestPace(entries: number, seconds: number = LIST_SECONDS): number | undefined {
  const pace = Math.max(1, Math.ceil((10 * pagesOf(entries)) / seconds) / 10);
  return pace <= MOST_PER_SECOND ? pace : undefined;
}

/** Calls about subscriptions. AWS publishes no rate for them, and was seen to refuse bursts for minutes. */
export const SUBSCRIPTIONS_PER_SECOND = 1;
