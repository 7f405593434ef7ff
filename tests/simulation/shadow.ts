import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Batch, BatchSchema } from '../../domain/decision/batches.ts';
import { GroupSizesSchema } from '../../domain/decision/group-sizes.ts';
import { type Hold, HoldSchema } from '../../domain/decision/hold.ts';
import { type Slots, SlotsSchema } from '../../domain/decision/slots.ts';
import { emptyQueue, type WorkQueue, WorkQueueSchema } from '../../domain/queue/work-queue.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import { type Seat, SeatSchema, takesSlot } from '../../domain/seat/seat.ts';

/** An item that was written, and the one that it replaced. */
export type Written =
  | { item: 'seat'; before: Seat | undefined; after: Seat }
  | { item: 'hold'; before: Hold | undefined; after: Hold }
  | { item: 'slots'; before: Slots | undefined; after: Slots }
  | { item: 'batch'; batch: Batch }
  | { item: 'work'; before: WorkQueue; after: WorkQueue }
  | { item: 'findings' }
  | { item: 'groups' }
  | { item: 'observation'; records: AuditRecord[]; before: AuditRecord[]; applicationArn: string; userId: string };

/** The ledger as its writes make it, followed from outside. */
export class Shadow {
  readonly #seats = new Map<string, Seat>();
  readonly #holds = new Map<string, Hold>();
  readonly #slots = new Map<string, Slots>();
  readonly #observed = new Map<string, AuditRecord[]>();
  #queue: WorkQueue = emptyQueue();

  seat(applicationArn: string, userId: string): Seat | undefined {
    return this.#seats.get(`${applicationArn} ${userId}`);
  }

  seatsOf(applicationArn: string): Seat[] {
    return [...this.#seats.values()].filter((seat) => seat.applicationArn === applicationArn);
  }

  /** Seats whose assignment may exist. */
  inUse(applicationArn: string): number {
    return this.seatsOf(applicationArn).filter(takesSlot).length;
  }

  hold(applicationArn: string): Hold | undefined {
    return this.#holds.get(applicationArn);
  }

  /** The bound of the slots of an application. */
  slots(applicationArn: string): Slots | undefined {
    return this.#slots.get(applicationArn);
  }

  get queue(): WorkQueue {
    return this.#queue;
  }

  all(): Seat[] {
    return [...this.#seats.values()];
  }

  /** A PutItem that DynamoDB took. */
  write(item: Record<string, AttributeValue>): Written {
    const [pk = '', sk = ''] = [item['pk']?.S, item['sk']?.S];
    const content = unmarshall(item);
    if (pk === '#work') {
      const before = this.#queue;
      this.#queue = WorkQueueSchema.parse(content);
      return { item: 'work', before, after: this.#queue };
    }
    if (pk === '#batches') return { item: 'batch', batch: BatchSchema.parse(content) };
    if (sk === '#groups') {
      GroupSizesSchema.parse(content);
      return { item: 'groups' };
    }
    if (sk === '#slots') {
      const before = this.#slots.get(pk);
      const after = SlotsSchema.parse(content);
      this.#slots.set(pk, after);
      return { item: 'slots', before, after };
    }
    if (sk === '#hold') {
      const before = this.#holds.get(pk);
      const after = HoldSchema.parse(content);
      this.#holds.set(pk, after);
      return { item: 'hold', before, after };
    }
    const key = `${pk} ${sk}`;
    if (sk.startsWith('~observed#')) {
      const before = this.#observed.get(key) ?? [];
      const records: AuditRecord[] = content['audit'];
      this.#observed.set(key, records);
      return { item: 'observation', before, records, applicationArn: pk, userId: sk.replace('~observed#', '') };
    }
    if (sk.startsWith('~finding#')) return { item: 'findings' };
    const before = this.#seats.get(key);
    const after = SeatSchema.parse(content);
    this.#seats.set(key, after);
    return { item: 'seat', before, after };
  }
}
