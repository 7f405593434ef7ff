/** What is counted; docs/runbook.md says what each is watched for. */
export type MetricName =
  | 'SeatsGranted'
  | 'SeatsRevoked'
  | 'SeatsRefused'
  | 'Seats'
  | 'SeatsWaiting'
  | 'SeatsOverCap'
  | 'RevocationsHeld'
  | 'UnmanagedAssignments'
  | 'UnmanagedJump'
  | 'UnconfiguredSeats'
  | 'AssignedGroups'
  | 'ExecutionsHandedOver'
  | 'SweepsCompleted'
  | 'LeasesExpired'
  | 'PropagationTimeouts'
  | 'StepsThrottled'
  | 'JoinToSeat'
  | 'OldestWait'
  | 'CapUsed';

/** Adds to a metric; to that of one entitlement alone, if it is named. */
export type Measure = (name: MetricName, value: number, entitlement?: string) => void;
