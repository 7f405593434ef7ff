import type { SubscriptionEvidence } from '../../domain/decision/application-state.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { type Profile, profileKey, profileOf, titleOf } from '../../domain/profiles.ts';
import { LIST_EVERY_SECONDS } from '../../domain/queue/list-reads.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { subscriptionsByUser } from '../../domain/subscription/findings.ts';
import { type ListContext, type ListReaders, readList } from './subscription-lists.ts';

/** After this number of reads in a row that failed for the time being, an execution fails: they span a quarter of an hour. */
const MOST_FAILED_READS = 3;

/** Returns what reads the list of an entitlement's profile, as a decision takes it. */
export function listReaderOf(context: ListContext, readers: ListReaders) {
  return async (entitlement: Entitlement): Promise<SubscriptionEvidence> => {
    const profile = profileOf(entitlement.application, readers.entitlements.entitlements);
    if (!profile) throw new Error(`${entitlement.name} has no subscription`);
    try {
      return await evidenceOf(profile, context, readers);
    } catch (error) {
      if (error instanceof RefusedError) return error;
      if (!(error instanceof TransientAwsError)) throw error;
      const { clock } = readers;
      return failing(profile, readers, error.message) ?? { until: plusSeconds(clock.now(), LIST_EVERY_SECONDS) };
    }
  };
}

async function evidenceOf(profile: Profile, context: ListContext, readers: ListReaders): Promise<SubscriptionEvidence> {
  const reading = await readList(profile, context, readers);
  if ('until' in reading) return failing(profile, readers, 'the next is not due') ?? reading;
  const { readAt, all } = reading;
  return {
    readAt: readAt.toISOString(),
    againAt: plusSeconds(readAt, LIST_EVERY_SECONDS + 1),
    byUser: subscriptionsByUser(all),
  };
}

/** Returns the error of a list that cannot be read for so long that an execution has to fail for it. */
function failing(profile: Profile, { lease }: ListReaders, why: string): RefusedError | undefined {
  const { failures = 0 } = lease.queue.profiles?.[profileKey(profile)] ?? {};
  if (failures < MOST_FAILED_READS) return undefined;
  return new RefusedError(
    'subscriptions-unavailable',
    `${failures} reads in a row of the subscriptions of ${titleOf(profile)} failed: ${why}`,
  );
}
