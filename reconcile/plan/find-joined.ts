import { enqueueJoined } from '../../domain/queue/enqueue.ts';
import { dropRounds, roundsOf } from '../../domain/queue/rounds.ts';
import type { Turn } from '../../domain/queue/turns.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import type { HeldServices } from './result.ts';
import { usersKnownTo } from './stored-changes.ts';

/**
 * Finds who has joined groups that were hinted at while a round of their application is stored, and enqueues them by name.
 * The round stays; who has left is found after its end. If too many have joined, the round ends, and all of it is planned
 * anew.
 *
 * @throws LeaseLostError
 */
export async function findJoined(
  { application, hinted }: Extract<Turn, { serves: 'joins' }>,
  execution: string,
  services: HeldServices,
): Promise<void> {
  const { clock, lease } = services;
  const readAt = clock.now().toISOString();
  const joined = await joinedIn({ application, groups: hinted.groups }, services).catch((error: unknown) => {
    // The read of the whole application, after the round, says what is wrong with a group.
    if (error instanceof RefusedError || error instanceof TransientAwsError) return new Map<string, string>();
    throw error;
  });
  await lease.change((queue) => {
    const now = clock.now();
    const next = enqueueJoined(queue, { application, hinted, joined, readAt }, { me: execution, now });
    return { queue: next ?? dropRounds(queue, roundsOf(queue, [application]), now) };
  });
}

/** Members without a seat whom no stored round has considered: by user id, a group that they have joined. */
async function joinedIn(
  { application, groups }: { application: string; groups: readonly string[] },
  { directory, ledger, lease }: HeldServices,
): Promise<Map<string, string>> {
  const joined = new Map<string, string>();
  for (const group of groups) {
    for await (const page of directory.membersOf(group)) {
      await lease.renewLease();
      for (const userId of page ?? []) joined.set(userId, group);
    }
  }
  const { seats } = await ledger.holdings(application);
  for (const { userId, status } of seats) if (status !== 'revoked') joined.delete(userId);
  for (const userId of await usersKnownTo(lease.queue, application, ledger)) joined.delete(userId);
  return joined;
}
