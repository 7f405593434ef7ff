/** Names of the metrics; docs/runbook.md says what each is watched for. */
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
  | 'SubscriptionsMissing'
  | 'SubscriptionsOrphaned'
  | 'SubscriptionsUnread'
  | 'SubscriptionsStopped'
  | 'ExecutionsHandedOver'
  | 'SweepsCompleted'
  | 'SweepAge'
  | 'PutAside'
  | 'NotConverged'
  | 'LeasesExpired'
  | 'PropagationTimeouts'
  | 'ForeignIds'
  | 'StartsWaiting'
  | 'StepsThrottled'
  | 'JoinToSeat'
  | 'OldestWait'
  | 'CapUsed';

/** Adds a value to a metric; with an entitlement, to the metric of that entitlement alone. */
export type Measure = (name: MetricName, value: number, entitlement?: string) => void;
