import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Holdings } from '../domain/decision/application-state.ts';
import { type Batch, BatchSchema } from '../domain/decision/batches.ts';
import { type GroupSizes, GroupSizesSchema } from '../domain/decision/group-sizes.ts';
import { type Hold, HoldSchema, holdAttentionAt } from '../domain/decision/hold.ts';
import { type Observation, observationAttentionAt } from '../domain/decision/observation.ts';
import { type Slots, SlotsSchema } from '../domain/decision/slots.ts';
import { findingsAttentionAt, isOver, type UserFindings } from '../domain/findings/recorded-findings.ts';
import type { BatchRef } from '../domain/queue/rounds.ts';
import { emptyQueue, type WorkQueue, WorkQueueSchema } from '../domain/queue/work-queue.ts';
import type { Seat, SeatKey } from '../domain/seat/seat.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { MOST_PENDING } from '../domain/shared/limits.ts';
import { type ClientSettings, clientFactory } from './clients.ts';
import {
  AFTER_SEATS,
  ATTENTION,
  batchExpiry,
  batchKey,
  expiry,
  FINDINGS,
  findingsIn,
  GROUPS,
  HOLD,
  type Item,
  idsOf,
  idsOfBatch,
  itemOfSeat,
  OBSERVED,
  observationIn,
  parseItem,
  type Revised,
  SLOTS,
  seatIn,
  userOf,
  WORK_KEY,
  withAttention,
} from './ledger-items.ts';
import { ledgerTable } from './ledger-table.ts';
import { malformedAnswer } from './requests.ts';

/** Everything that the ledger holds for one application. */
export interface ApplicationItems extends Holdings {
  observations: Observation[];
  findings: UserFindings[];
}

/** A seat, an observation or, without a user, a hold or a finding that a tick has to check. */
export type Pending = Pick<SeatKey, 'applicationArn'> & Partial<SeatKey>;

/**
 * Usher's record in one DynamoDB table: seats, observations and findings by application and user, the hold of each
 * application, the bound of its slots and the sizes of its groups, the batches of stored rounds, and one item with work queue and lease.
 *
 * Every write but that of a batch is a conditional write of one item and names the revision that it replaces: the item's
 * `revision` less one; a new item has revision 1. Reads are consistent.
 *
 * @throws TransientAwsError worth a retry, also if another execution wrote the item meanwhile: the retried task reads it
 *   again · RefusedError not
 */
export interface Ledger {
  /** Reads the work queue. */
  queue(): Promise<WorkQueue>;
  /**
   * Writes the next revision of the work queue.
   *
   * @returns the queue as written; undefined if another execution wrote it meanwhile, and nothing is changed then
   */
  saveQueue(queue: WorkQueue): Promise<WorkQueue | undefined>;
  /** Reads those of these seats that exist, in this order. */
  seats(keys: readonly SeatKey[]): Promise<Seat[]>;
  /** Reads the seats and the hold of an application. */
  holdings(applicationArn: string): Promise<Holdings>;
  /** Reads everything of an application. */
  itemsOf(applicationArn: string): Promise<ApplicationItems>;
  hold(applicationArn: string): Promise<Hold | undefined>;
  /** Reads those of these observations that exist, in this order. */
  observations(keys: readonly SeatKey[]): Promise<Observation[]>;
  saveSeat(seat: Seat): Promise<void>;
  saveHold(hold: Hold): Promise<void>;
  /** Reads the sizes of an entitlement's groups; undefined if no sweep has counted them. */
  groupSizes(applicationArn: string): Promise<GroupSizes | undefined>;
  saveGroupSizes(sizes: GroupSizes): Promise<void>;
  /** Reads how many slots of an application are taken at most; undefined if no plan has counted them. */
  slots(applicationArn: string): Promise<Slots | undefined>;
  /** Writes the bound, before the seats and batches that it counts. */
  saveSlots(slots: Slots): Promise<void>;
  saveObservation(observation: Observation): Promise<void>;
  /** Reads what was found about the subscriptions of those of these users of whom something is recorded, in this order. */
  findings(keys: readonly SeatKey[]): Promise<UserFindings[]>;
  /** Reads all that was found about subscriptions for an application. */
  findingsIn(applicationArn: string): Promise<UserFindings[]>;
  saveFindings(findings: UserFindings): Promise<void>;
  /** Reads a batch of a stored round; undefined if it has expired. */
  batch(ref: BatchRef): Promise<Batch | undefined>;
  /** Writes a batch. No other writer has the number of its round. */
  saveBatch(ref: BatchRef, batch: Batch): Promise<void>;
  /**
   * Lists items that a tick has to check: at most 100, the longest due first.
   *
   * @param isActive whether Usher may change the application, and try the user now; of others, only items with unpublished
   *   audit events are listed
   */
  needAttention(now: Date, isActive: (applicationArn: string, userId?: string) => boolean): Promise<Pending[]>;
}

/** Creates the ledger in a DynamoDB table with keys `pk` and `sk` and the index `attention`. */
export function dynamoDbLedger(client: DynamoDBClient, name: string): Ledger {
  const table = ledgerTable(client, name);

  /** Reads those of these users' items that exist, in this order. @param prefix of the sort keys; none for seats */
  const itemsOfUsers = (users: readonly SeatKey[], prefix = '') =>
    table.getAll(users.map(({ applicationArn, userId }) => ({ pk: applicationArn, sk: prefix + userId })));

  /** @throws TransientAwsError if another execution wrote the item meanwhile */
  async function replace(item: Revised, attention?: string): Promise<void> {
    const ids = idsOf(item.pk, item.sk);
    if (await table.replace(withAttention(item, attention), ids)) return;
    throw new TransientAwsError(`PutItem: another execution changed the item meanwhile (${ids.join(', ')})`);
  }

  async function partition(applicationArn: string, condition: string, values: Item = {}): Promise<ApplicationItems> {
    const found: ApplicationItems = { seats: [], hold: undefined, observations: [], findings: [] };
    const items = table.query({
      KeyConditionExpression: condition,
      ExpressionAttributeValues: { ':pk': { S: applicationArn }, ...values },
      ConsistentRead: true,
    });
    for await (const item of items) {
      const key = item['sk']?.S;
      if (key === HOLD) found.hold = parseItem(HoldSchema, item, idsOf(applicationArn, HOLD));
      else if (key === GROUPS) found.groups = parseItem(GroupSizesSchema, item, idsOf(applicationArn, GROUPS));
      else if (key === SLOTS) found.slots = parseItem(SlotsSchema, item, idsOf(applicationArn, SLOTS));
      else if (key?.startsWith(OBSERVED)) found.observations.push(observationIn(item));
      else if (key?.startsWith(FINDINGS)) found.findings.push(findingsIn(item));
      else found.seats.push(seatIn(item));
    }
    return found;
  }

  return {
    async queue() {
      const item = await table.get(WORK_KEY);
      return item ? parseItem(WorkQueueSchema, item, ['the work queue']) : emptyQueue();
    },

    async saveQueue(queue) {
      const saved = { ...queue, revision: queue.revision + 1 };
      return (await table.replace({ ...saved, ...WORK_KEY }, [])) ? saved : undefined;
    },

    async seats(keys) {
      return (await itemsOfUsers(keys)).map(seatIn);
    },

    async holdings(applicationArn) {
      const {
        observations: _,
        findings: _findings,
        ...holdings
      } = await partition(applicationArn, 'pk = :pk AND sk < :after', { ':after': { S: AFTER_SEATS } });
      return holdings;
    },

    itemsOf: (applicationArn) => partition(applicationArn, 'pk = :pk'),

    async hold(applicationArn) {
      const item = await table.get({ pk: applicationArn, sk: HOLD });
      return item && parseItem(HoldSchema, item, idsOf(applicationArn, HOLD));
    },

    async observations(keys) {
      return (await itemsOfUsers(keys, OBSERVED)).map(observationIn);
    },

    saveSeat: (seat) => replace(itemOfSeat(seat)),

    saveHold: (hold) => replace({ ...hold, pk: hold.applicationArn, sk: HOLD }, holdAttentionAt(hold)),

    async groupSizes(applicationArn) {
      const item = await table.get({ pk: applicationArn, sk: GROUPS });
      return item && parseItem(GroupSizesSchema, item, idsOf(applicationArn, GROUPS));
    },

    saveGroupSizes: (sizes) => replace({ ...sizes, pk: sizes.applicationArn, sk: GROUPS }),

    async slots(applicationArn) {
      const item = await table.get({ pk: applicationArn, sk: SLOTS });
      return item && parseItem(SlotsSchema, item, idsOf(applicationArn, SLOTS));
    },

    saveSlots: (slots) => replace({ ...slots, pk: slots.applicationArn, sk: SLOTS }),

    async saveObservation(observation) {
      const ended = observation.answer === undefined && observation.audit.length === 0;
      const item = {
        ...observation,
        pk: observation.applicationArn,
        sk: OBSERVED + observation.userId,
        ...(ended ? expiry(observation) : {}),
      };
      await replace(item, observationAttentionAt(observation));
    },

    async findings(keys) {
      return (await itemsOfUsers(keys, FINDINGS)).map(findingsIn);
    },

    async findingsIn(applicationArn) {
      const condition = 'pk = :pk AND begins_with(sk, :findings)';
      return (await partition(applicationArn, condition, { ':findings': { S: FINDINGS } })).findings;
    },

    async saveFindings(found) {
      const key = { pk: found.applicationArn, sk: FINDINGS + found.userId };
      await replace({ ...found, ...key, ...(isOver(found) ? expiry(found) : {}) }, findingsAttentionAt(found));
    },

    async batch(ref) {
      const item = await table.get(batchKey(ref));
      return item && parseItem(BatchSchema, item, idsOfBatch(ref));
    },

    async saveBatch(ref, batch) {
      await table.put({ ...batch, ...batchKey(ref), ...batchExpiry(batch) }, idsOfBatch(ref));
    },

    async needAttention(now, isActive) {
      const pending: Pending[] = [];
      const due = table.query({
        IndexName: 'attention',
        KeyConditionExpression: 'attention = :attention AND attentionAt <= :now',
        ExpressionAttributeValues: { ':attention': { S: ATTENTION }, ':now': { S: now.toISOString() } },
        ProjectionExpression: 'pk, sk, tells',
      });
      for await (const { pk, sk, tells } of due) {
        if (!pk?.S || !sk?.S) throw malformedAnswer('Query', 'Items');
        const applicationArn = pk.S;
        // Only a check of the whole application publishes findings.
        const userId = sk.S === HOLD || sk.S.startsWith(FINDINGS) ? undefined : userOf(sk.S);
        if (!tells?.BOOL && !isActive(applicationArn, userId)) continue;
        pending.push(userId === undefined ? { applicationArn } : { applicationArn, userId });
        if (pending.length === MOST_PENDING) break;
      }
      return pending;
    },
  };
}

const dynamoDbClient = clientFactory(DynamoDBClient);

/** Connects to the ledger with the client of these settings. */
export function connectLedger(settings: ClientSettings, table: string): Ledger {
  return dynamoDbLedger(dynamoDbClient(settings), table);
}
