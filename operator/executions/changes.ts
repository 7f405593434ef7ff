import * as z from 'zod/mini';
import type { AuditLog, LoggedEvent } from '../../adapters/operator/audit-log.ts';
import type { DetailType } from '../../domain/audit/schema.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import type { Changes } from '../lines/executions.ts';

/** What the events of the audit stream mean for the number of seats. Other events change none. */
const MEANS: Partial<Record<DetailType, keyof Changes>> = {
  'Seat Assigned': 'gained',
  'Seat Adopted': 'gained',
  'Seat Revoked': 'lost',
};
/** A page has up to 10,000 events: a list of executions is not worth more requests. */
const MOST_PAGES = 10;

const EventSchema = z.object({
  'detail-type': z.string(),
  detail: z.object({ metadata: z.object({ uid: z.string(), correlation_uid: z.string() }) }),
});

/** Counts the changes of executions by their events on the audit stream, each once. */
export class ChangeCounter {
  readonly #counts = new Map<string, Changes>();
  readonly #seen = new Set<string>();

  /** Counts an entry of the log group, if it is the event of a change. It is untrusted. */
  add({ text }: Pick<LoggedEvent, 'text'>): void {
    const { data } = EventSchema.safeParse(jsonIn(text));
    if (!data) return;
    const { uid, correlation_uid: execution } = data.detail.metadata;
    const meaning = Object.entries(MEANS).find(([type]) => type === data['detail-type'])?.[1];
    if (meaning === undefined || this.#seen.has(uid)) return;
    this.#seen.add(uid);
    const counts = this.of(execution);
    this.#counts.set(execution, { ...counts, [meaning]: counts[meaning] + 1 });
  }

  /** Returns what an execution has changed, as far as the events say that were added. */
  of(execution: string): Changes {
    return this.#counts.get(execution) ?? { gained: 0, lost: 0 };
  }
}

/**
 * Adds what the audit stream has of a time, as far as a few pages go.
 *
 * @returns from when on it was not read; undefined if all was. `since` if there is no log group
 */
export async function addChanges(
  counter: ChangeCounter,
  { since, until }: { since: Date; until: Date },
  log: AuditLog,
): Promise<Date | undefined> {
  let pages = 0;
  let last = since;
  for await (const page of log.events({ since, until })) {
    if (!page) return since;
    for (const event of page) {
      counter.add(event);
      last = event.at;
    }
    pages += 1;
    // Whether another page follows is not known: what comes after this one counts as unread.
    if (pages >= MOST_PAGES) return last;
  }
  return undefined;
}

/** Says what an execution has changed: `+3 −1`. */
export function changesInWords(changes: Changes | undefined): string {
  if (!changes) return '?';
  const { gained, lost } = changes;
  return [gained > 0 ? `+${gained}` : '', lost > 0 ? `−${lost}` : ''].filter(Boolean).join(' ') || 'none';
}
