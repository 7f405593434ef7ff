import * as z from 'zod/mini';
import type { Entitlements } from '../entitlements.ts';
import { ApplicationArn, DigestSchema, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** What an event led to expect of one user and one group. */
export const ExpectationSchema = z.object({
  groupId: ResourceId,
  membership: z.enum(['member', 'absent']),
});
export type Expectation = z.infer<typeof ExpectationSchema>;

/** A user to look at; `expected` is waited for until {@link Request.at} plus 15 minutes, then the truth stands. */
export const UserHintSchema = z.object({ userId: ResourceId, expected: z.optional(ExpectationSchema) });
export type UserHint = z.infer<typeof UserHintSchema>;

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
 * The version of the state machine that an execution runs on (ADR 0014). An execution that began before a deployment keeps
 * its state machine and finishes on the functions after it, which must answer nothing that this version does not know.
 */
export const StateMachineVersion = z.literal(1);
export type StateMachineVersion = z.infer<typeof StateMachineVersion>;

/** A trigger after normalization: which principals to look at. It never says what to do with them. */
export const RequestSchema = z.object({
  version: StateMachineVersion,
  trigger: z.enum(['event', 'manual', 'tick']),
  /** The CloudTrail `eventID`, the envelope's `id`, or the execution's ARN: what an auditor can look up. */
  cause: z.string().check(z.minLength(1), z.maxLength(256)),
  /** When the change was made (event) or asked for (manual start); never later than the start of the execution. */
  at: Timestamp,
  users: z.array(UserHintSchema),
  /** Watched groups of which somebody joined or left; who, isn't told. */
  groups: z.array(ResourceId),
  /** Applications to sweep; one that isn't configured any more is given up, with all its seats. */
  applications: z.optional(z.array(ApplicationArn)),
  /** Release what this digest of a hold covers. */
  release: z.optional(DigestSchema),
  /** The application whose unmanaged assignments are to be adopted, as far as its entitlement covers them. */
  adopt: z.optional(ApplicationArn),
  /** `everything`: all entitlements; `due`: what is pending, and a full sweep when the last is an hour old. */
  sweep: z.optional(z.enum(['everything', 'due'])),
  /** With `everything`: also read everybody's UserStatus. */
  withStatus: z.optional(z.boolean()),
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

/** Nothing looked for yet. */
export const UNSEEN = { visible: false, checkAfterSeconds: 0 } as const satisfies Propagation;

/** What normalization takes from outside the input. */
export interface StartContext {
  entitlements: Entitlements;
  /** ARN of the execution: the cause of what has no event id. */
  execution: string;
  startedAt: Date;
  /** The version that the state machine names; what is only explained runs on none. */
  machine?: StateMachineVersion;
}

/** What an execution is about and what it still waits for. */
export interface Started {
  request: Request;
  propagation: Propagation;
}

/** Where a request comes from. */
export type Origin = Pick<Request, 'version' | 'trigger' | 'cause' | 'at'>;

/** A request of this origin, for what it says and nothing else. */
export function requestOf(
  origin: Origin,
  look: Partial<Omit<Request, keyof Origin>>,
  propagation: Propagation = UNSEEN,
): Started {
  return { request: { ...origin, users: [], groups: [], ...look }, propagation: { ...propagation } };
}

/** Whether an entitlement names the group. */
export function isWatched(groupId: string, { entitlements }: Pick<StartContext, 'entitlements'>): boolean {
  return entitlements.entitlements.some(({ groups }) => groups.includes(groupId));
}
