import {
  giveNoticesBack,
  moveNoticeLetters,
  type NoticeLetter,
  receiveNoticeLetters,
} from '../../../operator/notices/dead-letters.ts';
import { count } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import { printMessages } from './messages.ts';

/** Moves the dead letters of notices back into their queue, after confirmation. @returns how many there were */
export async function redriveNotices(yes: boolean, context: Context): Promise<number> {
  const { terminal, json } = context;
  const letters = await receiveNoticeLetters(context);
  const left = new Set<NoticeLetter>(letters);
  try {
    printMessages(
      letters.map((letter) => ({ ...letter, isStartable: letter.isMovable })),
      context,
    );
    const movable = letters.filter(({ isMovable }) => isMovable);
    const silent = movable.filter(({ isSilent }) => isSilent).length;
    if (silent > 0)
      terminal.note(
        `NotifyUser sends nothing of ${count(silent, 'message')}, such as a change older than 24 hours: moved, ${silent === 1 ? 'it is' : 'they are'} only counted, and gone.`,
      );
    const question = `Move ${count(movable.length, 'message')} back into the queue of notices?`;
    if (movable.length === 0 || !(await terminal.confirm(question, yes))) return letters.length;
    for await (const letter of moveNoticeLetters(movable, context)) {
      left.delete(letter);
      const { uid, message } = letter;
      if (json) terminal.json({ type: 'resent', ...(uid === undefined ? {} : { uid }), messageId: message.id });
      else terminal.line(`moved ${message.id}`);
    }
  } finally {
    await giveNoticesBack([...left], context);
  }
  return letters.length;
}
