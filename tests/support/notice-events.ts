import { type AuditContext, auditEvent } from '../../domain/audit/event.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { ACCOUNT } from '../../emulator/aws/account/account.ts';
import { anAuditRecord, aSeat } from './builders.ts';
import { EVENT_ID } from './events.ts';

const CONTEXT: AuditContext = { productVersion: '1.2.3', region: 'us-east-1', accountId: ACCOUNT };

/** An audit event about a seat, as a rule of the audit bus delivers it. */
export function aDeliveredEvent(record: Partial<AuditRecord> = {}, seat: Partial<Seat> = {}) {
  const { detailType, time, resources, detail } = auditEvent(
    anAuditRecord({ cause: EVENT_ID, ...record }),
    aSeat(1, seat),
    CONTEXT,
  );
  return {
    version: '0',
    id: '6f6b1c9e-0000-4000-8000-000000000001',
    'detail-type': detailType,
    source: 'usher',
    account: ACCOUNT,
    time: `${time.slice(0, 19)}Z`,
    region: 'us-east-1',
    resources: [...resources],
    detail,
  };
}
