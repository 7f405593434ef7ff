import type { Pacer } from '../../adapters/clients.ts';
import type { Ledger } from '../../adapters/ledger.ts';
import type { Contacts } from '../../adapters/notices/contacts.ts';
import type { Mailer } from '../../adapters/notices/mailer.ts';
import type { NoticeTable } from '../../adapters/notices/table.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Contact } from '../../domain/notices/contact.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import type { Message, Renderer } from '../../domain/notices/message.ts';
import type { NoticeKind } from '../../domain/notices/schema.ts';
import {
  decideNotice,
  type NoticeContent,
  type NoticeRule,
  noticeRuleOf,
  screenNotice,
} from '../../domain/notify/decide.ts';
import type { NoMarkerReason, NoticeHint } from '../../domain/notify/hint.ts';
import { readMessage } from '../../domain/notify/read-message.ts';
import {
  type DeliveryChange,
  deliveryAfter,
  hintOf,
  noticeIdsOf,
  standingOf,
} from '../../domain/notify/transitions.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { isDue } from '../../domain/shared/time.ts';
import type { Measure, MetricName } from '../ports.ts';

/** What NotifyUser works with. */
export interface NoticeServices {
  clock: Clock;
  entitlements: Entitlements;
  ledger: Pick<Ledger, 'seats' | 'queue'>;
  contacts: Contacts;
  mailer: Mailer;
  /** Spaces the messages of one sandbox. */
  mailPacer: Pacer;
  notices: NoticeTable;
  render: Renderer;
  measure: Measure;
}

/** A message of the queue. */
export interface QueuedMessage {
  messageId: string;
  body: string;
}

/** What became of a notice: ids and codes only. */
export interface NoticeResult {
  uid?: string;
  kind?: NoticeKind;
  /** `again`: nothing is decided, and the message of the queue has to come again. */
  outcome: 'sent' | 'skipped' | 'refused' | 'limited' | 'in-doubt' | 'throttled' | 'again';
  reason?: string;
}

/** Whether the message of the queue has to come again. */
export function comesAgain({ outcome }: NoticeResult): boolean {
  return outcome === 'again' || outcome === 'throttled';
}

/** What the metrics count; `again` leads to one of the others. */
const COUNTED: Readonly<Record<Exclude<NoticeResult['outcome'], 'again'>, MetricName>> = {
  sent: 'NoticesSent',
  skipped: 'NoticesSkipped',
  refused: 'NoticesRefused',
  limited: 'NoticesLimited',
  'in-doubt': 'NoticesInDoubt',
  throttled: 'NoticesThrottled',
};

/** A notice that is under way: what it is about, its marker if there is one, and what it follows. */
interface Notice {
  hint: NoticeHint;
  marker: Delivery | undefined;
  rule: NoticeRule | undefined;
  /** The message of the queue, if an operator asks. */
  askedBy: string | undefined;
}

/**
 * Serves one message of the queue: sends its notice, at most once, or says why not.
 *
 * @param until no message is sent after this time: the invocation has to end
 * @throws TransientAwsError, RefusedError or InvalidRequestError: nothing is decided, and the message has to come again
 */
export async function notify(message: QueuedMessage, until: Date, services: NoticeServices): Promise<NoticeResult> {
  const result = await serve(message, until, services);
  if (result.outcome !== 'again') services.measure(COUNTED[result.outcome], 1);
  return result;
}

async function serve({ messageId, body }: QueuedMessage, until: Date, services: NoticeServices): Promise<NoticeResult> {
  const { clock, entitlements, notices } = services;
  const now = clock.now();
  // At a low pace, the first messages of a batch take all the time that there is.
  if (isDue(until.toISOString(), now)) return NO_TIME;
  const asked = readMessage(body, now);
  if ('skip' in asked) return skipped(asked.skip);
  const uid = 'resend' in asked ? asked.resend : asked.hint.uid;
  const marker = await notices.delivery(uid);
  const hint = 'resend' in asked ? marker && hintOf(marker) : asked.hint;
  if (hint === undefined) return { uid, ...skipped('unknown-notice') };
  const askedBy = 'resend' in asked ? messageId : undefined;
  const rule = noticeRuleOf(entitlements, hint.applicationArn);
  const result = await proceed({ hint, marker, rule, askedBy }, until, services);
  return { uid, kind: hint.kind, ...result };
}

/** Goes on from the marker of a notice. */
async function proceed(notice: Notice, until: Date, services: NoticeServices): Promise<NoticeResult> {
  const { hint, marker, rule, askedBy } = notice;
  const { clock } = services;
  const now = clock.now();
  const standing = standingOf(marker, now, askedBy);
  if (standing === 'busy') return { outcome: 'again', reason: 'sending' };
  if (standing === 'decided') return skipped('already-decided');
  if (standing === 'left-behind' && marker) return settle(marker, inDoubt('left-behind'), services);
  const evidence = { rule, now, isResend: askedBy !== undefined };
  const screened = screenNotice(hint, evidence);
  if (screened !== undefined || rule === undefined) return leaveOut(notice, screened ?? 'not-configured', services);
  const [seat] = await services.ledger.seats([hint]);
  const noticesFrom = rule.settings.backfill ? undefined : await startOf(hint.applicationArn, services);
  const decision = decideNotice(hint, { ...evidence, seat, noticesFrom });
  if ('skip' in decision) return leaveOut(notice, decision.skip, services);
  if ('later' in decision) return { outcome: 'again', reason: decision.later };
  return writeTo(notice, decision.send, { rule, until, services });
}

/** Leaves a notice out. One that Amazon SES throttled until then is not tried again: its marker must not say so. */
async function leaveOut({ marker }: Notice, reason: NoMarkerReason, services: NoticeServices): Promise<NoticeResult> {
  return marker?.status === 'throttled' ? settle(marker, { status: 'skipped', reason }, services) : skipped(reason);
}

/** Looks up the user, and sends the notice if there is someone to write to. */
async function writeTo(
  notice: Notice,
  content: NoticeContent,
  { rule, until, services }: { rule: NoticeRule; until: Date; services: NoticeServices },
): Promise<NoticeResult> {
  const { clock, contacts, mailPacer, notices, render } = services;
  const ids = noticeIdsOf(notice.hint, rule.entitlement.name);
  /** Records what is decided without asking Amazon SES. */
  const decide = (change: DeliveryChange) => {
    const { marker, askedBy } = notice;
    return record(deliveryAfter(marker, ids, change, { now: clock.now(), askedBy }), change, services);
  };
  // Before the look-up, so that nothing waits between it and the message.
  await mailPacer.pace();
  const contact = await contactUnlessRefused(contacts, notice.hint.userId);
  if ('refused' in contact) return decide({ status: 'refused', reason: contact.refused });
  if ('nobody' in contact) return decide({ status: 'skipped', reason: contact.nobody });
  const { to, name, languages } = contact;
  const message = render(name === undefined ? content : { ...content, name }, languages);
  const now = clock.now();
  if (isDue(until.toISOString(), now)) return NO_TIME;
  if (!(await notices.count(now, rule.settings.dailyLimit)))
    return decide({ status: 'limited', reason: 'daily-limit' });
  const sending = deliveryAfter(notice.marker, ids, { status: 'sending' }, { now, askedBy: notice.askedBy });
  if (!(await notices.save(sending))) {
    await notices.uncount(now);
    return OVERTAKEN;
  }
  return send(sending, { to, message }, services);
}

const NO_TIME: NoticeResult = { outcome: 'again', reason: 'no-time-left' };
/** Another invocation wrote the marker meanwhile: what it came to shows when the message of the queue comes again. */
const OVERTAKEN: NoticeResult = { outcome: 'again', reason: 'overtaken' };

/** Whom to write to, or why there is no one. */
type Recipient =
  | { to: string; name?: string | undefined; languages: readonly string[] }
  | { nobody: string }
  | { refused: string };

async function contactUnlessRefused(contacts: Contacts, userId: string): Promise<Recipient> {
  try {
    const contact = await contacts.contactOf(userId);
    if (typeof contact === 'string') return { nobody: contact === 'missing' ? 'user-deleted' : 'user-disabled' };
    const { address, name, languages }: Contact = contact;
    return typeof address === 'string' ? { to: address, name, languages } : { nobody: address.missing };
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.reason };
    throw error;
  }
}

/** Asks Amazon SES, once, and records what it answers. The marker says already that it is being asked. */
async function send(
  sending: Delivery,
  mail: { to: string; message: Message },
  services: NoticeServices,
): Promise<NoticeResult> {
  const change = await changeAfter(sending.uid, mail, services);
  const result = await settle(sending, change, services);
  if (change.status === 'throttled') await services.notices.uncount(new Date(sending.at));
  return result;
}

async function changeAfter(
  uid: string,
  mail: { to: string; message: Message },
  { mailer }: NoticeServices,
): Promise<DeliveryChange> {
  try {
    const answer = await mailer.send({ uid, ...mail });
    return answer.outcome === 'sent'
      ? { status: 'sent', messageId: answer.messageId }
      : { status: answer.outcome, reason: answer.reason };
  } catch (error) {
    if (error instanceof TransientAwsError) return inDoubt('no-answer');
    throw error;
  }
}

/** Records what became of a notice that has a marker. */
function settle(marker: Delivery, change: DeliveryChange, services: NoticeServices): Promise<NoticeResult> {
  return record(deliveryAfter(marker, marker, change, { now: services.clock.now() }), change, services);
}

/** Attempts to record what became of a notice: without the record, it would be in doubt, or decided and not counted. */
const MOST_ATTEMPTS = 3;
const ATTEMPT_SECONDS = 1;

/** Writes a marker that says what became of a notice. A repetition names the same revision, and changes nothing. */
async function record(
  delivery: Delivery,
  change: DeliveryChange,
  { clock, notices }: NoticeServices,
): Promise<NoticeResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const isWritten = await notices.save(delivery);
      // After an attempt without an answer, it is that attempt which was written.
      return isWritten || attempt > 1 ? resultOf(change) : OVERTAKEN;
    } catch (error) {
      if (!(error instanceof TransientAwsError) || attempt === MOST_ATTEMPTS) throw error;
      await clock.sleep(ATTEMPT_SECONDS);
    }
  }
}

function inDoubt(reason: string): DeliveryChange {
  return { status: 'in-doubt', reason };
}

function skipped(reason: NoMarkerReason): NoticeResult {
  return { outcome: 'skipped', reason };
}

function resultOf(change: DeliveryChange): NoticeResult {
  if (change.status === 'sending') return { outcome: 'again' };
  return change.status === 'sent' ? { outcome: 'sent' } : { outcome: change.status, reason: change.reason };
}

async function startOf(applicationArn: string, { ledger }: NoticeServices): Promise<string | undefined> {
  const { reports } = await ledger.queue();
  return reports?.[applicationArn]?.noticesFrom;
}
