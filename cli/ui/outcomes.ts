import * as z from 'zod/mini';
import type { ExecutionDetail } from '../../adapters/operator/executions.ts';
import type { IgnoredReason } from '../../domain/request/normalize.ts';
import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';

/** What the states do; those that only choose the way aren't worth a word. */
export const STATES: Readonly<Record<string, string>> = {
  NormalizeRequest: 'reads the input: whom does it tell to look at?',
  CheckPropagation: 'asks Identity Center: is the change visible?',
  WaitForPropagation: 'not yet, or too early to trust the reads: waits',
  PlanChanges: 'reads afresh who is entitled and who is assigned, and compares',
  ApplyChanges: 'makes the changes; the ledger knows before and after',
  RecordAudit: 'puts the changes on the audit stream',
  WaitToSettle: 'waits, then reads again: success of a call is no proof',
};

/** What that means. */
export const OUTCOMES: Readonly<Record<ExecutionOutcome, string>> = {
  converged: 'converged: fresh reads show everything as it must be',
  handedOver: 'handed over',
  ignored: 'ignored',
  held: 'held, until a person releases it',
  failed: 'failed',
};

/** Why an event needs no look. */
export const IGNORED: Readonly<Record<IgnoredReason, string>> = {
  'foreign-service': 'an event of another service',
  'call-failed': 'AWS refused the call, so that nothing has changed',
  'read-only': 'the call only reads',
  'unknown-operation': 'an operation that this version does not know; the hourly sweep finds whatever it changed',
  'foreign-store': 'it is about another identity store than the configured one',
  'no-membership-change': 'it changes no membership',
  'unwatched-group': 'no entitlement names the group',
};

const FAILURES: Readonly<Record<string, string>> = {
  TransientAwsError: 'AWS failed or throttled for longer than all retries took. Redrive it: usher redrive',
  RefusedError: 'AWS, or a limit of the configuration, refuses a change. Mend the cause, then: usher redrive',
  InvalidRequestError: 'The input is neither an event that is understood nor a manual start. Look at it: usher explain',
  PropagationTimeoutError: 'The person, or the membership, did not come in the time that was given',
  NotConvergedError: 'The same changes were planned again and again without effect. The next tick looks again',
  LeaseLostError: 'Another execution writes now. The next tick looks again',
  'States.Timeout': 'It took longer than the machine allows',
  'States.DataLimitExceeded': 'A payload is larger than Step Functions allows',
};

/** How an execution ended, and why. */
export interface Ending {
  outcome: ExecutionOutcome;
  /** In words. */
  reason?: string;
  /** ARN of the execution that is at work on it; none when the next tick goes on. */
  handedOverTo?: string;
}

const OutputSchema = z.object({
  ignored: z.optional(z.string()),
  plan: z.optional(z.object({ outcome: z.optional(z.string()), handedOverTo: z.optional(z.string()) })),
});
const CauseSchema = z.object({ errorMessage: z.string() });

/** How an execution ended; undefined while it runs. What it says of itself is untrusted: other versions wrote it, too. */
export function endingOf({ status, output, error, cause }: ExecutionDetail): Ending | undefined {
  if (status === 'RUNNING') return undefined;
  if (status !== 'SUCCEEDED') {
    const meaning = FAILURES[error ?? ''] ?? (status === 'ABORTED' ? 'Somebody stopped it' : undefined);
    const told = [error, causeIn(cause)].filter(Boolean).join(': ');
    return { outcome: 'failed', reason: [told || status, meaning].filter(Boolean).join('. ') };
  }
  const { ignored, plan } = OutputSchema.safeParse(jsonIn(output)).data ?? {};
  if (ignored !== undefined) {
    const reasons: Readonly<Record<string, string>> = IGNORED;
    return { outcome: 'ignored', reason: reasons[ignored] ?? ignored };
  }
  const { outcome, handedOverTo } = plan ?? {};
  if (outcome === 'handedOver') {
    // Earlier versions said `tick` where nobody is at work on it.
    return handedOverTo?.startsWith('arn:') ? { outcome, handedOverTo } : { outcome, reason: 'the next tick goes on' };
  }
  return { outcome: outcome === 'held' ? 'held' : 'converged' };
}

/** Lambda wraps the message of an error. */
function causeIn(cause: string | undefined): string | undefined {
  return CauseSchema.safeParse(jsonIn(cause)).data?.errorMessage ?? cause;
}

function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
