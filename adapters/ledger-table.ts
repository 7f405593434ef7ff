import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { chunksOf } from '../domain/shared/chunks.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { DYNAMODB_ERRORS } from './dynamodb-errors.ts';
import type { Item, Keyed } from './ledger-items.ts';
import { askWith, listIn, undefinedIf } from './requests.ts';

/**
 * A DynamoDB table with keys `pk` and `sk`. Reads are consistent; a query is if it asks for that.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface LedgerTable {
  get(key: Keyed): Promise<Item | undefined>;
  /** Reads those of these items that exist, in this order. */
  getAll(keys: readonly Keyed[]): Promise<Item[]>;
  /** Reads all pages of a query. */
  query(input: Omit<QueryCommandInput, 'TableName'>): AsyncIterable<Item>;
  /** Writes an item, whatever was there. */
  put(item: Keyed, ids: readonly string[]): Promise<void>;
  /**
   * Writes a revision of an item in place of the one before it; the first one, in place of none.
   *
   * @param ids what the item is about, for the message of an error
   * @returns false if the table holds another revision
   */
  replace(item: Keyed & { revision: number }, ids: readonly string[]): Promise<boolean>;
}

/** The limit of BatchGetItem. */
const KEYS_PER_CALL = 100;

/** Returns a table on top of the SDK. */
export function ledgerTable(client: DynamoDBClient, table: string): LedgerTable {
  const ask = askWith(DYNAMODB_ERRORS);

  /** Reads up to 100 items. Keys that DynamoDB did not process are sent again, as long as it processes some. */
  async function getBatch(keys: readonly Keyed[]): Promise<Item[]> {
    const found: Item[] = [];
    let wanted = keys.map(({ pk, sk }) => marshall({ pk, sk }));
    while (wanted.length > 0) {
      const sent = wanted;
      const { Responses, UnprocessedKeys } = await ask('BatchGetItem', [], () =>
        client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: sent, ConsistentRead: true } } })),
      );
      found.push(...(Responses?.[table] ?? []));
      wanted = UnprocessedKeys?.[table]?.Keys ?? [];
      if (wanted.length === sent.length) throw new TransientAwsError('BatchGetItem: no key was processed');
    }
    return found;
  }

  return {
    async get({ pk, sk }) {
      const { Item } = await ask('GetItem', [], () =>
        client.send(new GetItemCommand({ TableName: table, Key: marshall({ pk, sk }), ConsistentRead: true })),
      );
      return Item;
    },

    async getAll(keys) {
      const items = (await Promise.all(chunksOf(keys, KEYS_PER_CALL).map(getBatch))).flat();
      // DynamoDB returns them in any order.
      const found = new Map(items.map((item) => [`${item['pk']?.S} ${item['sk']?.S}`, item]));
      return keys.map(({ pk, sk }) => found.get(`${pk} ${sk}`)).filter((item) => item !== undefined);
    },

    async *query(input) {
      let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
      do {
        const start = ExclusiveStartKey;
        const page = await ask('Query', [], async () => {
          const command = new QueryCommand({
            TableName: table,
            ...input,
            ...(start ? { ExclusiveStartKey: start } : {}),
          });
          const { Items, LastEvaluatedKey } = await client.send(command);
          // "A Query operation always returns a result set. If no matching items are found, the result set will be empty."
          return { items: listIn(Items, 'Query', 'Items'), LastEvaluatedKey };
        });
        yield* page.items;
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
    },

    async put(item, ids) {
      await ask('PutItem', ids, () => client.send(new PutItemCommand({ TableName: table, Item: marshall(item) })));
    },

    async replace(item, ids) {
      const { revision } = item;
      const replaced = revision === 1 ? {} : { ExpressionAttributeValues: { ':before': { N: String(revision - 1) } } };
      const command = new PutItemCommand({
        TableName: table,
        Item: marshall(item, { removeUndefinedValues: true }),
        ConditionExpression: revision === 1 ? 'attribute_not_exists(pk)' : 'revision = :before',
        ...replaced,
      });
      const written = await ask('PutItem', ids, () =>
        undefinedIf(
          (error) => error instanceof ConditionalCheckFailedException,
          () => client.send(command),
        ),
      );
      return written !== undefined;
    },
  };
}
