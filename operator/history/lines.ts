import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import type { AccessLine, AuditedChangeLine } from '../lines/history.ts';
import type { Access } from './access.ts';
import { joinOf } from './month.ts';

/** Returns a time of access as a line. */
export function accessLine({ application, entitlement, userId, ...span }: Access): AccessLine {
  const { standing, from, to, begins, ends, began, ended, plan, healedAt } = span;
  return {
    type: 'access',
    entitlement,
    application,
    userId,
    status: standing === 'seat' ? 'seat' : 'unknown',
    ...(begins ? { since: from.toISOString() } : { sinceBefore: from.toISOString() }),
    ...(to === undefined ? {} : ends ? { until: to.toISOString() } : { untilAfter: to.toISOString() }),
    ...(began === undefined ? {} : { reason: began.reason, execution: began.execution }),
    ...(ended === undefined ? {} : { endReason: ended.reason, endExecution: ended.execution }),
    ...(plan === undefined ? {} : { plan }),
    ...(healedAt === undefined ? {} : { healedAt: healedAt.toISOString() }),
  };
}

/** Returns an audited change as a line. */
export function changeLine(change: AuditedChange): AuditedChangeLine {
  const { at, type, entitlement, applicationArn, userId, reason, execution, cause, revokeAt, requestedAt, plan } =
    change;
  const join = joinOf(change);
  return {
    type: 'audited-change',
    at: at.toISOString(),
    event: type,
    entitlement,
    application: applicationArn,
    userId,
    reason,
    execution,
    ...(cause === '' ? {} : { cause }),
    ...(revokeAt === undefined ? {} : { dueAt: revokeAt }),
    ...(requestedAt === undefined ? {} : { requestedAt }),
    ...(join ? { joinToSeatSeconds: join.seconds, source: join.source } : {}),
    ...(plan === undefined ? {} : { plan }),
  };
}
