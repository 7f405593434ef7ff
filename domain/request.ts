import * as z from 'zod/mini';
import { ResourceId } from './ids.ts';

/** An ISO 8601 time in UTC, as `Date.toISOString` writes it. */
export const Timestamp = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, 'expected an ISO 8601 time in UTC'));

/** What an event led to expect of one user and one group. */
export const ExpectationSchema = z.object({
  groupId: ResourceId,
  membership: z.enum(['member', 'absent']),
});
export type Expectation = z.infer<typeof ExpectationSchema>;

/** A user to look at; `expected` is waited for until {@link Request.at} plus 15 minutes, then the truth stands. */
export const UserLookSchema = z.object({ userId: ResourceId, expected: z.optional(ExpectationSchema) });
export type UserLook = z.infer<typeof UserLookSchema>;

/** How a manual start names somebody whom SCIM may not have brought. */
export const SelectorSchema = z.union([
  z.strictObject({ userName: z.string().check(z.minLength(1), z.maxLength(128)) }),
  z.strictObject({ email: z.string().check(z.minLength(3), z.maxLength(320)) }),
  z.strictObject({
    externalId: z.strictObject({
      issuer: z.string().check(z.minLength(1), z.maxLength(100)),
      id: z.string().check(z.minLength(1), z.maxLength(256)),
    }),
  }),
]);
export type Selector = z.infer<typeof SelectorSchema>;

/**
 * A trigger after normalization: which principals to look at. It never says what to do with them.
 *
 * `version` lets an execution that began before a deployment finish on the functions after it.
 */
export const RequestSchema = z.object({
  version: z.literal(1),
  trigger: z.enum(['event', 'manual', 'tick']),
  /** The CloudTrail `eventID`, the envelope's `id`, or the execution's ARN: what an auditor can look up. */
  cause: z.string().check(z.minLength(1), z.maxLength(256)),
  /** When the change was made (event) or asked for (manual start); never later than the start of the execution. */
  at: Timestamp,
  users: z.array(UserLookSchema),
  /** Watched groups of which somebody joined or left; who, isn't told. */
  groups: z.array(ResourceId),
  /** `everything`: all entitlements; `due`: what is pending, and a full sweep when the last is an hour old. */
  sweep: z.optional(z.enum(['everything', 'due'])),
});
export type Request = z.infer<typeof RequestSchema>;

/**
 * What is still waited for before it makes sense to plan.
 *
 * `selector` stands here until it is resolved to a `userId`, and is gone afterwards.
 */
export const PropagationSchema = z.object({
  visible: z.boolean(),
  /** Seconds until the next check, 0 when `visible`. */
  checkAfterSeconds: z.int().check(z.minimum(0), z.maximum(300)),
  selector: z.optional(SelectorSchema),
  userId: z.optional(ResourceId),
  /** The group that a manual start by user also waits for. */
  groupId: z.optional(ResourceId),
  /** Manual starts only: after this, PropagationTimeoutError. */
  deadline: z.optional(Timestamp),
});
export type Propagation = z.infer<typeof PropagationSchema>;
