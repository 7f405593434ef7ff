/** The time as an argument: real in Lambda, virtual in the emulator and in tests. */
export interface Clock {
  now(): Date;
  /** Resolves after this number of seconds. Only pacing uses it; the state machine does all other waiting. */
  sleep(seconds: number): Promise<void>;
}
