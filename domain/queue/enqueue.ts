import type { Entitlement } from '../entitlements.ts';
import type { Request, UserHint } from '../request/request.ts';
import { isDue, latest, plusSeconds } from '../shared/time.ts';
import { isReady } from './claim.ts';
import { holderOf } from './lease.ts';
import type { SweepItem, UserItem, WorkQueue } from './work-queue.ts';
import { spaceSweep } from './work-queue.ts';

/** A hint that names nobody gives nothing to wait for: it is looked at once more this long after the event. */
const RECHECK_SECONDS = 120;
/** Above this many named users a sweep reads less than looking at each. */
const MOST_NAMED_USERS = 100;

/** With the bound on named users it keeps the item far below DynamoDB's 400 KB: an expectation takes some 110 bytes. */
const MOST_EXPECTATIONS = 1000;

/** Applications that a request wants swept. */
function applicationsOf(request: Request, entitlements: readonly Entitlement[]): string[] {
  const { applications = [], adopt, groups } = request;
  const named = request.sweep === 'everything' ? entitlements.map(({ application }) => application) : [];
  const adopting = adopt === undefined ? [] : [adopt];
  return [...new Set([...named, ...concerned(groups, entitlements), ...applications, ...adopting])];
}

function concerned(groups: readonly string[], entitlements: readonly Entitlement[]): string[] {
  return entitlements
    .filter((entitlement) => entitlement.groups.some((group) => groups.includes(group)))
    .map(({ application }) => application);
}

/**
 * Puts what a request wants looked at into the mailbox, for the holder of the lease or, when nobody holds it, for `me`.
 *
 * Looks at the same user or application are merged: the newest hint counts, and nothing that was expected is lost.
 */
export function enqueue(
  work: WorkQueue,
  request: Request,
  context: { me: string; entitlements: readonly Entitlement[]; now: Date },
): WorkQueue {
  const { entitlements, now } = context;
  const holder = holderOf(work, now);
  const by = holder ?? context.me;
  const next = { ...work, users: { ...work.users }, sweeps: { ...work.sweeps } };
  const { at, cause, trigger } = request;
  for (const look of request.users) {
    const folded = pendingSweepsOf(next, look, entitlements, now);
    if (folded)
      for (const application of folded) mergeSweep(next, application, { at, cause, trigger }, { by, holder, now });
    else next.users[look.userId] = mergeUser(next, look, request, by, now);
  }
  const configured = new Set(entitlements.map(({ application }) => application));
  for (const application of applicationsOf(request, entitlements)) {
    const orders = {
      withStatus: request.withStatus ?? false,
      adopt: request.adopt === application,
      giveUp: trigger === 'manual' && !configured.has(application),
    };
    mergeSweep(next, application, { at, cause, trigger, ...orders }, { by, holder, now });
  }
  if (isOverfull(next)) replaceUsersBySweeps(next, entitlements, { by, now });
  return next;
}

function isOverfull({ users }: WorkQueue): boolean {
  const named = Object.values(users);
  const expectations = named.reduce((sum, { expected }) => sum + expected.length, 0);
  return named.length > MOST_NAMED_USERS || expectations > MOST_EXPECTATIONS;
}

/** Applications of a look that a sweep about to begin reads anyway; undefined when it has to be looked at by itself. */
function pendingSweepsOf(
  work: WorkQueue,
  look: UserHint,
  entitlements: readonly Entitlement[],
  now: Date,
): string[] | undefined {
  if (!look.expected) return undefined;
  const applications = concerned([look.expected.groupId], entitlements);
  const pending = applications.every((application) => {
    const sweep = work.sweeps[application];
    // Where people wait for a place, the time of each request counts.
    return sweep && isReady(work, sweep, now) && !work.lines?.includes(application);
  });
  return pending ? applications : undefined;
}

function mergeUser(work: WorkQueue, look: UserHint, request: Request, by: string, now: Date): UserItem {
  const before = work.users[look.userId];
  const newer = !before || Date.parse(request.at) >= Date.parse(before.at);
  // Nobody tells what an update changed, so that there is nothing to wait for: look a second time.
  const second = request.trigger === 'event' && !look.expected ? plusSeconds(request.at, RECHECK_SECONDS) : undefined;
  const again = latest(before?.lookAgainAt, second);
  const expected = [...(before?.expected ?? [])];
  if (look.expected) {
    const { groupId } = look.expected;
    const known = expected.findIndex((other) => other.groupId === groupId);
    const entry = { ...look.expected, at: request.at };
    if (known < 0) expected.push(entry);
    // Join and leave may arrive in either order; the later event tells how it ended.
    else if (Date.parse(request.at) >= Date.parse(expected[known]?.at ?? '')) expected[known] = entry;
  }
  return {
    by,
    dueAt: now.toISOString(),
    at: newer ? request.at : before.at,
    cause: newer ? request.cause : before.cause,
    trigger: newer ? request.trigger : before.trigger,
    since: before && Date.parse(before.since) < Date.parse(request.at) ? before.since : request.at,
    hints: work.revision + 1,
    expected,
    ...(before?.whole || !look.expected ? { whole: true } : {}),
    ...(again === undefined ? {} : { lookAgainAt: again }),
  };
}

type SweepHint = Pick<Request, 'at' | 'cause' | 'trigger'> &
  Partial<Pick<SweepItem, 'withStatus' | 'adopt' | 'giveUp'>> & { lookAgainAt?: string };

function mergeSweep(
  work: WorkQueue,
  application: string,
  hint: SweepHint,
  { by, holder, now }: { by: string; holder?: string | undefined; now: Date },
): void {
  const before = work.sweeps[application];
  const newer = !before || Date.parse(hint.at) >= Date.parse(before.at);
  const dueAt = spaceSweep(now.toISOString(), work.sweptAt[application]);
  const second = hint.lookAgainAt ?? (hint.trigger === 'event' ? plusSeconds(hint.at, RECHECK_SECONDS) : undefined);
  const again = latest(before?.lookAgainAt, second);
  // Somebody who waits comes back soon enough: he looks, and this hint is only added to what he looks for.
  const covered =
    before && !holder && !before.failed && !isDue(before.dueAt, now) && Date.parse(before.dueAt) <= Date.parse(dueAt);
  work.sweeps[application] = {
    by: covered ? before.by : by,
    dueAt: covered ? before.dueAt : dueAt,
    at: newer ? hint.at : before.at,
    cause: newer ? hint.cause : before.cause,
    trigger: newer ? hint.trigger : before.trigger,
    hints: work.revision + 1,
    withStatus: (before?.withStatus ?? false) || (hint.withStatus ?? false),
    ...(before?.adopt || hint.adopt ? { adopt: true } : {}),
    ...(before?.giveUp || hint.giveUp ? { giveUp: true } : {}),
    ...(again === undefined ? {} : { lookAgainAt: again }),
  };
}

/** Has applications swept, as the holder of the lease found necessary: a place is free, and people wait for one. */
export function enqueueSweeps(
  work: WorkQueue,
  applications: ReadonlyMap<string, { withStatus: boolean }>,
  { me, cause, now }: { me: string; cause: string; now: Date },
): WorkQueue {
  const next = { ...work, sweeps: { ...work.sweeps } };
  for (const [application, { withStatus }] of applications) {
    const hint = { at: now.toISOString(), cause, trigger: 'tick', withStatus } as const;
    mergeSweep(next, application, hint, { by: me, holder: me, now });
  }
  return next;
}

/** Turns all named users into sweeps of the applications that they concern. */
function replaceUsersBySweeps(
  work: WorkQueue,
  entitlements: readonly Entitlement[],
  { by, now }: { by: string; now: Date },
): void {
  const everywhere = entitlements.map(({ application }) => application);
  for (const user of Object.values(work.users)) {
    const groups = user.expected.map(({ groupId }) => groupId);
    const applications = user.whole ? everywhere : concerned(groups, entitlements);
    for (const application of applications) {
      mergeSweep(
        work,
        application,
        {
          at: user.at,
          cause: user.cause,
          trigger: user.trigger,
          withStatus: user.whole ?? false,
          // What was expected of each can't be kept; a second look takes its place.
          lookAgainAt: latest(user.lookAgainAt ?? user.at, plusSeconds(user.at, RECHECK_SECONDS)),
        },
        // The holder itself, so that the sweep is due now and not folded into somebody's wait.
        { by, holder: by, now },
      );
    }
  }
  work.users = {};
}
