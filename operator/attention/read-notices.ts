import type { Asker } from '../asker.ts';
import { openNotices } from '../notices/open-notices.ts';
import { resendContextOf, resendOf } from '../notices/resendable.ts';
import type { NoticeReadings } from './notices.ts';

/** Reads the notices that need an operator. What is no longer true of a seat needs none: it would not be sent again. */
export async function readNoticeAttention(asker: Asker): Promise<NoticeReadings> {
  const { unread } = asker;
  const { names, queues } = await asker.services();
  const queue = names.noticesDeadLetters;
  const [open, letters] = await Promise.all([
    unread.attempt(() => openNotices({}, asker)),
    unread.attempt(async () => (await queues()).size(queue)),
  ]);
  const deadLetters = letters?.value ?? 0;
  const found = open?.value;
  if (!found || found.deliveries.length === 0) return { open, deadLetters, queue };
  const around = await resendContextOf(found.deliveries, asker);
  const deliveries = found.deliveries.filter((one) => resendOf(one, around)?.possible !== false);
  return { open: { value: { deliveries, more: found.more } }, deadLetters, queue };
}
