import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { ClientSettings } from '../../adapters/clients.ts';
import { TABLE } from './ids.ts';

export type Item = Record<string, unknown>;

/** The limit of BatchWriteItem. */
const ITEMS_PER_CALL = 25;

/** The ledger's table, or another one, read and written without its adapter. */
export function ledgerTable(settings: ClientSettings, name = TABLE) {
  const client = new DynamoDBClient(settings);

  async function items(): Promise<Item[]> {
    const all: Item[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName: name })) {
      all.push(...Items.map((item) => unmarshall(item)));
    }
    return all;
  }

  async function putAll(list: readonly Item[]): Promise<void> {
    for (let first = 0; first < list.length; first += ITEMS_PER_CALL) {
      const requests = list.slice(first, first + ITEMS_PER_CALL);
      const puts = requests.map((item) => ({ PutRequest: { Item: marshall(item) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: puts } }));
    }
  }

  return {
    /** Returns all items. */
    items,
    putAll,
    put: (item: object) => client.send(new PutItemCommand({ TableName: name, Item: marshall(item) })),
    async item(pk: string, sk: string): Promise<Item | undefined> {
      const found = await client.send(new GetItemCommand({ TableName: name, Key: marshall({ pk, sk }) }));
      return found.Item && unmarshall(found.Item);
    },
    /** Makes the table hold these items and no others, as a restore does. */
    async restore(list: readonly Item[]) {
      for (const { pk, sk } of await items()) {
        await client.send(new DeleteItemCommand({ TableName: name, Key: marshall({ pk, sk }) }));
      }
      await putAll(list);
    },
  };
}
