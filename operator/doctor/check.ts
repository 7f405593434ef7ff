import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { reportOf } from '../error-report.ts';

/** The result of a check. `unknown`: the caller could not check it. */
export type Verdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** The result of a check: what was found, why it matters, and how to fix it. */
export interface Finding {
  /** A short, stable name, for programs. */
  check: string;
  verdict: Verdict;
  found: string;
  why: string;
  /** How to fix it, if there is something to fix: the field of the JSON output. */
  fix?: string;
}

/** What a check is about, and why it matters. */
export interface Subject {
  check: string;
  why: string;
}

/** Returns functions that make findings about a subject. */
export function about({ check, why }: Subject) {
  const finding =
    (verdict: Verdict) =>
    (found: string, fix?: string): Finding => ({
      check,
      verdict,
      found,
      why,
      ...(fix === undefined ? {} : { fix }),
    });
  return { ok: finding('ok'), warning: finding('warning'), problem: finding('problem'), unknown: finding('unknown') };
}

/** Runs a check. A refusal or a temporary failure of AWS is a finding, too. */
export async function runCheck(
  subject: Subject,
  check: (found: ReturnType<typeof about>) => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await check(about(subject))].flat();
  } catch (error) {
    if (error instanceof RefusedError) return [refused(subject, error)];
    if (error instanceof TransientAwsError) {
      return [
        about(subject).unknown(error.message, 'AWS failed temporarily, or this machine cannot reach it. Try again'),
      ];
    }
    throw error;
  }
}

function refused(subject: Subject, error: RefusedError): Finding {
  const { reason, message } = error;
  if (reason.startsWith('kms-')) {
    return about(subject).problem(
      message,
      "A customer managed KMS key encrypts Identity Center. Its key policy must allow this caller and Usher's functions to decrypt",
    );
  }
  if (reason !== 'access-denied') return about(subject).problem(message, reportOf(error).hint);
  return about(subject).unknown(
    message,
    'Give this caller the read-only policy (docs/policies/read-only.json). If it has the policy, check service control policies and network restrictions of the identity store',
  );
}
