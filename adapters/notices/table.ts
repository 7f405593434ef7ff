import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { type Delivery, DeliverySchema, needsOperator } from '../../domain/notices/delivery.ts';
import { dayOf } from '../../domain/shared/day.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { type ClientSettings, clientFactory } from '../clients.ts';
import { DYNAMODB_ERRORS } from '../dynamodb-errors.ts';
import { type Item, parseItem } from '../ledger-items.ts';
import { askWith, undefinedIf } from '../requests.ts';

/** The only partition of the sparse index `open`: notices for which an operator may have to do something. */
const OPEN = '#open';
/** A marker outlives every copy of its event, and the month in which an operator asks what became of a notice. */
const KEPT_SECONDS = 30 * 24 * 3600;

/**
 * The markers of notices, and how many messages a day had. Every write of a marker names the revision that it replaces.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface NoticeTable {
  /** Reads the marker of a notice, consistently. */
  delivery(uid: string): Promise<Delivery | undefined>;
  /** Writes the next revision of a marker. @returns false if another invocation wrote it meanwhile */
  save(delivery: Delivery): Promise<boolean>;
  /** Counts a message of a day before it is sent. @returns false if the day has as many as it may have */
  count(now: Date, most: number): Promise<boolean>;
  /** Takes back what was counted of a message that was not sent. */
  uncount(now: Date): Promise<void>;
}

/** Creates the table on top of the SDK. */
function noticeTable(client: DynamoDBClient, table: string): NoticeTable {
  const ask = askWith(DYNAMODB_ERRORS);

  /** @returns undefined if the condition does not hold */
  const unlessConditionFails = (operation: string, ids: readonly string[], send: () => Promise<unknown>) =>
    ask(operation, ids, () => undefinedIf((error) => error instanceof ConditionalCheckFailedException, send));

  const keyOfDay = (now: Date) => marshall({ uid: `day#${dayOf(now)}` });

  return {
    async delivery(uid) {
      const ids = [`notice ${uid}`];
      const { Item: item } = await ask('GetItem', ids, () =>
        client.send(new GetItemCommand({ TableName: table, Key: marshall({ uid }), ConsistentRead: true })),
      );
      return item && deliveryIn(item);
    },

    async save(delivery) {
      const { uid, revision } = delivery;
      const replaced = revision === 1 ? {} : { ExpressionAttributeValues: { ':before': { N: String(revision - 1) } } };
      const command = new PutItemCommand({
        TableName: table,
        Item: itemOf(delivery),
        ConditionExpression: revision === 1 ? 'attribute_not_exists(uid)' : 'revision = :before',
        ...replaced,
      });
      const written = await unlessConditionFails('PutItem', [`notice ${uid}`], () => client.send(command));
      return written !== undefined;
    },

    async count(now, most) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOfDay(now),
        UpdateExpression: 'ADD sent :one SET expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(sent) OR sent < :most',
        ExpressionAttributeValues: marshall({ ':one': 1, ':most': most, ':expiresAt': expiryAfter(now) }),
      });
      const counted = await unlessConditionFails('UpdateItem', [], () => client.send(command));
      return counted !== undefined;
    },

    async uncount(now) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOfDay(now),
        UpdateExpression: 'ADD sent :less',
        ConditionExpression: 'sent > :zero',
        ExpressionAttributeValues: marshall({ ':less': -1, ':zero': 0 }),
      });
      await unlessConditionFails('UpdateItem', [], () => client.send(command));
    },
  };
}

/** Returns when DynamoDB deletes an item, in seconds since 1970. */
function expiryAfter(time: Date | string): number {
  return Math.ceil(Date.parse(plusSeconds(time, KEPT_SECONDS)) / 1000);
}

function itemOf(delivery: Delivery): Item {
  const open = needsOperator(delivery) ? { open: OPEN } : {};
  return marshall({ ...delivery, ...open, expiresAt: expiryAfter(delivery.at) }, { removeUndefinedValues: true });
}

/** Parses a marker. @throws RefusedError as {@link parseItem} */
function deliveryIn(item: Item): Delivery {
  return parseItem(DeliverySchema, item, [`notice ${item['uid']?.S}`]);
}

const dynamoDbClient = clientFactory(DynamoDBClient);

/** Connects to the table of notices with the client of these settings. */
export function connectNotices(settings: ClientSettings, table: string): NoticeTable {
  return noticeTable(dynamoDbClient(settings), table);
}
