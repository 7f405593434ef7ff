import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { profileKey } from '../../../domain/profiles.ts';
import { putItemsAside } from '../../../domain/queue/aside.ts';
import { markPlanned } from '../../../domain/queue/claim.ts';
import { enqueue } from '../../../domain/queue/enqueue.ts';
import { addRound } from '../../../domain/queue/rounds.ts';
import type { WorkQueue } from '../../../domain/queue/work-queue.ts';
import { anEntitlement, aQueue, aRequest, aSweepReport, aUserItem, iso } from '../../support/builders.ts';
import { application, execution, group, people, START, user } from '../../support/ids.ts';
import { heldBy } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function bytesOf({ S, N, BOOL, L, M }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return Math.ceil(N.length / 2) + 1;
  if (BOOL !== undefined) return 1;
  if (L !== undefined) return 3 + L.reduce((sum, one) => sum + 1 + bytesOf(one), 0);
  return Object.entries(M ?? {}).reduce((sum, [key, one]) => sum + 1 + Buffer.byteLength(key) + bytesOf(one), 3);
}

const sizeOf = (queue: WorkQueue) => bytesOf({ M: marshall(queue, { removeUndefinedValues: true }) });
const longId = (id: string) => `0123456789-${id}`;
const me = execution('x'.repeat(73));
const applications = people(1, 100).map(application);
const groupsOf = (number: number) => people(1, 10).map((index) => longId(group(number * 10 + index)));
const entitlements = people(1, 100).map((number) => anEntitlement(number, { groups: groupsOf(number) }));
const context = { me, entitlements, now: START };

/** All applications are swept, have a waitlist and a subscription, and wait for the end of three rounds. */
function aFullQueue(): WorkQueue {
  const swept = enqueue(aQueue(heldBy(me)), aRequest({ trigger: 'manual', sweep: 'everything' }), context);
  const report = aSweepReport({ waitingSince: iso(), seats: 2000, waiting: 200, aside: 20, notConverged: 20 });
  const noted: WorkQueue = {
    ...swept,
    lines: applications,
    sweptAt: Object.fromEntries(applications.map((one) => [one, iso()])),
    reports: Object.fromEntries(applications.map((one) => [one, report])),
    profiles: Object.fromEntries(
      applications.map((one) => [
        profileKey({ provider: 'amazon-q-business', region: 'ap-southeast-1', application: one }),
        { readAt: iso(), firstReadAt: iso(), comparedAt: iso(), missing: 200_000, orphaned: 200_000 },
      ]),
    ),
  };
  const planned = markPlanned(noted, { users: {}, sweeps: noted.sweeps }, { round: 3, me, startedAt: START });
  return people(1, 3).reduce((queue, id) => addRound(queue, aRound({ id, applications, batches: 10 })), planned);
}

describe('the work queue', () => {
  it('stays below the 400 KB of a DynamoDB item while everything that it holds has its most', () => {
    let queue = aFullQueue();
    for (const number of people(1, 200)) {
      const key = longId(user(number));
      const expected = groupsOf(1).map((groupId) => ({ groupId, membership: 'member' as const, at: iso() }));
      const item = aUserItem({ by: me, whole: true, lookAgainAt: iso(), expected: expected.slice(0, 2) });
      const unchecked = [{ key, reason: 'principal-or-application-missing' }];
      const aside = { snapshot: { users: {}, sweeps: {} }, now: START, retryAt: iso(3600), failing: me };
      queue = putItemsAside({ ...queue, users: { ...queue.users, [key]: item } }, unchecked, aside);
    }
    let most = 0;
    for (const number of people(1, 100)) {
      queue = enqueue(queue, aRequest({ groups: groupsOf(number) }), context);
      const users = people(1, 10).map((index) => ({
        userId: longId(user(1000 + number)),
        expected: { groupId: longId(group(index * 10)), membership: 'member' as const },
      }));
      queue = enqueue(queue, aRequest({ users }), context);
      most = Math.max(most, sizeOf(queue));
    }
    expect(most).toBeLessThan(400_000);
  });
});
