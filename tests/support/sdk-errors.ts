import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';

/** Makes an exception as the SDK throws it, with a message of the kind that must not get out. */
export function anSdkError(name: string, details: object = {}): Error {
  return Object.assign(new Error('jane.doe@example.com is not allowed'), { name, $fault: 'client', ...details });
}

/** Returns how Usher takes an error: `transient`, the reason of a refusal, or `unchanged`. */
export function verdictOf(translated: unknown): string {
  if (translated instanceof TransientAwsError) return 'transient';
  return translated instanceof RefusedError ? translated.reason : 'unchanged';
}
