/**
 * The six errors that a state may fail with. Step Functions compares `name` with `ErrorEquals`, so each name is
 * a literal: bundlers rename classes. Messages carry ids and reasons, never names, addresses or values of an event.
 *
 * Any other error is a bug, fails its own task, and must look like one.
 */

/** Throttled, conflicting or failing for now. The machine retries the task with jitter. */
export class TransientAwsError extends Error {
  override readonly name = 'TransientAwsError';
  #throttled = false;

  static throttled(message: string): TransientAwsError {
    const error = new TransientAwsError(message);
    error.#throttled = true;
    return error;
  }

  /** Whether AWS refused the call for its rate: nothing is broken. */
  get isThrottled(): boolean {
    return this.#throttled;
  }
}

/**
 * AWS, or a limit of the configuration, refuses, and asking again as it is would change nothing. The machine does not
 * retry: the execution fails, is alarmed, and can be redriven once the cause is mended.
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

/** The input of an execution is neither an event that is understood nor a manual start. Never retried. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
  /** Where in the input the fault is, e.g. `detail.requestParameters.groupId`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/** A manual start waited for a person whom SCIM has not brought in time. Never retried. */
export class PropagationTimeoutError extends Error {
  override readonly name = 'PropagationTimeoutError';
}

/** The same changes were planned again and again without effect. Never retried: the next tick looks again. */
export class NotConvergedError extends Error {
  override readonly name = 'NotConvergedError';
}

/** Another execution writes now, or this one's lease has run out. The machine plans anew. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
