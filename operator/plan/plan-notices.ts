import type { ChangeKind, UserChange } from '../../domain/decision/user-changes.ts';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import type { NoticeKind, NoticeSettings } from '../../domain/notices/schema.ts';
import { noticeRuleOf, screenNotice } from '../../domain/notify/decide.ts';
import { isNews } from '../../domain/notify/hint.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { PlanTotalLine } from '../lines/plan.ts';

/** The notices of a plan of one entitlement. */
export interface PlannedNotices {
  /** Notices that would be sent, as far as only the configuration and the seat decide; undefined if none ever are. */
  count: number | undefined;
  /**
   * `begin`: no full sweep with notices has ended yet, and none of this plan leads to one. `begin-now`: the same, but with
   * `backfill`. `end`: the deployed configuration has notices, this one has none.
   */
  change: 'begin' | 'begin-now' | 'end' | undefined;
}

/** What users are told of a change. A held revocation leads to no notice, nor does the end of a wait. */
const NOTICES: Partial<Record<ChangeKind, NoticeKind>> = {
  gains: 'assigned',
  waitlisted: 'waitlisted',
  leaving: 'leaving',
  revoked: 'revoked',
  kept: 'kept',
  // What is made of a seat is audited as assigned; only what the user did not have before is news.
  repaired: 'assigned',
};
/** Changes because of which there is no one left to write to. */
const WITHOUT_USER: ReadonlySet<UserChange['reason']> = new Set(['user-deleted', 'user-disabled']);

/** Counts the notices that changes lead to, by the decision of the service. */
export function plannedNotices(
  { application }: Pick<Entitlement, 'application'>,
  changes: readonly UserChange[],
  { entitlements, queue, now }: { entitlements: Entitlements; queue: WorkQueue | undefined; now: Date },
): PlannedNotices {
  const rule = noticeRuleOf(entitlements, application);
  const hasBegun = queue?.reports?.[application]?.noticesFrom !== undefined;
  if (!rule) return { count: undefined, change: hasBegun ? 'end' : undefined };
  const about = { applicationArn: application, changeSeq: 0, at: now.toISOString(), uid: '', isAdopted: false };
  const sentOf = (change: UserChange) =>
    kindsOf(change).filter((kind) => {
      const hint = { ...about, userId: change.userId, kind };
      return screenNotice(hint, { rule, now, isResend: false }) === undefined;
    });
  const count = changes.flatMap(sentOf).length;
  if (hasBegun) return { count, change: undefined };
  return rule.settings.backfill ? { count, change: 'begin-now' } : { count: 0, change: 'begin' };
}

/** Returns what a user is told of a change. A user who waits first gets a notice of the wait, and one of the seat. */
function kindsOf({ change, reason, waitsFirst }: UserChange): NoticeKind[] {
  const kind = NOTICES[change];
  if (kind === undefined || WITHOUT_USER.has(reason) || !isNews(reason)) return [];
  return waitsFirst === true ? ['waitlisted', kind] : [kind];
}

/** Returns how many notices the plans of all entitlements come to, and how many are sent per day; nothing without notices. */
export function noticeTotal(
  plans: readonly { notices: PlannedNotices }[],
  settings: NoticeSettings | undefined,
): Pick<PlanTotalLine, 'notices' | 'noticesPerDay'> {
  if (!settings) return {};
  const notices = plans.reduce((all, { notices: { count = 0 } }) => all + count, 0);
  return { notices, noticesPerDay: settings.dailyLimit };
}
