/** The sections of checks, in the order in which they run. */
export const SECTIONS = [
  'Account',
  'Applications',
  'Subscriptions',
  'Groups',
  'Pace',
  'Deployment',
  'Notices',
  'Activity',
] as const;
