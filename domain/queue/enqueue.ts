import type { Entitlement } from '../entitlements.ts';
import type { Request, UserHint } from '../request/request.ts';
import { earliest, latest, plusSeconds } from '../shared/time.ts';
import { isAside } from './aside.ts';
import { isPlanned, isReady } from './claim.ts';
import { holderOf } from './lease.ts';
import { mergeSweep, mergeUser, RECHECK_SECONDS } from './merge.ts';
import type { Hinted, WorkQueue } from './work-queue.ts';

/** For more named users than this, a sweep needs fewer reads than a check of each user. */
const MOST_NAMED_USERS = 100;

/**
 * With the bounds on named users, users who are put aside and hints about groups, this keeps the item below DynamoDB's
 * 400 KB: an expectation takes about 110 bytes.
 */
const MOST_EXPECTATIONS = 500;

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
  enqueueApplications(next, request, context, { by, holder });
  if (isOverfull(next)) replaceUsersBySweeps(next, entitlements, { by, now });
  return next;
}

function enqueueApplications(
  queue: WorkQueue,
  request: Request,
  { entitlements, now }: { entitlements: readonly Entitlement[]; now: Date },
  { by, holder }: { by: string; holder: string | undefined },
): void {
  const { at, cause, trigger, startedAt } = request;
  const isTick = trigger === 'tick';
  const configured = new Set(entitlements.map(({ application }) => application));
  const named = new Set(applicationsOf({ ...request, groups: [] }, entitlements));
  for (const application of applicationsOf(request, entitlements)) {
    // A tick tries nothing again before its time; an event or an operator says that something has changed.
    if (isTick && isAside(queue, application, now)) continue;
    const item = queue.sweeps[application];
    const withStatus = request.withStatus?.includes(application) ?? false;
    const asksForMore = !item || (withStatus && !item.withStatus);
    // The check that verifies planned changes answers a tick as well.
    if (isTick && !asksForMore && isPlanned(queue, item)) {
      queue.sweeps[application] = { ...item, by };
      continue;
    }
    const hint = {
      withStatus,
      adopt: request.adopt === application,
      ...(request.adopt === application ? { adoptSubscriptions: request.adoptSubscriptions } : {}),
      giveUp: trigger === 'manual' && !configured.has(application),
      ...(trigger === 'event' && !named.has(application) ? { groups: request.groups } : {}),
      ...(isTick && !asksForMore ? { groups: [] } : {}),
    };
    mergeSweep(queue, application, { at, cause, trigger, startedAt, ...hint }, { by, holder, now });
  }
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
  { me, cause, now, trigger = 'tick' }: { me: string; cause: string; now: Date; trigger?: Request['trigger'] },
): WorkQueue {
  const users = { ...queue.users };
  const at = now.toISOString();
  const room = MOST_NAMED_USERS - Object.values(users).filter(({ failed }) => !failed).length;
  for (const [userId, startedAt] of [...asked].slice(0, Math.max(0, room))) {
    users[userId] ??= mergeUser(queue, { userId }, { trigger, at, startedAt, cause }, { by: me, now });
  }
  return { ...queue, users };
}

/** `joined`: by user id, the group. `readAt`: ISO time when its members were read. */
interface Joined {
  application: string;
  hinted: Hinted;
  joined: ReadonlyMap<string, string>;
  readAt: string;
}

/**
 * Enqueues those who joined groups that were hinted at while a round of their application is stored. The next turn checks
 * them by name.
 *
 * @returns undefined if they are too many: a read of the whole application serves them with fewer reads
 */
export function enqueueJoined(
  queue: WorkQueue,
  { application, hinted, joined, readAt }: Joined,
  { me, now }: { me: string; now: Date },
): WorkQueue | undefined {
  const next = { ...queue, users: { ...queue.users }, sweeps: { ...queue.sweeps } };
  const item = queue.sweeps[application];
  // What was added meanwhile may be about others: it has its turn after those who were due before.
  const added = item?.hinted && item.hinted.hints !== hinted.hints ? { ...item.hinted, dueAt: readAt } : undefined;
  if (item) next.sweeps[application] = { ...item, hinted: added };
  const { at, cause, since } = hinted;
  for (const [userId, groupId] of joined) {
    if (next.users[userId]) continue;
    const hint = { userId, expected: { groupId, membership: 'member' as const } };
    next.users[userId] = mergeUser(next, hint, { trigger: 'event', at, startedAt: since, cause }, { by: me, now });
  }
  return isOverfull(next) ? undefined : next;
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
