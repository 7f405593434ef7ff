import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Entitlements } from '../../domain/entitlements.ts';
import { type Delivery, DeliverySchema } from '../../domain/notices/delivery.ts';
import type { Templates } from '../../domain/notices/message.ts';
import { ACCOUNT } from '../aws/account/account.ts';
import { NAMES } from '../aws/control-plane/control-plane.ts';
import type { DynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { callDatabase, hasTable, itemsOf, putItems } from '../aws/dynamodb/items.ts';
import { matches } from '../aws/eventbridge/event-pattern.ts';
import type { GatewayRequest } from '../aws/gateway.ts';
import { parseJson } from '../aws/json-service.ts';
import type { Queues } from '../aws/sqs/queues.ts';
import { noticeTemplates } from '../engine/notice-templates.ts';
import type { NoticesTemplate } from '../engine/notices-template.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import { EventSourceMapping } from './event-source-mapping.ts';
import type { StackListener } from './listener.ts';

/** What the resources are made of. */
interface Parts {
  time: VirtualTime;
  queues: Queues;
  database: DynamoDb;
  template: NoticesTemplate;
  region: string;
  /** Whether SQS delivers every message twice. */
  isRepeating: boolean;
  /** What notices are made of, if they are not read afresh with each configuration. */
  templates?: Templates | undefined;
  /** Invokes notifyUser with a payload in JSON. */
  notify(payload: string, limitSeconds: number): Promise<string>;
}

/**
 * What is deployed for notices, as `deploy/notices.yml` says: rule, queue with its dead letters, event source mapping and
 * table. Without notices in the configuration, none of it exists.
 */
export class NoticeResources {
  readonly #parts: Parts;
  readonly #mapping: EventSourceMapping;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { template, region, queues, time, isRepeating, notify } = parts;
    const queue = NAMES.noticesQueue;
    const queueArn = `arn:aws:sqs:${region}:${ACCOUNT}:${queue}`;
    this.#mapping = new EventSourceMapping(
      { time, queues },
      { queue, queueArn, region, isRepeating, ...template.mapping },
      (payload) => notify(payload, template.timeoutSeconds),
    );
  }

  /** Makes the resources, or deletes them if no notices are configured. @throws InputError if a template is broken */
  async deploy(entitlements: Entitlements): Promise<void> {
    const { queues, database, template, templates } = this.#parts;
    const { noticesQueue, noticesDeadLetters, noticesTable: TableName } = NAMES;
    const exists = await hasTable(database, TableName);
    if (entitlements.notices === undefined) {
      queues.delete(noticesQueue);
      queues.delete(noticesDeadLetters);
      if (exists) await callDatabase(database, 'DeleteTable', { TableName });
      return;
    }
    if (!templates) noticeTemplates(entitlements);
    const { visibilitySeconds, maxReceives } = template.queue;
    queues.create(noticesDeadLetters, {});
    queues.create(noticesQueue, { visibilitySeconds, redrive: { deadLetters: noticesDeadLetters, maxReceives } });
    if (!exists) await database.createTable({ TableName, ...template.table });
  }

  /** Whether the rule on the audit bus takes an event. */
  takes(event: object): boolean {
    return this.#isDeployed() && matches(this.#parts.template.pattern, event);
  }

  /** Takes an event from the rule into the queue. If the queue was deleted meanwhile, no one gets it. */
  enqueue(event: string): void {
    if (this.#isDeployed()) this.#parts.queues.add(NAMES.noticesQueue, event);
  }

  /** Returns the items of the table. */
  async items(): Promise<Record<string, unknown>[]> {
    return this.#isDeployed() ? itemsOf(this.#parts.database, NAMES.noticesTable) : [];
  }

  /** Continues with the items of an earlier process and with the messages in the queue. */
  async restore(items: readonly object[]): Promise<void> {
    if (!this.#isDeployed()) return;
    await putItems(this.#parts.database, NAMES.noticesTable, items);
    this.#mapping.poll();
  }

  #isDeployed(): boolean {
    return this.#parts.queues.has(NAMES.noticesQueue);
  }
}

/** Returns a listener to requests, for one that also wants to know what becomes of notices. */
export function requestListener(listener: StackListener): NonNullable<StackListener['request']> {
  return (request) => {
    const answered = listener.request?.(request);
    const delivery = listener.notice && deliveryIn(request);
    if (!delivery) return answered;
    return (answer) => {
      answered?.(answer);
      if (answer.statusCode === 200) listener.notice?.(delivery);
    };
  };
}

const PutMarker = z.object({ TableName: z.literal(NAMES.noticesTable), Item: z.record(z.string(), z.any()) });

/** Returns the marker that a request writes, unless its notice is still being sent. */
function deliveryIn({ call, body }: GatewayRequest): Delivery | undefined {
  if (call !== 'DynamoDB.PutItem') return undefined;
  const put = PutMarker.safeParse(parseJson(body));
  const { data } = put.success ? DeliverySchema.safeParse(unmarshall(put.data.Item)) : {};
  return data?.status === 'sending' ? undefined : data;
}
