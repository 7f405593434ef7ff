import * as z from 'zod/mini';

/** The newest messages only: each is some kilobytes large, and the whole outbox is part of the saved state. */
const MOST_KEPT = 500;
const MINUTE_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;

const MailSchema = z.object({
  messageId: z.string(),
  /** When Amazon SES accepted it, in ISO 8601. */
  at: z.string(),
  from: z.string(),
  replyTo: z.array(z.string()),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.optional(z.string()),
  html: z.optional(z.string()),
  /** Without those that Amazon SES sets. */
  headers: z.array(z.object({ name: z.string(), value: z.string() })),
  tags: z.array(z.object({ name: z.string(), value: z.string() })),
  configurationSet: z.optional(z.string()),
});
/** A message that Amazon SES accepted. */
export type Mail = z.infer<typeof MailSchema>;

/** The messages of an account, and what counts against its quota. */
export const OutboxContentsSchema = z.object({
  mails: z.array(MailSchema),
  /** Number of messages ever. */
  count: z.int().check(z.minimum(0)),
  /** By minute since the epoch: the recipients that count against the quota of 24 hours. */
  sent: z.array(z.tuple([z.int(), z.int()])),
});
/** See {@link OutboxContentsSchema}. */
export type OutboxContents = z.infer<typeof OutboxContentsSchema>;

/** The messages that Amazon SES accepted. No one gets them. */
export class Outbox {
  #mails: Mail[] = [];
  #count = 0;
  #sent = new Map<number, number>();

  /** Adds a message. @param recipients those that count against the quota @returns it, with its id */
  add(mail: Omit<Mail, 'messageId'>, recipients: number): Mail {
    this.#count += 1;
    const digits = this.#count.toString(16).padStart(12, '0');
    const added = { messageId: `0100000000000000-00000000-0000-4000-8000-${digits}-000000`, ...mail };
    this.#mails.push(added);
    if (this.#mails.length > MOST_KEPT) this.#mails.shift();
    const minute = Math.floor(Date.parse(mail.at) / MINUTE_MILLISECONDS);
    this.#sent.set(minute, (this.#sent.get(minute) ?? 0) + recipients);
    return added;
  }

  /** Returns the messages, the oldest first. */
  mails(): readonly Mail[] {
    return this.#mails;
  }

  /** Returns the number of recipients within 24 hours. A recipient counts until the whole minute is over. */
  sentWithinDay(now: Date): number {
    const first = Math.floor((now.getTime() - DAY_MILLISECONDS) / MINUTE_MILLISECONDS);
    for (const minute of this.#sent.keys()) if (minute < first) this.#sent.delete(minute);
    return [...this.#sent.values()].reduce((sum, count) => sum + count, 0);
  }

  contents(): OutboxContents {
    return { mails: [...this.#mails], count: this.#count, sent: [...this.#sent] };
  }

  restore({ mails, count, sent }: OutboxContents): void {
    this.#mails = [...mails];
    this.#count = count;
    this.#sent = new Map(sent);
  }
}
