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
  /** The id of its notice; undefined if it is moved nowhere. */
  uid: string | undefined;
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
): Pick<NoticeLetter, 'title' | 'uid' | 'isSilent'> {
  const stays = (title: string) => ({ title: `${title}: stays in the queue`, uid: undefined, isSilent: false });
  try {
    const asked = readMessage(body, now);
    if ('skip' in asked) return stays(`no notice, because ${REASONS[asked.skip]}`);
    if ('resend' in asked)
      return { title: `notice ${asked.resend}, asked for by an operator`, uid: asked.resend, isSilent: false };
    const { hint } = asked;
    const rule = noticeRuleOf(entitlements, hint.applicationArn);
    const reason = screenNotice(hint, { rule, now, isResend: false });
    const why = reason === undefined ? '' : `, not sent any more: ${REASONS[reason]}`;
    return { title: `${hint.kind}: user ${hint.userId}${why}`, uid: hint.uid, isSilent: reason !== undefined };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return stays('not a change of a seat');
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
