import * as z from 'zod/mini';
import { firstChangeSeq } from '../seat/audit-records.ts';
import { LEFT_BEHIND_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';
import { FINDING_KINDS, type FindingKind, type SubscriptionFinding } from '../subscription/findings.ts';

const FoundShape = {
  kind: z.enum(FINDING_KINDS),
  /** What the list shows; absent if there is no subscription. */
  plan: z.optional(z.string()),
  status: z.optional(z.enum(['active', 'pending', 'unknown'])),
  source: z.optional(z.enum(['individual', 'group', 'both', 'unknown'])),
  /** The plan that the entitlement asks for; absent for an orphan. */
  expected: z.optional(z.string()),
  /** When a comparison first found it; of a pending subscription, first saw it pending. */
  since: Timestamp,
};
const FoundSchema = z.object(FoundShape);
export type RecordedFinding = z.infer<typeof FoundSchema>;

/** An audit event that is not on the bus yet: that a finding is new, has changed or has ended. */
const FindingRecordSchema = z.object({
  ...FoundShape,
  state: z.enum(['found', 'changed', 'ended']),
  changeSeq: z.int().check(z.minimum(1)),
  at: Timestamp,
  /** ARN of the execution that compared. */
  execution: z.string(),
});
export type FindingRecord = z.infer<typeof FindingRecordSchema>;

/** What the latest comparison found about a user's subscription for one application. */
export const UserFindingsSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  userId: ResourceId,
  /** Name of the entitlement; of an orphan, the first one of the profile. */
  entitlement: z.string(),
  /** At most one of each kind. Empty: what was found before has ended. */
  findings: z.array(FoundSchema),
  /** Since when comparisons see the subscription pending, whether that is a finding already or not; absent if it is not. */
  pendingSince: z.optional(Timestamp),
  changeSeq: z.int().check(z.minimum(0)),
  revision: z.int().check(z.minimum(1)),
  changedAt: Timestamp,
  /** Audit events not yet on the bus, oldest first. */
  audit: z.array(FindingRecordSchema),
});
export type UserFindings = z.infer<typeof UserFindingsSchema>;

type About = Pick<UserFindings, 'applicationArn' | 'userId' | 'entitlement'>;

/** What a comparison found about a user. */
interface Found {
  findings: readonly SubscriptionFinding[];
  /** The list shows the subscription as pending, whether that is a finding or not. */
  isPending: boolean;
}

/**
 * Records what a comparison found about a user; undefined when it is recorded already. Each finding that is new, says
 * something else than before or has ended is audited once. Since when a subscription is pending is recorded, and not
 * audited.
 */
export function recordFindings(
  before: UserFindings | undefined,
  found: Found,
  { applicationArn, userId, entitlement }: About,
  { now, execution }: { now: Date; execution: string },
): UserFindings | undefined {
  const at = now.toISOString();
  const pendingSince = found.isPending ? (before?.pendingSince ?? at) : undefined;
  const known = new Map((before?.findings ?? []).map((one) => [one.kind, one]));
  const sinceOf = (kind: FindingKind) => (kind === 'pending' ? pendingSince : known.get(kind)?.since) ?? at;
  const findings = found.findings.map((one) => foundNow(one, sinceOf(one.kind)));
  const kinds = new Set(findings.map(({ kind }) => kind));
  const news = [
    ...findings.flatMap((one) => {
      const old = known.get(one.kind);
      if (old && isSame(old, one)) return [];
      return [{ ...one, state: old ? ('changed' as const) : ('found' as const) }];
    }),
    ...[...known.values()].flatMap((one) => (kinds.has(one.kind) ? [] : [{ ...one, state: 'ended' as const }])),
  ];
  if (news.length === 0 && pendingSince === before?.pendingSince) return undefined;
  const { changeSeq, revision, audit } = before ?? { changeSeq: firstChangeSeq(now) - 1, revision: 0, audit: [] };
  const records = news.map((one, index) => ({ ...one, changeSeq: changeSeq + 1 + index, at, execution }));
  return {
    schemaVersion: 1,
    applicationArn,
    userId,
    entitlement,
    findings,
    ...(pendingSince === undefined ? {} : { pendingSince }),
    changeSeq: changeSeq + records.length,
    revision: revision + 1,
    changedAt: at,
    audit: [...audit, ...records],
  };
}

function foundNow({ kind, plan, status, source, expected }: SubscriptionFinding, since: string): RecordedFinding {
  return {
    kind,
    ...(plan === undefined ? {} : { plan }),
    // A cancelled subscription counts as gone.
    ...(status === undefined || status === 'cancelled' ? {} : { status }),
    ...(source === undefined ? {} : { source }),
    ...(expected === undefined ? {} : { expected }),
    since,
  };
}

function isSame(a: RecordedFinding, b: RecordedFinding): boolean {
  return (['plan', 'status', 'source', 'expected'] as const).every((field) => a[field] === b[field]);
}

/** Whether nothing is left to remember of a user. */
export function isOver({ findings, audit, pendingSince }: UserFindings): boolean {
  return findings.length === 0 && audit.length === 0 && pendingSince === undefined;
}

/** ISO time when the tick has to publish what it says, although nothing happens; undefined: never. */
export function findingsAttentionAt({ audit, changedAt }: UserFindings): string | undefined {
  return audit.length > 0 ? plusSeconds(changedAt, LEFT_BEHIND_SECONDS) : undefined;
}
