import {
  BatchWriteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  ScanCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { chunksOf } from '../../domain/shared/chunks.ts';
import { TransientAwsError } from '../../domain/shared/errors.ts';
import type { ClientSettings } from '../clients.ts';
import { DYNAMODB_ERRORS } from '../dynamodb-errors.ts';
import type { Item, Keyed } from '../ledger-items.ts';
import { askWith, undefinedIf } from '../requests.ts';

/** A table, and from what it was restored, if it was. */
export interface TableState {
  /** `ACTIVE`, `CREATING`, … */
  status: string;
  restored:
    | {
        /** Name of the table of this account and Region whose items it has; undefined if DynamoDB names none. */
        from: string | undefined;
        /** The time whose items it has; undefined if DynamoDB does not say. */
        to: Date | undefined;
        inProgress: boolean;
      }
    | undefined;
}

/** Changes of a table. */
export interface TableChanges {
  puts: readonly Item[];
  deletions: readonly Keyed[];
}

/**
 * Whole tables, as a restore needs them.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Tables {
  /** Describes a table; undefined if there is none. */
  describe(name: string): Promise<TableState | undefined>;
  /** Reads all items, consistently, in any order. */
  items(name: string): AsyncIterable<Item>;
  /** Writes changes whatever is there, and yields after each call how many it has made since the last. */
  write(name: string, changes: TableChanges): AsyncIterable<number>;
}

/** The limit of BatchWriteItem. */
const ITEMS_PER_CALL = 25;

/** Tables of DynamoDB. */
export function dynamoDbTables(client: DynamoDBClient): Tables {
  const ask = askWith(DYNAMODB_ERRORS);

  /** Writes up to 25 items. Those that DynamoDB did not process are sent again, as long as it processes some. */
  async function* writeBatch(name: string, requests: readonly WriteRequest[]): AsyncGenerator<number> {
    let left = [...requests];
    while (left.length > 0) {
      const sent = left;
      const { UnprocessedItems } = await ask('BatchWriteItem', [`table ${name}`], () =>
        client.send(new BatchWriteItemCommand({ RequestItems: { [name]: sent } })),
      );
      left = UnprocessedItems?.[name] ?? [];
      if (left.length === sent.length) throw new TransientAwsError('BatchWriteItem: no item was processed');
      yield sent.length - left.length;
    }
  }

  return {
    async describe(name) {
      const found = await ask('DescribeTable', [`table ${name}`], () =>
        undefinedIf(
          (error) => error instanceof ResourceNotFoundException,
          () => client.send(new DescribeTableCommand({ TableName: name })),
        ),
      );
      if (!found) return undefined;
      const { TableStatus = '', TableArn = '', RestoreSummary: summary } = found.Table ?? {};
      const source = summary?.SourceTableArn ?? summary?.SourceBackupArn ?? '';
      // A backup of another Region may have a table of the same name.
      const [, home = '', from] = /^(arn:.*?:table\/)([\w.-]+)/.exec(source) ?? [];
      return {
        status: TableStatus,
        restored: summary && {
          from: TableArn.startsWith(home) ? from : undefined,
          to: summary.RestoreDateTime,
          inProgress: summary.RestoreInProgress === true,
        },
      };
    },

    async *items(name) {
      let start: Item | undefined;
      do {
        const from = start === undefined ? {} : { ExclusiveStartKey: start };
        const page = await ask('Scan', [`table ${name}`], () =>
          client.send(new ScanCommand({ TableName: name, ConsistentRead: true, ...from })),
        );
        yield* page.Items ?? [];
        start = page.LastEvaluatedKey;
      } while (start);
    },

    async *write(name, { puts, deletions }) {
      const requests: WriteRequest[] = [
        ...puts.map((item) => ({ PutRequest: { Item: item } })),
        ...deletions.map(({ pk, sk }) => ({ DeleteRequest: { Key: marshall({ pk, sk }) } })),
      ];
      for (const some of chunksOf(requests, ITEMS_PER_CALL)) yield* writeBatch(name, some);
    },
  };
}

/** {@link dynamoDbTables} with a client of its own. */
export function connectTables(settings: ClientSettings): Tables {
  return dynamoDbTables(new DynamoDBClient(settings));
}
