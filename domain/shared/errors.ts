/**
 * The six errors that a state may fail with. Step Functions compares `name` with `ErrorEquals`, so each name is
 * a literal: bundlers rename classes. Messages carry ids and reasons, never names, addresses or values of an event.
 *
 * Any other error is a bug: it fails its task and must look like a bug.
 */

/** AWS throttled the call, reported a conflict or failed temporarily. The state machine retries the task with jitter. */
export class TransientAwsError extends Error {
  override readonly name = 'TransientAwsError';
  #throttled = false;

  /** Creates the error for a call that AWS refused because of its rate. */
  static throttled(message: string): TransientAwsError {
    const error = new TransientAwsError(message);
    error.#throttled = true;
    return error;
  }

  /** Whether AWS refused the call because of its rate; then nothing is broken. */
  get isThrottled(): boolean {
    return this.#throttled;
  }
}

/**
 * AWS, or a limit of the configuration, refuses the call, and a retry would not help. The state machine does not retry:
 * the execution fails and raises an alarm, and an operator can redrive it once the cause is fixed.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** A short, stable code: `access-denied`, `kms-access-denied`, `quota-exceeded`, `application-missing`, … */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The input of an execution is neither a known event nor a manual start. Never retried. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
  /** Path of the invalid field in the input, e.g. `detail.requestParameters.groupId`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/** A manual start waited for a user whom SCIM did not create in time. Never retried. */
export class PropagationTimeoutError extends Error {
  override readonly name = 'PropagationTimeoutError';
}

/** The same changes were planned again and again without effect. Never retried: a later tick checks again. */
export class NotConvergedError extends Error {
  override readonly name = 'NotConvergedError';
  /** Why such a change is put aside. */
  static readonly REASON = 'no-effect';
  readonly reason = NotConvergedError.REASON;
}

/** Another execution holds the lease now, or this one's lease has expired. The state machine plans again. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
