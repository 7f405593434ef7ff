import { RefusedError } from './errors.ts';

const REASON = 'unknown-user-status';

/** Makes the refusal for a user whose UserStatus has a value that the API reference does not list: neither enabled nor disabled. */
export function unknownStatus(operation: string, userId: string): RefusedError {
  return new RefusedError(REASON, `${operation}: UserStatus has an unknown value (user ${userId})`);
}

/** Whether a read failed only because this version does not know the user's status. */
export function isUnknownStatus(error: unknown): boolean {
  return error instanceof RefusedError && error.reason === REASON;
}
