import * as z from 'zod/mini';
import type { Entitlements } from '../entitlements.ts';
import { ApplicationArn, Cause, DigestSchema, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** The membership that an event announced, of one user in one group. */
export const ExpectationSchema = z.object({
  groupId: ResourceId,
  membership: z.enum(['member', 'absent']),
});
export type Expectation = z.infer<typeof ExpectationSchema>;

/** A user to check. `expected` is awaited until {@link Request.at} plus 15 minutes; then what the reads show counts. */
export const UserHintSchema = z.object({ userId: ResourceId, expected: z.optional(ExpectationSchema) });
export type UserHint = z.infer<typeof UserHintSchema>;

/** AWS's own pattern and length, both of the issuer and of the id: GetUserId refuses any other text, such as one with a space. */
const ExternalIdText = z
  .string()
  .check(z.regex(/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,256}$/u, 'expected 1 to 256 characters without spaces'));

/** How a manual start names a user whom SCIM may not have created yet. */
export const SelectorSchema = z.union([
  z.strictObject({ userName: z.string().check(z.minLength(1), z.maxLength(128)) }),
  z.strictObject({ email: z.string().check(z.minLength(3), z.maxLength(320)) }),
  z.strictObject({ externalId: z.strictObject({ issuer: ExternalIdText, id: ExternalIdText }) }),
]);
export type Selector = z.infer<typeof SelectorSchema>;

/**
 * The version of the state machine that an execution runs on (ADR 0014). An execution that began before a deployment keeps
 * its state machine and finishes with the functions of that deployment, whose answers this version must know.
 */
export const StateMachineVersion = z.literal(1);
export type StateMachineVersion = z.infer<typeof StateMachineVersion>;

/** Whose subscriptions are adopted: those of entitled users, or also those of users whom no entitlement covers. */
export const AdoptedSubscriptionsSchema = z.enum(['entitled', 'all']);

/** A trigger after normalization: what to check. It never says what to do. */
export const RequestSchema = z.object({
  version: StateMachineVersion,
  trigger: z.enum(['event', 'manual', 'tick']),
  /** The CloudTrail `eventID`, the envelope's `id`, or the execution's ARN. */
  cause: Cause,
  /**
   * Time of the change (event) or of the request (manual start); never later than `startedAt`. The sender of an
   * event chooses it, so that it serves expectations and metrics only.
   */
  at: Timestamp,
  /** Start of the execution, which only AWS sets: it decides who asked first. */
  startedAt: Timestamp,
  users: z.array(UserHintSchema),
  /** Watched groups that a user joined or left; the event does not name the user. */
  groups: z.array(ResourceId),
  /** Applications to sweep. One that is no longer configured is given up, with all its seats. */
  applications: z.optional(z.array(ApplicationArn)),
  /** Digest of a hold: the held revocations that it covers are released. */
  release: z.optional(DigestSchema),
  /** The application whose unmanaged assignments are adopted, as far as its entitlement covers them. */
  adopt: z.optional(ApplicationArn),
  /** Whose subscriptions of that application are adopted, too; absent: no user's. */
  adoptSubscriptions: z.optional(AdoptedSubscriptionsSchema),
  /** `everything`: all entitlements; `due`: what is pending, and each application whose last full sweep is an hour old. */
  sweep: z.optional(z.enum(['everything', 'due'])),
  /** Those of the applications of which UserStatus of every user is read, too. */
  withStatus: z.optional(z.array(ApplicationArn)),
});
export type Request = z.infer<typeof RequestSchema>;

/**
 * What an execution still waits for before it plans.
 *
 * `selector` is present until it is resolved to a `userId`.
 */
export const PropagationSchema = z.object({
  visible: z.boolean(),
  /** Seconds until the next check, 0 when `visible`. */
  checkAfterSeconds: z.int().check(z.minimum(0), z.maximum(3600)),
  selector: z.optional(SelectorSchema),
  userId: z.optional(ResourceId),
  /** The group that a manual start by user also waits for. */
  groupId: z.optional(ResourceId),
  /** Manual starts only: after this time, PropagationTimeoutError. */
  deadline: z.optional(Timestamp),
});
export type Propagation = z.infer<typeof PropagationSchema>;

/** No check made so far. */
export const UNSEEN = { visible: false, checkAfterSeconds: 0 } as const satisfies Propagation;

/** What normalization knows in addition to the input. */
export interface StartContext {
  entitlements: Entitlements;
  /** ARN of the execution: the cause, where the input has no event id. */
  execution: string;
  startedAt: Date;
  /** The version that the state machine names; absent if the input is only explained. */
  machine?: StateMachineVersion;
}

/** What an execution checks and what it still waits for. */
export interface Started {
  request: Request;
  propagation: Propagation;
}

/** Where a request comes from: trigger, cause and times. */
export type Origin = Pick<Request, 'version' | 'trigger' | 'cause' | 'at' | 'startedAt'>;

/** Builds a request of this origin that asks for `content` and nothing else. */
export function requestOf(
  origin: Origin,
  content: Partial<Omit<Request, keyof Origin>>,
  propagation: Propagation = UNSEEN,
): Started {
  return { request: { ...origin, users: [], groups: [], ...content }, propagation: { ...propagation } };
}

/** Whether an entitlement names the group. */
export function isWatched(groupId: string, { entitlements }: Pick<StartContext, 'entitlements'>): boolean {
  return entitlements.entitlements.some(({ groups }) => groups.includes(groupId));
}
