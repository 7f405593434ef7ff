import * as z from 'zod/mini';
import { Count } from './common.ts';

/** The emulator listens. */
export const LocalLineSchema = z.strictObject({
  type: z.literal('local'),
  endpoint: z.string().check(z.describe('The value for AWS_ENDPOINT_URL')),
  region: z.string(),
  resumed: z.boolean().check(z.describe('Whether it continues from the state in --state')),
  users: Count,
  groups: Count,
  applications: Count,
  seats: Count.check(z.describe('Seats that take a slot')),
  pendingEvents: Count.check(z.describe('Events on their way')),
  outbox: z.optional(
    z.string().check(z.describe('URL of the e-mails to users as JSON, the newest last; only with notices')),
  ),
});

/** The emulator did what an identity provider does. */
export const TriggerLineSchema = z.strictObject({
  type: z.literal('trigger'),
  action: z.enum(['join', 'leave', 'disable', 'enable', 'delete']),
  userId: z.string(),
  groupId: z.optional(z.string()),
});

/** The console listens. */
export const ConsoleLineSchema = z.strictObject({
  type: z.literal('console'),
  url: z.string().check(z.describe('Address of the page. It has the token in it: who knows it can use the console')),
});
