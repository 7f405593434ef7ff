import type { DeadLetter } from '../../../operator/executions/dead-letters.ts';
import type { Context } from '../../command/context.ts';

/** Lists dead letters, and what becomes of them. */
export function printMessages(
  letters: readonly (Pick<DeadLetter, 'queue' | 'message' | 'title'> & { isStartable: boolean })[],
  { terminal, json, clock }: Context,
): void {
  if (letters.length === 0) return;
  if (json) {
    for (const { queue, message, title, isStartable: startable } of letters) {
      const since = message.sentAt === undefined ? {} : { since: message.sentAt.toISOString() };
      terminal.json({ type: 'message', queue, messageId: message.id, ...since, title, startable });
    }
    return;
  }
  const now = clock.now();
  terminal.table(
    ['MESSAGE', 'QUEUE', 'SENT', 'WHAT'],
    letters.map(({ queue, message, title }) => [message.id, queue, terminal.when(message.sentAt, now), title]),
  );
}
