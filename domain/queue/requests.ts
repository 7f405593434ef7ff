import type { Entitlement } from '../entitlements.ts';
import { latest } from '../shared/time.ts';
import { applicationsOfGroups } from './enqueue.ts';
import { requestsOf } from './merge.ts';
import type { UserItem, WorkQueue } from './work-queue.ts';

/**
 * Notes in the items of applications that failed what named users asked of them. The items of those users are completed,
 * so that the next sweep answers them: it reads UserStatus if an event may have been about it, and keeps their places in
 * the waitlist.
 */
export function noteRequests(
  queue: WorkQueue,
  users: Readonly<Record<string, UserItem>>,
  { failed, entitlements, now }: { failed: readonly string[]; entitlements: readonly Entitlement[]; now: Date },
): WorkQueue {
  const sweeps = { ...queue.sweeps };
  // A tick asks for nothing that a sweep does not see.
  const askers = Object.entries(users).filter(([, { trigger }]) => trigger !== 'tick');
  const whole = askers.some(([, user]) => user.whole);
  for (const application of failed) {
    const item = sweeps[application];
    if (!item || askers.length === 0) continue;
    const asked = askers.flatMap(([userId, { expected, since }]) => {
      const groups = expected.map(({ groupId }) => groupId);
      return applicationsOfGroups(groups, entitlements).includes(application) ? [[userId, since] as const] : [];
    });
    sweeps[application] = {
      ...item,
      ...requestsOf(item, { asked: Object.fromEntries(asked) }, { sweeps }, now),
      answered: undefined,
      ...(whole ? { withStatus: true, statusAfter: latest(item.statusAfter, now.toISOString()) } : {}),
    };
  }
  return { ...queue, sweeps };
}
