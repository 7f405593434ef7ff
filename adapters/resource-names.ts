import * as z from 'zod/mini';

/** The name of a stage; forwarder.yml takes the same. */
export const StageSchema = z
  .string()
  .check(
    z.regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected lower-case letters, digits and hyphens, at most 32, a letter first'),
  );

/** The names that a deployment of this stage gives to what it consists of, as `serverless.yml` and `deploy/` have them. */
export function namesOf(stage: string) {
  const prefix = `usher-${stage}`;
  return {
    prefix,
    ledger: `${prefix}-ledger`,
    machine: `${prefix}-onboarding`,
    adminMachine: `${prefix}-onboarding-admin`,
    auditBus: `${prefix}-audit`,
    auditArchive: `${prefix}-audit`,
    /** EventBridge writes only to groups whose names begin so. */
    auditLogGroup: `/aws/events/${prefix}-audit`,
    /** Of the function that reads what started an execution. */
    normalizeLogGroup: `/aws/lambda/${prefix}-normalizeRequest`,
    eventRule: `${prefix}-identity-center`,
    failureRule: `${prefix}-failed-executions`,
    auditRule: `${prefix}-audit-to-log`,
    scheduleGroup: prefix,
    schedule: `${prefix}-tick`,
    queues: {
      events: `${prefix}-undelivered-events`,
      ticks: `${prefix}-undelivered-ticks`,
      failures: `${prefix}-unrecorded-failures`,
      audit: `${prefix}-undelivered-audit`,
    },
  };
}
