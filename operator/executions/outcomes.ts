import * as z from 'zod/mini';
import type { ExecutionDetail } from '../../adapters/executions.ts';
import { RELEASES_NOTHING } from '../../domain/decision/hold.ts';
import type { IgnoredReason } from '../../domain/request/normalize.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';

/** What each outcome means. */
export const OUTCOMES: Readonly<Record<ExecutionOutcome, string>> = {
  converged: 'converged: fresh reads show the desired state',
  handedOver: 'handed over',
  ignored: 'ignored',
  held: 'held until an operator releases it',
  failed: 'failed',
};

/** Why an event is ignored. */
export const IGNORED: Readonly<Record<IgnoredReason, string>> = {
  'foreign-service': 'an event of another service',
  'call-failed': 'AWS refused the call, so nothing changed',
  'read-only': 'the call only reads',
  'unknown-operation': 'an operation that this version does not know; the hourly sweep finds what it changed',
  'foreign-store': 'an event of another identity store',
  'no-membership-change': 'an operation that changes no membership',
  'unwatched-group': 'no entitlement names the group',
};

/** Returns why an event was ignored, in words. The code is untrusted: one of another version stays as it is. */
export function ignoredBecause(code: string): string {
  const reasons: Readonly<Record<string, string>> = IGNORED;
  return reasons[code] ?? code;
}

/** What an error of an execution means, and what to do. */
export const FAILURES: Readonly<Record<string, string>> = {
  TransientAwsError: 'AWS failed or throttled for longer than all retries. Next: usher redrive',
  RefusedError:
    'AWS, or a limit of the configuration, refuses a change, or calls kept failing. Fix the cause, then: usher redrive',
  InvalidRequestError: 'The input is neither a known event nor a manual start. Check it: usher explain',
  PropagationTimeoutError: 'The user or the membership did not appear in time',
  NotConvergedError: 'The same changes were planned repeatedly without effect. A later tick tries again',
  LeaseLostError: 'Another execution holds the lease. The next tick checks again',
  'States.Timeout': 'It took longer than the state machine allows',
  'States.DataLimitExceeded': 'A payload is larger than Step Functions allows',
};

/** How an execution ended, and why. */
export interface Ending {
  outcome: ExecutionOutcome;
  /** The reason in words. */
  reason?: string;
  /** ARN of the execution that continues the work; absent if the next tick does. */
  handedOverTo?: string;
}

const OutputSchema = z.object({
  ignored: z.optional(z.string()),
  plan: z.optional(z.object({ outcome: z.optional(z.string()), handedOverTo: z.optional(z.string()) })),
});
const CauseSchema = z.object({ errorMessage: z.string() });

/** Returns how an execution ended, or undefined while it runs. Its output is untrusted: another version may have written it. */
export function endingOf({ status, output, error, cause }: ExecutionDetail): Ending | undefined {
  if (status === 'RUNNING') return undefined;
  if (status !== 'SUCCEEDED') {
    const message = [error, causeIn(cause)].filter(Boolean).join(': ');
    const meaning = releasesNothing(cause)
      ? undefined
      : (FAILURES[error ?? ''] ?? (status === 'ABORTED' ? 'It was stopped' : undefined));
    return { outcome: 'failed', reason: [message || status, meaning].filter(Boolean).join('. ') };
  }
  const { ignored, plan } = OutputSchema.safeParse(jsonIn(output)).data ?? {};
  if (ignored !== undefined) return { outcome: 'ignored', reason: ignoredBecause(ignored) };
  const { outcome, handedOverTo } = plan ?? {};
  if (outcome === 'handedOver') {
    // Earlier versions wrote `tick` if no execution continues the work.
    return handedOverTo?.startsWith('arn:')
      ? { outcome, handedOverTo }
      : { outcome, reason: 'the next tick continues' };
  }
  return { outcome: outcome === 'held' ? 'held' : 'converged' };
}

/** Whether an execution failed because what it was to release is not held. Its cause has no other mark of that. */
export function releasesNothing(cause: string | undefined): boolean {
  return cause !== undefined && Object.values(RELEASES_NOTHING).some((message) => cause.includes(message));
}

/** Returns the message of an error that Lambda wrapped. */
function causeIn(cause: string | undefined): string | undefined {
  return CauseSchema.safeParse(jsonIn(cause)).data?.errorMessage ?? cause;
}
