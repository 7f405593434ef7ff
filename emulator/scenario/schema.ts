import * as z from 'zod/mini';
import { EntitlementsSchema } from '../../domain/entitlements.ts';
import { DirectorySeedSchema } from '../aws/identity-center/directory-seed.ts';
import { QuirksSchema } from '../aws/identity-center/quirks.ts';
import { MailSettingsSchema } from '../aws/ses/mail-settings.ts';
import { LatencySchema } from '../stack/latency.ts';
import { LimitsSchema } from '../stack/limits.ts';
import { ActionSchema, PlainText } from './action-schema.ts';
import { momentOf } from './script.ts';

const MomentText = z
  .string()
  .check(z.refine((text) => momentOf(text) !== undefined, 'expected an ISO 8601 time in UTC, from 1970 to 8999'));

/** Less than AWS's quota of 20 requests per second: some of it must be left for Usher. */
const OtherCallersSchema = z.strictObject({
  ssoAdmin: z._default(
    z.number().check(z.minimum(0), z.maximum(19), z.describe('Requests to SSOAdmin, which has one quota for all')),
    0,
  ),
  identityStore: z._default(
    z.number().check(z.minimum(0), z.maximum(19), z.describe('Requests by each operation of IdentityStore')),
    0,
  ),
});

/** The schema of a scenario file. `readScenario` checks what a schema cannot express. */
export const ScenarioSchema = z.strictObject({
  title: z.optional(PlainText),
  description: z.optional(PlainText.check(z.describe('Text for readers, shown before the scenario begins'))),
  closing: z.optional(PlainText.check(z.describe('Text for readers, shown at the end'))),
  start: z._default(MomentText.check(z.describe('Start of virtual time')), '2026-01-01T00:00:00Z'),
  entitlements: EntitlementsSchema.check(z.describe('As in entitlements.yml')),
  directory: DirectorySeedSchema.check(z.describe('What Identity Center holds at the start')),
  quirks: z._default(QuirksSchema.check(z.describe('How AWS answers where it documents nothing')), {}),
  mail: z.optional(
    MailSettingsSchema.check(z.describe('The account of Amazon SES: it may send the notices if left out')),
  ),
  latency: z.optional(
    LatencySchema.check(z.describe('How long AWS takes to answer the functions: no time if left out')),
  ),
  otherCallers: z.optional(
    OtherCallersSchema.check(z.describe("Requests per second of other callers, which share AWS's quotas")),
  ),
  limits: z.optional(
    LimitsSchema.check(z.describe('Limits that depend on how fast the functions work: none if left out')),
  ),
  batchUsers: z.optional(
    z
      .int()
      .check(z.minimum(1), z.maximum(1000))
      .check(z.describe('Most users per batch, if fewer than time allows: rounds of several batches with few users')),
  ),
  names: z._default(
    z
      .record(z.string().check(z.regex(/^[\p{L}\d][\p{L}\d ._-]{0,39}$/u, 'expected a short name')), z.string())
      .check(z.describe('Names for readers, each of a userId, groupId or application ARN. Usher never sees them')),
    {},
  ),
  actions: z.array(ActionSchema).check(z.minLength(1), z.maxLength(100_000)),
});
/** See {@link ScenarioSchema}. */
export type Scenario = z.output<typeof ScenarioSchema>;
