import { type AuditEvent, InvalidAuditEvent, parseAuditEvent } from '../../domain/audit/parse.ts';
import { hintIn, type NoticeHint } from '../../domain/notify/hint.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import type { Asker } from '../asker.ts';
import { noLogGroup } from '../history/audit-records.ts';
import type { NoticeLine } from '../lines/notices.ts';
import { type NoneContext, REASONS, whyNoMarker } from './no-marker.ts';
import { noticeLine } from './notice-line.ts';
import { addUnreadable, isWanted, MOST_LISTED, type NoticeFilter } from './open-notices.ts';
import { resendContextOf } from './resendable.ts';

/** Of whom, and since when. */
export interface HistoryQuestion extends NoticeFilter {
  since: Date;
  userId?: string | undefined;
}

/** A change of which its user may have been told. */
interface Change {
  hint: NoticeHint;
  entitlement: string;
}

/**
 * Reads what became of the notices of audited changes, the newest first: also of those of which no notice was begun, and why.
 *
 * @returns undefined if there is no table of notices
 * @throws MissingPrecondition without an audit stream
 */
export async function noticeHistory(
  question: HistoryQuestion,
  asker: Asker,
): Promise<{ lines: NoticeLine[]; more: boolean } | undefined> {
  const { unread } = asker;
  const services = await asker.services();
  const { changes, more } = await changesIn(question, asker);
  const markers = await (await services.notices()).get([...changes.keys()]);
  if (!markers) return undefined;
  const ledger = await services.ledger();
  const queue = (await unread.attempt(() => ledger.queue()))?.value;
  const around = await resendContextOf(
    [...changes.values()].map(({ hint }) => hint),
    asker,
  );
  addUnreadable(markers.values(), unread);
  const lines = [...changes].flatMap(([uid, change]) => {
    const marker = markers.get(uid);
    if (marker instanceof Error) return [];
    return marker ? noticeLine(marker, around) : lineWithoutMarker(change, { ...around, queue });
  });
  return { lines: lines.filter((line) => isWanted(line, question)).reverse(), more };
}

/** Reads the changes from the audit stream, by the ids of their notices, the oldest first. */
async function changesIn(
  { since, userId, entitlement }: HistoryQuestion,
  asker: Asker,
): Promise<{ changes: Map<string, Change>; more: boolean }> {
  const now = asker.clock.now();
  const log = await (await asker.services()).auditLog();
  const changes = new Map<string, Change>();
  const query = {
    since,
    ...(userId === undefined ? {} : { userId }),
    ...(entitlement === undefined ? {} : { entitlement }),
  };
  for await (const page of log.events(query)) {
    if (page === undefined) throw noLogGroup();
    for (const { text } of page) {
      const event = auditEventIn(text);
      const hint = event && hintIn(event, now);
      if (!(event && hint) || 'skip' in hint) continue;
      if (changes.size === MOST_LISTED && !changes.has(hint.uid)) return { changes, more: true };
      changes.set(hint.uid, { hint, entitlement: event.detail.privileges[0] ?? '' });
    }
    asker.progress(`${changes.size} changes`);
  }
  return { changes, more: false };
}

/** Who can write to the log may have put anything there: what is no audit event is skipped. */
function auditEventIn(text: string): AuditEvent | undefined {
  try {
    return parseAuditEvent(jsonIn(text));
  } catch (error) {
    if (error instanceof InvalidAuditEvent) return undefined;
    throw error;
  }
}

function lineWithoutMarker({ hint, entitlement }: Change, context: NoneContext): NoticeLine {
  const { uid, kind, applicationArn: application, userId, at } = hint;
  const reason = whyNoMarker(hint, context);
  return {
    type: 'notice',
    uid,
    kind,
    entitlement,
    application,
    userId,
    since: at,
    reason,
    resend: { possible: false, reason: REASONS[reason] },
  };
}
