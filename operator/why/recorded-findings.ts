import type { RecordedFinding } from '../../domain/findings/recorded-findings.ts';
import { profileKey, profilesOf } from '../../domain/profiles.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { FINDING_MEANINGS } from '../finding-meanings.ts';
import { relative } from '../text.ts';

/** What the hourly comparison found about a user's subscription for one entitlement. */
export interface RecordedFindings {
  entitlement: string;
  /** ISO time of the latest comparison; undefined if the work queue could not be read. */
  asOf?: string | undefined;
  findings: readonly RecordedFinding[];
}

/** Reads from the ledger what the hourly comparisons found about a user: nothing is compared now. */
export async function recordedFindingsOf(
  userId: string,
  { ledger, entitlements: { entitlements } }: Pick<Readers, 'ledger' | 'entitlements'>,
  queue: WorkQueue | undefined,
): Promise<RecordedFindings[]> {
  const byApplication = new Map(
    profilesOf(entitlements).flatMap((profile) => {
      const asOf = queue?.profiles?.[profileKey(profile)]?.comparedAt;
      return profile.entitlements.map(({ name, application }) => [application, { entitlement: name, asOf }] as const);
    }),
  );
  if (byApplication.size === 0) return [];
  const items = await ledger.findings([...byApplication.keys()].map((applicationArn) => ({ applicationArn, userId })));
  return items.flatMap(({ applicationArn, findings }) => {
    const about = byApplication.get(applicationArn);
    return about && findings.length > 0 ? [{ ...about, findings }] : [];
  });
}

/** Says what was found, and as of when: a sentence for each finding. */
export function findingsInWords({ findings, asOf }: RecordedFindings, now: Date): string[] {
  const compared = asOf === undefined ? '' : `, as of the comparison ${relative(asOf, now)}`;
  return findings.map(
    ({ kind, plan, expected, since }) =>
      `Subscription${compared}: the user ${FINDING_MEANINGS[kind]} (${[
        kind,
        ...(plan === undefined ? [] : [`plan ${plan}`]),
        ...(expected === undefined ? [] : [`expected ${expected}`]),
        // A finding only after 14 days, it has been seen for as long.
        `${kind === 'pending' ? 'first seen' : 'found'} ${relative(since, now)}`,
      ].join(', ')}).`,
  );
}
