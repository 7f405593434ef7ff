import type { Delivery } from '../../domain/notices/delivery.ts';
import type { Attention } from '../lines/attention.ts';
import { count, numberOf } from '../text.ts';

/** What is known of the notices. What could not be read is undefined. */
export interface NoticeReadings {
  /** Notices that were perhaps not sent and are still true; `undefined` in `value` without a table. */
  open: { value: { deliveries: readonly Delivery[]; more: boolean } | undefined } | undefined;
  deadLetters: number;
  /** The queue of the dead letters. */
  queue: string;
}

/** What the messages of the dead-letter queue are, and what to do about them. */
export const UNDELIVERED_NOTICES = {
  what: 'changes of which no user was told: notices that could not be decided about in a day',
  fix: 'usher redrive',
} as const;

/** The statuses that need an operator. */
const IN_WORDS = [
  ['in-doubt', 'in doubt'],
  ['refused', 'refused'],
  ['limited', 'above the daily limit'],
] as const;

/** Says what the notices need of an operator. */
export function noticeAttention({ open, deadLetters, queue }: NoticeReadings): Attention[] {
  const found: Attention[] = [];
  if (open && !open.value)
    found.push({
      type: 'attention',
      kind: 'not-deployed',
      title: 'The notices are not deployed',
      reason: 'The configuration has notices, and there is no table of them',
      fix: 'Deploy this entitlements.yml',
    });
  const { deliveries = [], more = false } = open?.value ?? {};
  if (deliveries.length > 0) {
    const parts = IN_WORDS.flatMap(([status, words]) => {
      const number = deliveries.filter((one) => one.status === status).length;
      return number > 0 ? [`${numberOf(number)} ${words}`] : [];
    });
    const since = deliveries.at(-1)?.at;
    found.push({
      type: 'attention',
      kind: 'notices',
      title: `${more ? 'More than ' : ''}${lostInWords(deliveries)}`,
      count: deliveries.length,
      ...(since === undefined ? {} : { since }),
      reason: `${parts.join(', ')}: none is tried again by itself`,
      fix: 'usher notices',
    });
  }
  if (deadLetters > 0)
    found.push({
      type: 'attention',
      kind: 'dead-letter',
      title: `${count(deadLetters, 'message')} in ${queue}`,
      count: deadLetters,
      queue,
      reason: UNDELIVERED_NOTICES.what,
      fix: UNDELIVERED_NOTICES.fix,
    });
  return found;
}

function lostInWords(deliveries: readonly Delivery[]): string {
  const { length } = deliveries;
  const inDoubt = deliveries.filter(({ status }) => status === 'in-doubt').length;
  if (inDoubt === length) return `${count(length, 'notice')} may be lost`;
  return `${count(length, 'notice was', 'notices were')} not sent${inDoubt > 0 ? ', or may be lost' : ''}`;
}
