import {
  BatchGetItemCommand,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { type Delivery, DeliverySchema } from '../../domain/notices/delivery.ts';
import { chunksOf } from '../../domain/shared/chunks.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import type { ClientSettings } from '../clients.ts';
import { DYNAMODB_ERRORS } from '../dynamodb-errors.ts';
import type { Item } from '../ledger-items.ts';
import { askWith, listIn, undefinedIf } from '../requests.ts';

/** The marker of a notice; an error for one that this version of Usher cannot read. */
export type Marker = Delivery | RefusedError;

/**
 * The table of notices, as an operator reads it.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface NoticeMarkers {
  /** Reads those of these markers that exist, consistently, by their ids; undefined if there is no table. */
  get(uids: readonly string[]): Promise<ReadonlyMap<string, Marker> | undefined>;
  /** Yields the markers that need an operator, the newest first, by pages; once undefined if there is no table. */
  open(): AsyncIterable<readonly Marker[] | undefined>;
}

/** The limit of BatchGetItem. */
const KEYS_PER_CALL = 100;
/** The sparse index of the markers that need an operator: its name, its key, and the only value of the key. */
const OPEN_INDEX = 'open';
const OPEN = '#open';

/** The table of DynamoDB, over the SDK. */
export function dynamoDbNotices(client: DynamoDBClient, table: string): NoticeMarkers {
  const ask = askWith(DYNAMODB_ERRORS);
  const about = [`table ${table}`];
  const isMissing = (error: unknown) => error instanceof ResourceNotFoundException;

  /** Reads up to 100 items. Keys that DynamoDB did not process are sent again, as long as it processes some. */
  async function getBatch(uids: readonly string[]): Promise<Item[] | undefined> {
    const found: Item[] = [];
    let wanted = uids.map((uid) => marshall({ uid }));
    while (wanted.length > 0) {
      const Keys = wanted;
      const answer = await ask('BatchGetItem', about, () =>
        undefinedIf(isMissing, () =>
          client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } })),
        ),
      );
      if (!answer) return undefined;
      found.push(...(answer.Responses?.[table] ?? []));
      wanted = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      if (wanted.length === Keys.length) throw new TransientAwsError('BatchGetItem: no key was processed');
    }
    return found;
  }

  return {
    async get(uids) {
      const items: Item[] = [];
      for (const some of chunksOf([...new Set(uids)], KEYS_PER_CALL)) {
        const found = await getBatch(some);
        if (!found) return undefined;
        items.push(...found);
      }
      return new Map(items.map((item) => [item['uid']?.S ?? '', markerIn(item)]));
    },

    async *open() {
      let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
      do {
        const command = new QueryCommand({
          TableName: table,
          IndexName: OPEN_INDEX,
          KeyConditionExpression: '#open = :open',
          ExpressionAttributeNames: { '#open': 'open' },
          ExpressionAttributeValues: { ':open': { S: OPEN } },
          ScanIndexForward: false,
          ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
        });
        const page = await ask('Query', about, async () => {
          const answer = await undefinedIf(isMissing, () => client.send(command));
          return answer && { items: listIn(answer.Items, 'Query', 'Items'), next: answer.LastEvaluatedKey };
        });
        yield page?.items.map(markerIn);
        ExclusiveStartKey = page?.next;
      } while (ExclusiveStartKey);
    },
  };
}

/** Parses a marker: one that another version of Usher wrote is untrusted, too. */
function markerIn(item: Item): Marker {
  const { success, data, error } = z.safeParse(DeliverySchema, unmarshall(item));
  if (success) return data;
  const field = String(error.issues[0]?.path[0]);
  const { S: uid = '' } = item['uid'] ?? { S: '' };
  return new RefusedError(
    'notice-unreadable',
    `This version of Usher cannot read a marker of the table of notices: ${field} (notice ${uid})`,
  );
}

/** {@link dynamoDbNotices} with a client of its own. */
export function connectNotices(settings: ClientSettings, table: string): NoticeMarkers {
  return dynamoDbNotices(new DynamoDBClient(settings), table);
}
