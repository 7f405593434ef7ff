import { describe, expect, it } from 'vitest';
import { clearAudit } from '../../../domain/seat/audit-records.ts';
import { aGrantedSeat, anAuditRecord } from '../../support/builders.ts';

describe('clearAudit', () => {
  it('removes the records that are on the bus, and keeps the others and the time of the change', () => {
    const [first, second] = [anAuditRecord(), anAuditRecord({ kind: 'revoked', changeSeq: 2 })];
    const seat = aGrantedSeat({ audit: [first, second] });
    expect(clearAudit(seat, (record) => record === first)).toEqual({ ...seat, revision: 2, audit: [second] });
  });
});
