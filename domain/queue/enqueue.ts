import type { Entitlement } from '../entitlements.ts';
import type { Request, UserHint } from '../request/request.ts';
import { earliest, isDue, latest, plusSeconds } from '../shared/time.ts';
import { isAside } from './aside.ts';
import { isReady } from './claim.ts';
import { holderOf } from './lease.ts';
import type { SweepItem, UserItem, WorkItem, WorkQueue } from './work-queue.ts';
import { spaceSweep } from './work-queue.ts';

/** A hint that names no user announces nothing to wait for: its item is checked once more this long after the event. */
export const RECHECK_SECONDS = 120;

/** For more named users than this, a sweep needs fewer reads than a check of each user. */
const MOST_NAMED_USERS = 100;

/** With the bound on named users, this keeps the item far below DynamoDB's 400 KB: an expectation takes about 110 bytes. */
const MOST_EXPECTATIONS = 1000;

/**
 * The number of users whose request times the sweeps keep: each takes 75 bytes of an item that every execution writes. All
 * other users come after them.
 */
const MOST_ASKED = 200;

/** Lists the applications that a request asks to sweep. */
function applicationsOf(request: Request, entitlements: readonly Entitlement[]): string[] {
  const { applications = [], adopt, groups } = request;
  const named = request.sweep === 'everything' ? entitlements.map(({ application }) => application) : [];
  const adopting = adopt === undefined ? [] : [adopt];
  return [...new Set([...named, ...applicationsOfGroups(groups, entitlements), ...applications, ...adopting])];
}

/** Lists the applications of which an entitlement names one of these groups. */
export function applicationsOfGroups(groups: readonly string[], entitlements: readonly Entitlement[]): string[] {
  return entitlements
    .filter((entitlement) => entitlement.groups.some((group) => groups.includes(group)))
    .map(({ application }) => application);
}

/**
 * Enqueues what a request asks to check, for the lease holder or, while the lease is free, for `me`.
 *
 * Merges hints about the same user or application: the newest hint counts, and every expectation is kept.
 *
 * No time of a request counts for more than now: a later one would put off checks and outrank every other hint.
 */
export function enqueue(
  queue: WorkQueue,
  given: Request,
  context: { me: string; entitlements: readonly Entitlement[]; now: Date },
): WorkQueue {
  const { entitlements, now } = context;
  const holder = holderOf(queue, now);
  const by = holder ?? context.me;
  const next = { ...queue, users: { ...queue.users }, sweeps: { ...queue.sweeps } };
  const startedAt = earliest(given.startedAt, now.toISOString());
  const request = { ...given, startedAt, at: earliest(given.at, startedAt) };
  const { at, cause, trigger } = request;
  for (const hint of request.users) {
    if (trigger === 'tick' && isAside(queue, hint.userId, now)) continue;
    const pending = pendingSweepsOf(next, hint, entitlements, now);
    for (const application of pending ?? []) {
      mergeSweep(next, application, { at, cause, trigger, asked: { [hint.userId]: startedAt } }, { by, holder, now });
    }
    if (!pending) next.users[hint.userId] = mergeUser(next, hint, request, { by, now });
  }
  const configured = new Set(entitlements.map(({ application }) => application));
  for (const application of applicationsOf(request, entitlements)) {
    // A tick tries nothing again before its time; an event or an operator says that something has changed.
    if (trigger === 'tick' && isAside(queue, application, now)) continue;
    const options = {
      withStatus: request.withStatus?.includes(application) ?? false,
      adopt: request.adopt === application,
      giveUp: trigger === 'manual' && !configured.has(application),
    };
    mergeSweep(next, application, { at, cause, trigger, startedAt, ...options }, { by, holder, now });
  }
  if (isOverfull(next)) replaceUsersBySweeps(next, entitlements, { by, now });
  return next;
}

/** Users who are put aside do not count: what fails for them must not take the check of their own from others. */
function isOverfull({ users }: WorkQueue): boolean {
  const named = Object.values(users).filter(({ failed }) => !failed);
  const expectations = named.reduce((sum, { expected }) => sum + expected.length, 0);
  return named.length > MOST_NAMED_USERS || expectations > MOST_EXPECTATIONS;
}

/** Lists the sweeps, all about to begin, that read what a hint names; returns undefined if the user needs their own item. */
function pendingSweepsOf(
  queue: WorkQueue,
  hint: UserHint,
  entitlements: readonly Entitlement[],
  now: Date,
): string[] | undefined {
  if (!hint.expected) return undefined;
  const applications = applicationsOfGroups([hint.expected.groupId], entitlements);
  const pending = applications.every((application) => {
    const sweep = queue.sweeps[application];
    return sweep && isReady(queue, sweep, now);
  });
  return pending ? applications : undefined;
}

function mergeUser(
  queue: WorkQueue,
  hint: UserHint,
  request: Pick<Request, 'at' | 'startedAt' | 'cause' | 'trigger'>,
  { by, now }: { by: string; now: Date },
): UserItem {
  const before = queue.users[hint.userId];
  const newer = !before || Date.parse(request.at) >= Date.parse(before.at);
  // AWS does not say what an update changed, so that there is nothing to wait for: check once more instead.
  const recheckAt =
    request.trigger === 'event' && !hint.expected ? plusSeconds(request.at, RECHECK_SECONDS) : undefined;
  const lookAgainAt = latest(before?.lookAgainAt, recheckAt);
  const expected = [...(before?.expected ?? [])];
  if (hint.expected) {
    const { groupId } = hint.expected;
    const known = expected.findIndex((other) => other.groupId === groupId);
    const expectation = { ...hint.expected, at: request.at };
    if (known < 0) expected.push(expectation);
    // Join and leave may arrive in either order; the later event says how it ended.
    else if (Date.parse(request.at) >= Date.parse(expected[known]?.at ?? '')) expected[known] = expectation;
  }
  return {
    by,
    ...(triedAgain(before, request.trigger) ?? { dueAt: dueSince(queue, before, now) }),
    at: newer ? request.at : before.at,
    cause: newer ? request.cause : before.cause,
    trigger: newer ? request.trigger : before.trigger,
    since: earliest(before?.since ?? request.startedAt, request.startedAt),
    hints: queue.revision + 1,
    expected,
    ...(before?.whole || !hint.expected ? { whole: true } : {}),
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
    ...(before?.reported && request.trigger !== 'manual' ? { reported: before.reported } : {}),
  };
}

/**
 * An item whose reads fail for now keeps its pause and its count: a stream of hints must not keep a fault that stays from
 * being reported.
 */
function triedAgain(
  before: WorkItem | undefined,
  trigger: Request['trigger'],
): Pick<WorkItem, 'dueAt' | 'attempts'> | undefined {
  if (before?.attempts === undefined || trigger === 'manual') return undefined;
  return { dueAt: before.dueAt, attempts: before.attempts };
}

/** An item that is due keeps its place: a stream of hints must not send it to the end again and again. */
function dueSince(queue: WorkQueue, before: WorkItem | undefined, now: Date): string {
  return before && isReady(queue, before, now) ? before.dueAt : now.toISOString();
}

/** `startedAt`: absent if the hint is about the users in `asked` alone, each with a time of their own. */
type SweepHint = Pick<Request, 'at' | 'cause' | 'trigger'> &
  Partial<Pick<Request, 'startedAt'> & Pick<SweepItem, 'withStatus' | 'adopt' | 'giveUp' | 'asked' | 'lookAgainAt'>>;

function mergeSweep(
  queue: WorkQueue,
  application: string,
  hint: SweepHint,
  { by, holder, now }: { by: string; holder?: string | undefined; now: Date },
): void {
  const before = queue.sweeps[application];
  const newer = !before || Date.parse(hint.at) >= Date.parse(before.at);
  const again = triedAgain(before, hint.trigger);
  const dueAt = again?.dueAt ?? spaceSweep(dueSince(queue, before, now), queue.sweptAt[application]);
  const recheckAt = hint.lookAgainAt ?? (hint.trigger === 'event' ? plusSeconds(hint.at, RECHECK_SECONDS) : undefined);
  const lookAgainAt = latest(before?.lookAgainAt, recheckAt);
  const statusAfter = hint.withStatus
    ? latest(before?.statusAfter, recheckAt ?? now.toISOString())
    : before?.statusAfter;
  // The execution that waits for this item checks it soon enough: the hint is only merged into it.
  const covered =
    before && !holder && !before.failed && !isDue(before.dueAt, now) && Date.parse(before.dueAt) <= Date.parse(dueAt);
  queue.sweeps[application] = {
    by: covered ? before.by : by,
    ...again,
    dueAt: covered ? before.dueAt : dueAt,
    at: newer ? hint.at : before.at,
    cause: newer ? hint.cause : before.cause,
    trigger: newer ? hint.trigger : before.trigger,
    hints: queue.revision + 1,
    withStatus: (before?.withStatus ?? false) || (hint.withStatus ?? false),
    ...requestsOf(before, hint, queue, now),
    ...(before?.adopt || hint.adopt ? { adopt: true } : {}),
    ...(before?.giveUp || hint.giveUp ? { giveUp: true } : {}),
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
    ...(before?.reported && hint.trigger !== 'manual' ? { reported: before.reported } : {}),
    ...(statusAfter === undefined ? {} : { statusAfter }),
  };
}

/** Whose requests a sweep answers: those that no read has answered, and the one of the hint. */
export function requestsOf(
  item: SweepItem | undefined,
  { startedAt, asked = {} }: Pick<SweepHint, 'startedAt' | 'asked'>,
  { sweeps }: Pick<WorkQueue, 'sweeps'>,
  now: Date,
): Pick<SweepItem, 'since' | 'asked'> {
  const before = item?.answered ? undefined : item;
  const first = earliest(before?.since, startedAt) ?? now.toISOString();
  const all = { ...before?.asked };
  let room = MOST_ASKED - Object.values(sweeps).reduce((sum, one) => sum + Object.keys(one.asked ?? {}).length, 0);
  for (const [userId, time] of Object.entries(asked)) {
    if (all[userId] === undefined) room -= 1;
    if (room >= 0) all[userId] = earliest(all[userId] ?? time, time);
  }
  const since = room >= 0 ? first : Object.values(all).reduce(latest, first);
  return { since, ...(Object.keys(all).length > 0 ? { asked: all } : {}) };
}

/** Enqueues the sweeps that the lease holder found necessary, for instance because a slot is free and users wait. */
export function enqueueSweeps(
  queue: WorkQueue,
  applications: ReadonlyMap<string, { withStatus: boolean }>,
  { me, cause, now }: { me: string; cause: string; now: Date },
): WorkQueue {
  const next = { ...queue, sweeps: { ...queue.sweeps } };
  for (const [application, { withStatus }] of applications) {
    const at = now.toISOString();
    const hint = { at, startedAt: at, cause, trigger: 'tick', withStatus } as const;
    mergeSweep(next, application, hint, { by: me, holder: me, now });
  }
  return next;
}

/**
 * Enqueues users whom a sweep could not serve, as far as there is room: the lease holder checks them on their own.
 *
 * @param asked by user id: ISO time of the first request
 */
export function enqueueUsers(
  queue: WorkQueue,
  asked: ReadonlyMap<string, string>,
  { me, cause, now }: { me: string; cause: string; now: Date },
): WorkQueue {
  const users = { ...queue.users };
  const at = now.toISOString();
  const room = MOST_NAMED_USERS - Object.values(users).filter(({ failed }) => !failed).length;
  for (const [userId, startedAt] of [...asked].slice(0, Math.max(0, room))) {
    users[userId] ??= mergeUser(queue, { userId }, { trigger: 'tick', at, startedAt, cause }, { by: me, now });
  }
  return { ...queue, users };
}

/** Replaces all named users by sweeps of the applications that concern them. */
function replaceUsersBySweeps(
  queue: WorkQueue,
  entitlements: readonly Entitlement[],
  { by, now }: { by: string; now: Date },
): void {
  const everywhere = entitlements.map(({ application }) => application);
  const aside = Object.entries(queue.users).filter(([, { failed }]) => failed);
  for (const [userId, user] of Object.entries(queue.users)) {
    if (user.failed) continue;
    const groups = user.expected.map(({ groupId }) => groupId);
    const named = applicationsOfGroups(groups, entitlements);
    for (const application of user.whole ? everywhere : named) {
      mergeSweep(
        queue,
        application,
        {
          at: user.at,
          cause: user.cause,
          trigger: user.trigger,
          withStatus: user.whole ?? false,
          // An update of a user asks for no seat: only where a group is named, the order of requests matters.
          ...(named.includes(application) ? { asked: { [userId]: user.since } } : {}),
          // The expectations of each user are lost; another check replaces them.
          lookAgainAt: latest(user.lookAgainAt ?? user.at, plusSeconds(user.at, RECHECK_SECONDS)),
        },
        // `by` as the holder makes the sweep due now, not merged into an item that another execution waits for.
        { by, holder: by, now },
      );
    }
  }
  queue.users = Object.fromEntries(aside);
}
