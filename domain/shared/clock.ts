/** Time as an argument: AWS's own in Lambda, virtual in the local stack and in tests. */
export interface Clock {
  now(): Date;
  /** Resolves after so many seconds. Used for pacing only; waiting is the state machine's. */
  sleep(seconds: number): Promise<void>;
}
