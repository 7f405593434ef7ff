import * as z from 'zod/mini';
import type { Clock } from '../../domain/shared/clock.ts';
import type { DynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { PartitionLimitsSchema, Throughput } from '../aws/dynamodb/throughput.ts';
import { type Quirks, USUAL } from '../aws/identity-center/quirks.ts';
import type { Service } from '../aws/json-service.ts';

/** Limits of the account that depend on how fast the functions work. None applies unless it is set: calls may take no time. */
export const LimitsSchema = z.strictObject({
  partition: z.optional(
    PartitionLimitsSchema.check(z.describe('What DynamoDB serves of each partition key; more is throttled')),
  ),
  concurrency: z.optional(
    z
      .int()
      .check(
        z.minimum(1),
        z.maximum(1000),
        z.describe('How many invocations of functions run at the same time; more are throttled'),
      ),
  ),
});
/** See {@link LimitsSchema}. */
export type Limits = z.output<typeof LimitsSchema>;

/** Returns a database with its limits, if there are any. */
export function limited(database: DynamoDb, { partition }: Limits, clock: Clock, quirks: Quirks = {}): Service {
  if (!partition) return database;
  const { overThroughput = USUAL.overThroughput } = quirks;
  const throughput = new Throughput(partition, { clock, tables: database.tables, error: overThroughput });
  return { handle: (operation, body) => throughput.handle(operation, body, database) };
}
