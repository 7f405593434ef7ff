import type { Entitlement, Entitlements } from '../entitlements.ts';
import type { NoticeFacts } from '../notices/message.ts';
import type { EntitlementNotices, NoticeKind, NoticeSettings } from '../notices/schema.ts';
import type { Seat, SeatStatus } from '../seat/seat.ts';
import { dayOf } from '../shared/day.ts';
import { earliest, secondsBetween } from '../shared/time.ts';
import type { NoMarkerReason, NoticeHint } from './hint.ts';

/** A change older than this leads to no notice: its user has lived with it for a day. */
const TOO_OLD_SECONDS = 24 * 3600;

/** The settings that a notice follows. */
export interface NoticeRule {
  settings: NoticeSettings;
  entitlement: Pick<Entitlement, 'name' | 'application'> & { notices: EntitlementNotices };
  /** Region of Identity Center. */
  region: string;
}

/** Returns the settings of the notices of an application; undefined if its users get none. */
export function noticeRuleOf(
  { notices: settings, entitlements, identityCenter: { region } }: Entitlements,
  applicationArn: string,
): NoticeRule | undefined {
  const entitlement = entitlements.find(({ application }) => application === applicationArn);
  if (settings === undefined || entitlement === undefined || !hasNotices(entitlement)) return undefined;
  return { settings, entitlement, region };
}

/** Whether the users of an entitlement get notices: those of one that only observes get none. */
export function hasNotices<E extends Pick<Entitlement, 'mode' | 'notices'>>(
  entitlement: E,
): entitlement is E & { notices: EntitlementNotices } {
  return entitlement.mode === 'enforce' && entitlement.notices !== undefined;
}

/** What decides whether a notice is sent, besides the hint. */
export interface NoticeEvidence {
  rule: NoticeRule | undefined;
  seat: Seat | undefined;
  /** From when on the changes of the application lead to notices; absent before its first full sweep with notices. */
  noticesFrom?: string | undefined;
  now: Date;
  /** An operator asks for it: it passed for new once. */
  isResend: boolean;
}

/** What a user is told, as far as the configuration and the seat know it. */
export type NoticeContent = Omit<NoticeFacts, 'name'>;

/** `later`: the seat is being changed right now. */
export type NoticeDecision = { send: NoticeContent } | { skip: NoMarkerReason } | { later: 'seat-in-progress' };

/** Says, before anything is read, why a hint leads to no notice; undefined if the seat must say it. */
export function screenNotice(
  { kind, at, isAdopted }: NoticeHint,
  { rule, now, isResend }: Pick<NoticeEvidence, 'rule' | 'now' | 'isResend'>,
): NoMarkerReason | undefined {
  if (!rule?.entitlement.notices.send.includes(kind)) return 'not-configured';
  if (isAdopted && !rule.settings.backfill) return 'adopted';
  return !isResend && isTooOld(at, now) ? 'too-old' : undefined;
}

/**
 * Decides whether a notice is sent. Only what is true of the seat now is sent, and dates come from the seat: an event that
 * is forged, late or overtaken tells no one anything wrong.
 */
export function decideNotice(hint: NoticeHint, evidence: NoticeEvidence): NoticeDecision {
  const { rule, seat, noticesFrom, now, isResend } = evidence;
  const screened = screenNotice(hint, evidence);
  if (screened !== undefined || rule === undefined) return { skip: screened ?? 'not-configured' };
  if (seat === undefined || seat.changeSeq !== hint.changeSeq) return { skip: 'behind-the-seat' };
  // No read showed the assignment, and it is being made again: the same change, so that no further event follows.
  if (hint.kind === 'assigned' && seat.status === 'creating') return { later: 'seat-in-progress' };
  if (!STATUSES[hint.kind].includes(seat.status)) return { skip: 'behind-the-seat' };
  if (!isResend) {
    const at = earliest(hint.at, changedAtOf(hint.kind, seat));
    if (isTooOld(at, now)) return { skip: 'too-old' };
    if (!rule.settings.backfill && !hasBegun(begunAt(at, hint, seat), noticesFrom)) return { skip: 'before-start' };
  }
  return { send: contentOf(hint.kind, seat, rule) };
}

/** The statuses in which a seat still is what a notice says. */
const STATUSES: Readonly<Record<NoticeKind, readonly SeatStatus[]>> = {
  assigned: ['assigned', 'confirmed'],
  waitlisted: ['waitlisted'],
  leaving: ['leaving', 'held'],
  revoked: ['revoked'],
  kept: ['assigned', 'confirmed'],
};

function isTooOld(at: string, now: Date): boolean {
  return secondsBetween(at, now) > TOO_OLD_SECONDS;
}

function hasBegun(at: string, noticesFrom: string | undefined): boolean {
  return noticesFrom !== undefined && secondsBetween(noticesFrom, at) >= 0;
}

/**
 * Returns the time of the change, or for a grant that of its first request: what fails in the first sweep is tried again after
 * it. A place in the waitlist that becomes a seat is news, whenever it was asked for.
 */
function begunAt(at: string, { kind, hasWaited }: NoticeHint, { requestedAt }: Seat): string {
  return kind === 'assigned' && !hasWaited ? earliest(at, requestedAt) : at;
}

/** Returns when the seat says that the change was made. A seat is confirmed later than it was assigned. */
function changedAtOf(kind: NoticeKind, seat: Seat): string {
  return (kind === 'assigned' ? (seat.madeAgainAt ?? seat.grantedAt) : undefined) ?? seat.changedAt;
}

/** Returns what a notice of this kind says. */
export function contentOf(
  kind: NoticeKind,
  { dueAt }: Pick<Seat, 'dueAt'>,
  {
    settings,
    entitlement,
    region,
  }: Omit<NoticeRule, 'entitlement'> & { entitlement: Pick<NoticeRule['entitlement'], 'notices'> },
): NoticeContent {
  const { signIn, replyTo, from } = settings;
  const text = entitlement.notices.texts?.[kind];
  return {
    kind,
    product: entitlement.notices.product,
    startUrl: signIn.startUrl,
    region: signIn.region ?? region,
    ...(signIn.helpUrl === undefined ? {} : { helpUrl: signIn.helpUrl }),
    ...(kind === 'leaving' && dueAt !== undefined ? { revokeOn: dayOf(dueAt) } : {}),
    ...(text === undefined ? {} : { text }),
    contact: replyTo ?? from,
  };
}
