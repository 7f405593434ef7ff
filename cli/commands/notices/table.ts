import type { NoticeLine } from '../../../operator/lines/notices.ts';
import { count, escaped } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';

/** What each status means for an operator. Those without an entry need none. */
const NEEDS: Partial<Record<NonNullable<NoticeLine['status']>, (number: number) => string>> = {
  'in-doubt': (number) =>
    `${count(number, 'notice is', 'notices are')} in doubt: no one knows whether Amazon SES sent ${number === 1 ? 'it' : 'them'}.`,
  refused: (number) =>
    `${count(number, 'notice was', 'notices were')} refused: remove the cause first. docs/notices.md has the reasons.`,
  limited: (number) => `${count(number, 'notice was', 'notices were')} above the daily limit (notices.dailyLimit).`,
};

/** Prints notices as a table. @param isNamed whether names were asked for */
export function printNotices(lines: readonly NoticeLine[], { terminal, clock }: Context, isNamed: boolean): void {
  const now = clock.now();
  terminal.table(
    [...(isNamed ? ['NAME'] : []), 'USER', 'ENTITLEMENT', 'KIND', 'STATUS', 'SINCE', 'RESEND', 'UID', 'WHY'],
    lines.map((line) => [
      ...(isNamed ? [line.name ?? ''] : []),
      line.userId,
      escaped(line.entitlement),
      line.kind,
      line.status ?? 'none',
      terminal.when(line.since, now),
      line.resend === undefined ? '?' : line.resend.possible ? 'yes' : 'no',
      escaped(line.uid),
      escaped(whyOf(line)),
    ]),
  );
}

/** Why it was not sent, and why it is not sent again. */
function whyOf({ status, reason, messageId, resend }: NoticeLine): string {
  if (status === 'sent') return messageId === undefined ? '' : `message ${messageId}`;
  // Without a status, the words say the same as the code.
  return [status === undefined ? undefined : reason, resend?.reason].filter(Boolean).join('; ');
}

/** Says how many of the notices need what. */
export function noticesInWords(lines: readonly NoticeLine[]): string[] {
  return Object.entries(NEEDS).flatMap(([status, inWords]) => {
    const number = lines.filter((line) => line.status === status).length;
    return number > 0 ? [inWords(number)] : [];
  });
}
