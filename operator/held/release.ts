import type { Hold } from '../../domain/decision/hold.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { UsageError } from '../failures.ts';
import { count } from '../text.ts';
import { digestOf, shortDigest } from './digest.ts';
import type { ActiveHold } from './holds.ts';

/** Whether executions release the hold of an application: it is configured or retired. */
export function isReleasable(applicationArn: string, { entitlements, retired }: Entitlements): boolean {
  return retired.includes(applicationArn) || entitlements.some(({ application }) => application === applicationArn);
}

/** Says what has to be done before a hold can be released whose application is no longer configured. */
export function retireFirst({ entitlement, applicationArn }: Hold): string {
  return `${entitlement} is no longer configured: list ${applicationArn} under retired in entitlements.yml, and deploy. Then release.`;
}

/** What a digest covers of a hold in force. */
export interface Covered {
  active: ActiveHold;
  /** The whole digest. */
  digest: string;
  /** Held seats that it covers. */
  members: ActiveHold['members'];
  /** How many joined the hold after it. */
  later: number;
}

/**
 * Finds what a digest covers.
 *
 * @param given the digest, or its beginning
 * @throws UsageError with the present digests, if this one covers no user who is held, or may mean several
 */
export function coveredBy(given: string, holds: readonly ActiveHold[]): Covered {
  const found = holds.flatMap((active) =>
    active.hold.digests.filter(({ digest }) => digest.startsWith(given)).map((one) => coverageOf(active, one)),
  );
  const [only, ...others] = found;
  if (!only) throw new UsageError(`No hold has this digest. ${presentOf(holds)}`);
  if (others.length > 0) throw new UsageError('Ambiguous digest: give more characters');
  if (only.members.length === 0) throw new UsageError(`No user whom this digest covers is held. ${presentOf(holds)}`);
  return only;
}

function coverageOf(active: ActiveHold, { digest, generation }: Hold['digests'][number]): Covered {
  const members = active.members.filter((seat) => (seat.hold ?? 0) <= generation);
  return { active, digest, members, later: active.members.length - members.length };
}

/** Says which digests there are. */
function presentOf(holds: readonly ActiveHold[]): string {
  const present = holds.filter(({ members }) => members.length > 0);
  if (present.length === 0) return 'Nothing is held';
  const digests = present.map(
    ({ hold, members }) =>
      `${hold.entitlement} ${shortDigest(digestOf(hold))} (${count(members.length, 'revocation')})`,
  );
  return `Held now: ${digests.join(', ')}. Show them: usher held`;
}
