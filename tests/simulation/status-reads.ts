import type { SweepReport, WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Moment } from './truth.ts';

/** Follows whose UserStatus Usher asks for, so that no sweep counts as one of every user's status unless it asked for every user's. */
export class StatusReads {
  readonly #asked = new Map<string, Moment>();
  #listed: Moment = Number.NEGATIVE_INFINITY;

  /** A request that reached the identity store. */
  request(call: string, input: { UserId?: string }, at: Moment): void {
    if (call === 'IdentityStore.ListUsers') this.#listed = at;
    if (call === 'IdentityStore.DescribeUser' && input.UserId !== undefined) this.#asked.set(input.UserId, at);
  }

  /**
   * @param seatsOf the seats of an application
   * @returns the seats whose user's status was not read, although a sweep that began before counts as one of every user's
   */
  unread(before: WorkQueue, after: WorkQueue, seatsOf: (application: string) => readonly Seat[]): Seat[] {
    return Object.entries(after.reports ?? {}).flatMap(([application, report]: [string, Partial<SweepReport>]) => {
      const { statusAt } = report;
      if (statusAt === undefined || statusAt === before.reports?.[application]?.statusAt) return [];
      const began = Date.parse(statusAt);
      return seatsOf(application).filter(({ status, changedAt, userId }) => {
        const asked = Math.max(this.#listed, this.#asked.get(userId) ?? Number.NEGATIVE_INFINITY);
        return status === 'confirmed' && Date.parse(changedAt) < began && asked < began;
      });
    });
  }
}
