import * as z from 'zod/mini';

/** The name of a stage; forwarder.yml accepts the same names. */
export const StageSchema = z
  .string()
  .check(
    z.regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected lower-case letters, digits and hyphens, at most 32, a letter first'),
  );

/**
 * Returns the names of a stage's resources, as in `serverless.yml` and `deploy/`.
 *
 * @param namePrefix of `entitlements.yml`
 */
export function namesOf(stage: string, namePrefix = '') {
  const prefix = `${namePrefix}usher-${stage}`;
  return {
    prefix,
    ledger: `${prefix}-ledger`,
    machine: `${prefix}-onboarding`,
    adminMachine: `${prefix}-onboarding-admin`,
    auditBus: `${prefix}-audit`,
    auditArchive: `${prefix}-audit`,
    /** EventBridge writes only to log groups whose names begin with `/aws/events/`. */
    auditLogGroup: `/aws/events/${prefix}-audit`,
    /** Log group of the function that reads the input of an execution. */
    normalizeLogGroup: `/aws/lambda/${prefix}-normalizeRequest`,
    eventRule: `${prefix}-identity-center`,
    failureRule: `${prefix}-failed-executions`,
    auditRule: `${prefix}-audit-to-log`,
    scheduleGroup: prefix,
    schedule: `${prefix}-tick`,
    /** Only with notices: the table with a marker per notice, the queue of audit events, and the rule that fills it. */
    noticesTable: `${prefix}-notices`,
    noticesQueue: `${prefix}-notices`,
    noticesRule: `${prefix}-notices`,
    noticesDeadLetters: `${prefix}-undelivered-notices`,
    queues: {
      events: `${prefix}-undelivered-events`,
      ticks: `${prefix}-undelivered-ticks`,
      failures: `${prefix}-unrecorded-failures`,
      audit: `${prefix}-undelivered-audit`,
    },
  };
}
