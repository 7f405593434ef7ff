import * as z from 'zod/mini';

/** Properties of a table in a template, as far as the emulator makes the table from them. */
export const TableSchema = z.object({
  AttributeDefinitions: z.unknown(),
  BillingMode: z.unknown(),
  GlobalSecondaryIndexes: z.unknown(),
  KeySchema: z.unknown(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: z.boolean() }),
});
