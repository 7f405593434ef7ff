import { type RecordContext, type RecordedChange, recordOf } from './cloudtrail.ts';

/** Records that LookupEvents shows. */
const MOST_KEPT = 10_000;

type ChangeRecord = ReturnType<typeof recordOf>;

/** Records changes in the identity store, and keeps the newest records; none from before a restart. */
export class Trail {
  /** In the order of time. */
  readonly kept: ChangeRecord['detail'][] = [];
  #records: number;

  /** @param records number of those before a restart */
  constructor(records = 0) {
    this.#records = records;
  }

  /** The number of records so far. */
  get records(): number {
    return this.#records;
  }

  /** Returns the record of a change in EventBridge's envelope. */
  record(change: RecordedChange, context: Omit<RecordContext, 'sequence'>): ChangeRecord {
    this.#records += 1;
    const record = recordOf(change, { ...context, sequence: this.#records });
    this.kept.push(record.detail);
    if (this.kept.length > MOST_KEPT) this.kept.shift();
    return record;
  }
}
