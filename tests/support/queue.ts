import { dueItems } from '../../domain/queue/claim.ts';
import { enqueue } from '../../domain/queue/enqueue.ts';
import { LEASE_SECONDS } from '../../domain/queue/lease.ts';
import { type WorkQueue, WorkQueueSchema } from '../../domain/queue/work-queue.ts';
import type { Request } from '../../domain/request/request.ts';
import { anEntitlement, aRequest, at, iso } from './builders.ts';
import { execution, GROUP, group, ME, OTHER_GROUP } from './ids.ts';

/** An execution that has ended without releasing the lease. */
export const DEAD = execution('dead');
/** Group 1 gives application 1, group 2 gives application 2, and group 3 gives both. */
export const TWO_ENTITLEMENTS = [
  anEntitlement(1, { groups: [GROUP, group(3)] }),
  anEntitlement(2, { groups: [OTHER_GROUP, group(3)] }),
];

/** The lease of an execution, which expires this many seconds after START. */
export function heldBy(holder: string, seconds = LEASE_SECONDS, term = 7): Pick<WorkQueue, 'lease' | 'term'> {
  return { term, lease: { holder, term, until: iso(seconds) } };
}

/** The work queue after an event this many seconds after START. */
export function enqueued(queue: WorkQueue, request: Partial<Request>, seconds = 0, me = ME): WorkQueue {
  return enqueue(queue, aRequest(request), { me, entitlements: TWO_ENTITLEMENTS, now: at(seconds) });
}

/** The work queue as it is read again after a write. */
export function reread(queue: WorkQueue): WorkQueue {
  return WorkQueueSchema.parse(JSON.parse(JSON.stringify({ ...queue, revision: queue.revision + 1 })));
}

/** The items that are due this many seconds after START. */
export function dueAt(queue: WorkQueue, seconds = 0): ReturnType<typeof dueItems> {
  return dueItems(queue, at(seconds));
}
