import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';

/** What a check found. `unknown`: it could not be looked at. */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** One thing that was looked at: what was found, why it matters, and how to mend it. */
export interface Finding {
  /** A short, stable name, for programs. */
  check: string;
  verdict: Verdict;
  found: string;
  why: string;
  /** Where there is something to mend. */
  mend?: string;
}

/** What a check looks at, and why. */
export interface Subject {
  check: string;
  why: string;
}

/** Makes findings about one subject. */
export function about({ check, why }: Subject) {
  const finding =
    (verdict: Verdict) =>
    (found: string, mend?: string): Finding => ({
      check,
      verdict,
      found,
      why,
      ...(mend === undefined ? {} : { mend }),
    });
  return { ok: finding('ok'), warning: finding('warning'), problem: finding('problem'), unknown: finding('unknown') };
}

/** Looks at one subject; what AWS refuses or fails with is a finding, too. */
export async function runCheck(
  subject: Subject,
  look: (found: ReturnType<typeof about>) => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await look(about(subject))].flat();
  } catch (error) {
    if (error instanceof RefusedError) return [refused(subject, error)];
    if (error instanceof TransientAwsError) {
      return [about(subject).unknown(error.message, 'AWS failed for now, or cannot be reached from here. Try again.')];
    }
    throw error;
  }
}

function refused(subject: Subject, { reason, message }: RefusedError): Finding {
  if (reason.startsWith('kms-')) {
    const mend =
      'Identity Center is encrypted with a customer managed KMS key: its policy has to let this caller, and the functions of Usher, decrypt';
    return about(subject).problem(message, mend);
  }
  if (reason !== 'access-denied') return about(subject).problem(message);
  return about(subject).unknown(
    message,
    'Give this caller the read-only policy (docs/policies/read-only.json). If it has it, look for a service control policy, or for a network restriction of the identity store',
  );
}
