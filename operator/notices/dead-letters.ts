import type { Message } from '../../adapters/operator/queues.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { noticeRuleOf, screenNotice } from '../../domain/notify/decide.ts';
import { readMessage } from '../../domain/notify/read-message.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import type { Asker } from '../asker.ts';
import { giveBack, HIDDEN_SECONDS } from '../executions/dead-letters.ts';
import { REASONS } from './no-marker.ts';
import { noticesNotDeployed } from './open-notices.ts';

/** A message of the dead-letter queue of notices. */
export interface NoticeLetter {
  queue: string;
  message: Message;
  /** What it is, or why it stays. */
  title: string;
  /** Whether NotifyUser can read it; what it cannot read stays. */
  isMovable: boolean;
  /** The id of its notice, if it leads to one. */
  uid?: string;
  /** NotifyUser sends nothing of it: moved, it is only counted, and gone. */
  isSilent: boolean;
}

/** Receives the messages. The caller gives back those that it does not move. */
export async function receiveNoticeLetters(
  asker: Pick<Asker, 'services' | 'entitlements' | 'clock'>,
): Promise<NoticeLetter[]> {
  const { names, queues } = await asker.services();
  const queue = names.noticesDeadLetters;
  const messages = await (await queues()).receiveAll(queue, HIDDEN_SECONDS);
  const [entitlements, now] = [await asker.entitlements(), asker.clock.now()];
  return (messages ?? []).map((message) => ({ queue, message, ...contentOf(message.body, entitlements, now) }));
}

function contentOf(
  body: string,
  entitlements: Entitlements,
  now: Date,
): Pick<NoticeLetter, 'title' | 'isMovable' | 'uid' | 'isSilent'> {
  try {
    const asked = readMessage(body, now);
    if ('skip' in asked) return { title: `no notice, because ${REASONS[asked.skip]}`, isMovable: true, isSilent: true };
    if ('resend' in asked) {
      const { resend: uid } = asked;
      return { title: `notice ${uid}, asked for by an operator`, isMovable: true, uid, isSilent: false };
    }
    const { uid, kind, userId, applicationArn } = asked.hint;
    const rule = noticeRuleOf(entitlements, applicationArn);
    const reason = screenNotice(asked.hint, { rule, now, isResend: false });
    const why = reason === undefined ? '' : `, no longer sent: ${REASONS[reason]}`;
    return { title: `${kind}: user ${userId}${why}`, isMovable: true, uid, isSilent: reason !== undefined };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { title: 'not a change of a seat: stays in the queue', isMovable: false, isSilent: false };
  }
}

/** Moves messages back into the queue of notices, and yields each; deletes a message only after it is in the queue. */
export async function* moveNoticeLetters(
  letters: readonly NoticeLetter[],
  { services }: Pick<Asker, 'services'>,
): AsyncGenerator<NoticeLetter> {
  const { names, queues } = await services();
  const ours = await queues();
  const send = await ours.sender(names.noticesQueue);
  if (!send) throw noticesNotDeployed();
  for (const letter of letters) {
    await send(letter.message.body);
    await ours.remove(letter.queue, letter.message);
    yield letter;
  }
}

/** Makes messages visible to other receivers again. */
export async function giveNoticesBack(letters: readonly NoticeLetter[], { services }: Pick<Asker, 'services'>) {
  await giveBack(letters, await (await services()).queues());
}
