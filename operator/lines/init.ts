import * as z from 'zod/mini';

/** An entitlement in a file that was written. */
export const ConfigurationLineSchema = z.strictObject({
  type: z.literal('configuration'),
  file: z.string(),
  entitlement: z.string(),
  application: z.string().check(z.describe('ARN')),
  groups: z.array(z.string()).check(z.describe('Ids')),
  max: z.int(),
  mode: z.enum(['enforce', 'observe']),
});
