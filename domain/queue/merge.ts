import type { Request, UserHint } from '../request/request.ts';
import { earliest, isDue, latest, plusSeconds } from '../shared/time.ts';
import { isPlanned, isReady } from './claim.ts';
import type { SweepItem, UserItem, WorkItem, WorkQueue } from './work-queue.ts';
import { type Hinted, spaceSweep } from './work-queue.ts';

/** A hint that names no user announces nothing to wait for: its item is checked once more this long after the event. */
export const RECHECK_SECONDS = 120;

/**
 * The number of users whose request times the sweeps keep: each takes 75 bytes of an item that every execution writes. All
 * other users come after them.
 */
const MOST_ASKED = 200;

/** Returns the item of a user, with a hint merged into it. */
export function mergeUser(
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
    ...stillPlanned(queue, before, request.trigger),
  };
}

/** A tick asks for nothing that is not verified after the changes that are planned already. */
function stillPlanned(
  queue: WorkQueue,
  before: WorkItem | undefined,
  trigger: Request['trigger'],
): Partial<Pick<SweepItem, 'planned' | 'hinted'>> {
  if (trigger !== 'tick' || !before || !isPlanned(queue, before)) return {};
  return { planned: before.planned, ...('hinted' in before ? { hinted: before.hinted } : {}) };
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

/**
 * `startedAt`: absent if the hint is about the users in `asked` alone, each with a time of their own. `groups`: present if
 * the hint is about who joined or left these groups, and nothing else; none for a tick, which names no cause.
 */
type SweepHint = Pick<Request, 'at' | 'cause' | 'trigger'> &
  Partial<
    Pick<Request, 'startedAt' | 'groups'> &
      Pick<SweepItem, 'withStatus' | 'adopt' | 'adoptSubscriptions' | 'giveUp' | 'asked' | 'lookAgainAt'>
  >;

/** `holder`: the execution that holds the lease, if any. */
interface MergeContext {
  by: string;
  holder?: string | undefined;
  now: Date;
}

/** Merges a hint about an application into its item, if it has one. */
export function mergeSweep(queue: WorkQueue, application: string, hint: SweepHint, context: MergeContext): void {
  const before = queue.sweeps[application];
  const { now } = context;
  const hinted = before && hintedBy(queue, before, hint, now);
  if (hinted && isPlanned(queue, before)) {
    const again = latest(before.lookAgainAt, plusSeconds(hint.at, RECHECK_SECONDS));
    queue.sweeps[application] = { ...before, hinted, lookAgainAt: again };
  } else {
    const merged = mergedSweep(queue, application, hint, context);
    queue.sweeps[application] = before && hinted ? { ...merged, hinted, hints: before.hints } : merged;
  }
}

function mergedSweep(
  queue: WorkQueue,
  application: string,
  hint: SweepHint,
  { by, holder, now }: MergeContext,
): SweepItem {
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
  return {
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
    ...adoptionOf(before?.adoptSubscriptions, hint.adoptSubscriptions),
    ...(before?.giveUp || hint.giveUp ? { giveUp: true } : {}),
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
    ...(before?.reported && hint.trigger !== 'manual' ? { reported: before.reported } : {}),
    ...(statusAfter === undefined ? {} : { statusAfter }),
    ...stillPlanned(queue, before, hint.trigger),
  };
}

function adoptionOf(...asked: SweepItem['adoptSubscriptions'][]): Pick<SweepItem, 'adoptSubscriptions'> {
  if (asked.includes('all')) return { adoptSubscriptions: 'all' };
  return asked.includes('entitled') ? { adoptSubscriptions: 'entitled' } : {};
}

/** More groups than these are no longer distinguished: the application is read as a whole. */
const MOST_HINTED_GROUPS = 10;

/** The same for all applications together: each id takes 50 bytes of an item that every execution writes. */
const MOST_HINTED_GROUPS_IN_ALL = 100;

/** The groups that are hinted at, while the application is about to be read or its changes are planned. */
function hintedBy(
  queue: WorkQueue,
  before: SweepItem,
  { groups, at, cause, startedAt = at }: SweepHint,
  now: Date,
): Hinted | undefined {
  if (!groups || !(isPlanned(queue, before) || isReady(queue, before, now))) return undefined;
  const { hinted } = before;
  const all = [...new Set([...(hinted?.groups ?? []), ...groups])];
  const inAll = Object.values(queue.sweeps).reduce((sum, one) => sum + (one.hinted?.groups.length ?? 0), 0);
  const added = all.length - (hinted?.groups.length ?? 0);
  if (all.length > MOST_HINTED_GROUPS || (added > 0 && inAll + added > MOST_HINTED_GROUPS_IN_ALL)) return undefined;
  const newer = !hinted || Date.parse(at) >= Date.parse(hinted.at);
  return {
    groups: all,
    dueAt: hinted?.dueAt ?? now.toISOString(),
    cause: newer ? cause : hinted.cause,
    at: newer ? at : hinted.at,
    since: earliest(hinted?.since ?? startedAt, startedAt),
    hints: queue.revision + 1,
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
