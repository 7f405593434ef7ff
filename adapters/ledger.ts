import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { RefusedError, TransientAwsError } from '../domain/errors.ts';
import { attentionAt, type Seat, SeatSchema } from '../domain/seat.ts';
import { plusSeconds } from '../domain/time.ts';
import { emptyWork, type Work, WorkSchema } from '../domain/work.ts';
import type { ErrorRow } from './aws-errors.ts';
import type { ClientSettings } from './clients.ts';
import { asking, malformed } from './requests.ts';

/** Identifies a seat: its key in the table. */
export type SeatKey = Pick<Seat, 'applicationArn' | 'userId'>;

/**
 * Usher's own record, one DynamoDB table: seats by application and user, and the one item of mailbox and lease.
 *
 * Every write is one conditional write of one item, which names the revision that it replaces. Reads are consistent.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Ledger {
  work(): Promise<Work>;
  /** Writes the next revision; false when somebody else wrote meanwhile, and nothing is changed then. */
  saveWork(work: Work): Promise<boolean>;
  /** The seats that exist among those asked for. */
  seats(keys: readonly SeatKey[]): Promise<Seat[]>;
  /** All seats of an application, tombstones too. */
  seatsOf(applicationArn: string): Promise<Seat[]>;
  /**
   * Writes a seat whose `revision` is one above what it replaces, 1 for a new one.
   *
   * @throws TransientAwsError when somebody else wrote meanwhile: the retried task reads again
   */
  saveSeat(seat: Seat): Promise<void>;
  /** Seats that something is left to do for although nothing happens; at most 100, the longest waiting first. */
  needAttention(now: Date): Promise<SeatKey[]>;
}

/**
 * DynamoDB. Requests are few and small, so that its throttles are short.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
export const DYNAMODB_ERRORS: readonly ErrorRow[] = [
  {
    exception: 'ThrottlingException',
    as: 'transient',
    because: 'The rate of requests exceeds the allowed throughput.',
  },
  {
    exception: 'ProvisionedThroughputExceededException',
    as: 'transient',
    because: 'You exceeded your maximum allowed throughput for a table or for one or more indexes. OK to retry.',
  },
  {
    exception: 'RequestLimitExceeded',
    as: 'transient',
    because: 'Throughput exceeds the current limit of the account. OK to retry.',
  },
  {
    exception: 'InternalServerError',
    as: 'transient',
    because: 'DynamoDB could not process your request. OK to retry.',
  },
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: 'The client did not correctly sign the request, or may not make it. Not OK to retry.',
  },
  {
    exception: 'ResourceNotFoundException',
    as: 'ledger-missing',
    because: 'The table that is requested does not exist. Not OK to retry.',
  },
  {
    exception: 'ValidationException',
    as: 'validation',
    because: 'Required parameters are missing or out of range. Not OK to retry.',
  },
];

/** BatchGetItem's own limit. */
const KEYS_A_CALL = 100;
const WORK_KEY = { pk: '#work', sk: '#work' };
/** The one partition of the sparse index: few seats ever need attention. */
const ATTENTION = '#attention';
/** A tombstone outlives the audit archive (a year), so that a replayed event still meets its record. */
const TOMBSTONE_SECONDS = 400 * 24 * 3600;

/** The ledger in a DynamoDB table with keys `pk` and `sk` and the index `attention`. */
export function dynamoDbLedger(client: DynamoDBClient, table: string): Ledger {
  const ask = asking(DYNAMODB_ERRORS);

  /** @returns false when the condition failed */
  async function put(item: object, revision: number, ids: readonly string[]): Promise<boolean> {
    try {
      await ask('PutItem', ids, () =>
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: marshall(item, { removeUndefinedValues: true }),
            ConditionExpression: revision === 1 ? 'attribute_not_exists(pk)' : 'revision = :before',
            ...(revision === 1 ? {} : { ExpressionAttributeValues: { ':before': { N: String(revision - 1) } } }),
          }),
        ),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Up to 100 seats. Keys that DynamoDB left out for now are asked for again, as long as it goes forward. */
  async function batch(keys: readonly SeatKey[]): Promise<Seat[]> {
    const found: Seat[] = [];
    let wanted = keys.map(({ applicationArn, userId }) => marshall({ pk: applicationArn, sk: userId }));
    while (wanted.length > 0) {
      const asked = wanted;
      const { Responses, UnprocessedKeys } = await ask('BatchGetItem', [], () =>
        client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: asked, ConsistentRead: true } } })),
      );
      found.push(...(Responses?.[table] ?? []).map(seatIn));
      wanted = UnprocessedKeys?.[table]?.Keys ?? [];
      if (wanted.length === asked.length) throw new TransientAwsError('BatchGetItem: no key was processed');
    }
    return found;
  }

  async function* query(input: Omit<QueryCommandInput, 'TableName'>) {
    let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
    do {
      const start = ExclusiveStartKey;
      const page = await ask('Query', [], () =>
        client.send(new QueryCommand({ TableName: table, ...input, ...(start ? { ExclusiveStartKey: start } : {}) })),
      );
      yield* page.Items ?? [];
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  return {
    async work() {
      const { Item } = await ask('GetItem', [], () =>
        client.send(new GetItemCommand({ TableName: table, Key: marshall(WORK_KEY), ConsistentRead: true })),
      );
      return Item ? readable(WorkSchema, Item, ['the mailbox']) : emptyWork();
    },

    async saveWork(work) {
      const revision = work.revision + 1;
      return put({ ...work, ...WORK_KEY, revision }, revision, []);
    },

    async seats(keys) {
      const calls = Array.from({ length: Math.ceil(keys.length / KEYS_A_CALL) }, (_, index) =>
        batch(keys.slice(index * KEYS_A_CALL, (index + 1) * KEYS_A_CALL)),
      );
      return (await Promise.all(calls)).flat();
    },

    async seatsOf(applicationArn) {
      const seats: Seat[] = [];
      const pages = query({
        KeyConditionExpression: 'pk = :application',
        // Items of the application itself, such as a hold, sort before every id.
        FilterExpression: 'attribute_exists(userId)',
        ExpressionAttributeValues: { ':application': { S: applicationArn } },
        ConsistentRead: true,
      });
      for await (const item of pages) seats.push(seatIn(item));
      return seats;
    },

    async saveSeat(seat) {
      const attention = attentionAt(seat);
      const item = {
        ...seat,
        pk: seat.applicationArn,
        sk: seat.userId,
        ...(attention ? { attention: ATTENTION, attentionAt: attention } : {}),
        ...(seat.status === 'revoked' && seat.audit.length === 0
          ? { expiresAt: Date.parse(plusSeconds(seat.changedAt, TOMBSTONE_SECONDS)) / 1000 }
          : {}),
      };
      const ids = [`application ${seat.applicationArn}`, `user ${seat.userId}`];
      if (!(await put(item, seat.revision, ids))) {
        throw new TransientAwsError(`PutItem: the seat was changed meanwhile (${ids.join(', ')})`);
      }
    },

    async needAttention(now) {
      const { Items } = await ask('Query', [], () =>
        client.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'attention',
            KeyConditionExpression: 'attention = :attention AND attentionAt <= :now',
            ExpressionAttributeValues: { ':attention': { S: ATTENTION }, ':now': { S: now.toISOString() } },
            ProjectionExpression: 'pk, sk',
            Limit: KEYS_A_CALL,
          }),
        ),
      );
      return (Items ?? []).map(({ pk, sk }) => {
        if (!pk?.S || !sk?.S) throw malformed('Query', 'Items');
        return { applicationArn: pk.S, userId: sk.S };
      });
    },
  };
}

function seatIn(item: Item): Seat {
  return readable(SeatSchema, item, [`application ${item['pk']?.S}`, `user ${item['sk']?.S}`]);
}

type Item = Record<string, AttributeValue>;

/**
 * Parsed: what another version of Usher wrote is untrusted too.
 *
 * @throws RefusedError naming the field, never its value: asking again changes nothing, another version of Usher does
 */
function readable<Schema extends z.ZodMiniType>(schema: Schema, item: Item, ids: readonly string[]): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, unmarshall(item));
  if (success) return data;
  const field = String(error.issues[0]?.path[0]);
  throw new RefusedError(
    'ledger-unreadable',
    `The ledger holds an item that this version can't read: ${field} (${ids.join(', ')})`,
  );
}

/** {@link dynamoDbLedger} with a client of its own. */
export function connectLedger(settings: ClientSettings, table: string): Ledger {
  return dynamoDbLedger(new DynamoDBClient(settings), table);
}
